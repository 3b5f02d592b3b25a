"""What leaves the store: the feed, webhooks, exports and labels."""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import orjson
import pytest
from inputs import LAMP, LID
from openpyxl import load_workbook
from sqlalchemy import select, update

import pipeline.labels
from pipeline.labels import COLUMNS, SOURCES
from pipeline.records import Submission
from pipeline.triage import Triage
from service.accounts.actor import Actor, command
from service.desk import audit, exporting, feed, labels, webhooks
from service.desk.errors import RuleError
from service.desk.exporting import Filters
from service.desk.intake import Arrival, Intake
from service.export import stored
from service.jobs import hooks
from service.store import AuditEntry, Review, Standing, Store, Webhook, now

ME = command("test")
ANALYST = Actor("user", "wu", frozenset({"export", "labels"}))
FORMULA = '=HYPERLINK("http://example.org","点我")\n小区大门口的路灯已经坏了一个星期，联系电话13800000000，请尽快修好。'


@pytest.fixture
def filled(store: Store, triage: Triage) -> Store:
    texts = [(LAMP, None), (LID, "2026-05-02"), (FORMULA, "2026-05-03")]
    arrivals = [Arrival(Submission("", text, submitted_at=day, submitter="@沈某")) for text, day in texts]
    Intake(store, triage).receive(arrivals, ME)
    return store


class Listener(HTTPServer):
    """Hears what is posted to it; `answers` tells what it says to the next ones, 204 after that."""

    def __init__(self) -> None:
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook?site=1"


class _Handler(BaseHTTPRequestHandler):
    server: Listener

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        status = self.server.answers.pop(0) if self.server.answers else 204
        if status == 204:
            self.server.heard.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(status)
        self.send_header("location", "http://127.0.0.1:1/elsewhere")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def listener() -> Iterator[Listener]:
    server = Listener()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def hook_of(store: Store, which: int) -> Webhook:
    with store.reading() as session:
        return session.get_one(Webhook, which)


def add_hook(store: Store, url: str, *kinds: str) -> Webhook:
    with store.writing() as session:
        return webhooks.add(session, ME, url, list(kinds))


def tell(store: Store, kind: str, *numbers: int | None) -> None:
    with store.writing() as session:
        feed.tell(session, kind, [(number, {"told": number}) for number in numbers])


def due(store: Store) -> None:
    with store.writing() as session:
        session.execute(update(Webhook).values(next_at=now() - timedelta(seconds=1)))


def test_an_address_is_told_in_order_and_can_verify_it(store: Store, listener: Listener) -> None:
    tell(store, "before", None)
    hook = add_hook(store, listener.url)
    tell(store, "review.accept", None, None)
    assert hooks.deliver(store) == 2
    assert hooks.deliver(store) == 0
    assert [orjson.loads(body)["data"]["seq"] for _, body in listener.heard] == [2, 3]
    headers, body = listener.heard[0]
    timestamp = int(headers["webhook-timestamp"])
    assert headers["webhook-signature"] == hooks.sign(hook.secret, headers["webhook-id"], timestamp, body)
    assert len({headers["webhook-id"] for headers, _ in listener.heard}) == 2


def test_an_address_hears_of_the_kinds_it_asked_for(store: Store, listener: Listener) -> None:
    add_hook(store, listener.url, "issue.merge")
    tell(store, "review.accept", *[None] * 60)
    assert hooks.deliver(store) == 0
    tell(store, "issue.merge", None)
    assert hooks.deliver(store) == 1


def test_what_does_not_arrive_is_told_again_later_and_nothing_is_passed_over(store: Store, listener: Listener) -> None:
    hook = add_hook(store, listener.url)
    tell(store, "a", None, None, None)
    listener.answers = [204, 503]
    assert hooks.deliver(store) == 1
    assert (hook_of(store, hook.id).failures, hook_of(store, hook.id).next_at is None) == (1, False)
    assert hooks.deliver(store) == 0
    due(store)
    assert hooks.deliver(store) == 2
    assert [orjson.loads(body)["data"]["seq"] for _, body in listener.heard] == [1, 2, 3]
    assert hook_of(store, hook.id).failures == 0


