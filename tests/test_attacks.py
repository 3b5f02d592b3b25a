"""Attacks, each with the answer it gets."""

from __future__ import annotations

import asyncio
import io
import json
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from starlette.requests import Request
from web import LAMP, PASSWORD, PERSONAL, Web, everybody, running

from pipeline.errors import InputError
from pipeline.ingest import Intake as Reader
from pipeline.ingest import archive
from service.api.guard import Guard
from service.export.sheet import disarm
from service.store import SubmissionRow, User

INJECTIONS = (
    "'; DROP TABLE submissions; --",
    "1) UNION SELECT password FROM users --",
    'a" OR tokens:*',
    "路灯* NEAR(a b",
    "':* | !x",
)
SUBMIT = "/api/v1/submissions"


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    folder = tmp_path_factory.mktemp("office")
    with running(folder, f"sqlite:///{folder / 'minyi.db'}", max_body=1_000_000) as opened:
        opened.clients |= everybody(opened)
        yield opened


@pytest.fixture
def either(tmp_path: Path, database: str) -> Iterator[Web]:
    """The same once on each database, where these differ."""
    with running(tmp_path, database) as opened:
        yield opened


def count(web: Web) -> int:
    return int(web.read(lambda session: session.scalar(select(func.count()).select_from(SubmissionRow))))


def problem(answer: Any, status: int, *words: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert all(word in answer.json()["detail"] for word in words), answer.json()
    return dict(answer.json())


def test_sql_in_every_field_and_filter_is_text(either: Web) -> None:
    officer = either.key("submit", "read", "read_personal", "read_restricted", "assign", "statistics", "export")
    for evil in INJECTIONS:
        sent = dict.fromkeys(("id", "submitted_at", "submitter", "contact", "place", "source", "channel", "text"), evil)
        number = officer.post(SUBMIT, json=sent).json()["number"]
        with either.store.reading() as session:
            row = session.get_one(SubmissionRow, number)
            assert all(getattr(row, name) == evil for name in ("text", "submitter", "contact", "place", "source"))
        filters = ("text", "level1", "place", "sector", "committee", "owner", "issue", "source", "channel", "cursor")
        for name in filters:
            for path in (SUBMIT, "/api/v1/statistics/funnel"):
                assert officer.get(path, params={name: evil}).status_code in (200, 422), (path, name, evil)
        for path in ("/api/v1/assignments?member=", "/api/v1/hot?level1=", "/api/v1/export?topic="):
            assert officer.get(path.partition("?")[0], params={path[path.index("?") + 1 : -1]: evil}).status_code == 200
        assert officer.get(f"/api/v1/statistics/counts/{evil}").status_code in (404, 422)
        answer = either.client().post("/api/v1/session", json={"name": evil, "password": evil})
        problem(answer, 401)
    assert count(either) == len(INJECTIONS)


def test_a_formula_in_a_text_is_no_formula_in_an_export(web: Web) -> None:
    number = web.submission('=HYPERLINK("http://evil/","点我")\n路灯坏了三天没有人修。')
    assert disarm("=1+1") == "'=1+1"
    for told in web.clients["officer"].get("/api/v1/export", params={"format": "csv"}).text.splitlines():
        for cell in told.split(","):
            assert not cell.strip('"').startswith(("=", "+", "-", "@")), (number, told)


def test_a_path_in_the_name_of_a_file_stays_a_name(web: Web, tmp_path: Path) -> None:
    content = "编号,内容\n1,路灯坏了三天没有人修。\n".encode()
    folder = web.app.state.context.settings.data
    before = set(folder.parent.iterdir())
    for name in ("../../evil.csv", "..\\evil.csv", "/etc/evil.csv", "a\r\nSet-Cookie: x=1.csv", "x" * 5000 + ".csv"):
        answer = web.clients["officer"].post("/api/v1/imports", files={"file": (name, content, "text/csv")})
        assert answer.status_code in (202, 400, 422), answer.text
        assert "set-cookie" not in answer.headers
    assert set(folder.parent.iterdir()) == before
    assert not Path("/etc/evil.csv").exists()
    assert all(path.resolve().is_relative_to(folder.resolve()) for path in folder.rglob("*"))


def bomb() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b"0" * 20_000_000)
    return made.getvalue()


