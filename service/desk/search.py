"""Full-text search over the cleaned, segmented text: FTS5 in SQLite, a tsvector with the same tokens in PostgreSQL.

Both are given the same tokens and asked the same question, so they find the same. Personal data is kept under tokens
of its own, which only who may read it searches: else a telephone number could be found out by asking for it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import filterfalse

from sqlalchemy import ColumnElement, any_, func, literal_column, text
from sqlalchemy.orm import Session

from pipeline.records import Clean
from pipeline.segment import Segmenter
from service.store import Standing

_NEW = {
    "sqlite": text("INSERT INTO search (rowid, tokens) VALUES (:number, :tokens)"),
    "postgresql": text("INSERT INTO search (number, tokens) VALUES (:number, array_to_tsvector(:tokens))"),
}
_WORD = re.compile(r"[^\W_]+")
_LONGEST = 64
"""Characters of a token: PostgreSQL refuses very long ones."""
_MOST_ASKED = 16
"""Words of a question; the others are left out."""
_PERSONAL = "\ue000"
"""Begins the tokens of personal data; the cleaning leaves no such sign in a text."""


def tokens(words: Iterable[str]) -> list[str]:
    """Return what of the words of a text can be searched for: letters without accents, digits, characters.

    >>> tokens(["路灯", "，", "Café", "ＡＢ_1"])
    ['路灯', 'cafe', 'ab', '1']
    """
    return [found[:_LONGEST] for found in _WORD.findall(_plain(" ".join(words)))]


def _plain(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFC", "".join(filterfalse(unicodedata.combining, apart)))


def tokens_of(clean: Clean, segmenter: Segmenter) -> list[str]:
    """Return the tokens under which a text is found."""
    if not clean.personal:
        return tokens(segmenter.cut(clean.text))
    signs = list(clean.text)
    for span in clean.personal:
        signs[span.start : span.end] = " " * (span.end - span.start)
    own = [clean.text[span.start : span.end] for span in clean.personal]
    return tokens(segmenter.cut("".join(signs))) + [
        _PERSONAL + token for part in own for token in tokens(segmenter.cut(part))
    ]


def add(session: Session, rows: Sequence[tuple[int, list[str]]]) -> None:
    """Let submissions be found by their tokens."""
    if not rows:
        return
    kind = session.get_bind().dialect.name
    told = {number: sorted(set(own)) if kind == "postgresql" else " ".join(own) for number, own in rows}
    session.execute(_NEW[kind], [{"number": number, "tokens": own} for number, own in told.items()])


def holds(session: Session, asked: str, segmenter: Segmenter, *, personal: bool) -> ColumnElement[bool]:
    """Return the condition that a text holds all words of what was asked, each as a word or the head of one.

    Parameters
    ----------
    asked : as somebody typed it; a question without any word finds nothing.
    personal : whether personal data is searched as well.
    """
    wanted = list(dict.fromkeys(tokens(segmenter.cut(asked))))[:_MOST_ASKED]
    kinds = ("", _PERSONAL) if personal else ("",)
    if not wanted:
        return literal_column("1") == literal_column("0")
    postgresql = session.get_bind().dialect.name == "postgresql"
    if postgresql:
        told = " & ".join("(" + " | ".join(f"'{kind}{word}':*" for kind in kinds) + ")" for word in wanted)
        found = text("SELECT number FROM search WHERE tokens @@ CAST(:asked AS tsquery)").bindparams(asked=told)
    else:
        told = " AND ".join("(" + " OR ".join(f'"{kind}{word}"*' for kind in kinds) + ")" for word in wanted)
        found = text("SELECT rowid FROM search WHERE search MATCH :asked").bindparams(asked=told)
    numbers = found.columns(literal_column("number")).scalar_subquery()
    if postgresql:  # as a list that is there before the rest: else it may look into each text of the queue in turn
        return Standing.number == any_(func.array(numbers))
    return Standing.number.in_(numbers)
