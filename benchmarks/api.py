"""The service at size: `python benchmarks/api.py ROWS [URL]` fills a database up to ROWS and measures how it answers.

ROWS generated letters (those that the judgement on pairs learns from, `pipeline.train.pairs`) are received by the same
code as those of the API. Then `minyi serve` starts on it: seconds until ready, and milliseconds for POST /submissions
with 1 and with 16 clients; beside it, in the same run, a FastAPI application whose one route gives back what it was
sent. URL is a database, PostgreSQL or SQLite; a SQLite file of its own in a temporary folder by default.
"""

from __future__ import annotations

import asyncio
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from sqlalchemy import func, insert, select

from pipeline.records import Submission
from pipeline.train.pairs import Writer
from pipeline.triage import Triage
from service.accounts.actor import command
from service.accounts.sessions import token_hash
from service.desk.intake import Arrival, Intake
from service.store import Key, Store, SubmissionRow, now, upgrade

_CHUNK = 500
_TOKEN = "benchmark"
_REQUESTS = {1: 500, 16: 1500}
_WARM = 50


def letters(count: int, seed: int) -> Iterator[str]:
    """Yield so many generated letters."""
    writer, rng = Writer(seed), random.Random(seed)
    names = {matter["kind"]: [writer.name(matter["kind"]) for _ in range(20_000)] for matter in writer.matters}
    for _ in range(count):
        matter: dict[str, Any] = rng.choice(writer.matters)
        yield writer.letter(matter, rng.randrange(3), rng.choice(names[matter["kind"]]))


def show(**figures: float) -> None:
    """Print figures, one a line."""
    for name, value in figures.items():
        sys.stdout.write(f"{name} {value:.2f}\n")
    sys.stdout.flush()


def fill(url: str, rows: int) -> None:
    """Make the tables, a key and so many submissions."""
    store = Store.open(url)
    upgrade(store)
    told = {"name": "k", "prefix": "k", "hash": token_hash(_TOKEN), "scopes": ["submit"], "created_by": "benchmark"}
    with store.writing() as session:
        if session.scalar(select(Key.id).where(Key.hash == told["hash"])) is None:
            session.execute(insert(Key), told | {"created_at": now()})
        there = session.scalar(select(func.count()).select_from(SubmissionRow)) or 0
    intake, began, chunk = Intake(store, Triage.load()), time.perf_counter(), []
    for at, text in enumerate(letters(max(0, rows - there), 1), there + 1):
        chunk.append(Arrival(Submission("", text, submitted_at=f"2026-{at % 12 + 1:02}-{at % 28 + 1:02}")))
        if len(chunk) == _CHUNK or at == rows:
            intake.receive(chunk, command("benchmark"))
            chunk = []
    store.close()
    show(rows_before=there, rows=rows, seconds_to_fill=time.perf_counter() - began)


@contextmanager
def running(arguments: list[str], path: str, **environment: str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """Run a server until it answers; give its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    began = time.perf_counter()
    told = os.environ | environment
    process = subprocess.Popen([sys.executable, *arguments, str(port)], env=told, stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}{path}").read()
                break
            except OSError:
                assert process.poll() is None, "the server did not start"
                time.sleep(0.02)
        show(seconds_to_ready=time.perf_counter() - began)
        yield port, process
    finally:
        process.terminate()
        process.wait()


def rss(process: subprocess.Popen[bytes]) -> float:
    """Return the memory of a process in MB."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


def cpu(process: subprocess.Popen[bytes]) -> float:
    """Return the seconds that a process has computed: others on the machine matter little to it."""
    told = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


async def post(port: int, path: str, bodies: list[bytes], clients: int) -> tuple[list[float], float]:
    """Post all bodies, from so many clients at once; return the milliseconds of each and the seconds of all."""
    waiting, took = iter(bodies), []

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for body in waiting:
            head = (
                f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {_TOKEN}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            began = time.perf_counter()
            writer.write(head.encode() + body)
            told = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(told.partition(b"content-length: ")[2].split(b"\r\n")[0])
            await reader.readexactly(length)
            took.append(1000 * (time.perf_counter() - began))
            assert told.startswith((b"http/1.1 201", b"http/1.1 200")), told
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    return took, time.perf_counter() - began


def measure(port: int, process: subprocess.Popen[bytes], path: str, seed: int) -> dict[int, float]:
    """Show the milliseconds with 1 and 16 clients; return the requests per second of each."""
    rates = {}
    for clients, count in _REQUESTS.items():
        bodies = [orjson.dumps({"text": text}) for text in letters(count + _WARM, seed + clients)]
        asyncio.run(post(port, path, bodies[:_WARM], clients))
        before = cpu(process)
        took, seconds = asyncio.run(post(port, path, bodies[_WARM:], clients))
        computed = 1000 * (cpu(process) - before) / count
        p50, p95, p99 = np.percentile(took, [50, 95, 99])
        rates[clients] = count / seconds
        show(clients=clients, p50_ms=p50, p95_ms=p95, p99_ms=p99, cpu_ms=computed, requests_per_second=rates[clients])
    return rates


def echo(port: int) -> None:
    """Serve the yardstick: an application that gives back what it was sent."""
    import uvicorn
    from fastapi import FastAPI
    from pydantic import BaseModel

    class Said(BaseModel):
        text: str

    app = FastAPI()
    app.post("/echo")(_echo(Said))
    app.get("/healthz")(_well)
    uvicorn.run(app, port=port, log_config=None, access_log=False)


def _well() -> dict[str, str]:
    return {}


def _echo(kind: Any) -> Any:
    def echoed(said: kind) -> kind:
        return said

    echoed.__annotations__ = {"said": kind, "return": kind}
    return echoed


def main() -> None:
    """Run what the command line asks for."""
    if sys.argv[1] == "echo":
        echo(int(sys.argv[2]))
        return
    rows, url = int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o700)
        fill(url or f"sqlite:///{folder}/minyi.db", rows)
        environment = {"MINYI_DATA": folder} | ({"MINYI_DATABASE_URL": url} if url else {})
        serve = ["-c", "from service.cli import main; main()", "serve", "--port"]
        sys.stdout.write("# minyi serve\n")
        with running(serve, "/readyz", **environment) as (port, process):
            show(rss_mb_at_start=rss(process))
            ours = measure(port, process, "/api/v1/submissions", 2)
            show(rss_mb_after=rss(process))
        sys.stdout.write("# echo\n")
        with running([__file__, "echo"], "/healthz") as (port, process):
            theirs = measure(port, process, "/echo", 2)
        show(**{f"ratio_{clients}": ours[clients] / theirs[clients] for clients in ours})


if __name__ == "__main__":
    main()
