"""The journeys of who looks after an office: tables, dials, users, keys, audit, jobs, statistics, the first day."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from support import SAMPLES
from workbench import PASSWORD, House, Person, browser, house, running

__all__ = ["browser", "house"]


@pytest.fixture
def person(browser: Any, house: House) -> Iterator[Callable[..., Person]]:
    people: list[Person] = []

    def comes(name: str = "", **options: Any) -> Person:
        people.append(Person(browser, house, **options))
        return people[-1].sign_in(name) if name else people[-1]

    yield comes
    for each in people:
        each.close()


def book_of(person: Person, where: str) -> Any:
    """Download a workbook."""
    answer = person.context.request.get(where)
    assert answer.ok, answer.text()
    return load_workbook(BytesIO(answer.body()))


def upload(page: Any, book: Any, name: str = "改好的.xlsx") -> None:
    """Bring a workbook to the page of a table."""
    out = BytesIO()
    book.save(out)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    page.set_input_files("input[type=file]", {"name": name, "mimeType": kind, "buffer": out.getvalue()})
    page.click("button:has-text('上传，看有什么不同')")


def test_an_empty_office_comes_to_its_first_triaged_file(browser: Any, tmp_path: Path) -> None:
    def begin(data: Path) -> dict[str, int]:
        from service.accounts import users
        from service.accounts.actor import command
        from service.settings import Settings
        from service.store import Store, upgrade

        store = Store.open(Settings(data=data).url)
        upgrade(store)
        users.add(store, command("test"), users.Newcomer("root", "administrator", "yi-ci-kou-ling-7", once=True))
        store.close()
        return {}

    with running(tmp_path, begin) as house:
        root = Person(browser, house).sign_in("root", "yi-ci-kou-ling-7")
        assert root.page.url.endswith("/password")
        root.go("/admin/users")
        assert root.page.url.endswith("/password")  # nothing else is open
        root.choose_password("yi-ci-kou-ling-7")
        assert "四步之后就能研判" in root.text()
        for kind in ("places", "members", "stations"):
            root.go("/")
            root.page.click(f"a[href='/admin/tables/{kind}']")
            root.page.set_input_files("input[type=file]", SAMPLES / f"{kind}.csv")
            root.page.click("button:has-text('上传，看有什么不同')")
            root.page.click("button:has-text('保存')")
            assert "表已保存" in root.text()
        root.go("/")
        assert root.page.locator("h2 .badge.good").count() == 1
        root.page.click("a:has-text('添加第一位信息员')")
        root.page.fill("input[name=name]", "li")
        root.page.click("button:has-text('添加')")
        once = root.page.inner_text(".reference")
        root.close()
        officer = Person(browser, house).sign_in("li", once)
        officer.choose_password(once)
        officer.page.click("a:has-text('导入文件')")
        officer.page.set_input_files("input[type=file]", SAMPLES / "hotline.csv")
        officer.page.click("button:has-text('看一看列名')")
        officer.page.click("button:has-text('开始导入')")
        officer.page.click("a:has-text('去研判')", timeout=40_000)
        assert officer.page.locator("tbody tr").count() > 5
        officer.close()


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
    book = book_of(root, "/admin/tables/stations.xlsx")
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
    book = book_of(root, "/admin/tables/members.xlsx")
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


def test_own_words_and_dials_judge_what_waits(person: Callable[..., Person], house: House) -> None:
    root, officer = person("root"), person("li")
    page = root.page
    root.go("/admin/tables/lexicon")
    page.click("a:has-text('加一行')")
    page.fill("input[name=cell-term]", "滨河花园")
    page.fill("input[name=cell-level1]", "商贸旅游")
    page.select_option("select[name=cell-weight]", "3")
    page.click("button:has-text('保存')")
    page.wait_for_selector("text=已新增“滨河花园/商贸旅游”")
    root.go("/admin/dials")
    assert page.locator("table >> nth=0 >> tbody tr").count() == 3
    page.check("input[name=precision][value='0.99']")
    page.fill("input[name=note]", "先严一些")
    page.click("button:has-text('保存档位')")
    page.wait_for_selector("text=免复核 99%")
    page.click("button:has-text('重新研判待研判的来件')")
    page.wait_for_selector("h1:has-text('完成')", timeout=120_000)
    officer.go(f"/submissions/{house.numbers['personal']}")
    assert "商贸旅游" in officer.page.inner_text("aside")
    root.go("/admin/dials")
    assert page.is_checked("input[name=precision][value='0.99']")


def test_users_are_invited_and_shut_out(person: Callable[..., Person]) -> None:
    root = person("root")
    page = root.page
    root.go("/admin/users")
    page.fill("input[name=name] >> nth=0", "sun")
    page.click("button:has-text('添加')")
    once = page.inner_text(".reference")
    fresh = person().sign_in("sun", once)
    assert fresh.page.url.endswith("/password")
    fresh.go("/inbox")
    assert fresh.page.url.endswith("/password")
    assert fresh.context.request.get("/api/v1/submissions").status == 403
    fresh.choose_password(once, once)
    assert "和现在的一样" in fresh.text()
    fresh.choose_password("bu-dui-de-kou-ling")
    assert "现在的口令不对" in fresh.text()
    fresh.complaints.clear()  # the browser tells of the status 422
    fresh.choose_password(once)
    assert fresh.page.url.endswith("/inbox")
    root.go("/admin/users")
    row = page.locator("tr:has-text('sun')")
    row.locator("summary").click()
    row.locator("input[name=shown]").fill("孙录入")
    row.locator("select[name=role]").select_option("clerk")
    row.locator("button:has-text('保存')").click()
    page.wait_for_selector("text=sun 已修改")
    assert "录入员" in page.inner_text("tr:has-text('sun')")
    page.click("tr:has-text('sun') button:has-text('停用')")
    page.wait_for_selector("text=sun 已停用")
    fresh.go("/inbox")
    assert "/login" in fresh.page.url


def test_keys_are_made_in_words(person: Callable[..., Person]) -> None:
    root = person("root")
    page = root.page
    root.go("/admin/keys")
    page.click("summary:has-text('添加接口密钥')")
    form = page.locator("details form")
    form.locator("input[name=name]").fill("热线系统")
    form.locator("input[name=until]").fill("2040-01-31")
    form.locator("label:has-text('送来件') input").check()
    form.locator("button").click()
    token = page.inner_text("[role=status] code")
    assert token.startswith("mk")
    row = page.inner_text("tr:has-text('热线系统')")
    assert "送来件" in row
    assert "2040-01-31" in row
    page.click("tr:has-text('热线系统') button:has-text('停用')")
    page.wait_for_selector("text=密钥“热线系统”已停用")


def test_the_audit_is_filtered_verified_and_taken_home(person: Callable[..., Person]) -> None:
    root = person("root")
    page = root.page
    root.go("/admin/audit")
    page.select_option("select[name=action]", "session.start")
    page.click("button:has-text('筛选')")
    assert page.locator("tbody tr").count() >= 1
    assert all("登录" in text for text in page.locator("tbody tr").all_inner_texts())
    assert book_of(root, page.get_attribute("a:has-text('下载 Excel')", "href")).active.max_row >= 2
    root.go("/admin/audit?kind=table")
    assert "改表" in root.text()
    page.click("button:has-text('核对全部记录')")
    page.wait_for_selector("text=条记录都完好")
    assert root.context.request.get("/admin/audit?before=-1").status == 422


@pytest.mark.parametrize("script", [True, False])
def test_a_file_is_imported_and_what_could_not_be_read_comes_back(person: Callable[..., Person], script: bool) -> None:
    clerk = person("zhao", java_script_enabled=script)
    page = clerk.page
    clerk.go("/import")
    rows = "编号,标题,正文\n,路灯不亮,东街路灯坏了三天。\n,,\n,=1+1,\n".replace("东街", f"东街{script}")
    page.set_input_files("input[type=file]", {"name": "来件.csv", "mimeType": "text/csv", "buffer": rows.encode()})
    page.click("button:has-text('看一看列名')")
    assert "标题" in page.inner_text("table")
    page.select_option("select[name=title]", "")
    page.select_option("select[name=body]", "")
    page.click("button:has-text('开始导入')")
    assert "没有选哪一列是来件的内容" in clerk.text()
    clerk.complaints.clear()  # the browser tells of the status 422
    page.select_option("select[name=title]", "标题")
    page.select_option("select[name=body]", "正文")
    page.click("button:has-text('开始导入')")
    page.wait_for_selector("text=完成", timeout=40_000)  # without a script the page comes anew by itself
    assert "收下" in clerk.text()


def test_a_job_that_failed_is_tried_again(person: Callable[..., Person], house: House) -> None:
    from service.accounts.actor import command
    from service.jobs import queue
    from service.settings import Settings
    from service.store import Store, now

    store = Store.open(Settings(data=house.data).url)
    with store.writing() as session:
        job = queue.put(session, command("test"), "rejudge", {})
        job.state, job.error, job.ended_at = "failed", "磁盘满了。", now()
        session.flush()
        number = job.id
    store.close()
    root = person("root")
    root.go("/admin/tables")
    root.page.click("nav[aria-label=管理] a:has-text('任务')")
    assert "失败" in root.text()
    root.go(f"/jobs/{number}")
    assert "磁盘满了" in root.text()
    root.page.click("button:has-text('再试一次')")
    root.page.wait_for_selector("h1:has-text('完成')", timeout=40_000)
    assert person("zhao").context.request.get(f"/jobs/{number}").status == 404


def test_every_chart_has_its_table_and_its_numbers(person: Callable[..., Person]) -> None:
    officer = person("li")
    officer.go("/submissions/1")
    officer.page.click("summary:has-text('更正')")
    officer.page.select_option("select[name=topic]", index=5)
    officer.page.click("button:has-text('更正并看下一件')")
    officer.go("/statistics")
    page = officer.page
    assert page.locator(".confusion").count() == 1
    pictures = [each.get_attribute("src") for each in page.locator(".chart img").all()]
    assert len(pictures) >= 7
    for where in pictures:
        assert "<script" not in officer.context.request.get(where).text()
    for link in page.locator("main a:has-text('CSV')").all():
        assert officer.context.request.get(link.get_attribute("href")).text().count("\n") >= 2
    book = book_of(officer, page.get_attribute("a:has-text('全部数字')", "href"))
    assert {"说明", "主题", "更正", "热点事项"} <= set(book.sheetnames)
    assert book_of(officer, "/statistics/level1.xlsx").active.max_row > 3
    officer.go("/statistics?since=2031-01-01")
    assert "没有数据" in officer.text()
    assert officer.context.request.get("/statistics?since=nonsense").status == 422


def test_lists_are_taken_home(person: Callable[..., Person]) -> None:
    officer = person("li")
    officer.go("/issues")
    where = officer.page.get_attribute("a:has-text('导出 Excel')", "href")
    assert book_of(officer, where).active["B1"].value == "事项"
    assert book_of(officer, "/export/assignments.xlsx").active["A1"].value == "来件"
    assert officer.context.request.get("/export/assignments.pdf").status == 404
    clerk = person("zhao")
    assert clerk.context.request.get("/export/issues.xlsx").status == 403


PAGES = (
    "/admin/tables", "/admin/tables/members", "/admin/tables/members/row?key=m001", "/admin/tables/lexicon",
    "/admin/tables/rules", "/admin/tables/places/versions/1", "/admin/dials", "/admin/users", "/admin/keys",
    "/admin/audit", "/jobs", "/password", "/statistics",
)  # fmt: skip


def test_pages_are_fit_for_all(person: Callable[..., Person]) -> None:
    from axe_playwright_python.sync_playwright import Axe

    root = person("root")
    for where in PAGES:
        assert root.go(where).status == 200
        found = Axe().run(root.page).response["violations"]
        told = [
            (where, each["id"], each["nodes"][0]["html"]) for each in found if each["impact"] in ("serious", "critical")
        ]
        assert told == []


def test_pages_fit_a_phone(person: Callable[..., Person]) -> None:
    root = person("root", viewport={"width": 390, "height": 844})
    for where in PAGES:
        root.go(where)
        assert root.page.evaluate("document.documentElement.scrollWidth") <= 390, where


def test_who_may_not_is_told(person: Callable[..., Person]) -> None:
    assert PASSWORD
    closed = {
        "li": ("/admin/users", "/admin/keys", "/admin/audit", "/admin/tables/members/row"),
        "zhao": ("/admin/tables", "/admin/dials", "/admin/users", "/export/issues.xlsx"),
        "wei": ("/admin/tables", "/jobs", "/statistics", "/statistics/all.xlsx", "/import"),
        "chen": ("/admin/users", "/admin/tables", "/admin/audit"),
    }
    for name, pages in closed.items():
        request = person(name).context.request
        for where in pages:
            assert request.get(where).status == 403, (name, where)
