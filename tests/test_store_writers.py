"""Writers at once: all of them get through, in either database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import func, select

from service.store import Count, Store, now


def test_many_writers_at_once(store: Store) -> None:
    def write(at: int) -> None:
        with store.writing() as session:
            there = session.scalar(select(func.count()).select_from(Count)) or 0
            session.add(Count(bucket=f"{at}", count=there, since=now(), until=None))

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(write, range(100)))
    with store.reading() as session:
        assert sorted(session.scalars(select(Count.count))) == list(range(100))
