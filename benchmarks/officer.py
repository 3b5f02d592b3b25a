"""The scripted officer: `python benchmarks/officer.py FILE [ROWS] [FOLDER]` triages 200 messages by keyboard alone.

A service of its own starts on ROWS generated letters (100,000 unless told otherwise; those of `benchmarks/api.py`) and
the first 200 messages of FILE. FOLDER keeps the filled database for the next run. An officer at Chromium goes through
the 200 with a mixture of acts as a morning has them, and nothing but keys.

Printed: milliseconds from the press of a key to the next page (its document parsed and its heading there) at the median
and at 95 %, for each act as well; keystrokes per item; the bytes that inbox and item weigh when nothing of them is in
the browser's cache, and their first paint; failures, each told.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from api import fill, running
from playwright.sync_api import Error, sync_playwright

from pipeline.ingest import Intake as Rows
from service.accounts import users
from service.accounts.actor import command
from service.desk import atwork, tables
from service.desk.intake import Arrival, Intake, hash_of
from service.settings import Settings
from service.store import Store

_ITEMS = 200
_COLD = 7
"""So often inbox and item are opened by a browser that has nothing of them."""
_SOURCE = "市民信箱"
_PASSWORD = "an-officer-at-keys-2026"
_SAMPLES = Path(__file__).parents[1] / "corpora/samples"
_MIXTURE = {"accept": 58, "second": 8, "correct": 8, "merge": 8, "give": 8, "junk": 4, "personal": 3, "undo": 3}
"""How often of a hundred each act comes: accepted, the second topic or any other, joined to a neighbour, given to a
member, no submission, personal data looked at, an act taken back."""
_CLOCK = """
addEventListener("keydown", () => sessionStorage.pressed = performance.timeOrigin + performance.now(), true);
addEventListener("DOMContentLoaded", () => {
  const heading = document.querySelector("h1")?.textContent.trim();
  window.took = heading ? performance.timeOrigin + performance.now() - sessionStorage.pressed : null;
});
"""
"""Measured in the browser itself: from the press, over whatever is sent and redirected, to the parsed page."""
_FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)


def prepare(folder: Path, file: Path) -> list[int]:
    """Give the office tables, an officer and the messages; return the numbers of these."""
    me, settings = command("benchmark"), Settings(data=folder)
    store = Store.open(settings.url)
    told = {kind: (_SAMPLES / f"{kind}.csv").read_text("utf-8") for kind in ("places", "members", "stations")}
    tables.put(store, told, {}, me)
    users.add(store, me, users.Newcomer("li", "officer", _PASSWORD))
    rows = (replace(row, source=_SOURCE) for row in islice(Rows([file], rejected=lambda _: None), _ITEMS))
    arrivals = [Arrival(row, hash_of(row)) for row in rows]
    receipts = Intake(store, atwork.load(store, settings)).receive(arrivals, me)
    store.close()
    return [receipt.number for receipt in receipts]


def until(page: Any, held: str) -> bool:
    """Wait until something holds on a page; the pages let no script of a string run in them, so ask from outside."""
    for _ in range(1000):
        try:
            if page.evaluate(held):
                return True
        except Error:  # it is just leaving for another page
            pass
        time.sleep(0.01)
    return False


class Officer:
    """Somebody at a keyboard; what took how long, and what went wrong, is written down."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.took: dict[str, list[float]] = {}
        self.strokes: Counter[str] = Counter()
        self.failures: list[str] = []
        page.on("pageerror", lambda error: self.failures.append(f"{page.url}: {error}"))
        page.on(
            "response", lambda answer: answer.status >= 400 and self.failures.append(f"{answer.status} {answer.url}")
        )

    def press(self, what: str, *keys: str) -> None:
        """Press keys, the last of which leads to another page; wait as a reader does, until the page takes acts."""
        self.page.evaluate("window.left = true")
        for key in keys:
            self.page.keyboard.press(key)
        self.strokes[what] += len(keys)
        if not until(self.page, "window.took !== undefined && !window.left"):
            self.failures.append(f"{what} {keys}: no page within ten seconds, at {self.page.url}")
            return
        took = self.page.evaluate("window.took")
        if took is None:
            self.failures.append(f"{what}: a page without a heading, {self.page.url}")
        else:
            self.took.setdefault(what, []).append(took)
        self.page.wait_for_selector("body[data-keys=ready]")

    def there(self, selector: str) -> bool:
        """Whether something is on the page."""
        return bool(self.page.locator(selector).count())

    def act(self, what: str) -> None:
        """Do what an officer does with one submission; where it does not offer that, accept it."""
        offered = {"merge": "m", "give": "r", "personal": "p", "second": "2"}
        if what in offered and not self.there(f"[data-key='{offered[what]}']"):
            what = "accept"
        last = {"second": "2", "junk": "x"}.get(what, "a")
        if what == "correct":
            self.press("correct", "c", "ArrowDown", "Tab", "Tab", "Tab", "Enter")
            return
        if what in ("merge", "personal"):
            self.press(what, offered[what])
        elif what == "give":
            self.press("give", "r", "Enter")
        elif what == "undo":
            self.press("accept", "a")
            self.press("undo", "u")
        self.press("accept" if last == "a" else what, last)


