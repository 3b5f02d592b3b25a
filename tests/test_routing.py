"""From the raw text to sector, committee, place and owner, on the tables of the sample county."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from support import SAMPLES, cases, read

from pipeline.records import Decision, Submission
from pipeline.triage import Triage


@cache
def decisions() -> dict[str, Decision]:
    tables = {name: SAMPLES / f"{name}.csv" for name in ("places", "members", "stations")}
    triage = Triage.load(**tables)
    found = {}
    for case in read("routing")["routing"]:
        (found[case["label"]],) = triage.run(
            [Submission(case["label"], case["text"], "2026-10-12", place=case.get("field"))]
        )
    return found


@pytest.mark.parametrize("case", cases("routing", "routing"))
def test_from_the_raw_text(case: dict[str, Any]) -> None:
    route = decisions()[case["label"]].route
    assert {name: getattr(route, name) for name in _EXPECTED if name in case} == {
        name: case[name] for name in _EXPECTED if name in case
    }
    assert not (route.restricted and route.members)


_EXPECTED = ("sector", "committee", "place", "restricted", "owner")


def test_how_many_are_right() -> None:
    """The count that docs/routing.md states."""
    every = read("routing")["routing"]
    right = sum(not case.get("xfail") for case in every)
    stated = (SAMPLES.parent.parent / "docs" / "routing.md").read_text(encoding="utf-8")
    assert f"{right} of {len(every)}" in stated
