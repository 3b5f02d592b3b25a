"""Limits: attempts to sign in are counted in the store, for all processes; ordinary calls in memory, for this one."""

from __future__ import annotations

import hashlib
import ipaddress
import math
import time
from datetime import timedelta
from threading import Lock

from sqlalchemy import delete
from sqlalchemy.orm import Session

from service.desk.errors import TooManyError
from service.store import Count, now

_WINDOW = timedelta(hours=24)
"""After so long without an attempt, attempts are forgotten."""
FREE = 5
"""So many wrong passwords for one name from one address cost nothing; each further one doubles the wait."""
_FIRST_WAIT, _LONGEST_WAIT = 30, 3600
HOUSE = 100
"""So many wrong passwords from one address in `_HOUSE_WINDOW`, whatever the names."""
_HOUSE_WINDOW = timedelta(minutes=15)


class Attempt:
    """An attempt to sign in: counted before the password is looked at, so that many at once count as many."""

    def __init__(self, name: str, address: str) -> None:
        house = network(address)
        self.door = _bucket("door", name, house)
        self.house = _bucket("house", house)

    def count(self, session: Session) -> bool:
        """Count it within a write; return whether the next one has to wait.

        Raises
        ------
        TooManyError
            Where this one has to wait already; it says how long.
        """
        door = _counted(session, self.door, _WINDOW)
        house = _counted(session, self.house, _HOUSE_WINDOW)
        if door.count >= FREE:
            wait = min(_FIRST_WAIT * 2 ** min(door.count - FREE, 16), _LONGEST_WAIT)
            door.until = now() + timedelta(seconds=wait)
        if house.count >= HOUSE:
            house.until = house.since + _HOUSE_WINDOW
        return door.count >= FREE

    def forget(self, session: Session) -> None:
        """Start anew at this door: the password was right. Old counts of others go as well."""
        session.execute(delete(Count).where(Count.bucket == self.door))
        session.execute(delete(Count).where(Count.since < now() - 2 * _WINDOW))


def _bucket(*parts: str) -> str:
    """Return a short name for a bucket; who tried and from where is nobody's business later."""
    return hashlib.sha256("\n".join(parts).encode("utf-8", "backslashreplace")).hexdigest()


def _counted(session: Session, bucket: str, window: timedelta) -> Count:
    found, moment = session.get(Count, bucket), now()
    if found is None:
        found = Count(bucket=bucket, count=0, since=moment, until=None)
        session.add(found)
    if found.until and found.until > moment:
        seconds = math.ceil((found.until - moment).total_seconds())
        raise TooManyError(f"试错太多，请过 {seconds} 秒再登录；忘了口令请找管理员重设。", seconds)
    if moment - found.since > window:
        found.count, found.since, found.until = 0, moment, None
    found.count += 1
    if window == _WINDOW:
        found.since = moment  # the memory of a door lasts a day after the latest attempt
    return found


def network(address: str) -> str:
    """Return what counts as one address: of IPv6 the network that one customer has.

    >>> network("2001:db8:1:2:aaaa::7"), network("10.0.0.7"), network("testclient")
    ('2001:db8:1:2::', '10.0.0.7', 'testclient')
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 6:
        return str(ipaddress.ip_network((found, 64), strict=False).network_address)
    return address


class Meter:
    """Token buckets in memory: a call costs no write. With several processes each has its own."""

    def __init__(self) -> None:
        self._buckets: dict[str, tuple[float, float]] = {}
        self._lock = Lock()

    def pass_or_raise(self, name: str, per_minute: int) -> None:
        """Let a call pass.

        Raises
        ------
        TooManyError
            Where more than `per_minute` came, or a sixth of them at once.
        """
        rate, most = per_minute / 60, max(per_minute / 6, 1.0)
        with self._lock:
            moment = time.monotonic()
            left, last = self._buckets.get(name, (most, moment))
            left = min(left + (moment - last) * rate, most)
            self._buckets[name] = (max(left - 1, 0) if left >= 1 else left, moment)
        if left < 1:
            seconds = math.ceil((1 - left) / rate)
            raise TooManyError(f"请求太快，每分钟最多 {per_minute} 次。请过 {seconds} 秒再发。", seconds)
