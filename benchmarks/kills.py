"""Kill the software at random moments and count what is lost or doubled.

    python benchmarks/kills.py import FILE… [--database URL] [--kills 10] [--seed 1]
    python benchmarks/kills.py service FILE… [--database URL] [--kills 10] [--seed 1]

`import` lets `minyi worker` import the files and kills it (SIGKILL) at so many moments of the way. `service` sends the
rows through the API from four clients while the service is killed and started again, and compares the ids that were
acknowledged with those in the store. The database must be empty; without --database it is SQLite in a folder that
goes afterwards.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from pipeline.ingest import Intake as Reader
from pipeline.records import Submission
from service import neighbours
from service.accounts.actor import command
from service.accounts.keys import Wish, add
from service.desk import audit
from service.jobs.imports import _arrivals, receive_file
from service.settings import Settings
from service.store import Change, DecisionRow, Job, Standing, Store, SubmissionRow, upgrade

COMMAND = [sys.executable, "-c", "from service.cli import main; main()"]
SERVE = "import sys, uvicorn; from service.api.app import create_app; from service.settings import Settings; "
SERVE += "uvicorn.run(create_app(Settings()), port=int(sys.argv[1]), log_level='error')"
CLIENTS = 4


def start(arguments: list[str], settings: Settings) -> subprocess.Popen[bytes]:
    """Start a process that works on the store."""
    environment = {**os.environ, "MINYI_DATA": str(settings.data)}
    if settings.database_url:
        environment["MINYI_DATABASE_URL"] = settings.database_url.get_secret_value()
    return subprocess.Popen(arguments, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process as hard as can be."""
    process.send_signal(signal.SIGKILL)
    process.wait()


def kill_imports(store: Store, settings: Settings, files: list[Path], moments: random.Random, kills: int) -> int:
    """Import files while the worker is killed; return the kills that hit a job at work."""
    for path in files:
        with path.open("rb") as stream:
            receive_file(store, settings.data, stream, path.name, {}, command())
    total = sum(1 for _ in Reader(files, rejected=lambda _: None))
    hits = 0
    for place in sorted(moments.sample(range(total), kills)):
        process = start([*COMMAND, "worker", "--once"], settings)
        while rows_done(store) < place and process.poll() is None:
            time.sleep(0.02)
        time.sleep(moments.random())  # anywhere within a write, or between two
        kill(process)
        with store.reading() as session:
            running = session.scalar(select(func.count()).select_from(Job).where(Job.state == "running")) or 0
        print(f"killed after {rows_done(store)} rows, a job at work: {bool(running)}", flush=True)
        hits += bool(running)
    start([*COMMAND, "worker", "--once"], settings).wait()
    return hits


def rows_done(store: Store) -> int:
    """Return how many rows all jobs have behind them."""
    with store.reading() as session:
        return int(session.scalar(select(func.sum(Job.place))) or 0)


def kill_service(store: Store, settings: Settings, files: list[Path], moments: random.Random, kills: int) -> set[str]:
    """Send rows to a service that is killed again and again; return the ids that it acknowledged."""
    _, token = add(store, command(), Wish("kills", ["submit"]))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    rows = list(enumerate(Reader(files, rejected=lambda _: None)))
    acknowledged: set[str] = set()
    done = threading.Event()

    def client(own: list[tuple[int, Submission]]) -> None:
        for number, row in own:
            body = json.dumps({"id": f"r{number}", "text": row.text, "submitted_at": row.submitted_at}).encode()
            request = urllib.request.Request(f"http://127.0.0.1:{port}/api/v1/submissions", body, {
                "Authorization": f"Bearer {token}", "Content-Type": "application/json"})  # fmt: skip
            with contextlib.suppress(OSError, urllib.error.URLError):
                with urllib.request.urlopen(request, timeout=30) as answer:
                    if answer.status == 201:
                        acknowledged.add(f"r{number}")
                continue
            while not done.is_set() and not listens(port):  # else the rows are used up while nobody is there
                time.sleep(0.05)
            if done.is_set():
                return
            # what was not acknowledged is not sent again: it may be in, or not

    process = start([sys.executable, "-c", SERVE, str(port)], settings)
    threads = [threading.Thread(target=client, args=(rows[at::CLIENTS],)) for at in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for _ in range(kills):
        before = len(acknowledged)
        while len(acknowledged) < before + 20 and any(thread.is_alive() for thread in threads):
            time.sleep(0.02)
        time.sleep(moments.random())
        at_work = any(thread.is_alive() for thread in threads)
        kill(process)
        print(f"killed after {len(acknowledged)} rows, clients at work: {at_work}", flush=True)
        process = start([sys.executable, "-c", SERVE, str(port)], settings)
    done.set()
    for thread in threads:
        thread.join()
    kill(process)
    return acknowledged


def listens(port: int) -> bool:
    """Return whether somebody takes calls at a port of this machine."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def sound(store: Store) -> dict[str, Any]:
    """Return whether what belongs together is together."""
    with store.reading() as session:
        tables = {"submissions": SubmissionRow, "decisions": DecisionRow, "standings": Standing, "changes": Change}
        counts = {name: session.scalar(select(func.count()).select_from(table)) for name, table in tables.items()}
        counts["matching"] = session.scalar(select(func.count()).select_from(neighbours.texts))
        counts["search"] = session.connection().exec_driver_sql("SELECT count(*) FROM search").scalar()
        return {**counts, "audit": audit.verify(session)[1] is None}


def main() -> int:
    """Run; exit code 1 where anything was lost or doubled."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["import", "service"])
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--database")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    moments = random.Random(asked.seed)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data=Path(folder), database_url=asked.database)  # type: ignore[arg-type]
        store = Store.open(settings.url)
        upgrade(store)
        began = time.perf_counter()
        if asked.what == "import":
            told: dict[str, Any] = {"hits": kill_imports(store, settings, asked.files, moments, asked.kills)}
            readers = [(Reader([path], rejected=lambda _: None), path.name) for path in asked.files]
            sent = Counter({each.row_hash: 1 for reader in readers for each in _arrivals(*reader)})
            kept_column = SubmissionRow.row_hash
        else:
            sent = Counter(kill_service(store, settings, asked.files, moments, asked.kills))
            told, kept_column = {"acknowledged": len(sent)}, SubmissionRow.external_id
        with store.reading() as session:
            kept = Counter(session.scalars(select(kept_column)))
        told |= {"rows": len(sent), "lost": (sent - kept).total(), "doubled": kept.total() - len(kept)}
        told |= {**sound(store), "seconds": round(time.perf_counter() - began, 1)}
        store.close()
    print(json.dumps(told))
    whole = {told[name] for name in ("submissions", "decisions", "standings", "matching", "search")}
    return int(told["lost"] or told["doubled"] or len(whole) > 1 or not told["audit"])


if __name__ == "__main__":
    sys.exit(main())
