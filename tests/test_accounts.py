"""Accounts: passwords, users, sessions, keys, who sees what; at the command line as well."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from office import ME, OFFICER, furnish, member
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import delete, select, update
from typer.testing import CliRunner
from web import LAMP, PASSWORD, PERSONAL

from pipeline.errors import MinyiError
from pipeline.records import Submission
from pipeline.triage import Triage
from service.accounts import keys, passwords, sessions, users
from service.accounts.actor import PERMISSIONS, SCOPES, Actor
from service.accounts.limits import Attempt, Meter
from service.accounts.sight import sender, shown, standing_or_raise, visible
from service.accounts.users import Newcomer
from service.cli import app
from service.desk import assign, audit
from service.desk.errors import (
    ConflictError,
    NotFoundError,
    RuleError,
    TooManyError,
    UnauthorizedError,
)
from service.desk.intake import Arrival, Intake
from service.store import AuditEntry, Count, DecisionRow, SignIn, Standing, Store, SubmissionRow, User, now, upgrade

IDLE = timedelta(hours=2)


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash in a millisecond: what is tested here is not how long it takes."""
    monkeypatch.setattr(passwords, "_hasher", lambda: PasswordHash((Argon2Hasher(time_cost=1, memory_cost=64),)))


def add(store: Store, name: str = "li", role: str = "officer") -> User:
    return users.add(store, ME, Newcomer(name, role, PASSWORD))


@pytest.mark.parametrize(
    ("password", "word"),
    [("短", "10"), ("字" * 201, "10"), ("liliangyu1", "用户名"), ("Password123", "太常见"), ("1111122222", "太常见"),
     ("１２３４５６７８９０", "太常见")],
)  # fmt: skip
def test_a_weak_password_is_refused(password: str, word: str) -> None:
    with pytest.raises(RuleError, match=word):
        passwords.check_rule(password, "liliangyu")


