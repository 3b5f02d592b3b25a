"""The journeys of who looks after an office: the first day, dials, users, keys, audit, jobs, statistics, lists."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import SAMPLES
from workbench import House, Person, browser, house, person, running

__all__ = ["browser", "house", "person"]


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
    assert root.book(page.get_attribute("a:has-text('下载 Excel')", "href")).active.max_row >= 2
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
    book = officer.book(page.get_attribute("a:has-text('全部数字')", "href"))
    assert {"说明", "主题", "更正", "热点事项"} <= set(book.sheetnames)
    assert officer.book("/statistics/level1.xlsx").active.max_row > 3
    officer.go("/statistics?since=2031-01-01")
    assert "没有数据" in officer.text()
    assert officer.context.request.get("/statistics?since=nonsense").status == 422


def test_lists_are_taken_home(person: Callable[..., Person]) -> None:
    officer = person("li")
    officer.go("/issues")
    where = officer.page.get_attribute("a:has-text('导出 Excel')", "href")
    assert officer.book(where).active["B1"].value == "事项"
    assert officer.book("/export/assignments.xlsx").active["A1"].value == "来件"
    assert officer.context.request.get("/export/assignments.pdf").status == 404
    clerk = person("zhao")
    assert clerk.context.request.get("/export/issues.xlsx").status == 403


PAGES = (
    "/admin/tables", "/admin/tables/members", "/admin/tables/members/row?key=m001", "/admin/tables/lexicon",
    "/admin/tables/rules", "/admin/tables/places/versions/1", "/admin/dials", "/admin/users", "/admin/keys",
    "/admin/audit", "/jobs", "/password", "/statistics",
)  # fmt: skip


def test_pages_are_fit_for_all(person: Callable[..., Person]) -> None:
    person("root").fit_for_all(*PAGES)


def test_who_may_not_is_told(person: Callable[..., Person]) -> None:
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
