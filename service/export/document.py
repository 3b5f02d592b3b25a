"""The sheet of one submission (社情民意信息单) as a Word document, in the usual form, for print and for the file."""

from __future__ import annotations

import re
from io import BytesIO
from typing import TYPE_CHECKING, Any

from service.export.labels import INTENT, PRIORITY, owner, title_and_body

if TYPE_CHECKING:
    from docx.document import Document

SITUATION, CAUSE, PROPOSAL = "情况问题", "原因分析", "意见建议"
_HEADINGS = (
    (CAUSE, re.compile(r"^[一二三四五六七八九十\d、.．（）() ]*[^。，；]{0,6}(?:原因|成因)[^。，；]{0,4}[：:]?$")),
    (
        PROPOSAL,
        re.compile(r"^[一二三四五六七八九十\d、.．（）() ]*[^。，；]{0,6}(?:建议|对策|举措)[^。，；]{0,4}[：:]?$"),
    ),
    (
        SITUATION,
        re.compile(r"^[一二三四五六七八九十\d、.．（）() ]*[^。，；]{0,6}(?:情况|问题|现状|背景)[^。，；]{0,4}[：:]?$"),
    ),
)
_ASKING = re.compile(r"(?:建议|恳请|恳求|请求|希望|盼望|呼吁|望(?:有关|相关|贵|领导|政府))")
_SENTENCE = re.compile(r"[^。！？!?\n]*[。！？!?\n]+|[^。！？!?\n]+$")
_MISSING = "（来件没有写）"
_FONTS = (
    ("Normal", "Times New Roman", "仿宋", 14), ("Title", "Times New Roman", "黑体", 22),
    ("Heading 1", "Times New Roman", "黑体", 16), ("Heading 2", "Times New Roman", "黑体", 14),
)  # fmt: skip
"""Style, its fonts for Latin and for Han characters, and its size in points."""
_CENTRE = 1
"""As `docx.enum.text.WD_ALIGN_PARAGRAPH.CENTER`: the library is imported where a sheet is made."""
_POINT = 12700
_INDENT, _WIDTHS = 28 * _POINT, (80 * _POINT, 350 * _POINT)
"""Two characters; the columns of the table. In the units of Word, 12,700 to the point."""
_CONTROL = re.compile(r"[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What a Word document cannot hold."""


def sections(text: str) -> dict[str, str]:
    """Return a text under the headings of the form: by its own headings where it has some, else by what it asks for.

    What asks at the end is the proposal; everything else is the situation. Nothing is left out.

    >>> sections("路灯坏了三天。晚上看不见路。建议尽快修好。")
    {'情况问题': '路灯坏了三天。晚上看不见路。', '意见建议': '建议尽快修好。'}
    """
    _, body = title_and_body(text)
    return _by_headings(body) or _by_asking(body)


def _by_headings(body: str) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    under, named = SITUATION, 0
    for line in body.splitlines():
        heading = next((name for name, rule in _HEADINGS if rule.match(line.strip())), None)
        if heading:
            under, named = heading, named + 1
        else:
            found.setdefault(under, []).append(line)
    if not named:
        return {}
    order = (SITUATION, CAUSE, PROPOSAL)
    return {name: told for name in order if (told := "\n".join(found.get(name, ())).strip())}


def _by_asking(body: str) -> dict[str, str]:
    sentences = _SENTENCE.findall(body)
    at = len(sentences)
    while at and _ASKING.search(sentences[at - 1]):
        at -= 1
    told = {SITUATION: "".join(sentences[:at]).strip(), PROPOSAL: "".join(sentences[at:]).strip()}
    return {name: text for name, text in told.items() if text}


def sheet(decision: dict[str, Any], *, number: str, sender: str, day: str, text: str) -> bytes:
    """Return the document as bytes (.docx).

    Parameters
    ----------
    decision : as in the contract; what holds now.
    number, sender, day : of the submission, as they may be shown to whom asks.
    text : the clean text, masked where it must be.
    """
    import docx

    document = docx.Document()
    _dress(document)
    title, _ = title_and_body(text)
    document.add_heading("社情民意信息", 0).alignment = _CENTRE
    document.add_heading(_plain(title), 1).alignment = _CENTRE
    route, topic = decision["route"], decision["topic"]
    _table(
        document,
        [
            ("编号", number), ("反映人", sender or "（未留）"), ("日期", day),
            ("主题", "/".join(filter(None, (topic["level1"], topic["level2"]))) or "（无）"),
            ("诉求", INTENT[decision["intent"]]), ("紧急程度", PRIORITY[decision["priority"]["level"]]),
            ("地点", route["place"] or "（未定）"), ("承办", owner(route)), ("期限", route.get("due") or "（未计）"),
        ],
    )  # fmt: skip
    found = sections(text)
    for name in (SITUATION, CAUSE, PROPOSAL):
        document.add_heading(name, 2)
        for line in filter(None, (line.strip() for line in found.get(name, _MISSING).splitlines())):
            document.add_paragraph(_plain(line)).paragraph_format.first_line_indent = _INDENT
    out = BytesIO()
    document.save(out)
    return out.getvalue()


def _dress(document: Document) -> None:
    """Give the document the usual fonts of official papers, also for Han characters, in black."""
    from docx.oxml.ns import qn
    from docx.shared import Pt, RGBColor

    for name, latin, han, size in _FONTS:
        style: Any = document.styles[name]
        style.font.name, style.font.size, style.font.color.rgb = latin, Pt(size), RGBColor(0, 0, 0)
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for theme in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):
            fonts.attrib.pop(qn(theme), None)
        fonts.set(qn("w:eastAsia"), han)


def _table(document: Document, rows: list[tuple[str, str]]) -> None:
    table = document.add_table(rows=0, cols=2, style="Table Grid")
    table.autofit = False
    for name, value in rows:
        cells = table.add_row().cells
        for cell, told, width in zip(cells, (name, _plain(value)), _WIDTHS, strict=True):
            cell.text, cell.width = told, width


def _plain(text: str) -> str:
    return _CONTROL.sub("", text)