def test_a_bomb_of_an_archive_is_not_unpacked(web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert archive.LARGEST == 500_000_000
    monkeypatch.setattr(archive, "LARGEST", 10_000_000)
    content = bomb()
    assert len(content) < 1_000_000
    for name in ("信.xlsx", "信.docx"):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(InputError, match="解压后有 20 MB"):
            list(Reader([path], rejected=print))
    with pytest.raises(InputError, match="解压后有 20 MB"):
        archive.check(path)
    answer = web.clients["administrator"].post("/api/v1/tables/places/preview", content=content)
    problem(answer, 422, "解压后有 20 MB")


def test_a_body_too_long_is_refused_unread(web: Web) -> None:
    client = web.clients["officer"]
    problem(client.post(SUBMIT, content=b"x" * 1_000_001), 413, "1000000 字节")
    problem(client.post(SUBMIT, content=iter([b"x" * 600_000] * 2)), 413, "1000000 字节")
    announced = {"Content-Length": str(100_000_000), "Content-Type": "application/json"}
    problem(client.post(SUBMIT, content=iter([b"{"]), headers=announced), 413)
    problem(client.post("/api/v1/imports", files={"file": ("a.csv", b"x" * 1_000_001)}), 413)


def test_a_slow_body_is_not_waited_for() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await Request(scope, receive).body()

    async def drip() -> dict[str, Any]:
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def ask() -> None:
        scope = {"type": "http", "path": "/", "raw_path": b"/", "query_string": b"", "headers": [], "method": "POST"}
        await Guard(app, most=10**6, seconds=0.1)(scope, drip, print)

    began = time.monotonic()
    with pytest.raises(Exception, match=r"0\.1 秒内没有收完请求"):
        asyncio.run(ask())
    assert time.monotonic() - began < 5


def test_a_planted_session_is_not_taken_up(web: Web) -> None:
    client, user = web.client(), web.user()
    client.cookies.set("minyi", "planted-by-somebody-else")
    answer = client.post("/api/v1/session", json={"name": user.name, "password": PASSWORD})
    token = answer.cookies["minyi"]
    assert token != "planted-by-somebody-else"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    planted = web.client(Cookie="minyi=planted-by-somebody-else")
    problem(planted.get("/api/v1/me"), 401)
    again = web.client(Cookie=f"minyi={token}")
    second = again.post("/api/v1/session", json={"name": user.name, "password": PASSWORD}).cookies["minyi"]
    problem(web.client(Cookie=f"minyi={token}").get("/api/v1/me"), 401)
    assert web.client(Cookie=f"minyi={second}").get("/api/v1/me").status_code == 200


def test_a_write_from_another_site_is_refused(web: Web) -> None:
    client = web.signed_in("officer")
    token = client.headers.pop("X-CSRF-Token")
    before = count(web)
    problem(client.post(SUBMIT, json={"text": LAMP}), 403, "CSRF")
    problem(client.post(SUBMIT, json={"text": LAMP}, headers={"X-CSRF-Token": "guessed"}), 403, "CSRF")
    other = web.signed_in("officer").headers["X-CSRF-Token"]
    problem(client.post(SUBMIT, json={"text": LAMP}, headers={"X-CSRF-Token": other}), 403, "CSRF")
    form = client.post("/api/v1/imports", data={"csrf": "x"}, files={"file": ("a.csv", b"x")})
    problem(form, 403, "CSRF")
    problem(client.post(SUBMIT, content=b'{"text": "a"}', headers={"Content-Type": "text/plain"}), 403, "CSRF")
    assert count(web) == before
    assert client.post(SUBMIT, json={"text": LAMP}, headers={"X-CSRF-Token": token}).status_code == 201
    assert web.key("submit").post(SUBMIT, json={"text": LAMP}).status_code == 201


def test_a_key_in_the_address_is_refused_and_not_kept(web: Web) -> None:
    client = web.key("read")
    token = client.headers["Authorization"].removeprefix("Bearer ")
    seen: list[Any] = []

    async def outside(scope: Any, receive: Any, send: Any) -> None:
        await web.app(scope, receive, send)
        seen.append([scope["path"], scope["query_string"]])

    from fastapi.testclient import TestClient

    plain = TestClient(outside)
    for path in (f"/api/v1/me?key={token}", f"/api/v1/submissions/{token}"):
        problem(plain.get(path), 400, "密钥不能写在网址里")
    assert token.partition("_")[2] not in str(seen)


def test_fields_that_are_not_offered_are_refused(web: Web) -> None:
    officer, administrator = web.clients["officer"], web.clients["administrator"]
    for extra in ("number", "reference", "received_by", "restricted", "score", "review"):
        problem(officer.post(SUBMIT, json={"text": LAMP, extra: 1}), 422, "没有这个字段")
    user = web.user()
    for extra in ("id", "password", "name", "created_at"):
        sent = {"version": 1, extra: "x"}
        problem(administrator.patch(f"/api/v1/users/{user.id}", json=sent), 422, "没有这个字段")
    problem(web.clients["clerk"].patch(f"/api/v1/users/{user.id}", json={"version": 1, "role": "administrator"}), 403)


def test_guessed_numbers_tell_nothing(web: Web) -> None:
    secret = web.submission(PERSONAL, restricted=True)
    clerk = web.clients["clerk"]
    hidden, none = clerk.get(f"{SUBMIT}/{secret}"), clerk.get(f"{SUBMIT}/{10**9}")
    assert hidden.json()["detail"].replace(str(secret), "N") == none.json()["detail"].replace(str(10**9), "N")
    problem(hidden, 404)
    with web.store.reading() as session:
        references = set(session.scalars(select(SubmissionRow.reference)))
    assert all(len(each) == 10 and not each.isdigit() for each in references)


def test_a_script_in_a_text_is_data(web: Web) -> None:
    evil = '路灯坏了</script><script>alert(1)</script><img src=x onerror="alert(1)">，三天没有人修。'
    answer = web.clients["officer"].post(SUBMIT, json={"text": evil})
    for each in (answer, web.clients["officer"].get(f"{SUBMIT}/{answer.json()['number']}")):
        assert each.headers["content-type"] == "application/json"
        assert each.headers["x-content-type-options"] == "nosniff"
        assert "script-src 'self'" in each.headers["content-security-policy"]


def test_a_line_in_a_value_makes_no_header(web: Web) -> None:
    evil = "x\r\nSet-Cookie: a=b"
    client = web.clients["officer"]
    for answer in (
        client.get(SUBMIT, params={"source": evil}),
        client.post(SUBMIT, json={"text": LAMP, "id": evil, "source": evil}),
        client.get(f"/api/v1/issues/{'x%0d%0aSet-Cookie:%20a=b'}"),
        client.get("/api/v1/export", params={"topic": evil}),
    ):
        assert answer.status_code < 500
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "text",
    ["a" * 200_000, "（" * 100_000, "1" * 200_000, "回复 " * 60_000, "http://" * 28_000, "的\n" * 100_000,
     "路灯坏了，" * 40_000, "@" * 200_000, "13800000000" * 18_000, " " * 199_000 + "灯", "é́" * 60_000],
    ids=lambda text: repr(text[:6]),
)  # fmt: skip
def test_a_text_made_to_take_long_does_not(web: Web, text: str) -> None:
    began = time.process_time()
    assert web.clients["officer"].post(SUBMIT, json={"text": text}).status_code == 201
    assert time.process_time() - began < 20


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"[" * 100_000 + b"]" * 100_000, 400),
        (b'{"text":' * 50_000 + b"1" + b"}" * 50_000, 400),
        (b'{"text": "a", "likes": ' + b"9" * 5000 + b"}", 400),
        (b'{"text": "a", "likes": 1e400}', 422),
        (b'{"text": "a", "likes": NaN}', 422),
        (b'{"text": "a", "likes": 99999999999}', 422),
        (b'{"text": "a\\u0000b"}', 422),
        (b'{"text": "a\\ud800b"}', 422),
        (b'{"text": "a\xed\xa0\x80b"}', 422),
        (b'{"text": "\xff\xfe"}', 400),
        (b'{"text": "a\x00b"}', 422),
        (b'{"text": "' + "字".encode() * 200_001 + b'"}', 422),
        (b"", 422),
        (b"null", 422),
        (b'"text"', 422),
    ],
    ids=lambda value: repr(value[:24]) if isinstance(value, bytes) else str(value),
)
def test_json_made_to_hurt_is_refused(web: Web, body: bytes, status: int) -> None:
    answer = web.clients["officer"].post(SUBMIT, content=body, headers={"Content-Type": "application/json"})
    problem(answer, status)


