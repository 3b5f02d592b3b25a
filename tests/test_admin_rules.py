"""Administration keeps what people wrote, and shows nobody what they may not read; asked without a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from office import ME, MEMBERS, OFFICER
from sqlalchemy import event, select, update
from web import LAMP, Web, running

from pipeline.records import Submission
from service.accounts.actor import command
from service.desk import audit, issues, tables
from service.desk.grid import Grid
from service.desk.intake import Arrival
from service.store import Issue, OfficeTable, Standing


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    folder = tmp_path_factory.mktemp("rules")
    with running(folder, f"sqlite:///{folder / 'minyi.db'}", rate_intake=10**6) as opened:
        opened.clients |= {role: opened.signed_in(role) for role in ("administrator", "officer")}
        yield opened


def put(web: Web, kind: str, content: str) -> None:
    """Let a table hold."""
    tables.put(web.store, {kind: content}, {}, ME, "试")


def rows_of(web: Web, kind: str) -> dict[str, dict[str, str]]:
    """Return the rows of a table as they hold."""
    return Grid.of(kind, web.read(tables.contents)[kind]).rows


def form(html: str) -> dict[str, Any]:
    """Return what a form of a row would send."""
    sent: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", html):
        name, value = (re.search(rf'{each}="([^"]*)"', tag) for each in ("name", "value"))
        if name and value and name[1].startswith(("cell-", "seen-", "version", "key")):
            sent.setdefault(unescape(name[1]), []).append(unescape(value[1]))
    for name, options in re.findall(r'<select name="(cell-[^"]*)">(.*?)</select>', html, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        sent[name] = [chosen[1] if chosen else ""]
    return sent


def test_two_people_change_other_cells_of_one_row(web: Web) -> None:
    put(web, "members", MEMBERS)
    where, client = "/admin/tables/members/row", web.clients["administrator"]
    one, other = (form(client.get(f"{where}?key=m2").text) for _ in range(2))
    assert client.post(where, data=one | {"cell-organisation": "县水务局", "cell-place": "t"}).status_code == 200
    refused = client.post(where, data=other | {"cell-capacity": "9", "cell-place": "v"})
    assert refused.status_code == 409
    assert "您填的是“v”，现在是“t”" in unescape(refused.text)
    assert "您填的是“9”" not in unescape(refused.text)
    again = form(refused.text)
    assert (again["cell-organisation"], again["cell-capacity"]) == (["县水务局"], ["9"])
    assert client.post(where, data=again | {"cell-sectors": ["经济", ""]}).status_code == 200
    row = rows_of(web, "members")["m2"]
    found = {name: row[name] for name in ("organisation", "capacity", "place", "sectors")}
    assert found == {"organisation": "县水务局", "capacity": "9", "place": "v", "sectors": "经济"}


def test_no_cell_without_a_header_is_lost(web: Web) -> None:
    content = MEMBERS.replace("capacity\n", "capacity,\n").replace("桥头镇,1,5\n", "桥头镇,1,5,周二值班\n")
    client, where = web.clients["administrator"], "/admin/tables/members"
    told = "委员表 第 2 行第 9 列：“周二值班”上面没有列名。请在第 1 行写上列名，或清空这一格。"
    file = {"file": ("委员.csv", content.encode())}
    version = str(web.read(tables.versions)["members"])
    answer = client.post(where, data={"version": version}, files=file)
    assert answer.status_code == 422
    assert told in unescape(answer.text)
    with web.store.writing() as session:  # kept as it came by a version before
        old = tables.get_or_raise(session, "members")
        kept = {"editor": "x", "note": "", "at": old.at, "kind": "members"}
        session.add(OfficeTable(version=old.version + 1, content=content, **kept))
    sent = form(client.get(f"{where}/row?key=m2").text)
    for data in (sent | {"cell-organisation": "县水务局"}, sent | {"step": "remove"}):
        refused = client.post(f"{where}/row", data=data)
        assert refused.status_code == 422
        assert told in unescape(refused.text)
    assert web.read(tables.contents)["members"] == content
    put(web, "members", content.replace("capacity,", "capacity,备注"))
    sent = form(client.get(f"{where}/row?key=m2").text)
    assert client.post(f"{where}/row", data=sent | {"cell-organisation": "县水务局"}).status_code == 200
    assert "周二值班" in web.read(tables.contents)["members"]


def test_what_was_refused_keeps_what_was_seen(web: Web) -> None:
    put(web, "members", MEMBERS)
    where, client = "/admin/tables/members/row", web.clients["administrator"]
    sent = form(client.get(f"{where}?key=m2").text)
    refused = client.post(where, data=sent | {"cell-sectors": ["渔业", ""], "cell-speciality": ""})
    assert refused.status_code == 422
    put(web, "members", MEMBERS.replace("县住建局", "县水务局"))
    late = client.post(where, data=form(refused.text) | {"cell-sectors": ["经济", ""]})
    assert late.status_code == 409
    client.post(where, data=form(late.text))
    row = rows_of(web, "members")["m2"]
    assert (row["organisation"], row["sectors"], row["speciality"]) == ("县水务局", "经济", "")


def test_free_words_about_texts_reach_nobody_without_personal_data(web: Web) -> None:
    number, officer, root = web.submission(), web.clients["officer"], web.clients["administrator"]
    told = {"version": "1", "reason": "沈一 13800000000 来电核实"}
    answer = officer.post(f"/submissions/{number}/accept", data=told, follow_redirects=False)
    assert answer.status_code == 303
    put(web, "members", MEMBERS.replace("甲一", "甲壹"))  # its note is no secret
    with web.store.writing() as session:
        audit.record(session, ME, "issue.rename", "issue:x", reason="沈一 13800000000 的事")
    pages = ("/admin/audit", "/admin/audit/entries.csv", "/api/v1/audit")
    for where in (*pages, f"/api/v1/audit?what=submission:{number}"):
        text = root.get(where).text
        assert "submission" in text
        assert "13800000000" not in text, where
    assert "试" in root.get("/api/v1/audit?what=table:members").json()["entries"][0]["reason"]
    whole = web.key("audit", "read_personal")
    assert "13800000000" in whole.get(f"/api/v1/audit?what=submission:{number}").text


def test_who_takes_the_audit_home_is_written_down(web: Web) -> None:
    assert web.clients["administrator"].get("/admin/audit/entries.csv?kind=table").status_code == 200
    entry = web.read(lambda session: audit.entries(session, audit.Filter(action="export"), None, 1)[0])
    assert (entry.what, entry.actor) == ("audit", str(web.actors["administrator"]))
    assert '"format":"csv"' in entry.after
    assert '"kind":"table"' in entry.after


@pytest.mark.parametrize("where", ["/admin/audit", "/admin/audit/entries.csv"])
def test_the_audit_asks_for_names_once(web: Web, where: str) -> None:
    with web.store.writing() as session:
        for each in range(200):
            audit.record(session, (ME, web.actors["officer"])[each % 2], "thing.do", f"thing:{each}")
    asked: list[str] = []
    engine = web.app.state.context.store.engine
    event.listen(engine, "before_cursor_execute", note := lambda *told: asked.append(told[2]))
    assert "某人" in web.clients["administrator"].get(where).text
    event.remove(engine, "before_cursor_execute", note)
    assert len(asked) < 20
    assert not [each for each in asked if "SELECT DISTINCT" in each and "seq >" not in each]


def cell(web: Web, what: str) -> str:
    """Return what the audit page tells of the changes of one thing."""
    kind, _, which = what.partition(":")
    page = web.clients["administrator"].get("/admin/audit", params={"kind": kind, "which": which}).text
    [found] = re.findall(r'<td data-label="改动">(.*?)</td>', page, re.DOTALL)
    return str(found)


def test_the_audit_shows_what_differs(web: Web) -> None:
    before = {"level1": "教育", "level2": "学前教育", "due": None, "7": {"review": "pending", "place": "t"}}
    after = {"level1": "教育", "level2": "义务教育", "due": None, "7": {"review": "accepted", "place": "t"}}
    with web.store.writing() as session:
        audit.record(session, ME, "thing.do", "key:differs", before, after)
    assert cell(web, "key:differs") == (
        "7 <del>研判 待复核</del> <ins>研判 已接受</ins>；二级主题 <del>学前教育</del> <ins>义务教育</ins>"
    )


def test_what_is_long_in_the_audit_can_be_opened_and_is_escaped(web: Web) -> None:
    long, many = "<b>" + "长" * 200, {f"f{at:02}": at for at in range(25)}
    with web.store.writing() as session:
        audit.record(session, ME, "thing.do", "key:long", {"note": "<i>"}, {"note": long})
        audit.record(session, ME, "thing.do", "key:many", None, many)
    told = cell(web, "key:long")
    assert "<del>&lt;i&gt;</del>" in told
    assert f"<details><summary>全文</summary>&lt;b&gt;{'长' * 200}</details>" in told
    assert f"<ins>&lt;b&gt;{'长' * 77}…" in told
    shown, rest = cell(web, "key:many").split("<details>")
    assert ("f09" in shown, "f10" in shown) == (True, False)
    assert rest.startswith("<summary>另有 15 项</summary>f10 ")


def test_who_acted_is_known_however_late_they_did(web: Web) -> None:
    cast = audit.Cast()
    actors, _ = web.read(cast.look)
    with web.store.writing() as session:
        audit.record(session, command("spaet"), "thing.undo", "thing:1")
    assert web.read(cast.look)[0] - actors == {"command:spaet"}
    assert "thing.undo" in web.read(cast.look)[1]


def test_an_undo_takes_back_its_own_change_only(web: Web) -> None:
    put(web, "members", MEMBERS)
    where, client = "/admin/tables/members/row", web.clients["administrator"]

    def change(capacity: str) -> str:
        sent = form(client.get(f"{where}?key=m2").text) | {"cell-capacity": capacity}
        answer = client.post(where, data=sent)
        assert answer.status_code == 200
        found = re.search(r'action="(/admin/tables/members/undo/\d+)"', answer.text)
        return found[1] if found else ""

    first = change("6")
    assert change("6") == "", "nothing changed"
    second = change("7")
    assert client.post(first).status_code == 409
    assert rows_of(web, "members")["m2"]["capacity"] == "7"
    assert client.post(second).status_code == 200
    assert rows_of(web, "members")["m2"]["capacity"] == "6"
    assert client.post(second).status_code == 409, "twice would be a redo"
    assert rows_of(web, "members")["m2"]["capacity"] == "6"


@pytest.mark.parametrize("filters", ["", "?show=all", "?show=all&text=食堂", "?text=路灯", "?level1=没有"])
def test_the_file_of_issues_follows_its_page(web: Web, filters: str) -> None:
    """Three about a lamp are hot; two about a canteen are not."""
    officer = web.clients["officer"]
    if not web.read(lambda session: session.scalar(select(Issue.id).where(Issue.name == "食堂"))):
        for who in ("沈一", "沈二", "沈三"):
            web.app.state.context.intake.receive([Arrival(Submission("", LAMP, submitter=who))], ME)
        one, other = web.issue(), web.issue()
        with web.store.writing() as session:
            issues.merge_issues(session, ME, other, 1, one, "")
            repeats = Standing.kind == "duplicate"  # no voices of their own
            session.execute(update(Standing).where(repeats).values(kind="same_issue", repeats=None))
    assert web.read(lambda session: web.app.state.context.hottest.ranked(session, OFFICER))
    page = officer.get(f"/issues{filters}").text
    listed = re.findall(r'href="/issues/([^"?/]+)[^"]*"[^>]*>([^<]+)</a>', page)
    file = officer.get(f"/export/issues.csv{filters}").text.splitlines()[1:]
    assert [line.split(",")[1] for line in file] == [unescape(name) for _, name in listed]
    assert bool(file) != ("没有" in filters)