@pytest.mark.parametrize("status", [302, 500])
def test_an_address_that_never_takes_it_is_given_up(store: Store, listener: Listener, status: int) -> None:
    hook = add_hook(store, listener.url)
    tell(store, "a", None)
    listener.answers = [status] * 20
    for _ in range(len(hooks._PAUSES) + 1):
        hooks.deliver(store)
        due(store)
    assert not hook_of(store, hook.id).active
    with store.reading() as session:
        [entry] = session.scalars(select(AuditEntry).where(AuditEntry.action == "webhook.give_up"))
        assert f"回答了 {status}" in entry.reason
        assert audit.verify(session)[1] is None
    with store.writing() as session:
        webhooks.change(session, ME, hook.id, url=None, kinds=None, active=True)
    listener.answers = []
    assert hooks.deliver(store) == 1


def test_nobody_there_is_a_failure(store: Store) -> None:
    hook = add_hook(store, "http://127.0.0.1:9/")
    tell(store, "a", None)
    assert hooks.deliver(store) == 0
    assert hook_of(store, hook.id).failures == 1


@pytest.mark.parametrize(
    "url",
    ["", "file:///etc/passwd", "ftp://a/", "//a/", "http://", "http://u:p@a/", "http://a b/", "http://a:0/",
     "http://a:99999/", "http://a/\r\nx: y", "http://例子/", "http://[::1", "javascript:alert(1)"],
)  # fmt: skip
def test_some_addresses_are_refused(store: Store, url: str) -> None:
    with store.writing() as session, pytest.raises(RuleError):
        webhooks.add(session, ME, url, [])


def test_restricted_matters_are_told_to_the_desk_alone(filled: Store, listener: Listener) -> None:
    with filled.writing() as session:
        session.execute(update(Standing).where(Standing.number == 2).values(restricted=True))
    with filled.reading() as session:
        assert [each.number for each in feed.since(session, 0, 9)] == [1, 2, 3]
        assert [each.number for each in feed.since(session, 0, 9, restricted=False)] == [1, 3]
        assert [each["number"] for each in exporting.rows(session, Filters(), ANALYST)] == [1, 3]
    hook = add_hook(filled, listener.url)
    with filled.writing() as session:
        session.get_one(Webhook, hook.id).seq = 0
    assert hooks.deliver(filled) == 2


def table(store: Store, ending: str, actor: Actor = ME, **filters: Any) -> bytes:
    with store.reading() as session:
        return b"".join(stored.stream(exporting.rows(session, Filters(**filters), actor), ending))


def test_a_table_of_what_stands(filled: Store, tmp_path: Path) -> None:
    with filled.writing() as session:
        changed = {"level1": "环境保护", "priority": "urgent", "review": "corrected"}
        session.execute(update(Standing).where(Standing.number == 2).values(**changed))
    rows = list(csv.DictReader(io.StringIO(table(filled, ".csv").decode("utf-8-sig"))))
    assert [row["编号"] for row in rows] == ["1", "2", "3"]
    assert (rows[1]["一级主题"], rows[1]["紧急程度"], rows[1]["复核"]) == ("环境保护", "特急", "已更正")
    assert rows[0]["反映人"] == "'@沈某"
    assert rows[2]["标题"].startswith("'=HYPERLINK")
    path = tmp_path / "o.xlsx"
    path.write_bytes(table(filled, ".xlsx"))
    sheet = load_workbook(path)["研判结果"]
    assert sheet.max_row == 4
    assert sheet.auto_filter.ref.endswith("4")
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "inlineStr"}
    lines = [orjson.loads(line) for line in table(filled, ".jsonl").splitlines()]
    assert [line["topic"]["level1"] for line in lines][1] == "环境保护"
    assert lines[0]["submission"]["submitter"] == "@沈某"


@pytest.mark.parametrize(
    ("filters", "numbers"),
    [({"since": "2026-05-03"}, [1, 3]), ({"until": "2026-05-02"}, [2]), ({"review": "accepted"}, []),
     ({"since": "2026-05-02", "until": "2026-05-03"}, [2, 3]), ({"topic": "没有"}, [])],
)  # fmt: skip
def test_an_export_takes_filters(filled: Store, filters: dict[str, str], numbers: list[int]) -> None:
    assert [orjson.loads(line)["number"] for line in table(filled, ".jsonl", **filters).splitlines()] == numbers


@pytest.mark.parametrize("ending", stored.ENDINGS)
def test_who_may_not_read_personal_data_gets_none(filled: Store, ending: str, tmp_path: Path) -> None:
    told = table(filled, ending, ANALYST)
    if ending == ".xlsx":
        path = tmp_path / "o.xlsx"
        path.write_bytes(told)
        cells = [str(cell.value) for row in load_workbook(path)["研判结果"].iter_rows() for cell in row]
        told = "\n".join(cells).encode()
    assert "13800000000" not in told.decode()
    assert "沈某" not in told.decode()
    assert "【手机号】" in told.decode()


