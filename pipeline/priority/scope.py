"""Whether what a sentence names is so: negated, supposed, feared, past, closed, quoted, opposed, or asked about."""

from __future__ import annotations

import re
from functools import lru_cache

from pipeline.priority.table import CLAUSE_SIGNS, SENTENCE_SIGNS, Kind

_ENDS = re.compile(f"[{SENTENCE_SIGNS}]")
_BEFORE = 14
_AROUND = 60
_TITLE = 60
"""Letters without full stops are read so far to each side as one sentence."""

_IN_CLAUSE = f"[^{CLAUSE_SIGNS}]"
_NEGATED = re.compile(
    r"(?:没有?|未|并非|不是|从未|从没|无|不存在|尚未|不会|不要|不再|不想|没人|难道要|非要|是不是要|非得)$"
)
_WISHED = re.compile(
    rf"(?:避免|防止|预防|以防|杜绝|谨防|严防|减少|未雨绸缪|打击|严查|整治|谨慎|抵制|反对|拒绝|取缔){_IN_CLAUSE}{{0,10}}$"
)
_SUPPOSED = re.compile(
    rf"(?:如果|如突|如遇|如发生|如有|假如|假设|万一|一旦|要是|倘若|若是|假使|要不是|幸好没|会不会|是否会|可能会|容易|生怕|害怕|担心|恐怕|怕|以免){_IN_CLAUSE}{{0,12}}$"
)
_SUPPOSITION = re.compile(r"(?:如果|如突|如遇|如发生|如有|假如|假设|万一|一旦|要是|倘若|若是|假使)")
_PAST = re.compile(
    r"(?:去年|前年|早年|多年前|[0-9一二两三四五六七八九十几]+年前|曾经|当年|以前|早些年|小时候|年轻时|那年|历史上|上世纪)"
)
_CLOSED = re.compile(
    r"(?:已经?|都|全部|终于|后来|现已)(?:[^，。；]{0,6})(?:解决了?|处理好|修好|整改到位|平息|结案|破案|补发|结清|付清|找到了|"
    r"恢复|扑灭|救出|康复|出院|装好|换好|修复)|(?:得到了?|予以)(?:妥善|圆满|及时)(?:解决|处理)"
)
_RULES = re.compile(
    r"(?:请问|咨询|想问|问一下|了解一下|请教).{0,40}(?:标准|政策|规定|流程|程序|哪个部门|哪些部门|什么部门|哪里(?:投诉|举报|申请|查)|"
    r"如何(?:投诉|申请|认定|举报|划分|处理|办理|规定)|怎么(?:投诉|申请|认定|划分|算|办理|赔)|时效|材料|条件|责任)|(?:的话|的时候).{0,12}"
    r"(?:哪个部门|什么部门|怎么投诉|如何投诉|向谁)"
)
_TITLED = re.compile(r"《[^》]{0,60}$")
_QUOTED = re.compile(
    r"(?:宣传|标语|口号|所谓|新闻|报道|标题|电影|海报|条幅|栏目|广告)[^。！？]{0,8}[“「\"][^”」\"]{0,30}$"
)
_OPPOSED = re.compile(r"(?:反对|抵制|抗议|拒绝|不同意|质疑|停止|取消)[^\n]{0,30}(?:建|设|装|选址|开办|开行|开采)")
_URGED = re.compile(rf"(?:建议|提议|倡议|呼吁){_IN_CLAUSE}{{0,12}}$")


@lru_cache(maxsize=16)  # each signal asks several times
def sentence_at(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the span of the sentence around a span."""
    left = max([text.rfind(sign, 0, start) for sign in SENTENCE_SIGNS]) + 1
    match = _ENDS.search(text, end)
    return left, match.start() if match else len(text)


def near(text: str, start: int, end: int) -> str:
    """Return what belongs to a match: its sentence, of a very long one the part around it."""
    left, right = sentence_at(text, start, end)
    return text[max(left, start - _AROUND) : min(right, end + _AROUND)]


def taken_back(kind: Kind, text: str, start: int, end: int) -> bool:
    """Tell whether the words around a match take it back.

    Any kind is taken back by a negation before it, a wish to prevent or fight it, a title or slogan that quotes it, a
    question about the rules for such cases, and by being over. An event is also taken back by being long past or only
    supposed; a state by being supposed, and like a risk by a title that opposes a plan: what it fears is
    not yet. A risk is supposed by nature.

    >>> text = "希望避免火灾"
    >>> taken_back(Kind.EVENT, text, 4, 6)
    True
    """
    left, _ = sentence_at(text, start, end)
    before = text[max(left, start - _BEFORE) : start]
    if _NEGATED.search(before) or _WISHED.search(before) or _URGED.search(before):
        return True
    opening = text[max(left, start - _AROUND) : start]
    if _TITLED.search(opening) or _QUOTED.search(opening):
        return True
    sentence = near(text, start, end)
    if _RULES.search(sentence) or _CLOSED.search(sentence):
        return True
    if kind != Kind.RISK and (_SUPPOSED.search(before) or _SUPPOSITION.search(opening)):
        return True
    if kind != Kind.EVENT and _OPPOSED.search(text, 0, text.find("\n", 0, _TITLE) + 1):
        return True
    return kind == Kind.EVENT and bool(_PAST.search(sentence))
