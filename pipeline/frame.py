"""The pandas door: a DataFrame of submissions in, a DataFrame of decisions out, row for row.

pandas is an optional extra (`analysis`), imported here alone; nothing else of the library needs it.

    import pandas as pd
    from pipeline import frame
    table = frame.triage(pd.read_excel("letters.xlsx"))
    table.groupby("level1").size()
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pipeline.clean import clean as clean_text
from pipeline.errors import InputError, RowError
from pipeline.ingest.columns import check_wanted, has_text, mapping, no_text_column, plain, to_submission
from pipeline.records import Decision, Submission
from pipeline.triage import Triage

if TYPE_CHECKING:
    import pandas as pd


def submissions(table: pd.DataFrame, columns: Mapping[str, str] | None = None) -> list[Submission]:
    """Return the rows of a table as submissions, one for each, in order.

    Parameters
    ----------
    table : with Chinese or English headers, as `minyi triage` knows them.
    columns : field → header, for columns of unusual names.

    Notes
    -----
    A row without an id has that of the index; an id that stands again becomes ID#2. A row without text stays, as an
    empty one.
    """
    wanted = dict(columns or {})
    check_wanted(wanted)
    headers = [str(name) for name in table.columns]
    known = mapping(headers, wanted)
    if not has_text(known):
        raise no_text_column([headers])
    rows = table.astype(object).where(table.notna(), None).itertuples(name=None)
    seen: Counter[str] = Counter()
    found = []
    for index, *cells in rows:
        values = dict(zip(headers, map(_cell, cells), strict=True))
        try:
            made = to_submission(values, known)
        except RowError:
            made = Submission("", "")
        name = made.id or plain(values.get(known.get("id", ""))) or str(index)
        seen[name] += 1
        name += f"#{seen[name]}" * (seen[name] > 1)
        found.append(Submission(name, *(getattr(made, field) for field in Submission.__slots__[1:])))
    return found


def _cell(value: Any) -> Any:
    return value.isoformat(" ") if hasattr(value, "isoformat") else value


def triage(
    table: pd.DataFrame, *, engine: Triage | None = None, columns: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Return what is decided of each row; the index is that of the table.

    Parameters
    ----------
    table, columns : see `submissions`.
    engine : a `Triage` with the office's model and tables; the working model and no tables where None.
    """
    return to_frame((engine or Triage.load()).run(submissions(table, columns)), table.index)


def to_frame(decisions: Sequence[Decision], index: Any = None) -> pd.DataFrame:
    """Return decisions as a table, the columns named as in the contract, lists joined by "、"."""
    return _pandas().DataFrame([_row(each) for each in decisions], index=index)


def clean(table: pd.DataFrame, columns: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Return the clean text of each row and which kinds of damage were undone."""
    cleaned = [clean_text(each.text) for each in submissions(table, columns)]
    rows = [
        {
            "text": each.text,
            "edits": len(each.edits),
            "kinds": "、".join(dict.fromkeys(edit.kind for edit in each.edits)),
            "personal": len(each.personal),
        }
        for each in cleaned
    ]
    return _pandas().DataFrame(rows, index=table.index)


def _row(decision: Decision) -> dict[str, Any]:
    topic, route, duplicate = decision.topic, decision.route, decision.duplicate
    return {
        "id": decision.id,
        "status": str(decision.status),
        "text": decision.clean.text,
        "level1": topic.level1,
        "level2": topic.level2,
        "confidence": topic.confidence,
        "needs_review": topic.needs_review,
        "evidence": "、".join(each.term for each in topic.evidence),
        "intent": decision.intent,
        "priority": str(decision.priority.level),
        "score": decision.priority.score,
        "reasons": "、".join(reason.text for reason in decision.priority.reasons),
        "duplicate": duplicate.kind,
        "of": duplicate.of,
        "issue": duplicate.issue,
        "sector": route.sector,
        "assist": "、".join(route.assist),
        "committee": route.committee,
        "place": route.place,
        "owner": route.owner,
        "station": route.station,
        "due": route.due,
        "restricted": route.restricted,
        "keywords": "、".join(decision.keywords),
        "edits": len(decision.clean.edits),
    }


def _pandas() -> Any:
    try:
        import pandas
    except ImportError as error:
        raise InputError("没有安装 pandas：请安装附加的 analysis 一组（pip install minyi[analysis]）。") from error
    return pandas
