"""The dials of an office: how sure a topic must be to pass without review, and how little raises a priority.

They are a table like the others, with the columns name and value, so that they have its versions, history and audit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import orjson
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pipeline.calibration import PRECISIONS
from pipeline.errors import InputError
from pipeline.priority import DIAL
from pipeline.triage import Triage
from service.desk.sheets import rows_of
from service.store import DecisionRow, Standing

USUAL_PRIORITY = DIAL
_NAMES = ("precision", "priority")
_LATEST = 200
"""So many are weighed to show what a dial would bring."""


@dataclass(frozen=True, slots=True)
class Dials:
    """Where the dials stand.

    precision : the share of right topics among those that pass without review; 0.95, 0.97 or 0.99.
    priority : the probability of high or above from which a submission is flagged as high.
    """

    precision: float
    priority: float = USUAL_PRIORITY

    @property
    def content(self) -> str:
        """Return them as the table."""
        return f"name,value\nprecision,{self.precision}\npriority,{self.priority}\n"


def read(content: str, precision: float = PRECISIONS[0]) -> Dials:
    """Return the dials of a table.

    Parameters
    ----------
    content : the table as CSV; "" where the office has none.
    precision : what holds where the table does not say.

    Raises
    ------
    InputError
        Where a name or a value is none.
    """
    told = {"precision": precision, "priority": USUAL_PRIORITY}
    for row in rows_of("dials", content).values():
        name, value = row["name"], row.get("value", "")
        if name not in _NAMES:
            raise InputError(f"dials.csv：没有档位“{name}”。有：{'、'.join(_NAMES)}。")
        try:
            told[name] = float(value)
        except ValueError as error:
            raise InputError(f"dials.csv：{name} 是“{value}”，不是数。请填 0 与 1 之间的小数。") from error
    if told["precision"] not in PRECISIONS:
        offered = "、".join(map(str, PRECISIONS))
        raise InputError(f"dials.csv：免复核的精度是“{told['precision']}”，只能是 {offered}。请改正。")
    if not 0 < told["priority"] < 1:
        raise InputError(f"dials.csv：紧急程度的档位是“{told['priority']}”，应在 0 与 1 之间，常用 {USUAL_PRIORITY}。")
    return Dials(**told)


@dataclass(frozen=True, slots=True)
class Passing:
    """How many of the office's own submissions would pass without review at one setting of the dial."""

    precision: float
    passing: int
    of: int

    @property
    def share(self) -> float:
        """Return it as a share."""
        return self.passing / self.of if self.of else 0.0


def passing(session: Session, thresholds: dict[float, float]) -> list[Passing]:
    """Return what each setting would let pass of all that was triaged.

    Parameters
    ----------
    thresholds : precision → confidence from which a topic needs no review; of the working model.
    """
    counts = [func.count().filter(Standing.confidence >= least) for least in thresholds.values()]
    query = select(func.count(), *counts).where(Standing.status == "triaged")
    whole, *found = session.execute(query).one()
    return [Passing(precision, count, whole) for precision, count in zip(thresholds, found, strict=True)]


def flagged(session: Session, triage: Triage, dials: Sequence[float]) -> tuple[list[int], int]:
    """Return how many of the latest submissions each priority dial would flag as high or urgent, and of how many."""
    query = (
        select(DecisionRow.content)
        .join(Standing, Standing.decision == DecisionRow.id)
        .where(Standing.status == "triaged")
        .order_by(Standing.number.desc())
        .limit(_LATEST)
    )
    chances = triage.chances([orjson.loads(content)["clean"]["text"] for content in session.scalars(query)])
    return [sum(chance >= dial for chance in chances) for dial in dials], len(chances)
