"""Ask the API what its description allows, and more, with every role: no answer may be a 5xx or undocumented.

    python benchmarks/schemathesis_run.py [CASES]

Needs `pip install schemathesis`; the service runs in this process on an empty database. CASES for each endpoint and
role, 20 by default.
"""

from __future__ import annotations

import collections
import sys
import tempfile
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

from web import everybody, running  # noqa: E402

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
LEFT_OUT = {"/api/v1/me/password", "/api/v1/me/sessions", "/api/v1/session", "/api/v1/users/{which}/sessions"}
"""With these a role would lock itself out; they are asked without a session only."""


def main(cases: int) -> int:
    """Ask; print counts and failures."""
    answers: collections.Counter[int] = collections.Counter()
    failures: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as name, running(
        Path(name), f"sqlite:///{name}/minyi.db", rate=10**9, rate_intake=10**9
    ) as web:
        schema = schemathesis.openapi.from_dict(web.app.openapi())
        for role, client in everybody(web).items():
            for found in schema.get_all_operations():
                operation = found.ok()
                if operation.path in LEFT_OUT and role != "anonymous":
                    continue

                @settings(
                    max_examples=cases, deadline=None, phases=[Phase.generate], database=None, derandomize=True,
                    suppress_health_check=list(HealthCheck),
                )  # fmt: skip
                @given(case=operation.as_strategy())
                def ask(case: Any) -> None:
                    told = case.as_transport_kwargs(base_url="http://testserver")
                    told.pop("cookies", None)
                    answer = client.request(**{k: v for k, v in told.items() if k not in ("allow_redirects",)})
                    answers[answer.status_code] += 1
                    try:
                        case.validate_response(answer, checks=CHECKS)
                    except FailureGroup as group:
                        for each in group.exceptions:
                            failures.setdefault(f"{role} {operation.label}: {type(each).__name__}", str(each)[:600])

                ask()
    print(f"{sum(answers.values())} requests:", dict(sorted(answers.items())))
    for what, told in failures.items():
        print("FAILED", what, told, sep="\n  ")
    return len(failures)


if __name__ == "__main__":
    sys.exit(1 if main(int(sys.argv[1]) if len(sys.argv) > 1 else 20) else 0)
