"""How many people and how long, as people write it: 301名, 三百多户, 1.2万人, 半个月."""

from __future__ import annotations

import re

_DIGITS = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "几": 3, "数": 3}
_UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10_000}
_HAN = "零〇一二两三四五六七八九十百千万几数"
_NUMBER = rf"[0-9{_HAN}成半](?:(?<=[0-9])[0-9,]*(?:\.[0-9]+)?[十百千万]?|(?<=[{_HAN}])[{_HAN}]*|(?<=成)百上千|(?<=半))"
"""Begins with one class, which is looked for several times as fast as one of several ways."""
_PEOPLE = re.compile(
    rf"({_NUMBER})(?:多|余|来|几)?([百千万]?)(?:多|余)?个?"
    r"(?:名|户|人|位|家(?![长具电里人老])|口人|学生|孩子|业主|居民|村民|住户|员工|工人|家长|家庭|小朋友|幼儿|老人|投资人|消费者|师生)"
)
_DAYS = re.compile(
    rf"({_NUMBER})(?:多|余|来|几)?个?(?:多)?(天|日|夜|周|星期|礼拜|月|年)(?![0-9一二三四五六七八九十前])"
)
_LENGTH = {"天": 1.0, "日": 1.0, "夜": 1.0, "周": 7.0, "星期": 7.0, "礼拜": 7.0, "月": 30.0, "年": 365.0}


def number(text: str) -> float:
    """Return the value of a number in digits or Chinese numerals; a vague 几 or 数 counts as three.

    >>> number("三百二十"), number("1.2万"), number("几百"), number("十几"), number("两千零五")
    (320.0, 12000.0, 300.0, 13.0, 2005.0)
    """
    if text == "半":
        return 0.5
    if text == "成百上千":
        return 500.0
    if text[0] in "0123456789":
        scale = _UNITS.get(text[-1], 1)
        return float(text.rstrip("十百千万").replace(",", "")) * scale
    total, part, digit = 0.0, 0.0, 0.0
    for sign in text:
        if sign == "万":
            total, part, digit = (total + part + digit or 1) * 10_000, 0.0, 0.0
        elif sign in _UNITS:
            part, digit = part + (digit or 1) * _UNITS[sign], 0.0
        else:
            digit = float(_DIGITS[sign])
    return total + part + digit


def people(text: str) -> float:
    """Return the largest number of people or households that a text names, 0 where it names none.

    >>> people("近三百多户，301名业主"), people("我们十几个家长"), people("1000多名学生"), people("八栋楼")
    (301.0, 13.0, 1000.0, 0.0)
    """
    return max((number(found[1]) * _UNITS.get(found[2], 1) for found in _PEOPLE.finditer(text)), default=0.0)


def days(text: str) -> float:
    """Return the longest span of time that a text names, in days, 0 where it names none.

    >>> days("停水五天了"), days("拖了半年"), days("一个多星期"), days("5月3日"), days("三年前")
    (5.0, 182.5, 7.0, 0.0, 0.0)
    """
    return max((number(f[1]) * _LENGTH[f[2]] for f in _DAYS.finditer(text) if not _date(text, f)), default=0.0)


def _date(text: str, found: re.Match[str]) -> bool:
    """Tell 2019年, 5月 and 3日 of a calendar from spans of time."""
    value, unit = number(found[1]), found[2]
    plain = found.end() - found.start() == len(found[1]) + len(unit)  # no 个, no 多
    return plain and (unit in "日号" or (unit == "月" and value <= 12) or (unit == "年" and value > 100))
