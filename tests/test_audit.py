"""The audit: any change, deletion, insertion or other order of entries is found, on both databases."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from office import ME
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from service.desk import audit
from service.store import AuditEntry, Store

ENTRIES = 8
COLUMNS = ("at", "actor", "action", "what", "before", "after", "reason", "hash")


def fill(store: Store) -> None:
    with store.reading() as session:
        if session.scalar(select(func.count()).select_from(AuditEntry)):
            return
    with store.writing() as session:
        for at in range(ENTRIES):
            audit.record(session, ME, "thing.do", f"thing:{at}", {"a": at}, {"a": at + 1, "b": "字"}, "理由")


def tamper(session: Session, how: str, one: int, other: int, column: str) -> bool:
    """Change the entries as told; return whether a check of the chain alone can see it."""
    if how == "change":
        session.execute(update(AuditEntry).where(AuditEntry.seq == one).values({column: "x" * 12}))
    elif how == "delete":
        session.execute(delete(AuditEntry).where(AuditEntry.seq == one))
        return one != ENTRIES
    elif how == "delete and close up":
        session.execute(delete(AuditEntry).where(AuditEntry.seq == one))
        for seq in range(one + 1, ENTRIES + 1):
            session.execute(update(AuditEntry).where(AuditEntry.seq == seq).values(seq=seq - 1))
        return one != ENTRIES
    elif how == "insert":
        for seq in range(ENTRIES, one - 1, -1):
            session.execute(update(AuditEntry).where(AuditEntry.seq == seq).values(seq=seq + 1))
        row = session.execute(select(AuditEntry.__table__).where(AuditEntry.seq == one + 1)).mappings().one()
        session.execute(insert(AuditEntry), dict(row) | {"seq": one, "what": "thing:0"})
    elif one != other:
        first, second = (dict(_row(session, seq)) for seq in (one, other))
        for seq, row in ((one, second), (other, first)):
            session.execute(update(AuditEntry).where(AuditEntry.seq == seq).values(row | {"seq": seq}))
    else:
        return False
    return True


def _row(session: Session, seq: int) -> Any:
    return session.execute(select(AuditEntry.__table__).where(AuditEntry.seq == seq)).mappings().one()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    how=st.sampled_from(["change", "delete", "delete and close up", "insert", "swap"]),
    one=st.integers(1, ENTRIES),
    other=st.integers(1, ENTRIES),
    column=st.sampled_from(COLUMNS),
)
def test_whatever_is_done_to_entries_is_found(store: Store, how: str, one: int, other: int, column: str) -> None:
    fill(store)
    with store.reading() as session:  # what is changed here is not kept
        assert audit.verify(session) == (ENTRIES, None)
        head = audit.head(session)
        assert audit.holds(session, head)
        seen = tamper(session, how, one, other, column)
        broken = audit.verify(session)[1]
        assert (broken is not None) == seen
        if how.startswith("delete"):
            assert broken or not audit.holds(session, head)


def test_what_is_cut_off_at_the_end_is_known_by_the_head(store: Store) -> None:
    with store.reading() as session:
        assert audit.holds(session, audit.head(session))
    fill(store)
    with store.reading() as session:
        heads = [f"{each.seq}:{each.hash}" for each in audit.entries(session, audit.Filter(), None, 100)]
        session.execute(delete(AuditEntry).where(AuditEntry.seq > 5))
        assert audit.verify(session) == (5, None)
        assert [audit.holds(session, head) for head in heads] == [False] * 3 + [True] * 5
