"""Marked texts: nothing is lost or told twice, whatever overlaps."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from support import any_text

from pipeline.clean import clean
from service.export.labels import EDIT
from service.web.marks import Mark, hidden, marked, mended, reasons

spans = st.lists(st.tuples(st.integers(-2, 40), st.integers(-2, 40)).map(lambda pair: Mark(*pair, "topic", "")))


@given(any_text, spans)
def test_the_pieces_are_the_text(text: str, marks: list[Mark]) -> None:
    assert "".join(piece.text for piece in marked(text, marks)) == text


@given(any_text)
def test_a_mended_text_holds_both_texts(raw: str) -> None:
    cleaned = clean(raw)
    edits = [{"kind": e.kind, "start": e.start, "end": e.end, "before": e.before, "after": e.after}
             for e in cleaned.edits]  # fmt: skip
    pieces = mended(raw, edits, EDIT)
    assert "".join(piece.text for piece in pieces if piece.kind != "ins") == raw
    assert "".join(piece.text for piece in pieces if piece.kind != "del") == cleaned.text


def test_personal_data_is_blotted_in_what_was_removed() -> None:
    raw = "转自13800001234：路灯不亮"
    edits = [{"kind": "noise", "start": 0, "end": 14, "before": raw[:14], "after": ""}]
    shown, _ = hidden(raw, edits, [])
    assert shown == "转自" + "＊" * 11 + "：路灯不亮"


def test_priority_wins_over_topic_and_only_what_speaks_for_it_is_marked() -> None:
    decision = {
        "clean": {"text": "煤气泄漏，煤气味很重"},
        "priority": {"reasons": [{"start": 0, "end": 4, "text": "燃气泄漏"}, {"start": 0, "end": 0, "text": "模型"}]},
        "topic": {"level1": "城乡建设", "evidence": [{"term": "煤气", "weight": 1.0}, {"term": "味", "weight": -1.0}]},
    }
    pieces = marked(decision["clean"]["text"], reasons(decision))
    assert [(piece.text, piece.kind) for piece in pieces] == [
        ("煤气泄漏", "priority"), ("，", ""), ("煤气", "topic"), ("味很重", ""),
    ]  # fmt: skip
