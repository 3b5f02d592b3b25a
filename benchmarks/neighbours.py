"""Matching at size, with generated letters: `python benchmarks/neighbours.py file|memory|sqlite ROWS`.

file : all rows of one run are matched with one another: seconds on the clock and of the processor, memory, candidates.
memory, sqlite : a home is filled with the rows, then letters are looked up and added one at a time: milliseconds.

The letters are those that the judgement on pairs learns from (`pipeline.train.pairs`); their topics are made up, since
classifying is not what is measured here.
"""

from __future__ import annotations

import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.features import batch
from pipeline.match import Background, Fingerprint, Home, Index, Memory, fingerprint, join, match
from pipeline.match.candidates import candidates
from pipeline.match.pairs import Weighted
from pipeline.records import Duplicate, Topic
from pipeline.train.pairs import Writer
from pipeline.triage import Triage

_CHUNK = 5_000
_ASKED = 2_000


def letters(count: int, seed: int) -> Iterator[Fingerprint]:
    """Yield the fingerprints of so many generated letters, in chunks."""
    writer, rng = Writer(seed), random.Random(seed)
    names = {matter["kind"]: [writer.name(matter["kind"]) for _ in range(20_000)] for matter in writer.matters}
    for begin in range(0, count, _CHUNK):
        texts, topics = [], []
        for _ in range(min(_CHUNK, count - begin)):
            at = rng.randrange(len(writer.matters))
            matter: dict[str, Any] = writer.matters[at]
            texts.append(writer.letter(matter, rng.randrange(3), rng.choice(names[matter["kind"]])))
            scores = {str(topic): 0.9 if topic == at % 15 else 0.1 / 14 for topic in range(15)}
            topics.append(Topic(str(at % 15), str(at), 0.9, scores, needs_review=False))
        yield fingerprint(batch(texts), topics)


def memory() -> float:
    """Return the most memory that this process has held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def show(**figures: float) -> None:
    """Print figures, one a line."""
    for name, value in figures.items():
        sys.stdout.write(f"{name} {value:.2f}\n")
    sys.stdout.flush()


def whole_file(rows: int, background: Background) -> None:
    """Match so many rows with one another."""
    prints = join(list(letters(rows, 1)))
    show(rows=rows, bigrams_per_row=len(prints.grams) / rows, mb_before=memory())
    began, busy = time.perf_counter(), time.process_time()
    told = match([str(at) for at in range(rows)], prints, background)
    seconds, processor = time.perf_counter() - began, time.process_time() - busy
    show(seconds=seconds, processor=processor, microseconds_per_row=1e6 * processor / rows, mb=memory())
    show(issues=len({each.issue for each in told}), repeated=sum(each.kind == "duplicate" for each in told))
    left, _ = candidates(Weighted(prints, background.among(prints)), prints.ranks())
    show(candidates_per_row=len(left) / rows)


def one_at_a_time(rows: int, background: Background, home: Home) -> None:
    """Fill a home with so many rows, then look up and add letters one at a time."""
    index, begin, began = Index(home, background), 0, time.perf_counter()
    for prints in letters(rows, 1):
        names = [str(begin + at) for at in range(len(prints))]
        begin += len(prints)
        known = index.background() if home.count() else background.among(prints)
        with home.writing():
            told = [Duplicate("unique", None, f"issue-{name}", 0.0) for name in names]
            index._keep(names, prints, Weighted(prints, known), told, {}, begin - len(prints))
    show(rows=rows, seconds_to_fill=time.perf_counter() - began, mb=memory())
    index.background()
    asked, took = join(list(letters(_ASKED, 2))), []
    ends = np.cumsum(asked.sizes)
    for row in range(_ASKED):
        grams, at = asked.grams[ends[row] - asked.sizes[row] : ends[row]], slice(row, row + 1)
        one = Fingerprint(grams, asked.sizes[at], asked.topics[at], asked.kinds[at], asked.who[at])
        began = time.perf_counter()
        index.add([f"new{row}"], one)
        took.append(1000 * (time.perf_counter() - began))
    show(p50_ms=float(np.percentile(took, 50)), p95_ms=float(np.percentile(took, 95)), most_ms=max(took), mb=memory())


def main() -> None:
    """Run what the command line asks for."""
    what, rows = sys.argv[1], int(sys.argv[2])
    background = Triage.load().background
    if what == "file":
        whole_file(rows, background)
    elif what == "memory":
        one_at_a_time(rows, background, Memory())
    else:
        from sqlalchemy import create_engine

        from service.neighbours import Tables, prepare

        with tempfile.TemporaryDirectory() as folder:
            engine = create_engine(f"sqlite:///{Path(folder) / 'match.db'}")
            prepare(engine)
            one_at_a_time(rows, background, Tables(engine))
            show(mb_on_disk=sum(path.stat().st_size for path in Path(folder).iterdir()) / 1e6)
            engine.dispose()


if __name__ == "__main__":
    main()
