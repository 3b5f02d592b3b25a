"""What an officer reads: the Chinese words for the contract's values, and one row of a table for each decision."""

from __future__ import annotations

from typing import Any

PRIORITY = {"urgent": "特急", "high": "紧急", "normal": "普通", "low": "低"}
STATUS = {"triaged": "已研判", "junk": "垃圾信息", "unreadable": "无法阅读"}
INTENT = {"complaint": "投诉求助", "consultation": "咨询", "suggestion": "建议", "thanks": "感谢", "other": "其他"}
DUPLICATE = {"unique": "", "duplicate": "重复", "same_issue": "同一事项"}
REVIEW = {"pending": "待复核", "accepted": "已接受", "corrected": "已更正", "junked": "判为垃圾"}
DELIVERY = {
    "none": "", "sent": "已交办", "accepted": "已接受", "handed_back": "已退回", "answered": "已答复",
    "closed": "已办结",
}  # fmt: skip
ROLE = {"lead": "主办", "assist": "协办", "spare": "备选", "informed": "知情"}
REVIEWED = {
    "accept": "采纳", "correct": "更正", "junk": "判为不是来件", "reopen": "重新研判", "confirm_link": "确认关联",
    "reject_link": "否定关联", "merge": "并入事项", "merge_issue": "并入事项", "split": "拆出事项", "undo": "撤销",
    "assign": "交办", "take": "接收", "hand_back": "退回", "answer": "答复", "withdraw": "撤回交办",
    "return": "要求重办", "reassign": "改交", "close": "办结", "publish": "公开答复",
    "hide": "不再公开答复", "rejudge": "重新计算", "second": "第二人判读",
    "issue.rename": "改名", "issue.theme": "归入主题", "issue.merge": "并入", "issue.unmerge": "撤回并入",
}  # fmt: skip
"""What people did, in reviews and with issues."""
TABLES = {
    "members": "委员", "places": "地点", "stations": "站点", "crosswalk": "主题与界别对照", "rules": "分派规则",
    "holidays": "节假日", "sectors": "界别", "committees": "专委会", "lexicon": "本单位词语", "dials": "档位",
}  # fmt: skip
"""The tables of an office."""
EDIT = {
    "chrome": "网页杂项", "spam": "夹带广告", "shift": "错位乱码", "reading": "注音",
    "script": "繁体", "width": "全角", "space": "空白", "lost": "缺损",
}  # fmt: skip
PERSONAL = {
    "id_card": "身份证号", "mobile": "手机号", "landline": "固定电话", "bank_card": "银行卡号", "email": "邮箱",
    "plate": "车牌", "address": "住址", "name": "姓名",
}  # fmt: skip

COLUMNS = (
    ("紧急程度", 9), ("标题", 34), ("内容", 60), ("一级主题", 14), ("二级主题", 20), ("把握", 7), ("需复核", 7),
    ("诉求类型", 10), ("紧急理由", 34), ("重复情况", 10), ("对应编号", 16), ("事项", 22), ("牵头界别", 16),
    ("协办界别", 20), ("专委会", 14), ("地点", 14), ("承办", 12), ("期限", 11), ("建议委员", 20), ("站点", 20),
    ("只到办公室", 10), ("关键词", 26), ("修复", 12), ("状态", 10), ("编号", 16), ("时间", 18), ("反映人", 14),
)  # fmt: skip
"""The columns of the officer's table, and how wide they are in characters."""


def title_and_body(text: str) -> tuple[str, str]:
    """Split a clean text at its first line break; a text of one line has its beginning as title."""
    title, _, body = text.strip().partition("\n")
    if body:
        return title, body
    return (title[:30] + "…" if len(title) > 30 else title), title


def owner(route: dict[str, Any]) -> str:
    """Return who owns a submission by name: the member who leads, else a desk."""
    return next(
        (str(each["name"]) for each in route["members"] if each["id"] == route.get("owner")),
        str(route.get("owner", "")),
    )


def table_row(decision: dict[str, Any]) -> list[str | float]:
    """Return the cells of a decision, in the order of `COLUMNS`."""
    topic, priority, duplicate, route = (decision[name] for name in ("topic", "priority", "duplicate", "route"))
    about = decision["submission"]
    title, body = title_and_body(decision["clean"]["text"])
    return [
        PRIORITY[priority["level"]] if decision["status"] == "triaged" else "",
        title,
        body,
        topic["level1"] or "",
        topic["level2"] or "",
        topic["confidence"],
        "是" if topic["needs_review"] else "",
        INTENT[decision["intent"]],
        "；".join(reason["text"] for reason in priority["reasons"]),
        DUPLICATE[duplicate["kind"]],
        duplicate["of"] or "",
        duplicate["issue"],
        route["sector"] or "",
        "、".join(route["assist"]),
        route["committee"] or "",
        route["place"] or "",
        owner(route),
        route["due"] or "",
        "、".join(f"{member['name']}（{ROLE[member['role']]}）" for member in route["members"]),
        route["station"] or "",
        "是" if route["restricted"] else "",
        "、".join(decision["keywords"]),
        "、".join(dict.fromkeys(EDIT[edit["kind"]] for edit in decision["clean"]["edits"])),
        STATUS[decision["status"]],
        decision["id"],
        about.get("submitted_at", ""),
        about.get("submitter", ""),
    ]