def test_a_password_is_hashed_anew_when_the_parameters_change(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    before = add(store).password
    stronger = PasswordHash((Argon2Hasher(time_cost=2, memory_cost=128),))
    monkeypatch.setattr(passwords, "_hasher", lambda: stronger)
    sessions.sign_in(store, "li", PASSWORD, "10.0.0.1", 12)
    with store.reading() as session:
        after = session.scalar(select(User.password))
    assert after != before
    assert "t=2" in str(after)
    sessions.sign_in(store, "li", PASSWORD, "10.0.0.1", 12)


def test_a_session_lasts_until_it_is_idle_old_or_ended(store: Store) -> None:
    user = add(store)
    opened = sessions.sign_in(store, " ＬＩ ", PASSWORD, "10.0.0.1", 12)
    assert sessions.resume(store, opened.token, IDLE)[1] == users.actor_of(user)
    for column, value in (("seen_at", now() - IDLE), ("expires_at", now())):
        fresh = sessions.sign_in(store, "li", PASSWORD, "10.0.0.1", 12)
        with store.writing() as session:
            session.execute(update(SignIn).where(SignIn.id == sessions.token_hash(fresh.token)).values({column: value}))
        with pytest.raises(UnauthorizedError):
            sessions.resume(store, fresh.token, IDLE)
    sessions.sign_out(store, opened.token)
    with pytest.raises(UnauthorizedError):
        sessions.resume(store, opened.token, IDLE)
    with store.reading() as session:
        assert opened.token not in str(session.execute(select(SignIn.id, SignIn.csrf)).all())


def test_seen_is_written_once_a_minute(store: Store) -> None:
    add(store)
    token = sessions.sign_in(store, "li", PASSWORD, "10.0.0.1", 12).token
    first = sessions.resume(store, token, IDLE)[0].seen_at
    assert sessions.resume(store, token, IDLE)[0].seen_at == first
    with store.writing() as session:
        session.execute(update(SignIn).values(seen_at=first - timedelta(minutes=2)))
    sessions.resume(store, token, IDLE)
    assert sessions.resume(store, token, IDLE)[0].seen_at >= first


@pytest.mark.parametrize("how", ["disabled", "password", "everywhere", "own password"])
def test_sessions_end_with_what_they_stood_for(store: Store, how: str) -> None:
    user = add(store)
    token = sessions.sign_in(store, "li", PASSWORD, "10.0.0.1", 12).token
    if how == "disabled":
        users.change(store, ME, user.id, {"active": False}, 1)
    elif how == "password":
        users.give_password(store, ME, user.id, "江枫渔火对愁眠1234")
    elif how == "everywhere":
        assert users.sign_out(store, ME, user.id) == 1
    else:
        new = "江枫渔火对愁眠1234"
        opened = sessions.change_password(store, users.actor_of(user), PASSWORD, new, "10.0.0.1", 12)
        assert sessions.resume(store, opened.token, IDLE)
    with pytest.raises(UnauthorizedError):
        sessions.resume(store, token, IDLE)


def test_the_wait_grows_and_is_forgotten(store: Store) -> None:
    add(store)
    waits = []
    for _ in range(8):
        with store.writing() as session:
            session.execute(update(Count).values(until=None))
            Attempt("li", "10.0.0.1").count(session)
        try:
            sessions.sign_in(store, "li", "不是这个口令", "10.0.0.1", 12)
        except TooManyError as error:
            waits.append(error.retry_after)
        except UnauthorizedError:
            waits.append(0)
    assert waits[:2] == [0, 0]
    assert [each for each in waits if each] == sorted(each for each in waits if each)
    assert waits[-1] > 200
    sessions.sign_in(store, "li", PASSWORD, "10.0.0.2", 12)
    with store.writing() as session:
        session.execute(update(Count).values(until=None))
    sessions.sign_in(store, "li", PASSWORD, "10.0.0.1", 12)
    with store.reading() as session:
        door = Attempt("li", "10.0.0.1").door
        assert session.get(Count, door) is None
        assert audit.entries(session, audit.Filter(action="session.lock"), None, 10)


def test_one_address_cannot_try_all_names(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.accounts.limits.HOUSE", 10)
    for at in range(10):
        with store.writing() as session:
            Attempt(f"name{at}", "2001:db8::1:1").count(session)
    with store.writing() as session, pytest.raises(TooManyError):
        Attempt("name10", "2001:db8::2:2").count(session)


def test_the_meter_counts_calls() -> None:
    meter = Meter()
    for _ in range(10):
        meter.pass_or_raise("key:a", 60)
    with pytest.raises(TooManyError, match="每分钟最多 60 次"):
        meter.pass_or_raise("key:a", 60)
    meter.pass_or_raise("key:b", 60)


def test_the_last_administrator_stays(store: Store) -> None:
    user = add(store, "chief", "administrator")
    for changes in ({"active": False}, {"role": "officer"}):
        with pytest.raises(RuleError, match="最后一个管理员"):
            users.change(store, ME, user.id, changes)
    add(store, "second", "administrator")
    assert users.change(store, ME, user.id, {"role": "officer"}, 1).version == 2
    with pytest.raises(ConflictError):
        users.change(store, ME, user.id, {"role": "clerk"}, 1)
    with pytest.raises(ConflictError):
        add(store, "ＳＥＣＯＮＤ")


def test_a_key_opens_what_it_was_made_for(store: Store) -> None:
    key, token = keys.add(store, ME, keys.Wish("热线", ("submit", "read")))
    assert keys.TOKEN.fullmatch(token)
    assert keys.holder(store, token).may == {"submit", "read"}
    with store.reading() as session:
        assert token.partition("_")[2] not in key.hash
        [entry] = audit.entries(session, audit.Filter(action="key.add"), None, 10)
        assert token not in entry.after
    keys.revoke(store, ME, key.prefix)
    for wrong in (token, token + "x", "", "mk"):
        with pytest.raises(UnauthorizedError):
            keys.holder(store, wrong)
    for wish in (keys.Wish("a", ("users",)), keys.Wish("a"), keys.Wish("a", ("read",), site="网站"),
                 keys.Wish("a", ("read",), expires_at=now())):  # fmt: skip
        with pytest.raises(RuleError):
            keys.add(store, ME, wish)


def test_who_sees_what(store: Store, triage: Triage) -> None:
    furnish(store)
    intake = Intake(store, triage)
    receipts = intake.receive(
        [Arrival(Submission("", PERSONAL, submitter="沈一"), contact="13800000000"), Arrival(Submission("", LAMP))], ME
    )
    secret, own = (each.number for each in receipts)
    with store.writing() as session:
        session.execute(update(Standing).where(Standing.number == secret).values(restricted=True))
        [row] = assign.assign(session, ME, own, 1, [("m1", "lead")])
    actors = {role: Actor("user", role, may, role) for role, may in PERMISSIONS.items() if role != "member"}
    actors |= {"m1": member("m1"), "m2": member("m2"), "intake": Actor("key", "k", frozenset({"submit"}), site="s")}
    expected = {"officer": {secret, own}, "clerk": {own}, "analyst": {own}, "administrator": {own}, "m1": {own}}
    with store.reading() as session:
        for name, actor in actors.items():
            found = set(session.scalars(visible(select(Standing.number), actor)))
            assert found == expected.get(name, set()), name
        with pytest.raises(NotFoundError):
            standing_or_raise(session, own, actors["m2"])
        content = orjson.loads(session.scalars(select(DecisionRow.content).where(DecisionRow.number == secret)).one())
        arrival = session.get_one(SubmissionRow, secret)
        for name, actor in actors.items():
            told = str(shown(content, actor)) + str(sender(arrival, actor))
            assert all((each in told) == (name == "officer") for each in ("沈一", "13800000000")), name
        assert len(shown(content, actors["clerk"])["clean"]["text"]) == len(content["clean"]["text"])
    with store.writing() as session:
        assign.act(session, member("m1"), row.id, "hand_back", 1, assign.Said(reason="回避"))
        assert list(session.scalars(visible(select(Standing.number), actors["m1"]))) == []


def test_keys_make_no_accounts() -> None:
    assert not SCOPES & {"users", "keys", "own"}
    assert PERMISSIONS["administrator"] - SCOPES == {"users", "keys"}
    assert "read_personal" in OFFICER.may
    assert [role for role, may in PERMISSIONS.items() if "read_personal" in may] == ["officer"]


def test_accounts_at_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINYI_DATA", str(tmp_path))
    store = Store.open(f"sqlite:///{tmp_path / 'minyi.db'}")

    def minyi(*words: str, code: int = 0) -> str:
        done = CliRunner().invoke(app, words)
        assert done.exit_code == code, done
        return str(done.exception) if isinstance(done.exception, MinyiError) else done.stdout

    assert "minyi db upgrade" in minyi("user", "list", code=1)
    upgrade(store)
    password = minyi("user", "add", "王主任", "--role", "administrator").splitlines()[1]
    sessions.sign_in(store, "王主任", password, "", 12)
    minyi("user", "add", "li", "--role", "clerk", "--full-name", "李")
    assert "只能是" in minyi("user", "change", "li", "--role", "boss", code=1)
    assert "没有要改的" in minyi("user", "change", "li", code=1)
    minyi("user", "change", "li", "--role", "officer")
    minyi("user", "disable", "li")
    minyi("user", "password", "li")
    assert "停用" in minyi("user", "list")
    token = minyi("key", "add", "网站", "--site", "政协网站", "--expires", "90").strip()
    assert keys.holder(store, token).site == "政协网站"
    assert "应写成日期" in minyi("key", "add", "x", "--scope", "read", "--expires", "soon", code=1)
    assert token not in minyi("key", "list")
    minyi("key", "revoke", token.partition("_")[0])
    head = minyi("audit", "verify").splitlines()[-1]
    minyi("audit", "verify", "--head", head)
    with store.writing() as session:
        session.execute(delete(AuditEntry).where(AuditEntry.seq == int(head.partition(":")[0])))
    minyi("audit", "verify")
    assert "截掉" in minyi("audit", "verify", "--head", head, code=1)
    store.close()
