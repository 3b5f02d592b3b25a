"""Full-text search over the cleaned, segmented text: FTS5 in SQLite, a tsvector with the same tokens in PostgreSQL."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from sqlalchemy import Select, literal_column, text
from sqlalchemy.orm import Session

from pipeline.segment import Segmenter
from service.store import Standing

_WORD = re.compile(r"\w+")


def tokens(words: Iterable[str]) -> list[str]:
    """Return what of the words of a text can be searched for."""
    return [found for word in words for found in _WORD.findall(word.lower())]


def add(session: Session, rows: Sequence[tuple[int, list[str]]]) -> None:
    """Let submissions be found by their tokens."""
    if not rows:
        return
    if session.get_bind().dialect.name == "postgresql":
        statement = text("INSERT INTO search (number, tokens) VALUES (:number, array_to_tsvector(:tokens))")
        session.execute(statement, [{"number": number, "tokens": sorted(set(own))} for number, own in rows])
    else:
        statement = text("INSERT INTO search (rowid, tokens) VALUES (:number, :tokens)")
        session.execute(statement, [{"number": number, "tokens": " ".join(own)} for number, own in rows])


def matching(query: Select[tuple[Standing]], asked: str, segmenter: Segmenter, dialect: str) -> Select[tuple[Standing]]:
    """Narrow a query down to the submissions with all words of what was asked, each as a word or the head of one."""
    wanted = tokens(segmenter.cut(asked))
    if not wanted:
        return query
    if dialect == "postgresql":
        told = " & ".join(f"'{word}':*" for word in wanted)
        found = text("SELECT number FROM search WHERE tokens @@ CAST(:asked AS tsquery)").bindparams(asked=told)
    else:
        told = " ".join(f'"{word}"*' for word in wanted)
        found = text("SELECT rowid FROM search WHERE search MATCH :asked").bindparams(asked=told)
    return query.where(Standing.number.in_(found.columns(literal_column("number")).scalar_subquery()))
