"""The journeys through an office's tables: rows as forms, workbooks out and back, text, two people at one table."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

from workbench import Person, browser, house, person

__all__ = ["browser", "house", "person"]


def upload(page: Any, book: Any, name: str = "改好的.xlsx") -> None:
    """Bring a workbook to the page of a table."""
    out = BytesIO()
    book.save(out)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    page.set_input_files("input[type=file]", {"name": name, "mimeType": kind, "buffer": out.getvalue()})
    page.click("button:has-text('上传，看有什么不同')")


def test_a_row_is_added_changed_and_taken_out_as_a_form(person: Callable[..., Person]) -> None:
    root = person("root")
    page = root.page
    root.go("/admin/tables/members")
    page.click("a:has-text('加一行')")
    page.fill("input[name=cell-id]", "m900")
    page.fill("input[name=cell-name]", "新来的")
    page.fill("input[name=cell-sectors] >> nth=0", "渔业")
    page.fill("input[name=cell-place]", "v001")
    page.click("button:has-text('保存')")
    assert "没有界别“渔业”" in page.inner_text("[role=alert]")
    assert page.input_value("input[name=cell-name]") == "新来的"
    root.complaints.clear()  # the browser tells of the status 422
    page.fill("input[name=cell-sectors] >> nth=0", "经济")
    page.fill("input[name=cell-sectors] >> nth=1", "工商联")
    page.click("button:has-text('保存')")
    page.wait_for_selector("text=已新增“m900”")
    root.go("/admin/tables/members?text=新来的")
    assert "经济、工商联" in root.text()
    page.click("a[aria-label='改 m900']")
    page.select_option("select[name=cell-active]", "0")
    page.click("button:has-text('保存')")
    page.wait_for_selector("text=已修改“m900”")
    page.click("button:has-text('撤销')")
    page.wait_for_selector("text=已撤销")
    root.go("/admin/tables/members/row?key=m900")
    assert page.input_value("select[name=cell-active]") in ("", "1")
    page.click("button:has-text('删去这一行')")
    page.wait_for_selector("text=已删去“m900”")
    assert root.context.request.get("/admin/tables/members/row?key=m900").status == 404


def test_a_row_that_others_name_stays(person: Callable[..., Person]) -> None:
    root = person("root")
    root.go("/admin/tables/places/row?key=c01")
    root.page.click("button:has-text('删去这一行')")
    assert "c01" in root.page.inner_text("[role=alert]")
    root.complaints.clear()  # the browser tells of the status 422


def test_two_people_change_one_row(person: Callable[..., Person]) -> None:
    one, other = person("root"), person("root")
    for each in (one, other):
        each.go("/admin/tables/holidays/row?key=2025-01-01")
    one.page.fill("input[name=cell-name]", "新年")
    one.page.click("button:has-text('保存')")
    other.page.fill("input[name=cell-name]", "元旦节")
    other.page.click("button:has-text('保存')")
    assert "您填的都在下面" in other.text()
    assert other.page.input_value("input[name=cell-name]") == "元旦节"
    other.complaints.clear()  # the browser tells of the status 409
    other.page.click("button:has-text('保存')")
    other.go("/admin/tables/holidays?text=元旦节")
    assert "1 行" in other.page.inner_text("main h2 >> nth=0")


def test_a_workbook_goes_out_and_comes_back(person: Callable[..., Person]) -> None:
    root = person("root")
    page = root.page
    book = root.book("/admin/tables/stations.xlsx")
    sheet = book.active
    assert [cell.value for cell in sheet[1]][:2] == ["编号", "名称"]
    root.go("/admin/tables/stations")
    upload(page, book)
    assert "两者相同" in root.text()
    sheet["B2"], sheet["F2"] = "=cmd", "-物业"
    sheet["B2"].data_type = "s"
    root.go("/admin/tables/stations")
    upload(page, book)
    told = page.inner_text("[aria-label=逐格的不同]")
    assert "名称" in told
    assert "=cmd" in told
    assert "改动 1 行" in root.text()
    page.fill("input[name=note]", "换了名称")
    page.click("button:has-text('保存')")
    page.wait_for_selector("text=站点表已保存")
    answer = root.context.request.get("/admin/tables/stations.csv").text()
    assert ",'=cmd," in answer
    page.set_input_files(
        "input[type=file]", {"name": "站点.csv", "mimeType": "text/csv", "buffer": answer.encode("utf-8")}
    )
    page.click("button:has-text('上传，看有什么不同')")
    assert "两者相同" in root.text()  # what was disarmed on the way out is what it was
    root.go("/admin/tables/stations")
    page.click("a:has-text('第 2 版')")
    assert "换了名称" in root.text()
    assert "=cmd" in page.inner_text("[aria-label=逐格的不同]")
    root.go("/admin/tables/stations")
    page.click("tr:has-text('第 1 版') button:has-text('恢复')")
    page.wait_for_selector("text=已恢复第 1 版")


def test_a_workbook_that_breaks_a_rule_is_told_cell_by_cell(person: Callable[..., Person]) -> None:
    root = person("root")
    book = root.book("/admin/tables/members.xlsx")
    book.active["C3"], book.active["D4"] = "航天", "v999"
    root.go("/admin/tables/members")
    upload(root.page, book)
    told = root.page.inner_text("[role=alert]")
    assert "委员表 第 3 行" in told
    assert "没有界别“航天”" in told
    assert "“v999”" in told
    assert "corpora" not in told
    assert "members.csv" not in told
    root.go("/admin/tables/members")
    book.active["C3"], book.active["D4"] = "=A1", "v001"
    upload(root.page, book)
    assert "第 3 行第 3 列：是公式" in root.page.inner_text("[role=alert]")
    root.complaints.clear()  # the browser tells of the status 422


def test_a_table_is_edited_as_text(person: Callable[..., Person]) -> None:
    root = person("root")
    page = root.page

    def write(kind: str, change: Callable[[str], str]) -> None:
        root.go(f"/admin/tables/{kind}")
        page.click("summary:has-text('直接改文本')")
        page.fill("textarea", change(page.input_value("textarea")))
        page.click("button:has-text('先看有什么不同')")

    write("places", lambda text: text.rstrip("\n") + "\np999,新划的社区,,\n")
    assert "新增 1 行" in root.text()
    page.click("button:has-text('保存')")
    page.wait_for_selector("text=地点表已保存")
    page.click("tr:has-text('第 1 版') button:has-text('恢复')")
    page.wait_for_selector("text=已恢复")
    assert page.locator("button:text-is('保存')").count() == 0  # only what was looked at is kept
    write("places", lambda text: text + "\np1000,没有上级的,不存在,\n")
    assert "不存在" in page.inner_text("[role=alert]")
    assert "p1000" in page.input_value("textarea")
    write("committees", lambda text: text.rstrip("\n") + "\n新专委会\n")
    assert "新增 1 行、删去 0 行" in root.text()
    page.click("button:has-text('保存')")
    write("committees", lambda _: "")
    assert "表是空的，没有保存" in root.text()
    root.complaints.clear()  # the browser tells of the status 422
    root.go("/admin/tables/committees")
    page.click("button:has-text('不再用本办公室的表')")
    page.wait_for_selector("text=不再用本办公室的专委会表")
    assert "新专委会" not in page.input_value("textarea")


def test_two_people_bring_a_table(person: Callable[..., Person]) -> None:
    one, other = person("root"), person("root")
    for each, name in ((one, "甲界"), (other, "乙界")):
        each.go("/admin/tables/sectors")
        each.page.click("summary:has-text('直接改文本')")
        text = each.page.input_value("textarea").rstrip("\n")
        each.page.fill("textarea", f"{text}\n{name},界别\n")
        each.page.click("button:has-text('先看有什么不同')")
    one.page.click("button:has-text('保存')")
    other.page.click("button:has-text('保存')")
    assert "别人先改了" in other.text()
    assert "甲界" in other.page.inner_text("[aria-label=逐格的不同]")  # it would be taken out
    other.complaints.clear()  # the browser tells of the status 409
