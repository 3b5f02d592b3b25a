"""Script: traditional characters become simplified ones, by OpenCC, with an edit for each run."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from pipeline.clean.edits import difference
from pipeline.clean.patterns import any_of, ranges
from pipeline.knowledge import CORPORA, table
from pipeline.records import Edit

if TYPE_CHECKING:
    import opencc

_CONFIG = "hk2s"
"""Also undoes Hong Kong's variants, which t2s keeps (衞), and unlike tw2s leaves 什么 alone."""
_DRY = (
    "(?<=[餅饼曬晒烘風风吹擦晾陰阴烤焙渴枯喝抹瀝沥肉魚鱼果腐萄筍笋棗枣快未不沒没燒烧榨抽])乾"
    "|乾(?=[净淨燥旱涸枯癟糧粮冷濕湿洗杯脆果股裂貨货柴菜燒烧煸炒衣電电親亲媽妈爹涩澀巴嘔呕咳癬癣草枝薪咽等了得掉透])"
)
_RISE = "(?<=[上提晉晋攀爬回飆飙躍跃擢])昇|昇(?=[華华降級级學学等高任旗值遷迁空溫温])"
_IN_NAMES = re.compile(f"{_DRY}|{_RISE}|([乾昇])")
"""乾 and 昇 are 干 and 升 where they mean dry and rise. In simplified text anything else is a name: 乾源路, 明昇苑."""
_SURNAMES = (
    "趙錢孫李周吳鄭王馮陳沈韓楊朱許何呂施張孔曹嚴魏陶姜謝潘葛范彭魯馬方任袁柳史唐薛雷賀羅郝安傅康余顧孟黃"
    "蕭尹姚邵汪毛戴宋龐熊紀祝董杜賈江郭林徐夏蔡田樊胡霍萬盧莫丁鄧洪石崔龔程陸曾"
)
_NAME = re.compile(
    f"[{_SURNAMES}]([乾昇])(?:(?=[學元坤亨德明龍峰生文武國榮說講稱寫])"
    r"|[\u3400-\u9fff]?(?=同志|先生|女士|[委人]員|主任|書記|[局縣鎮]長|經理|等人|$))"
)
"""In traditional text they are one behind a surname: 徐乾學."""

_ZHU = re.compile(r"(?<![显名土原专巨论编拙昭卓遗译新合])著(?![名作称书述录于者有])")
_LEFT = {"揹": "背", "枱": "台", "暱": "昵", "簷": "檐", "痺": "痹", "睪": "睾"}
"""What OpenCC leaves: 着 written 著 outside the words that keep it, and rare variants."""

_CLAUSE = re.compile(r"[^，。！？；、\n]*[，。！？；、\n]?")


@cache
def _opencc(config: str) -> opencc.OpenCC:
    import opencc

    return opencc.OpenCC(config)


def _converter() -> opencc.OpenCC:
    return _opencc(_CONFIG)


def _back() -> opencc.OpenCC:
    return _opencc("s2t")


@cache
def _traditional() -> re.Pattern[str]:
    """Return the pattern of the characters that are traditional by themselves: most texts have none."""
    chars = "".join(map(chr, (*range(0x3400, 0xA000), *range(0xF900, 0xFB00))))
    plain = str(_converter().convert(chars))
    return re.compile(f"[{ranges(old for old, new in zip(chars, plain, strict=True) if old != new)}]")


@lru_cache(maxsize=4096)
def _is_simplified(char: str) -> bool:
    """Whether a character is a simplified form: traditional text would write another, and conversion leaves it."""
    return str(_back().convert(char)) != char and not is_traditional(char)


@cache
def _regional() -> tuple[dict[str, str], dict[str, str]]:
    """Return the words of Taiwan and Hong Kong with those of the mainland: what only they write, and the others."""
    rows = [row for _, row in table(CORPORA / "regional_words.csv", "word", "plain", "sure")]
    sure, other = ({row["word"]: row["plain"] for row in rows if row["sure"] == mark} for mark in "10")
    return sure, other


def _words(text: str) -> dict[str, str]:
    """Return the words to change in a text: none where nothing says for sure that it is from there."""
    sure, other = _regional()
    return sure | other if any(word in text for word in sure) else {}


def _convert(text: str, words: dict[str, str]) -> str:
    converted = text
    for word, plain in words.items():
        converted = converted.replace(word, plain)
    converted = str(_converter().convert(converted))
    if len(converted) == len(text) and converted != text:  # a phrase must not touch what is simplified: 打坏 is no 打坯
        named = {match.start(1) for match in _names(text, converted).finditer(text) if match[1]}
        pairs = enumerate(zip(text, converted, strict=True))
        kept = (old if at in named or (old != new and _is_simplified(old)) else new for at, (old, new) in pairs)
        converted = "".join(kept)
    if converted != text:  # only where the text is traditional at all: 著 alone may be meant
        converted = _ZHU.sub("着", converted)
        for variant, plain in _LEFT.items():
            converted = converted.replace(variant, plain)
    return converted


def _names(text: str, converted: str) -> re.Pattern[str]:
    """Return the pattern of 乾 and 昇 in names: a text in which only these are traditional is simplified."""
    others = (old for old, new in zip(text, converted, strict=True) if old != new and old not in "乾昇")
    return _NAME if any(others) else _IN_NAMES


def simplified(text: str) -> str:
    """Return the simplified form of a character or a text, of the same length but for its phrases."""
    return str(_converter().convert(text.encode("utf-8", "replace").decode().replace("\0", " ")))


def in_both_scripts(words: Iterable[str]) -> re.Pattern[str]:
    """Return the pattern of any of these simplified words, as they are or in traditional characters."""
    listed = list(words)
    return any_of([*listed, *str(_back().convert("\n".join(listed))).split("\n")])


@cache
def is_traditional(char: str) -> bool:
    """Whether conversion changes this character."""
    return simplified(char) != char


def edits(text: str) -> list[Edit]:
    """Return the edits from traditional to simplified script; a text without one traditional character has none."""
    if not _traditional().search(text):
        return []
    words = _words(text)
    converted = _convert(text, words)
    if len(converted) == len(text):
        return difference(text, converted, "script")
    found = []  # a phrase changed its length: look clause by clause, so that the edits stay local
    for match in _CLAUSE.finditer(text):
        before = match.group()
        after = _convert(before, words)
        if len(before) == len(after):
            found += difference(before, after, "script", match.start())
        else:
            found += _aligned(before, after, match.start())
    return found


def _aligned(before: str, after: str, offset: int) -> list[Edit]:
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    return [
        Edit("script", a + offset, b + offset, before[a:b], after[c:d])
        for tag, a, b, c, d in matcher.get_opcodes()
        if tag != "equal"
    ]
