"""What officers do with members and lists, citizens' paper, and everybody's own account, in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import update
from workbench import PASSWORD, House, Person, browser, house, person

from service.accounts.actor import command
from service.desk.intake import Arrival
from service.settings import Settings
from service.store import Job, Standing, Store, now

__all__ = ["browser", "house", "person"]


def given(officer: Person, number: int, **fields: str) -> None:
    """Give a submission to the member m001, found by name as nobody proposed them."""
    officer.go(f"/submissions/{number}/assign?who=m001")
    for name, value in fields.items():
        officer.page.fill(f"input[name={name}]", value)
    officer.page.click("tbody button")
    officer.page.wait_for_selector("text=已交办给")


def test_a_matter_goes_to_a_member_and_to_its_end(person: Callable[..., Person], house: House) -> None:
    officer, number = person("li"), house.numbers["personal"]
    officer.go(f"/submissions/{number}")
    officer.press("t")
    officer.page.wait_for_url("**/assign?**")
    given(officer, number, note="请本周去看一看")
    member = person("wei")
    assert "信息员留言：请本周去看一看" in member.text()
    member.page.click("button:has-text('接收')")
    member.page.fill("textarea", "电梯已经修好。")
    member.page.check("input[name=public]")
    member.page.click("button:has-text('提交答复')")
    member.page.wait_for_selector("text=答复已提交")
    officer.go("/inbox")
    officer.page.click("a:has-text('已答复，等办结 1')")
    officer.page.click(f"tbody a[href^='/submissions/{number}']")
    officer.page.wait_for_url("**/submissions/**")
    assert "查询页可见" in officer.text()
    officer.page.click("button:has-text('不再公开')")
    officer.page.wait_for_selector("text=答复不再公开")
    officer.press("e")
    officer.page.wait_for_selector("text=已办结")
    officer.page.click("summary:has-text('请其重办')")
    officer.page.fill("input[name=note]", "还有一部没修")
    officer.page.click("button:has-text('请其重办')")
    officer.page.wait_for_selector("text=已请")
    member.go("/mine")
    assert "还有一部没修" in member.text()
    history = officer.page.inner_text("section:has(h2:has-text('经过'))")
    for step in ("交办（", "答复", "不再公开答复", "办结", "要求重办"):
        assert step in history


def test_what_was_sent_is_taken_back_or_goes_to_another(person: Callable[..., Person], house: House) -> None:
    officer, number = person("li"), house.numbers["again"]
    given(officer, number)
    officer.press("u")
    officer.page.wait_for_selector("text=已撤销交办")
    given(officer, number)
    officer.page.click("a:has-text('改派')")
    officer.page.fill("input[name=note]", "请您接着办")
    officer.page.click("tbody button >> nth=0")
    officer.page.wait_for_selector("text=已改派给")
    officer.page.click("button:has-text('撤回')")
    officer.page.wait_for_selector("text=撤回")
    assert officer.dialogs
    assert officer.page.locator("a:has-text('改派')").count() == 0
    officer.go(f"/submissions/{number}/assign?who=没有这个人")
    assert "没有找到" in officer.text()


def test_a_candidate_topic_is_chosen_by_its_number(person: Callable[..., Person]) -> None:
    officer = person("li")
    officer.go("/submissions/3")
    wanted = officer.page.inner_text("button[data-key='2']").partition("“")[2].partition("”")[0]
    officer.press("2")
    officer.page.wait_for_selector("text=已更正")
    officer.go("/submissions/3")
    assert wanted in officer.page.inner_text("section:has(h2:has-text('经过'))")


def test_the_inbox_keeps_its_place(person: Callable[..., Person]) -> None:
    officer = person("li")
    page = officer.page
    officer.go("/inbox")
    first = page.get_attribute("tbody a >> nth=0", "href")
    officer.press("n")
    page.wait_for_selector("text=上一页")
    there = page.get_attribute("tbody a >> nth=-1", "href")
    page.click("tbody a >> nth=-1")
    officer.press("q")
    page.wait_for_selector("tr.here")
    assert page.get_attribute("tr.here a", "href") == there
    officer.press("b")
    page.wait_for_selector(f'tbody tr:first-child a[href="{first}"]')


def test_views_are_kept_dropped_and_kept_again(person: Callable[..., Person]) -> None:
    page = person("li").page
    page.goto("/inbox?priority=high")
    page.click("summary:has-text('视图')")
    page.fill("input[name=name]", "紧急的")
    page.click("button:has-text('保存')")
    page.wait_for_selector("text=已保存")
    page.click("summary:has-text('视图')")
    page.click("form:has-text('紧急的') button:has-text('删除')")
    page.wait_for_selector("text=已删除")
    assert page.locator("a:has-text('紧急的')").count() == 0
    page.click("button:has-text('撤销')")
    page.wait_for_selector("a:has-text('紧急的')")


def test_issues_come_page_by_page_and_are_found(person: Callable[..., Person], house: House, triage: Any) -> None:
    from pipeline.records import Submission
    from service.desk.intake import Intake

    store = Store.open(Settings(data=house.data).url)
    intake = Intake(store, triage)
    streets = [f"{one}{other}路" for one in "春夏秋冬东西南北" for other in "阳光明月星河山海"][:52]
    rows = [
        Arrival(Submission("", f"{street}的路灯坏了，晚上看不见，请尽快修好{street}路灯。", submitter=f"{street}{who}"))
        for street in streets
        for who in "甲乙丙"
    ]
    numbers = [receipt.number for receipt in intake.receive(rows, command("test"))]
    with store.writing() as session:  # each a voice of its own
        session.execute(update(Standing).where(Standing.number.in_(numbers)).values(kind="unique", repeats=None))
    store.close()
    officer = person("li")
    officer.go("/issues")
    first = officer.page.locator("tbody a").all_inner_texts()
    assert "52 项" in officer.page.inner_text("h1")
    officer.press("n")
    officer.page.wait_for_selector("text=上一页")
    second = officer.page.locator("tbody a").all_inner_texts()
    assert (len(first), len(second)) == (50, 2)
    assert not {*first} & {*second}
    officer.press("b")
    officer.page.wait_for_selector("text=下一页")
    assert officer.page.locator("tbody a").all_inner_texts() == first
    officer.go("/issues?text=春明路")
    assert "春明路" in officer.text()
    officer.page.click("tbody a")
    officer.press("q")
    officer.page.wait_for_url("**text=**")
    officer.go("/issues?show=all&text=春明路")
    assert officer.page.locator("tbody a").count() == 1
    officer.go("/issues?after=1.0_x")
    assert "翻页标记" in officer.text()
    officer.complaints.clear()  # the browser tells of the status 422


def test_somebody_takes_a_new_password(person: Callable[..., Person]) -> None:
    somebody = person("chen")
    page = somebody.page
    page.click("header a[href='/password']")
    for again, told in (("qiu-shui-2027", "不一样"), ("chang-tian-2027", "口令已换好")):
        page.fill("input[name=old]", PASSWORD)
        page.fill("input[name=new]", "chang-tian-2027")
        page.fill("input[name=again]", again)
        page.click("button:has-text('换口令')")
        page.wait_for_selector(f"text={told}")
    page.goto("/password")
    page.fill("input[name=old]", PASSWORD)
    page.fill("input[name=new]", "qiu-shui-2027")
    page.fill("input[name=again]", "qiu-shui-2027")
    page.click("button:has-text('换口令')")
    page.wait_for_selector("text=现在的口令不对")
    somebody.complaints.clear()  # the browser tells of the status 422
    page.goto("/statistics")
    assert "/login" not in page.url


def test_a_failed_import_is_tried_again(person: Callable[..., Person], house: House) -> None:
    store = Store.open(Settings(data=house.data).url)
    with store.writing() as session:
        what = {"file": "gone.csv", "name": "信.csv", "columns": {}}
        job = Job(kind="import", what=what, made_by="user:zhao", made_at=now(), state="failed", error="磁盘满了")
        session.add(job)
        session.flush()
        which = job.id
    store.close()
    page = person("zhao").page
    page.goto(f"/jobs/{which}")
    assert "磁盘满了" in page.inner_text("main")
    page.click("button:has-text('再试一次')")
    page.wait_for_selector("text=重新排上")


def test_a_site_has_a_poster(person: Callable[..., Person]) -> None:
    root = person("root").page
    root.goto("/admin/keys")
    root.fill("form:has(input[name=site]) input[name=name]", "西街")
    root.fill("input[name=site]", "西街社区议事室")
    root.click("form:has(input[name=site]) button")
    officer = person("li")
    officer.go("/import")
    officer.page.click("li:has-text('西街社区议事室') a:has-text('海报')")
    assert "西街社区议事室" in officer.text()
    officer.page.wait_for_load_state()
    assert officer.page.evaluate("document.querySelector('.poster img').naturalWidth") > 0
    officer.page.emulate_media(media="print")
    assert not officer.page.locator("header.top").is_visible()
    assert officer.page.locator(".poster").bounding_box()["height"] < 1000  # of A4, without its margins


def test_these_pages_are_fit_for_all(person: Callable[..., Person]) -> None:
    person("li").fit_for_all("/submissions/5/assign", "/password", "/import")