def test_numbers_too_large_for_the_tables_are_refused(either: Web) -> None:
    client = either.key("read", "read_personal", "assign")
    for number in (2**31, 2**53, 2**63 - 1, 2**63, 2**64, 10**40, -1, 0):
        assert client.get(f"{SUBMIT}/{number}").status_code in (404, 422)
        assert client.get("/api/v1/assignments", params={"number": number}).status_code in (200, 422)
        assert client.get("/api/v1/changes", params={"after": number}).status_code in (200, 422)


def test_signs_that_no_database_holds(either: Web) -> None:
    """NUL and halves of characters: refused at the API; a visible sign for NUL in what comes from files."""
    client = either.key("submit", "read", "read_personal", "statistics", "export")
    for name in ("text", "submitter", "place", "id"):
        sent = json.dumps({"text": LAMP} | {name: "a\0b"})
        problem(client.post(SUBMIT, content=sent, headers={"Content-Type": "application/json"}), 422, "空字符")
        half = json.dumps({"text": LAMP} | {name: "a\ud800"})
        told = client.post(SUBMIT, content=half, headers={"Content-Type": "application/json"})
        problem(told, 422)
    kept = client.post(SUBMIT, json={"text": "文中写着 \\u0000 四个字，不是空字符。"})
    assert kept.status_code == 201
    for path in (SUBMIT, "/api/v1/hot", "/api/v1/statistics/funnel", "/api/v1/export"):
        for name in ("text", "level1", "place", "source", "topic"):
            assert client.get(path, params={name: "a\0b"}).status_code in (200, 422)
    number = either.submission("路灯坏了\0三天没有人修。")
    with either.store.reading() as session:
        assert session.get_one(SubmissionRow, number).text == "路灯坏了␀三天没有人修。"


