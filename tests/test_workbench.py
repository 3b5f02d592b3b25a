"""The journeys of officers, members, citizens and administrators through the pages, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from docx import Document
from openpyxl import load_workbook
from support import SAMPLES
from workbench import House, Person, browser, house, person

__all__ = ["browser", "house", "person"]


def number_of(page: Any) -> int:
    found = re.search(r"/submissions/(\d+)", page.url)
    assert found, page.url
    return int(found[1])


def test_an_officer_works_by_keyboard_alone(person: Callable[..., Person]) -> None:
    officer = person("li")
    page = officer.page
    assert page.url.endswith("/inbox")
    officer.press("j", "Enter")
    page.wait_for_url("**/submissions/**")
    first = number_of(page)
    officer.press("a")
    page.wait_for_selector("text=已采纳")
    assert number_of(page) != first
    officer.press("u")
    page.wait_for_selector("text=撤销了 1 件")
    assert number_of(page) == first
    assert "待研判" in page.inner_text("article")
    officer.press("c", "Tab", "End", "Tab", "Tab", "Tab")
    page.keyboard.type("axys")  # what is typed is text, no act
    officer.press("Enter")
    page.wait_for_selector("text=已更正")
    page.goto(f"/submissions/{first}")
    assert re.search(r"更正（.*紧急程度 \S+ → 低", page.inner_text("main"))
    officer.press("o")
    page.wait_for_selector("text=回到待研判")
    officer.press("q")
    page.wait_for_url("**/inbox**")
    assert page.locator("tr.here a").get_attribute("href").startswith(f"/submissions/{first}")
    officer.press("?")
    assert page.locator("dialog[open]").is_visible()


def test_a_held_or_doubled_key_accepts_only_what_was_read(person: Callable[..., Person]) -> None:
    officer = person("li")
    page = officer.page
    officer.press("Enter")
    page.wait_for_url("**/submissions/**")
    first = number_of(page)
    page.wait_for_selector("body[data-keys=ready]")
    page.keyboard.down("a")
    page.wait_for_selector("text=已采纳")
    second = number_of(page)
    page.keyboard.down("a")  # it repeats
    page.wait_for_selector("body[data-keys=ready]")
    page.keyboard.down("a")
    page.keyboard.up("a")
    page.wait_for_timeout(200)
    assert number_of(page) == second != first
    assert "待研判" in page.inner_text("article")
    officer.press("u")
    page.wait_for_selector("text=撤销了 1 件")


def test_what_changes_nothing_says_so_and_has_no_undo(person: Callable[..., Person], house: House) -> None:
    page = person("li").page
    where = f"/submissions/{house.numbers['again']}"
    page.goto(where)
    page.click("button:has-text('不是来件')")
    page.goto(where)
    page.click("summary:has-text('更正')")
    page.click("button:has-text('更正并看下一件')")
    page.wait_for_selector("text=没有改动")
    assert page.locator("[data-key=u]").count() == 0
    assert "不是来件" in page.inner_text("article")
    page.click("button:has-text('重新研判')")
    page.wait_for_selector("text=回到待研判")


def test_many_are_accepted_at_once_and_taken_back(person: Callable[..., Person]) -> None:
    officer = person("li")
    page = officer.page
    officer.press("x", "j", "x")
    before = page.inner_text("h1")
    officer.press("a")
    page.wait_for_selector("text=采纳了 2 件")
    assert page.inner_text("h1") != before
    officer.press("u")
    page.wait_for_selector("text=撤销了 2 件")
    assert page.inner_text("h1") == before


def test_what_is_above_the_dial_is_accepted_after_a_question(person: Callable[..., Person]) -> None:
    officer = person("li")
    officer.page.click("button:has-text('采纳可免复核的')")
    officer.page.wait_for_selector("text=采纳了")
    assert len(officer.dialogs) == 1
    officer.page.click("button:has-text('撤销')")
    officer.page.wait_for_selector("text=撤销了")
    plain = person("li", java_script_enabled=False).page
    plain.click("button:has-text('采纳可免复核的')")
    plain.wait_for_selector("h1:has-text('件？')")
    plain.click("text=不采纳，返回")
    assert "/inbox" in plain.url


def test_two_officers_do_not_overwrite_each_other(person: Callable[..., Person], house: House) -> None:
    one, other = person("li").page, person("wang")
    where = f"/submissions/{house.numbers['again']}"
    one.goto(where)
    other.go(where)
    one.click("button:has-text('采纳')")
    one.wait_for_selector("text=已采纳")
    other.page.click("summary:has-text('更正')")
    other.page.fill("input[name=reason]", "写了很久的理由")
    other.page.click("button:has-text('更正并看下一件')")
    told = other.text()
    assert "别人先改了" in told
    assert "写了很久的理由" in told
    other.complaints.clear()  # the browser tells of the status 409
    one.goto(where)
    one.click("button:has-text('重新研判')")


def test_markup_of_a_sender_is_text(person: Callable[..., Person], house: House) -> None:
    officer = person("li")
    officer.go(f"/submissions/{house.numbers['markup']}")
    told = officer.text()
    assert '<script>alert("注入")</script>' in told
    assert "{{ 7*7 }}" in told
    assert "&amp;" in told
    officer.go("/inbox?text=路灯")
    assert officer.dialogs == []


def test_personal_data_is_shown_when_asked_for_and_that_is_written_down(
    person: Callable[..., Person], house: House
) -> None:
    officer = person("li")
    officer.go(f"/submissions/{house.numbers['personal']}")
    assert "13800001234" not in officer.page.content()
    assert "沈一" not in officer.page.content()
    officer.press("p")
    officer.page.wait_for_selector("text=沈一")
    assert "13800001234" in officer.text()
    root = person("root")
    root.go("/admin/audit")
    assert "看个人信息" in root.text()
    root.page.click("button:has-text('核对全部记录')")
    root.page.wait_for_selector("text=条记录都完好")


def test_without_javascript_everything_works(person: Callable[..., Person]) -> None:
    page = person("li", java_script_enabled=False).page
    page.click("tbody a >> nth=0")
    first = number_of(page)
    page.click("button:has-text('采纳')")
    assert "已采纳" in page.inner_text("main")
    page.click("button:has-text('撤销')")
    assert number_of(page) == first
    page.click("text=返回列表")
    page.check("tbody input >> nth=1")
    page.click("button:has-text('采纳选中的')")
    assert "采纳了 1 件" in page.inner_text("main")
    page.click("button:has-text('撤销')")
    page.goto("/inbox")
    page.fill("input[name=text]", "电梯")
    page.click("button:has-text('筛选')")
    assert "电梯" in page.inner_text("tbody")


def test_a_duplicate_is_confirmed_taken_out_and_joined_again(person: Callable[..., Person], house: House) -> None:
    officer = person("li")
    page = officer.page
    number = house.numbers["again"]
    page.goto(f"/submissions/{number}")
    assert "相似" in page.inner_text("main")
    officer.press("y")
    page.wait_for_selector("text=已确认")
    officer.press("s")
    page.wait_for_selector("text=已拆出")
    officer.press("m")
    page.wait_for_selector("text=已并入")
    page.click("a:has-text('事项：')")
    page.wait_for_url("**/issues/**")
    page.fill("input[name=name]", "滨河花园电梯停运")
    page.click("button:has-text('改名')")
    page.wait_for_selector("h1:has-text('滨河花园电梯停运')")
    page.fill("input[name=theme]", "老旧小区")
    page.click("button:has-text('归入')")
    page.wait_for_selector("text=已归入“老旧小区”")
    page.goto("/issues")


def test_a_member_takes_up_answers_and_hands_back(person: Callable[..., Person]) -> None:
    clerk = person("li")
    officer = clerk.page
    sent = []
    for row in range(40):
        officer.goto("/inbox?review=any")
        officer.click(f"tbody a >> nth={row}")
        officer.click("summary:has-text('为什么')")
        button = officer.locator("details[data-key=r] form:has(input[name=member]) button")
        if button.count() == 0:
            continue
        member = officer.locator("details[data-key=r] input[name=member] >> nth=0")
        member.evaluate("input => input.value = 'm001'")
        clerk.press("r")
        button.first.click()
        officer.wait_for_load_state()
        if "已交办给" in officer.inner_text("main"):
            sent.append(number_of(officer))
        if len(sent) == 2:
            break
    assert len(sent) == 2
    own = person("wei")
    assert own.page.url.endswith("/mine")
    assert own.page.locator("article").count() == 2
    own.page.click("article >> nth=0 >> button:has-text('接收')")
    own.page.wait_for_selector("text=已接收")
    first = own.page.locator("article:has(.badge:has-text('已接收'))")
    first.locator("textarea").fill("已经约了有关单位，下周去看。")
    first.locator("button:has-text('提交答复')").click()
    own.page.wait_for_selector("text=答复已提交")
    last = own.page.locator("article:has(.badge:has-text('已交办'))")
    last.locator("summary:has-text('退回')").click()
    last.locator("select").select_option("权属不清")
    last.locator("button:has-text('退回')").click()
    own.page.wait_for_selector("text=已退回：权属不清")
    assert own.go("/inbox").status == 403
    assert own.go(f"/submissions/{sent[0]}").status == 403
    own.complaints.clear()  # the browser tells of the status 403


def test_a_citizen_writes_and_sees_how_far_it_is(person: Callable[..., Person]) -> None:
    root = person("root").page
    root.goto("/admin/keys")
    root.fill("form:has(input[name=site]) input[name=name]", "东街")
    root.fill("input[name=site]", "东街社区议事室")
    root.click("form:has(input[name=site]) button")
    form = root.get_attribute("a:has-text('表单')", "href")
    assert root.request.get(f"{form}/code.svg").ok
    citizen = person(viewport={"width": 390, "height": 844})
    citizen.go(form)
    assert "东街社区议事室" in citizen.text()
    citizen.page.evaluate("document.querySelector('textarea').removeAttribute('required')")
    citizen.page.fill("input[name=place]", "东街")
    citizen.page.click("button:has-text('提交')")
    assert "还没有写什么事" in citizen.text()
    assert citizen.page.input_value("input[name=place]") == "东街"
    citizen.complaints.clear()  # the browser tells of the status 422
    citizen.page.fill("textarea", "东街菜市场门口的下水道堵了一个星期，臭得很，请派人疏通。")
    citizen.page.fill("input[name=submitter]", "老沈")
    written = citizen.page.evaluate("Object.fromEntries(new FormData(document.forms[0]))")
    citizen.page.click("button:has-text('提交')")
    reference = citizen.page.inner_text(".reference")
    assert citizen.page.url.endswith(f"/said?reference={reference}")
    assert reference in citizen.context.request.post(form, form=written).url  # sent again: nothing new is stored
    other = written | {"text": written["text"] + "还没来人。"}
    assert reference not in citizen.context.request.post(form, form=other).url
    citizen.page.click("a:has-text('查询页')")
    assert "收到" in citizen.text()
    assert "老沈" not in citizen.page.content()
    assert "下水道" not in citizen.page.content()
    citizen.go("/status?reference=" + reference[::-1] + "2")
    assert "没有这个查询号" in citizen.text()


def test_a_file_is_imported(person: Callable[..., Person]) -> None:
    page = person("zhao").page
    page.goto("/import")
    page.set_input_files("input[type=file]", SAMPLES / "hotline.csv")
    page.click("button:has-text('看一看列名')")
    page.wait_for_selector("text=列名对不对")
    page.click("button:has-text('开始导入')")
    page.wait_for_selector("text=去研判", timeout=90_000)
    assert "完成" in page.inner_text("h1")
    page.click("text=去研判")
    assert page.locator("tbody tr").count() > 5


def test_a_wrong_file_is_told(person: Callable[..., Person]) -> None:
    clerk = person("zhao")
    clerk.go("/import")
    clerk.page.set_input_files(
        "input[type=file]", {"name": "坏.xlsx", "mimeType": "application/zip", "buffer": b"PK nothing"}
    )
    clerk.page.click("button:has-text('看一看列名')")
    assert "重新导出" in clerk.text()
    clerk.complaints.clear()  # the browser tells of the status 422


def test_a_wrong_password_is_told_and_the_name_stays(person: Callable[..., Person]) -> None:
    somebody = person()
    somebody.go("/login?next=https://evil.example/")
    somebody.page.fill("input[name=name]", "li")
    somebody.page.fill("input[name=password]", "nothing")
    somebody.page.click("button:has-text('登录')")
    assert "用户名或口令不对" in somebody.text()
    assert somebody.page.input_value("input[name=name]") == "li"
    assert somebody.page.input_value("input[name=next]") == "/"
    somebody.complaints.clear()  # the browser tells of the status 401


def test_what_was_typed_outlives_the_session(person: Callable[..., Person]) -> None:
    officer = person("li")
    page = officer.page
    page.goto("/submissions/1")
    page.click("summary:has-text('更正')")
    page.fill("input[name=reason]", "写了很久的理由")
    officer.context.clear_cookies()
    page.click("button:has-text('更正并看下一件')")
    page.wait_for_selector("text=写了很久的理由")
    page.click("main a:has-text('登录')")
    assert page.input_value("input[name=next]").startswith("/submissions/1")
    officer.complaints.clear()  # the browser tells of the status 401


@pytest.mark.parametrize(
    "where", ["/submissions/99999999999999999999", "/jobs/0", "/statistics/nothing.svg", "/said?reference=x"]
)
def test_what_is_not_there_is_told_on_a_page(person: Callable[..., Person], where: str) -> None:
    answer = person("li").context.request.get(where)
    assert answer.status == 404
    assert "<h1>没有找到</h1>" in answer.text()


def test_the_list_is_exported_as_it_is_filtered(person: Callable[..., Person]) -> None:
    officer = person("li")
    officer.go("/inbox?text=电梯")
    shown = officer.page.locator("tbody tr").count()
    where = officer.page.get_attribute("a:has-text('导出 Excel')", "href")
    book = load_workbook(BytesIO(officer.context.request.get(where).body()))
    assert book.active.max_row == shown + 1


def test_the_sheet_opens_and_hides_who_wrote(person: Callable[..., Person], house: House) -> None:
    officer = person("li")
    answer = officer.context.request.get(f"/submissions/{house.numbers['personal']}/sheet.docx")
    told = "\n".join(paragraph.text for paragraph in Document(BytesIO(answer.body())).paragraphs)
    assert "电梯停了五天" in told
    assert "13800001234" not in told


PAGES = {
    "li": ("/inbox", "/inbox?review=any&order=newest", "/submissions/1", "/issues", "/statistics", "/login"),
    "zhao": ("/import",),
    "wei": ("/mine",),
    "root": ("/admin/models",),
}


@pytest.mark.parametrize("name", PAGES)
def test_pages_are_fit_for_all(person: Callable[..., Person], name: str) -> None:
    person(name).fit_for_all(*PAGES[name])


@pytest.mark.parametrize("where", ["/inbox", "/submissions/1"])
def test_pages_are_light(person: Callable[..., Person], where: str) -> None:
    officer = person("li")
    sizes: list[int] = []
    officer.page.on("response", lambda answer: sizes.append(len(answer.body())))
    officer.go(where)
    officer.page.wait_for_load_state("networkidle")
    assert sum(sizes) <= 150_000
