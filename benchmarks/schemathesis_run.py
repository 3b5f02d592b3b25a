"""Ask the API what its description allows, as every role: no answer may be a 5xx or one that is not described.

    python benchmarks/schemathesis_run.py [CASES [ROLE…]]

Needs `pip install schemathesis`; the service runs in this process on an empty database. CASES for each endpoint and
role, 20 by default; all roles by default.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from sqlalchemy import delete
from web import ROLES, running

from service.store import Count

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


class Asking:
    """What was answered, and what went wrong."""

    def __init__(self, cases: int) -> None:
        self.answers: Counter[int] = Counter()
        self.failures: dict[str, str] = {}
        self.how = settings(
            max_examples=cases, deadline=None, phases=[Phase.generate], database=None, derandomize=True,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip

    def ask(self, role: str, client: Any, operation: Any) -> None:
        """Ask one endpoint as one role."""

        def one(case: Any) -> None:
            told = case.as_transport_kwargs(base_url="http://testserver")
            told.pop("cookies", None)
            headers = dict(told.pop("headers", {}))
            answer = client.request(**told, headers={k: v for k, v in headers.items() if k != "User-Agent"})
            self.answers[answer.status_code] += 1
            try:
                case.validate_response(answer, checks=CHECKS)
            except FailureGroup as group:
                for each in group.exceptions:
                    what = f"{role} {operation.label}: {answer.status_code} {type(each).__name__}"
                    self.failures.setdefault(what, str(each)[:500])

        self.how(given(case=operation.as_strategy())(one))()


def main(cases: int, roles: Sequence[str]) -> int:
    """Ask everything; print counts and failures."""
    asking = Asking(cases)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with running(folder, f"sqlite:///{folder / 'minyi.db'}", rate=10**9, rate_intake=10**9) as web:
            schema = schemathesis.openapi.from_dict(web.app.openapi())
            keys = {"intake": web.key("submit", site="表单"), "anonymous": web.client()}
            for role in roles:
                for found in schema.get_all_operations():
                    # signed in anew: what was asked before may have been to sign out, or somebody's new password;
                    # so many sign-ins from one address would be locked out
                    with web.store.writing() as session:
                        session.execute(delete(Count))
                    asking.ask(role, keys.get(role) or web.signed_in(role), found.ok())
    print(f"{sum(asking.answers.values())} requests:", dict(sorted(asking.answers.items())))
    for what, told in asking.failures.items():
        print("FAILED", what, told, sep="\n  ")
    return len(asking.failures)


if __name__ == "__main__":
    sys.exit(1 if main(int(sys.argv[1]) if len(sys.argv) > 1 else 20, sys.argv[2:] or ROLES) else 0)