def test_a_field_that_comes_twice_counts_as_the_last(web: Web) -> None:
    body = '{"text": "路灯坏了三天没有人修。", "text": "井盖丢了三天没有人管。"}'.encode()
    answer = web.clients["officer"].post(SUBMIT, content=body, headers={"Content-Type": "application/json"})
    assert answer.json()["decision"]["clean"]["text"].startswith("井盖")


def test_another_kind_of_content_is_refused(web: Web) -> None:
    body = json.dumps({"text": LAMP}).encode()
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/xml", "multipart/form-data", ""):
        problem(web.clients["officer"].post(SUBMIT, content=body, headers={"Content-Type": kind}), 422)


def test_the_method_is_the_method(web: Web) -> None:
    user = web.user()
    for name in ("X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"):
        answer = web.clients["administrator"].post("/api/v1/users?_method=DELETE", json={}, headers={name: "DELETE"})
        problem(answer, 422)
        problem(web.clients["administrator"].post(f"/api/v1/users/{user.id}", headers={name: "PATCH"}), 405)
    problem(web.clients["administrator"].request("TRACE", "/api/v1/me"), 405)


@pytest.mark.parametrize(
    "double", ["l\u0456wei", "liwei\u200b", "l\u2170wei\u0301", "ｌｉｗｅｉ", "LIWEI", "li wei", "liwei\0"]
)
def test_nobody_signs_up_as_a_double(web: Web, double: str) -> None:
    web.clients["administrator"].post("/api/v1/users", json={"name": "liwei", "role": "clerk"})
    answer = web.clients["administrator"].post("/api/v1/users", json={"name": double, "role": "clerk"})
    assert answer.status_code in (409, 422), answer.text
    with web.store.reading() as session:
        assert session.scalar(select(func.count()).where(User.name.like("%wei%"))) == 1


def test_unknown_names_take_as_long_as_known_ones(web: Web) -> None:
    def seconds(name: str) -> float:
        began = time.process_time()
        told = web.client().post("/api/v1/session", json={"name": name, "password": "不是这个口令啊"})
        assert problem(told, 401)["detail"].startswith("用户名或口令不对")
        return time.process_time() - began

    known = min(seconds(web.user().name) for _ in range(3))
    unknown = min(seconds(f"nobody{at}") for at in range(3))
    assert 0.5 < unknown / known < 2


def test_guessing_passwords_takes_longer_and_longer(web: Web) -> None:
    client, user = web.client(), web.user()
    answers = [client.post("/api/v1/session", json={"name": user.name, "password": f"猜猜看{at}"}) for at in range(6)]
    assert [each.status_code for each in answers] == [401] * 5 + [429]
    assert int(answers[-1].headers["retry-after"]) <= 30
    # the right password waits as well, else the wait would tell which one is right
    problem(client.post("/api/v1/session", json={"name": user.name, "password": PASSWORD}), 429, "秒")
    assert web.signed_in("clerk").get("/api/v1/me").status_code == 200
