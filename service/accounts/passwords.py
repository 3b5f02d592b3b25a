"""Passwords: hashed with argon2, hashed again at sign-in where its parameters have changed, refused where weak."""

from __future__ import annotations

import secrets
import unicodedata
from functools import cache
from threading import BoundedSemaphore

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from service.desk.errors import RuleError

LEAST, _LONGEST = 10, 200
"""Characters of a password."""
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
"""Of generated passwords: no sign that can be taken for another."""
_COMMON = frozenset(
    """
    1234567890 0123456789 0987654321 12345678910 1234567891 123456789a a123456789 1234567890a qq123456789 abc123456789
    1111111111 0000000000 8888888888 6666666666 1122334455 123123123123 147258369a 789456123a 5201314520 5201314521
    woaini1314 woaini5201314 woaini520 iloveyou520 qwertyuiop qwerty1234 qwerty123456 1q2w3e4r5t q1w2e3r4t5 1qaz2wsx3edc
    qazwsxedcrfv zxcvbnm123 asdfghjkl1 asdfghjkl123 password12 password123 password1234 passw0rd123 p@ssw0rd123
    admin12345 admin123456 administrator root123456 abcd123456 abc1234567 aa12345678 aa123456789 wang123456 zhang123456
    li123456789 letmein1234 welcome123 changeme123 test123456 minyi12345 minyi123456 zhengxie123 zhengxie123456
    """.split()  # noqa: SIM905
)
"""The commonest of those that are long enough."""
_AT_ONCE = BoundedSemaphore(2)
"""Each hash takes 64 MB and a core for a moment: a crowd at the door waits instead of filling the memory."""


@cache
def _hasher() -> PasswordHash:
    return PasswordHash((Argon2Hasher(),))


@cache
def _nobody() -> str:
    """Return a hash that no password fits: an unknown name takes as long as a known one."""
    return _hasher().hash(secrets.token_hex(32))


def hashed(password: str, name: str) -> str:
    """Return what is kept of a new password of a user.

    Raises
    ------
    RuleError
        Where it is too weak; see `check_rule`.
    """
    check_rule(password, name)
    with _AT_ONCE:
        return _hasher().hash(_normal(password))


def fits(password: str, kept: str | None) -> tuple[bool, str | None]:
    """Return whether a password fits what is kept, and what to keep from now on where that has changed.

    Parameters
    ----------
    kept : None where there is no such user: nothing fits, in the same time.
    """
    password = _normal(password)
    if len(password) > _LONGEST:
        return False, None
    with _AT_ONCE:
        return _hasher().verify_and_update(password, kept or _nobody())


def generated() -> str:
    """Return a new password: 16 signs in groups of four, 79 bits."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))


def check_rule(password: str, name: str) -> None:
    """Refuse a weak password.

    Raises
    ------
    RuleError
        It says which rule is broken, never the password.

    Examples
    --------
    >>> check_rule("春江水暖鸭先知2026", "li")
    >>> check_rule("qwertyuiop", "li")
    Traceback (most recent call last):
    service.desk.errors.RuleError: 口令太常见。请换一个别人猜不到的，例如几个不相干的词连起来。
    """
    plain = _normal(password).lower()
    if not LEAST <= len(plain) <= _LONGEST:
        raise RuleError(f"口令应有 {LEAST} 到 {_LONGEST} 个字符，现在是 {len(plain)} 个。请改长度。", "password")
    if len(plain.replace(name, "")) < LEAST // 2:
        raise RuleError("口令不能就是用户名。请换一个与用户名无关的。", "password")
    if plain in _COMMON or len(set(plain)) < 5:
        raise RuleError("口令太常见。请换一个别人猜不到的，例如几个不相干的词连起来。", "password")


def _normal(password: str) -> str:
    """Return a password as it is hashed: an input method in full width types the same one."""
    return unicodedata.normalize("NFKC", password)
