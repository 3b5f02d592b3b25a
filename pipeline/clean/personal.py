"""Personal data: where a text names or numbers a person. Found, not removed: who shows the text masks it.

Numbers count only where their check digit is right (identity cards: GB 11643; bank cards: Luhn) or their form is that
of the numbering plan; names only where a cue says that one follows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.records import Personal

_DIGITS = re.compile(r"\d(?<![\dA-Za-z.].)[\d \-]{5,22}[\dXx](?![\dA-Za-z])")
"""Like all patterns here it begins with one class or with plain words: such are looked for several times as fast."""
_MOBILE = re.compile(r"(?:\+?86)?1[3-9]\d{9}")
_LANDLINE = re.compile(r"0\d{2,3}-?[2-8]\d{6,7}(?:-\d{1,6})?")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_EMAIL = re.compile(r"[\w.+-]{1,64}@[A-Za-z\d-]{1,63}(?:\.[A-Za-z\d-]{1,63}){1,4}", re.ASCII)
_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Z][·. ]?"
    r"(?:[A-HJ-NP-Z\d]{5}(?![A-Za-z\d])|[A-HJ-NP-Z\d]{4}[挂学警港澳领使]|[DF][A-HJ-NP-Z\d]\d{4}|\d{5}[DF])"
)
_HOME = re.compile(
    r"\d(?:\d{0,3}#?(?:栋|幢|号楼|座|号院)(?:\d{1,2}单元)?(?:\d{1,2}[层楼])?\d{1,4}(?:室|号|房)"
    r"|\d?单元\d{1,4}(?:室|号|房)|(?<![\d-].)\d{0,2}-\d{1,2}-\d{3,4}(?=室|号|房|业主|住户)"
    r"|(?<=[路街巷弄村组道里].)\d{0,3}号(?![楼线店门]))"
)
_LIVES = re.compile(r"(?:家住|住在|现住|居住|住址|地址|门牌)[^，。；！？\n]{0,24}$")
"""A street number is a home where the text says so."""
_SURNAMES = (
    "赵钱孙李周吴郑王冯陈卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛范彭郎鲁韦马苗凤花方俞任袁柳鲍史唐"
    "费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于傅齐康伍余元卜顾孟平黄和穆萧尹姚邵汪祁毛禹狄米贝明臧计成戴宋庞熊纪舒屈项祝董梁杜阮蓝闵"
    "季贾路娄江童颜郭梅盛林钟徐邱骆高夏蔡田樊胡凌霍虞万柯卢莫房解应宗丁宣邓洪包左石崔吉龚程邢裴陆荣翁荀甄家封储靳段巫焦谷车侯班"
    "仲宫宁仇栾甘厉武符刘景詹束龙叶司黎白蒲邰索赖卓屠蒙池乔阴闻党翟谭贡姬申冉雍桑桂牛边燕尚温庄晏柴阎连习艾向古易廖耿匡文寇广聂"
    "曾沙丰关查游竺权盖益桓公肖"
)
_NAME = rf"(?:欧阳|上官|司马|诸葛|皇甫|尉迟|[{_SURNAMES}])[\u3400-\u9fff·]{{1,2}}"
_BEFORE = re.compile(
    r"(?:我叫|名字[叫是]|本人(?:姓名|名?叫)?|姓名|署名|户主|法人代表|业主代表|受害人|患者|死者|敬礼[!！。]?\s"
    r"|联系人|投诉人|反映人|举报人|申请人|申诉人|信访人|诉求人|来信人|写信人|留言人)[:：是为]?\s*"
)
"""After these a name follows; `_NAMED` says what it looks like."""
_NAMED = re.compile(rf"({_NAME})(?=[\s，,。；;、（(:：]|身份证|电话|手机|男|女|今年|现年|$)")
_BEHIND = re.compile(r"身份证|公民身份|手机号|联系电话|电话[:：是为\d]|先生|女士|，\s?[男女][，,]|,\s?[男女][，,]")
_NUMBERS, _SIGNS = "身公手联电", "（(，, "
"""What begins so may stand behind a sign: 李小明，电话."""
_NAMED_BEFORE = re.compile(rf"(?:(?<![\u3400-\u9fff])|(?<=村民|业主|居民|职工|工人|家长|员工|老人|叫做))({_NAME})$")
_NO_NAME = re.compile(
    r"(?:家[属人里长庭]|申请|应该|向[上来政县市]|于[是此今]|平[时常日]|和[我他她]|成[都为]|明[天年]|计划|水[电费]|安[全装排]|常[常年]"
    r"|文化|方[便面式]|常住|单位|全[家部体]|关[于注系机]|解[决释]|广大|支[付持]|温州|东[西边]|应聘|时[间候]|金额|程序|路[上过]|万[元一]|家中|和(?:联系|电话|住址|地址|身份)|[\u3400-\u9fff]{1,2}[的了]).?"
)


def _is_identity(digits: str) -> bool:
    """Whether a number is an identity card's: its date is one and its check digit is right (GB 11643).

    >>> _is_identity("110101199003074514"), _is_identity("110101199003074513")
    (True, False)
    """
    if len(digits) != 18 or not digits[:17].isdecimal():
        return False
    year, month, day = int(digits[6:10]), int(digits[10:12]), int(digits[12:14])
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits, strict=False))
    return 1880 < year < 2100 and 0 < month < 13 and 0 < day < 32 and "10X98765432"[total % 11] == digits[17].upper()


def _is_bank_card(digits: str) -> bool:
    """Whether a number is a bank card's: 16 to 19 digits of a card scheme with a right check digit (Luhn).

    >>> _is_bank_card("6222021234567890128"), _is_bank_card("6222021234567890123")
    (True, False)
    """
    if not (16 <= len(digits) <= 19 and digits.isdecimal() and digits[0] in "3456"):
        return False
    doubled = (sum(divmod(int(digit) * 2, 10)) if at % 2 else int(digit) for at, digit in enumerate(reversed(digits)))
    return sum(doubled) % 10 == 0


def _numbers(text: str) -> Iterator[Personal]:
    for match in _DIGITS.finditer(text):
        found = match.group()
        bare = re.sub(r"[ -]", "", found)
        if _is_identity(bare):
            kind = "id_card"
        elif _MOBILE.fullmatch(bare):
            kind = "mobile"
        elif _LANDLINE.fullmatch(found.replace(" ", "-")):
            kind = "landline"
        elif _is_bank_card(bare):
            kind = "bank_card"
        else:
            yield from (
                Personal("mobile", match.start() + inner.start(), match.start() + inner.end())
                for inner in re.finditer(r"(?<!\d)1[3-9]\d{9}(?!\d)", found)
            )
            continue
        yield Personal(kind, *match.span())


def _homes(text: str) -> Iterator[Personal]:
    for match in _HOME.finditer(text):
        if not match.group().endswith("号") or "-" in match.group() or _LIVES.search(text[: match.start()][-40:]):
            yield Personal("address", *match.span())


def _introduced(text: str) -> Iterator[Personal]:
    for cue in _BEFORE.finditer(text):
        if (match := _NAMED.match(text, cue.end())) and not _NO_NAME.fullmatch(match[1]):
            yield Personal("name", *match.span(1))


def _identified(text: str) -> Iterator[Personal]:
    for cue in _BEHIND.finditer(text):
        end = cue.start()
        end -= end > 0 and text[end] in _NUMBERS and text[end - 1] in _SIGNS
        before = _NAMED_BEFORE.search(text, max(end - 8, 0), end)
        if before and not _NO_NAME.fullmatch(before[1]):
            yield Personal("name", *before.span(1))


def spans(text: str) -> tuple[Personal, ...]:
    """Return the personal data of a text, in the order of the text and without overlaps.

    Kinds are id_card, mobile, landline, bank_card, email, plate, address (the house or flat number) and name.

    >>> [(text[span.start:span.end], span.kind) for text in ["我叫李小明，电话13800138000"] for span in spans(text)]
    [('李小明', 'name'), ('13800138000', 'mobile')]
    """
    found = [*_introduced(text), *_identified(text), *_numbers(text), *_homes(text)]
    if "@" in text:
        found += (Personal("email", *match.span()) for match in _EMAIL.finditer(text))
    found += (Personal("plate", *match.span()) for match in _PLATE.finditer(text))
    kept: list[Personal] = []
    for span in sorted(found, key=lambda span: (span.start, -span.end)):
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return tuple(kept)
