"""Marked text: what decided, who is named and what was mended, as pieces that a template shows one after the other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.clean.edits import OffsetMap
from pipeline.clean.personal import spans as personal_data
from pipeline.records import Edit
from service.accounts.sight import BLOT, blotted
from service.export.labels import PERSONAL
from service.masking import Span

_WEIGHT = re.compile(r"（[+-]\d\.\d\d）$")
_SHOWN_TERMS = 12
"""So many deciding words are marked; more make a text hard to read."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A span of a text, why it is marked (a class of the style sheet), and what it says when pointed at."""

    start: int
    end: int
    kind: str
    told: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text, with its mark where it has one."""

    text: str
    kind: str = ""
    told: str = ""


def marked(text: str, marks: Iterable[Mark]) -> list[Piece]:
    """Return a text in pieces. Where marks overlap, the one that begins first wins, then the longer one.

    >>> [piece.text for piece in marked("路灯不亮", [Mark(0, 2, "topic", ""), Mark(1, 3, "topic", "")])]
    ['路灯', '不亮']
    """
    pieces: list[Piece] = []
    done = 0
    for mark in sorted(marks, key=lambda mark: (mark.start, -mark.end)):
        start, end = max(mark.start, 0), min(mark.end, len(text))
        if start < done or start >= end:
            continue
        if start > done:
            pieces.append(Piece(text[done:start]))
        pieces.append(Piece(text[start:end], mark.kind, mark.told))
        done = end
    if done < len(text):
        pieces.append(Piece(text[done:]))
    return pieces


def plain(reason: str) -> str:
    """Return a reason without what it weighs: a number that says nothing to who reads the page.

    >>> plain("界别“教育”牵头（+0.40）")
    '界别“教育”牵头'
    """
    return _WEIGHT.sub("", reason)


def reasons(decision: dict[str, Any]) -> list[Mark]:
    """Return what decided about a submission, in its clean text: first the priority, then the topic."""
    found = [
        Mark(each["start"], each["end"], "priority", each["text"])
        for each in decision["priority"]["reasons"]
        if each["end"] > each["start"]
    ]
    spoke_for = [each for each in decision["topic"]["evidence"] if each["weight"] > 0][:_SHOWN_TERMS]
    told = f"说明主题是“{decision['topic']['level1']}”"
    for each in spoke_for:
        found += [
            Mark(match.start(), match.end(), "topic", told)
            for match in re.finditer(re.escape(each["term"]), decision["clean"]["text"])
        ]
    return found


def personal(decision: dict[str, Any]) -> list[Mark]:
    """Return the personal data in the clean text."""
    spans = decision["clean"].get("personal") or ()
    return [Mark(each["start"], each["end"], "personal", PERSONAL.get(each["kind"], "个人信息")) for each in spans]


def mended(raw: str, edits: Sequence[dict[str, Any]], kinds: dict[str, str]) -> list[Piece]:
    """Return a raw text with every change in place: what was taken out as del, what came in as ins."""
    pieces: list[Piece] = []
    done = 0
    for edit in edits:
        if edit["start"] > done:
            pieces.append(Piece(raw[done : edit["start"]]))
        told = kinds.get(edit["kind"], edit["kind"])
        before = raw[edit["start"] : edit["end"]]
        pieces += [Piece(text, kind, told) for text, kind in ((before, "del"), (edit["after"], "ins")) if text]
        done = edit["end"]
    if done < len(raw):
        pieces.append(Piece(raw[done:]))
    return pieces


def hidden(raw: str, edits: Sequence[dict[str, Any]], spans: Sequence[Span]) -> tuple[str, list[dict[str, Any]]]:
    """Return a raw text and its edits with the personal data of the clean text, and of what was removed, blotted."""
    offsets = OffsetMap([Edit(**edit) for edit in edits])
    there = [(offsets.to_raw(start), offsets.to_raw(end - 1) + 1, kind) for start, end, kind in spans if end > start]
    told = []
    for edit in edits:
        touched = any(start < edit["end"] + 1 and edit["start"] < end for start, end, _ in there)
        told.append(edit | {"after": BLOT * len(edit["after"])} if touched else edit)
        if touched:
            there.append((edit["start"], edit["end"], ""))
    for edit in edits:
        there += [
            (edit["start"] + each.start, edit["start"] + each.end, each.kind) for each in personal_data(edit["before"])
        ]
    return blotted(raw, there), told
