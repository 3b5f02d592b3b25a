"""Chrome and spam: what a page puts around a submission, menus, toolbars, copyright lines, floors, lists of links.

A page is judged by its lines. corpora/furniture.csv says what a line of furniture looks like; one that could as well
be somebody's own (返回顶部, 来源：…) is furniture only where it touches a line that is so for sure. Replies that only
pass a post on or cheer (转发了, 顶, its title once more) are echoes: counted, not text. `spam` tells injected spam.
A text that is nothing else stays: whether it is junk, the model says.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import groupby, pairwise

from pipeline.clean import spam
from pipeline.clean.reading import LETTERS
from pipeline.clean.script import in_both_scripts, simplified
from pipeline.errors import CorpusError
from pipeline.knowledge import CORPORA, table
from pipeline.records import Edit

_CHROME, _SPAM = "chrome", "spam"
_SURE, _TOUCHING, _LIST, _TAIL, _FLOOR, _INLINE = ROLES = ("sure", "touching", "list", "tail", "floor", "inline")
_LINE = re.compile(r"[^\n\r\u2028\u2029]+")
_MOST = 5_000
"""Lines of a page; what has more is none."""
_READING = re.compile(rf"(?<=[\u3400-\u9fff])\([{LETTERS}]{{1,7}}\)")
_LONGEST = 400
"""A line of furniture is no longer than this."""
_LINK = 40
"""Nor is a link in a list of links."""
_POST = 60
"""Characters of text that make what stands before a forum's floor a post, and the floor a reply."""
_REMARK = 8
_ECHO = re.compile(
    r"[\W\d_]*((已?转发?(了|走|给.{0,8}|到.{0,8}|.{0,12})|顶{1,9}|支持(楼主|一下)?|赞{1,9}|点赞|同意|同上|\+1|up|mark|马克"
    r"|沙发|板凳|路过|围观|签到|占(楼|位|座)|水一?[贴帖]|我?(才)?是?第[一二三1-3]|好[帖文贴]|学习了|关注一?下?|已阅|收藏了?)[\W\d_]*){0,4}"
)
_SENTENCE = re.compile(r"[。！？；!?;]")


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    """Return the patterns of corpora/furniture.csv by role.

    Raises
    ------
    CorpusError
        Where the table holds a role that does not exist or a pattern that does not compile.
    """
    by_role: dict[str, list[str]] = {role: [] for role in ROLES}
    path = CORPORA / "furniture.csv"
    for line, row in table(path, "role", "pattern", "hint", "example", "note"):
        if row["role"] not in by_role:
            raise CorpusError(f"{path}:{line}: 角色“{row['role']}”不在 {'、'.join(ROLES)} 之中。请改正。")
        try:
            re.compile(row["pattern"])
        except re.error as error:
            raise CorpusError(f"{path}:{line}: 模式“{row['pattern']}”有误（{error}）。请改正。") from error
        by_role[row["role"]].append(f"(?:{row['pattern']})")
    return {role: re.compile("|".join(patterns), re.IGNORECASE) for role, patterns in by_role.items()}


@cache
def _hint() -> re.Pattern[str]:
    """Return what a text must hold to be looked at by lines: words of furniture, in them _ for a blank, or of spam."""
    hints = "|".join(row["hint"] for _, row in table(CORPORA / "furniture.csv", "hint") if row["hint"])
    return in_both_scripts([*hints.replace("_", " ").split("|"), *spam.hints()])


def _plain(text: str) -> str:
    """Return a text as the patterns want it: without readings, simplified, signs in their ASCII form."""
    folded = unicodedata.normalize("NFKC", text)
    return simplified(_READING.sub("", folded))