def review(
    store: Store, number: int, action: str, *, who: str = "user:li", reason: str = "", glance: bool = False,
    undoes: int | None = None, **change: tuple[Any, Any],
) -> int:  # fmt: skip
    """Write a review down; of each `change` what was before, and what holds from then on."""
    with store.writing() as session:
        own = session.get_one(Standing, number)
        for name, (_, value) in change.items():
            setattr(own, name, value)
        before, after = ({name: pair[at] for name, pair in change.items()} for at in (0, 1))
        row = Review(number=number, action=action, actor=who, before=before, after=after, reason=reason, version=2,
                     glance=glance, undoes=undoes, at=now())  # fmt: skip
        session.add(row)
        session.flush()
        return row.id


def told_of(store: Store, number: int) -> str:
    """Return the first-level topic that the software gave."""
    with store.reading() as session:
        return str(session.get_one(Standing, number).level1)


def told_labels(store: Store) -> list[dict[str, Any]]:
    with store.reading() as session:
        return list(labels.rows(session))


@pytest.mark.parametrize(
    ("actions", "source"),
    [(["accept"], "accepted"), (["correct", "accept"], "corrected"), (["merge"], "merged"), (["split"], "split"),
     (["confirm_link"], "merged"), (["junk"], "corrected"), (["assign"], None), (["correct", "reopen"], None),
     (["reopen", "hand_back", "accept"], "accepted"), (["merge_issue"], None)],
)  # fmt: skip
def test_reviews_become_labels(filled: Store, actions: list[str], source: str | None) -> None:
    for action in actions:
        review(filled, 3, action)
    found = told_labels(filled)
    assert [(each["source"], each["weight"]) for each in found] == ([(source, SOURCES[source])] if source else [])
    for each in found:
        assert "【手机号】" in each["text"]
        assert set(each) == set(COLUMNS)


def test_a_review_that_was_taken_back_is_no_label_and_a_glance_is_worth_little(filled: Store) -> None:
    wrong = review(filled, 1, "correct")
    review(filled, 1, "undo", undoes=wrong)
    review(filled, 2, "accept", glance=True)
    assert [(each["id"], each["source"], each["weight"]) for each in told_labels(filled)] == [("2", "glance", 0.2)]


def test_each_reader_has_a_label_of_what_held_then(filled: Store) -> None:
    said = told_of(filled, 2)
    review(filled, 2, "accept", who="user:li")
    review(filled, 2, "correct", who="user:wang", level1=(said, "环境保护"), level2=(None, None))
    review(filled, 2, "correct", who="user:wang", priority=("normal", "high"))
    review(filled, 2, labels.SECOND, who="user:chen", second=(None, {"level1": "政法", "level2": "综治维稳"}))
    found = [(each["reviewer"], each["source"], each["topic"], each["said"]) for each in told_labels(filled)]
    assert found == [
        ("user:li", "accepted", said, said),
        ("user:wang", "reprioritised", "环境保护", said),
        ("user:chen", "second", "政法", said),
    ]


def test_a_hand_back_leaves_the_topic_open_until_somebody_looks_again(filled: Store, tmp_path: Path) -> None:
    def settled() -> list[tuple[str, str]]:
        with filled.reading() as session:
            path = labels.freeze(labels.rows(session), tmp_path / "l.jsonl").path
        return [(each.source, each.reason) for each in pipeline.labels.settled(pipeline.labels.read([path]))]

    review(filled, 2, "correct")
    review(filled, 2, "hand_back", who="user:wei", reason="属地不符")
    assert settled() == [("corrected", "")]  # a wrong place says nothing of the topic
    review(filled, 2, "hand_back", who="user:wei", reason="权属不清：打13812345678问")
    assert settled() == [("handed_back", "权属不清：打【手机号】问")]
    review(filled, 2, "reassign", who="user:wang")
    assert settled() == [("accepted", "")]


def test_the_same_labels_have_the_same_hash(filled: Store, tmp_path: Path) -> None:
    review(filled, 1, "accept")
    with filled.reading() as session:
        one, two = (labels.freeze(labels.rows(session), tmp_path / name) for name in ("a.jsonl", "b.jsonl"))
    assert (one.hash, one.rows, one.sources) == (two.hash, 1, {"accepted": 1})
    from pipeline import labelled
    from pipeline.labelled import Reading

    assert [topic["topic"] for _, topic in labelled.read(one.path, Reading())] == [told_labels(filled)[0]["topic"]]
