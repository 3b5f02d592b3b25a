"""What the columns of a file mean: Chinese and English names, and the user's own mapping."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from pipeline.errors import InputError, RowError
from pipeline.ingest.encoding import BROKEN
from pipeline.records import Submission

NAMES: dict[str, tuple[str, ...]] = {
    "id": (
        "id", "留言编号", "编号", "信件编号", "工单编号", "工单号", "诉求编号", "来件编号", "受理编号", "number",
        "序号",
    ),
    "title": (
        "title", "留言主题", "标题", "主题", "信件标题", "诉求标题", "诉求主题", "工单标题", "来件标题", "事项标题",
        "subject",
    ),
    "body": (
        "body", "留言详情", "内容", "正文", "留言内容", "信件内容", "详情", "诉求内容", "反映内容", "诉求描述",
        "来电内容", "工单内容", "来件内容", "问题描述", "content",
    ),
    "text": ("text", "文本", "全文"),
    "submitted_at": (
        "submitted_at", "留言时间", "时间", "来信时间", "提交时间", "来件时间", "来电时间", "诉求时间", "受理时间",
        "登记时间", "日期", "date",
    ),
    "submitter": ("submitter", "留言用户", "用户", "来信人", "姓名", "反映人", "留言人", "诉求人", "来电人", "user"),
    "contact": (
        "contact", "联系电话", "联系方式", "联络电话", "手机号码", "手机号", "手机", "电话号码", "电话", "来电号码",
        "phone",
    ),
    "place": (
        "place", "地点", "地址", "区域", "所属区域", "事发地点", "事发地址", "诉求地址", "诉求地点", "所属地区", "地区",
    ),
    "source": ("source", "来源", "来件来源", "诉求来源"),
    "channel": ("channel", "渠道", "来源渠道", "来件渠道", "受理渠道"),
    "likes": ("likes", "点赞数", "赞同数", "支持数"),
}  # fmt: skip
"""The columns of a submission and the headers that offices use for them."""

_TRADITIONAL = str.maketrans(
    "編號標題內詳時間來點訴戶區屬贊數單應發報聯絡電話機碼問", "编号标题内详时间来点诉户区属赞数单应发报联络电话机码问"
)
TEXT_FIELDS = ("text", "title", "body")


def fold(header: str) -> str:
    """Return a header without the differences that do not matter: width, case, blanks, BOM, script."""
    return "".join(unicodedata.normalize("NFKC", header).strip("\ufeff").lower().translate(_TRADITIONAL).split())


def mapping(headers: Iterable[str], wanted: Mapping[str, str]) -> dict[str, str]:
    """Return field → header for the headers of a file.

    `wanted` (field → header) comes first; with "" as header a field is said not to be in the file, and is not guessed.
    """
    return dict(_mapping(tuple(headers), tuple(wanted.items())))


@lru_cache(maxsize=64)
def _mapping(every: tuple[str, ...], pairs: tuple[tuple[str, str], ...]) -> dict[str, str]:
    headers = [header for header in every if header]
    wanted = dict(pairs)
    found: dict[str, str] = {}
    folded = {fold(header): header for header in reversed(headers)}
    for field, header in wanted.items():
        if fold(header) in folded:
            found[field] = folded[fold(header)]
    taken = set(found.values())
    for field, names in NAMES.items():
        known = [folded[name] for name in names if name in folded and folded[name] not in taken]
        if known and field not in found and wanted.get(field) != "":
            found[field] = known[0]  # the name that says it best, wherever it stands
    return found


def check_wanted(wanted: Mapping[str, str]) -> None:
    """Raise `InputError` where a column mapping names a field that does not exist."""
    for field in wanted:
        if field not in NAMES:
            raise InputError(f"--column {field}=…：没有名为“{field}”的字段。可用的字段：{'、'.join(NAMES)}。")


def header(names: Sequence[str], wanted: Mapping[str, str]) -> dict[str, str]:
    """Return field → header for the header row of a table.

    Raises
    ------
    InputError
        Where a header that is used stands twice, or one that was asked for is missing.
    """
    found = mapping(names, wanted)
    seen = "、".join(name for name in names if name)
    there = {fold(name) for name in names}
    for field, name in wanted.items():
        if name and fold(name) not in there:
            raise InputError(f"--column {field}={name}：没有名为“{name}”的列。看到的列：{seen}。")
    for name in found.values():
        if list(names).count(name) > 1:
            raise InputError(f"有 {list(names).count(name)} 列都叫“{name}”，不知道用哪一列：请改名，使每列的名字不同。")
    return found


def has_text(columns: Mapping[str, str]) -> bool:
    """Whether a mapping leads to any text at all."""
    return any(field in columns for field in TEXT_FIELDS)


def no_text_column(rows: Sequence[Sequence[str]]) -> InputError:
    """Return the error for a table of whose first rows none names a column of text."""
    if not rows:
        return InputError("文件是空的，一行也没有。请检查是不是导出了别的文件，再试一次。")
    widest = max(rows, key=len)
    seen = "、".join(header[:20] for header in widest[:12] if header) or "（没有表头）"
    return InputError(
        f"找不到正文列。看到的列：{seen}。需要“内容/正文/body”或“标题/title”或“text”之一；"
        "列名不同时用 --column 指明，例如 --column body=诉求描述。"
    )


def plain(value: Any) -> str:
    """Return a cell as text; whole numbers of a workbook without their fraction."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else str(value)


def _likes(value: str) -> int:
    try:
        return max(0, int(float(value)))
    except (ValueError, OverflowError):
        return 0


def to_submission(values: Mapping[str, Any], columns: Mapping[str, str]) -> Submission:
    """Build the record of one row, or raise `RowError` with the reason in Chinese; its id may be empty."""
    row = {field: plain(values.get(header)) for field, header in columns.items()}
    for field, value in row.items():
        if BROKEN in value:
            raise RowError(f"“{columns[field]}”一列有无法解码的字节：请用正确的编码重新导出这一行。")
    text = row.get("text", "")
    if not text.strip():
        text = "\n".join(row[field] for field in ("title", "body") if field in row)
    if not text.strip():
        raise RowError("这一行没有文字：标题和正文都是空的。")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise RowError("正文里有半个字符（孤立的代理码位）：请重新导出这一行。") from error
    return Submission(
        id=row.get("id", "").strip(),
        text=text,
        submitted_at=row.get("submitted_at") or None,
        submitter=row.get("submitter") or None,
        contact=row.get("contact") or None,
        place=row.get("place") or None,
        source=row.get("source") or None,
        channel=row.get("channel") or None,
        likes=_likes(row.get("likes", "")),
    )