class _Page:
    """The lines of a text, and which of them are no part of the submission: `cut` holds a kind for these."""

    def __init__(self, text: str) -> None:
        self.text = text
        raw, plain = list(_LINE.finditer(text)), _LINE.findall(_plain(text))
        if len(raw) != len(plain) or len(raw) > _MOST:
            raw, plain = [], []
        lines = [(match.span(), line.strip()) for match, line in zip(raw, plain, strict=True) if line.strip()]
        self.spans = [span for span, _ in lines]
        self.lines = [line[: _LONGEST + 1] for _, line in lines]
        self.cut = [_SPAM if found else "" for found in spam.lines(self.lines)]
        self.hinted = [bool(_hint().search(line)) for line in self.lines]
        self.role = [_role(line) if hinted else "" for line, hinted in zip(self.lines, self.hinted, strict=True)]
        self.echoes = 0
        if not any(self.role) and not any(self.cut):
            return
        touching = _patterns()[_TOUCHING]
        self.role = [
            role or (_TOUCHING if touching.fullmatch(line) else "")
            for role, line in zip(self.role, self.lines, strict=True)
        ]
        for at, role in enumerate(self.role):
            if role in (_SURE, _FLOOR):
                self.cut[at] = _CHROME
        self._mark_floors()
        self._mark_links()
        self._mark_tail()
        self._mark_touching()

    def _mark_floors(self) -> None:
        """Mark the replies that are echoes: what stands between two floors, a post before them."""
        floors = [at for at, role in enumerate(self.role) if role == _FLOOR]
        title = re.sub(r"\W", "", self.lines[0]) if self.lines else ""
        before = 0
        done = 0
        for floor, following in pairwise([*floors, len(self.lines)]):
            before += sum(len(self.lines[at]) for at in range(done, floor) if not self.cut[at])
            done = floor
            if before < _POST:
                continue
            reply = range(floor + 1, following)
            own = [at for at in reply if not self.role[at] and not self.cut[at]]
            if (own or any("<<" in self.lines[at] for at in reply)) and _is_echo([self.lines[at] for at in own], title):
                self.echoes += 1
                for at in own:
                    self.cut[at] = _CHROME

    def _mark_links(self) -> None:
        for at, role in enumerate(self.role):
            if role == _LIST:
                links = at + 1
                while links < len(self.lines) and self._is_link(links):
                    links += 1
                if links - at > 2:
                    self.cut[at:links] = [kind or _CHROME for kind in self.cut[at:links]]

    def _is_link(self, at: int) -> bool:
        line = self.lines[at]
        return bool(self.cut[at]) or (len(line) <= _LINK and not _SENTENCE.search(line))

    def _mark_tail(self) -> None:
        tails = (at for at, role in enumerate(self.role) if role == _TAIL and 2 * at >= len(self.lines))
        at = next(tails, len(self.lines))
        self.cut[at:] = [kind or _CHROME for kind in self.cut[at:]]

    def _mark_touching(self) -> None:
        for order in (range(len(self.lines)), reversed(range(len(self.lines)))):
            for at in order:
                if not self.cut[at] and self.role[at] in (_TOUCHING, _LIST) and any(self.cut[max(at - 1, 0) : at + 2]):
                    self.cut[at] = _CHROME

    def edits(self) -> Iterator[Edit]:
        """Yield the edits: each block with the line ends that set it apart, and what stands within lines."""
        if all(self.cut):  # also where there is no line
            return
        tail = len(self.lines)
        while self.cut[tail - 1]:
            tail -= 1
        for kind, group in groupby(range(len(self.lines)), key=lambda at: self.cut[at]):
            block = list(group)
            first, after = block[0], block[-1] + 1
            if kind:
                start = self.spans[tail - 1][1] if first == tail else self.spans[first][0]
                end = self.spans[after][0] if after < len(self.lines) else len(self.text)
                yield Edit(kind, start, end, self.text[start:end], "")
            else:
                for at in filter(self.hinted.__getitem__, block):
                    yield from self._within(*self.spans[at])

    def _within(self, start: int, end: int) -> Iterator[Edit]:
        """Yield what is to be cut out of a line that stays."""
        found = [(_SPAM, *span) for span in spam.stretches(self.text, start, end)]
        inline = _patterns()[_INLINE].search(self.text, start, end)
        if inline and inline.end() == end and not any(stop > inline.start() for _, _, stop in found):
            found.append((_CHROME, *inline.span()))
        if sum(stop - begin for _, begin, stop in found) < len(self.text[start:end].strip()):
            yield from (Edit(kind, begin, stop, self.text[begin:stop], "") for kind, begin, stop in found)


def _role(line: str) -> str:
    """Return what a line of furniture is, nothing for any other."""
    roles = _patterns()
    if len(line) > _LONGEST:
        return ""
    return next((role for role in (_SURE, _LIST, _TAIL, _FLOOR) if roles[role].fullmatch(line)), "")


def _is_echo(lines: list[str], title: str) -> bool:
    """Whether a reply only passes on, cheers or says the title again."""
    remark = "".join(lines)
    bare = re.sub(r"\W", "", remark)
    if len(bare) <= _REMARK or _ECHO.fullmatch(remark):
        return True
    rest = bare.replace(title, "") if title else bare
    return len(rest) - (Counter(rest) & Counter(title)).total() <= _REMARK and len(rest) <= len(title) + _REMARK


def _page(text: str) -> _Page | None:
    """Return the text by lines where anything in it looks like furniture or spam."""
    hint = _hint()
    if hint.search(text) or ("(" in text and _READING.search(text) and hint.search(_plain(text))):
        return _Page(text)
    return None


def echoes(text: str) -> int:
    """Return how many forum replies in a text only pass it on or cheer."""
    page = _page(text)
    return page.echoes if page else 0


def edits(text: str) -> list[Edit]:
    """Return the edits that cut what was put around the submission."""
    page = _page(text)
    return list(page.edits()) if page else []
