"""What a click does, told by the service without a browser: each case is what somebody met at work."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from office import ME
from web import LAMP, Web, everybody, running

from service.accounts import keys
from service.desk import assign, mine
from service.store import Assignment, Standing, SubmissionRow


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    folder = tmp_path_factory.mktemp("office")
    with running(folder, f"sqlite:///{folder / 'minyi.db'}", rate_intake=10**6) as opened:
        opened.clients |= everybody(opened)
        yield opened


def press(web: Web, path: str, role: str = "officer", **fields: Any) -> Any:
    """Send a form as somebody; return the page that follows."""
    client = web.clients[role]
    return client.post(path, data={"csrf": client.headers.get("X-CSRF-Token", ""), **fields})


def standing(web: Web, number: int) -> Standing:
    found: Standing = web.read(lambda s: s.get_one(Standing, number))
    return found


@pytest.mark.parametrize("act", ["junk", "correct"])
def test_what_members_may_no_longer_see_is_withdrawn(web: Web, act: str) -> None:
    row = web.assignment("m1")
    path = f"/submissions/{row.number}"
    now = standing(web, row.number)
    fields = {"priority": now.priority, "intent": now.intent, "place": now.place} if act == "correct" else {}
    answer = press(web, f"{path}/{act}", version=now.version, topic="纪检监察/", **fields)
    assert answer.url.path == path
    assert "已交办的委员看不到它了" in answer.text
    assert f"/assignments/{row.id}/withdraw" in answer.text
    assert "改派" not in answer.text
    assert web.read(lambda s: mine.of_member(s, "m1", after=row.id - 1)) == []
    assert "已从甲一撤回" in press(web, f"/assignments/{row.id}/withdraw", version=row.version).text
    assert standing(web, row.number).delivery == "none"
    assert web.read(lambda s: s.get_one(Assignment, row.id)).state == "withdrawn"


def shown(web: Web, query: str) -> set[int]:
    """Return the submissions that the inbox lists."""
    page = web.clients["officer"].get(f"/inbox?{query}").text
    return {int(number) for number in re.findall(r'<a href="/submissions/(\d+)\?', page)}


def test_what_is_taken_for_no_submission_is_not_out_of_sight(web: Web) -> None:
    good, bad = web.submission(), web.submission("？？？？ 。。。")
    assert standing(web, bad).status == "unreadable"
    assert bad not in shown(web, "")
    assert "垃圾信息或无法阅读 1" in web.clients["officer"].get("/inbox").text
    assert shown(web, "status=dropped") == {bad}
    assert {good, bad} <= shown(web, "review=pending&status=any")
    press(web, f"/submissions/{bad}/junk", version=1)
    assert bad in shown(web, "review=junked&status=")


def test_what_is_done_is_done_but_for_what_was_dropped(tmp_path: Path) -> None:
    with running(tmp_path, f"sqlite:///{tmp_path / 'minyi.db'}") as empty:
        officer = empty.signed_in("officer")
        assert "都研判完了。" in officer.get("/inbox").text
        empty.submission("？？？？ 。。。")
        page = officer.get("/inbox").text
        assert "另有 1 件判为垃圾信息或无法阅读" in page
        assert "/inbox?status=dropped" in page


def test_a_telephone_number_is_a_field_of_a_file(web: Web) -> None:
    clerk = web.clients["clerk"]
    rows = f"诉求编号,诉求描述,联系电话\n甲,{LAMP}第二盏。,13900000000\n"
    page = clerk.post(
        "/import", data={"csrf": clerk.headers["X-CSRF-Token"]}, files={"file": ("热线.csv", rows.encode())}
    ).text
    assert re.search(r'联系方式<select name="contact">.*?<option selected>联系电话', page)
    [path] = re.findall(r'action="(/import/[^"]+)"', page)
    answer = press(web, path, "clerk", name="热线.csv", text="", title="", body="", contact="联系电话")
    assert answer.status_code == 422
    again = clerk.get(str(answer.url))
    assert again.status_code == 200
    assert "热线.csv：列名对不对" in again.text
    answer = press(web, path, "clerk", name="热线.csv", body="诉求描述", id="诉求编号", contact="联系电话")
    assert answer.url.path.startswith("/jobs/")


def test_a_file_goes_in_while_an_import_takes_another_away(web: Web) -> None:
    clerk, uploads = web.clients["clerk"], web.app.state.context.settings.data / "uploads"
    uploads.mkdir(exist_ok=True)
    (uploads / "gone.csv").symlink_to("nowhere")  # it is listed, and no longer there when it is looked at
    files = {"file": ("热线.csv", f"诉求描述\n{LAMP}\n".encode())}
    answer = clerk.post("/import", data={"csrf": clerk.headers["X-CSRF-Token"]}, files=files)
    (uploads / "gone.csv").unlink()
    assert answer.status_code == 200


def test_a_day_that_has_passed_is_no_deadline(web: Web) -> None:
    number, today = web.submission(), date.fromisoformat(mine.today())
    past, later = str(today - timedelta(1)), str(today + timedelta(3))
    assert f'min="{today}"' in web.clients["officer"].get(f"/submissions/{number}/assign").text
    answer = press(web, f"/submissions/{number}/assign", version=1, member="m1", due=past)
    assert answer.status_code == 422
    assert f"期限 {past} 已经过了" in answer.text
    press(web, f"/submissions/{number}/assign", version=1, member="m1", due=str(today))
    [row] = web.read(lambda s: assign.of_submission(s, number))
    assert row.due == str(today)
    with web.store.writing() as session:
        session.get_one(Assignment, row.id).due = past
    assert f'value="{past}"' not in web.clients["officer"].get(f"/submissions/{number}/assign?instead={row.id}").text
    assert press(web, f"/assignments/{row.id}/reassign", version=1, member="m2", due=past).status_code == 422
    press(web, f"/assignments/{row.id}/reassign", version=1, member="m2")
    assert web.read(lambda s: assign.of_submission(s, number))[-1].due == standing(web, number).due
    again = web.read(lambda s: assign.of_submission(s, number))[-1]
    press(web, f"/assignments/{again.id}/reassign", version=1, member="m1", due=later)
    assert web.read(lambda s: assign.of_submission(s, number))[-1].due == later


def test_the_same_text_from_the_same_browser_is_stored_once(web: Web) -> None:
    prefix = keys.add(web.store, ME, keys.Wish("桥头", ("submit",), "桥头议事室"))[0].prefix
    citizen, other = web.client(), web.client()

    def write(browser: Any, text: str) -> str:
        page = browser.get(f"/say/{prefix}").text
        [once] = re.findall(r'name="once" value="([0-9a-f]{32})"', page)
        return str(browser.post(f"/say/{prefix}", data={"text": text, "once": once}).url.params["reference"])

    first = write(citizen, LAMP)
    assert write(citizen, LAMP) == first
    assert len({first, write(citizen, f"{LAMP}又及"), write(other, LAMP)}) == 3


def test_what_members_have_was_seen_by_an_officer(web: Web) -> None:
    row = web.answered()
    assert standing(web, row.number).review == "pending"
    reference = web.read(lambda s: s.get_one(SubmissionRow, row.number)).reference
    assert "还没到" not in web.client().get(f"/status?reference={reference}").text


def test_what_is_closed_waits_for_nobody(web: Web) -> None:
    row = web.answered()
    path, officer = f"/submissions/{row.number}", web.clients["officer"]
    assert row.number in shown(web, "")
    page = press(web, f"{path}/close", version=standing(web, row.number).version).text
    assert "已办结" in page
    assert f'action="{path}/accept"' not in page
    assert f'action="{path}/correct"' in page
    for query in ("", "order=teach", "order=newest"):
        assert row.number not in shown(web, query)
    assert row.number in shown(web, "review=any") & shown(web, "delivery=closed")
    pending = {"review": "pending", "delivery": "closed"}
    assert row.number in [each["number"] for each in officer.get("/api/v1/submissions", params=pending).json()["items"]]
    assert standing(web, row.number).review == "pending"  # the axes stay apart: nobody agreed with anything
    export = officer.get("/api/v1/export", params={"review": "pending", "format": "jsonl"})
    assert export.status_code == 200
    assert row.number not in [json.loads(line)["number"] for line in export.text.splitlines()]
    again = press(web, f"/assignments/{row.id}/reopen", version=row.version + 1, note="回访说还没修好").text
    assert f'action="{path}/accept"' in again
    assert row.number in shown(web, "")


def test_a_doubled_giving_is_one(web: Web) -> None:
    number = web.submission()
    pages = [press(web, f"/submissions/{number}/assign", version=1, member="m1") for _ in range(2)]
    assert [(page.status_code, page.url.path) for page in pages] == [(200, f"/submissions/{number}")] * 2
    assert all("已交办给甲一" in page.text for page in pages)
    assert len(web.read(lambda s: assign.of_submission(s, number))) == 1
    assert press(web, f"/submissions/{number}/assign", version=1, member="m2").status_code == 409


def test_a_model_s_name_is_refused_at_once(web: Web) -> None:
    answer = press(web, "/admin/models/retrainings", "analyst", name="base")
    assert answer.status_code == 422
    assert "模型名“base”是自带模型的名字" in answer.text
    assert "请换一个没有用过的名字" in answer.text


def test_the_figures_tell_what_they_are_of(tmp_path: Path) -> None:
    with running(tmp_path, f"sqlite:///{tmp_path / 'minyi.db'}") as office:
        officer, analyst = office.signed_in("officer"), office.signed_in("administrator")
        office.clients["officer"] = officer
        numbers = [office.submission(f"{LAMP}第{n}盏。") for n in range(3)]
        press(office, f"/submissions/{numbers[0]}/accept", version=1)
        press(office, "/accept", pick=[f"{number}:1" for number in numbers[1:]], back="/inbox")
        page = officer.get("/statistics").text
        assert "信息员逐件看过 1 件" in page
        assert "成批采纳的 2 件没有逐件看" in page
        assert "<td>软件研判</td>" in page
        assert "不含只到办公室" not in page
        assert "全部来件 · 不含只到办公室的来件" in analyst.get("/statistics").text
        book = openpyxl.load_workbook(io.BytesIO(analyst.get("/statistics/all.xlsx").content))
        assert ("范围", "不含只到办公室的来件") in list(book["说明"].values)