def morning(officer: Officer, query: str) -> None:
    """Go through all that waits: open the first, and from there each act leads to the next."""
    rng, page = random.Random(7), officer.page
    acts = rng.choices([*_MIXTURE], weights=[*_MIXTURE.values()], k=_ITEMS)
    page.goto(f"/inbox?{query}")
    page.wait_for_selector("body[data-keys=ready]")
    officer.press("open", "Enter")
    for done, act in enumerate(acts):
        if "/submissions/" not in page.url:
            officer.failures.append(f"after {done} items the officer stands at {page.url}")
            return
        officer.act(act)


def cold(browser: Any, address: str, where: str, state: Any) -> tuple[float, float, list[tuple[str, int]]]:
    """Return the bytes and the first paint of a page for a browser that has nothing of it, and the parts."""
    paints: list[float] = []
    parts: list[tuple[str, int]] = []
    for _ in range(_COLD):
        context = browser.new_context(base_url=address, storage_state=state, viewport={"width": 1366, "height": 768})
        page = context.new_page()
        page.goto(where, wait_until="load")
        assert until(page, "performance.getEntriesByName('first-contentful-paint').length > 0"), where
        told = page.evaluate(
            "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
            ".map((each) => [new URL(each.name).pathname, each.transferSize])"
        )
        parts = [(name, size) for name, size in told]
        paints.append(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
        context.close()
    return sum(size for _, size in parts), float(np.median(paints)), parts


def show(name: str, *told: object) -> None:
    """Print one line."""
    sys.stdout.write(
        f"{name:24} {'  '.join(f'{each:.1f}' if isinstance(each, float) else str(each) for each in told)}\n"
    )
    sys.stdout.flush()


def report(officer: Officer) -> None:
    """Show what the morning was like."""
    every = [took for several in officer.took.values() for took in several]
    for name, several in [*sorted(officer.took.items()), ("all", every)]:
        p50, p95 = np.percentile(several, [50, 95])
        show(name, f"n {len(several)}", f"p50 {p50:.0f} ms", f"p95 {p95:.0f} ms", f"most {max(several):.0f} ms")
    keys = sum(count for name, count in officer.strokes.items() if name != "open")
    show("keystrokes per item", keys / _ITEMS)
    show("failures", len(officer.failures), *officer.failures[:10])


def work(address: str, numbers: list[int]) -> None:
    """Let the officer work at a service, and show how it went."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_FLAGS.split())
        context = browser.new_context(base_url=address, viewport={"width": 1366, "height": 768}, locale="zh-CN")
        page = context.new_page()
        page.goto("/login")
        page.fill("input[name=name]", "li")
        page.fill("input[name=password]", _PASSWORD)
        page.press("input[name=password]", "Enter")
        page.wait_for_selector("h1:has-text('待研判')")
        for name, where in (("inbox", "/inbox"), ("item", f"/submissions/{numbers[0]}")):
            weight, paint, parts = cold(browser, address, where, context.storage_state())
            show(f"{name} cold", f"{weight / 1000:.1f} kB", f"first paint {paint:.0f} ms", parts)
        context.add_init_script(_CLOCK)
        officer = Officer(page)
        began = time.perf_counter()
        morning(officer, f"source={_SOURCE}")
        show("seconds", time.perf_counter() - began)
        report(officer)
        browser.close()


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("rows", type=int, nargs="?", default=100_000)
    parser.add_argument("folder", type=Path, nargs="?")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as own:
        kept, folder = told.folder or Path(own) / "filled", Path(own) / "data"
        kept.mkdir(parents=True, exist_ok=True)
        fill(f"sqlite:///{kept / 'minyi.db'}", told.rows)
        shutil.copytree(kept, folder)
        folder.chmod(0o700)
        numbers = prepare(folder, told.file)
        show("load", *os.getloadavg())
        serve = ["-c", "from service.cli import main; main()", "serve", "--port"]
        with running(serve, "/readyz", MINYI_DATA=str(folder)) as (port, _):
            work(f"http://127.0.0.1:{port}", numbers)
        show("load", *os.getloadavg())


if __name__ == "__main__":
    main()
