"""Names of users: one spelling for each, so that nobody can sign up as somebody else's double."""

from __future__ import annotations

import re
import unicodedata

from service.desk.errors import RuleError

_NAME = re.compile("[a-z0-9\u3400-\u9fff\U00020000-\U0003ffff][a-z0-9\u3400-\u9fff\U00020000-\U0003ffff·._-]{1,31}")


def normal(name: str) -> str:
    """Return the one spelling of a name.

    >>> normal(" Ｌｉ ")
    'li'
    """
    return unicodedata.normalize("NFKC", name).strip().lower()


def new(name: str) -> str:
    """Return the spelling of a new name.

    Raises
    ------
    RuleError
        Where it has other signs than Han characters, a to z, digits and . _ - ·: a Cyrillic а looks like an a.
    """
    spelled = normal(name)
    if not _NAME.fullmatch(spelled):
        raise RuleError(f"用户名“{name}”：应为 2 到 32 个汉字、英文字母、数字或 . _ - ·，以字或数字开头。", "name")
    return spelled
