"""A service of its own with people and submissions, and a real browser in front of it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from databases import missing
from support import SAMPLES

PASSWORD = "jian-shui-2026"
MARKUP = '<script>alert("注入")</script><img src=x onerror=alert(1)> 小区的路灯 <b>不亮</b>\n{{ 7*7 }} 请修 &amp;'
PERSONAL = "电梯坏了\n我是滨河花园的住户，手机号13800001234，三号楼电梯停了五天，老人下不了楼，请尽快修。"


@dataclass
class House:
    """A running service: its address, its data folder, what browsers did."""

    address: str
    data: Path
    numbers: dict[str, int] = field(default_factory=dict)


def fill(data: Path) -> dict[str, int]:
    """Make an office with tables, people and some sixty submissions; return the numbers of those that tests name."""
    from pipeline.ingest import Intake as Rows
    from pipeline.records import Submission
    from service.accounts import users
    from service.accounts.actor import command
    from service.desk import atwork, tables
    from service.desk.intake import Arrival, Intake
    from service.settings import Settings
    from service.store import Store, upgrade

    me = command("test")
    settings = Settings(data=data)
    store = Store.open(settings.url)
    upgrade(store)
    kinds = ("places", "members", "stations")
    tables.put(store, {kind: (SAMPLES / f"{kind}.csv").read_text("utf-8") for kind in kinds}, {}, me)
    people = (("li", "officer"), ("wang", "officer"), ("zhao", "clerk"), ("chen", "analyst"), ("root", "administrator"))
    for name, role in people:
        users.add(store, me, users.Newcomer(name, role, PASSWORD))
    users.add(store, me, users.Newcomer("wei", "member", PASSWORD, member="m001"))
    intake = Intake(store, atwork.load(store, settings))
    rows = list(Rows([SAMPLES / "messages.xlsx"], rejected=lambda _: None))[:60]
    intake.receive([Arrival(row) for row in rows], me)
    named = {"markup": MARKUP, "personal": PERSONAL, "again": PERSONAL + "谢谢！"}
    told = intake.receive([Arrival(Submission(name, text, submitter="沈一")) for name, text in named.items()], me)
    store.close()
    return {name: receipt.number for name, receipt in zip(named, told, strict=True)}


@contextmanager
def running(data: Path | None = None, begin: Callable[[Path], dict[str, int]] = fill) -> Iterator[House]:
    """Run the service as an office does, in a process of its own; `begin` makes the office."""
    with tempfile.TemporaryDirectory() as own:
        data = data or Path(own)
        numbers = begin(data)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [sys.executable, "-c", "from service.cli import main; main()", "serve", "--port", str(port)]
        with (data / "log").open("wb") as log:
            environment = {**os.environ, "MINYI_DATA": str(data)}
            server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
            address = f"http://127.0.0.1:{port}"
            try:
                _wait(address + "/readyz", server, data / "log")
                yield House(address, data, numbers)
            finally:
                server.terminate()
                server.wait(60)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Give a running service."""
    with running(tmp_path_factory.mktemp("office")) as opened:
        yield opened


def _wait(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(240):
        try:
            urllib.request.urlopen(address).close()
            return
        except (urllib.error.URLError, ConnectionError):
            assert server.poll() is None, log.read_text()
            time.sleep(0.25)
    raise AssertionError(log.read_text())


@contextmanager
def chromium() -> Iterator[Any]:
    """Run Debian's Chromium; it asks nobody outside for anything."""
    from playwright.sync_api import sync_playwright

    flags = (
        "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
        "--disable-component-update --disable-sync"
    )
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags.split())
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Give a browser."""
    if not shutil.which("chromium"):
        missing("the browser (Debian's chromium)")
    try:
        import playwright  # noqa: F401
    except ImportError:
        missing("playwright")
    with chromium() as opened:
        yield opened


class Person:
    """Somebody at a browser of their own; what the page complains about and whom it asks is kept."""

    def __init__(self, browser: Any, house: House, **options: Any) -> None:
        self.house = house
        usual = {"viewport": {"width": 1366, "height": 768}, "locale": "zh-CN"}
        self.context = browser.new_context(base_url=house.address, **(usual | options))
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.asked: list[str] = []
        self.context.on("request", lambda request: self.asked.append(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda told: told.type in ("error", "warning") and self.complaints.append(told.text))
        self.page.on("dialog", self._dialog)
        self.dialogs: list[str] = []

    def _dialog(self, dialog: Any) -> None:
        self.dialogs.append(dialog.message)
        dialog.accept()

    def sign_in(self, name: str, password: str = PASSWORD) -> Person:
        """Sign in."""
        self.page.goto("/login")
        self.page.fill("input[name=name]", name)
        self.page.fill("input[name=password]", password)
        self.page.click("button:has-text('登录')")
        return self

    def choose_password(self, old: str, new: str = PASSWORD) -> None:
        """Change a password that was made for somebody."""
        for name, value in (("old", old), ("new", new), ("again", new)):
            self.page.fill(f"input[name={name}]", value)
        self.page.click("main button:has-text('换口令')")

    def go(self, where: str) -> Any:
        """Open a page; return the answer."""
        return self.page.goto(where)

    def press(self, *keys: str) -> None:
        """Press keys, once the page listens to them."""
        self.page.wait_for_selector("body[data-keys=ready]")
        for key in keys:
            self.page.keyboard.press(key)

    def text(self) -> str:
        """Return what stands on the page."""
        return str(self.page.inner_text("main"))

    def close(self) -> None:
        """Leave; the page must have kept quiet and asked nobody else."""
        self.context.close()
        outside = [url for url in self.asked if not url.startswith((self.house.address, "data:"))]
        assert not outside, outside
        assert not self.complaints, self.complaints

    def book(self, where: str) -> Any:
        """Download a workbook."""
        from openpyxl import load_workbook

        answer = self.context.request.get(where)
        assert answer.ok, answer.text()
        return load_workbook(BytesIO(answer.body()))

    def check_fit(self) -> None:
        """Make sure that the page shown can be used by everybody (axe), and fits on a phone."""
        from axe_playwright_python.sync_playwright import Axe

        found = [each for each in Axe().run(self.page).response["violations"] if each["impact"] != "minor"]
        assert [(self.page.url, each["id"], each["nodes"][0]["html"]) for each in found] == []
        usual = self.page.viewport_size
        self.page.set_viewport_size({"width": 390, "height": 844})
        assert self.page.evaluate("document.documentElement.scrollWidth") <= 390, self.page.url
        self.page.set_viewport_size(usual)

    def fit_for_all(self, *pages: str) -> None:
        """Make sure of the same of some pages, one after the other."""
        for where in pages:
            assert self.go(where).status == 200, where
            self.check_fit()


@pytest.fixture
def person(browser: Any, house: House) -> Iterator[Callable[..., Person]]:
    """Give people, each at a browser of their own, signed in where they are named."""
    people: list[Person] = []

    def comes(name: str = "", **options: Any) -> Person:
        people.append(Person(browser, house, **options))
        return people[-1].sign_in(name) if name else people[-1]

    yield comes
    for each in people:
        each.close()
