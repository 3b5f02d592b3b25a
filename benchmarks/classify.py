"""What the model costs: loading and memory, segment + classify against the usual pipeline, training on many rows.

    python benchmarks/classify.py [FILE.jsonl …]           loading, memory, throughput over the texts of some files
    python benchmarks/classify.py --train ROWS [--base]    `minyi train` on rows put together from corpora/written
    python benchmarks/classify.py --retrain ROWS           `minyi retrain` on them, with its comparison and verdict

Without files the texts are those of corpora/written, each with a place of its own. The usual pipeline is jieba,
TfidfVectorizer and LinearSVC, fitted on 300 rows, all in one batch; ours gives topic, second level, intent, junk,
priority, calibrated scores and evidence. Both run in one process on one core, in turn, the best of three; seconds are
of the processor, so that a shared machine tells the same.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

from pipeline.knowledge import CORPORA  # noqa: E402 - after the core was chosen, before numpy counts them

LOAD = """
import resource, time
from pipeline.triage import Triage
began = time.process_time()
Triage.load()
print(time.process_time() - began, time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""
NAMES = "桂槐柳枫松柏荷梅兰竹菊杏桃李梨石溪河湖山谷田原林桥塔井泉云霞"


def written() -> list[dict[str, Any]]:
    """Return the rows of corpora/written that have a topic."""
    lines = [line for path in sorted((CORPORA / "written").glob("*.jsonl")) for line in path.open(encoding="utf-8")]
    return [row for row in map(json.loads, lines) if row["level1"]]


def made(count: int) -> list[dict[str, Any]]:
    """Return rows put together from sentences of one topic each, with a place that no other has."""
    dice = random.Random(1)
    rows = written()
    sentences: dict[str, list[str]] = {}
    for row in rows:
        sentences.setdefault(row["level2"], []).extend(re.findall(r"[^。！？\n]{6,}[。！？]?", row["body"]))
    found = []
    for number in range(count):
        row = dice.choice(rows)
        place = "".join(dice.choices(NAMES, k=2)) + dice.choice(["路", "小区", "村", "街", "镇"])
        own = sentences[row["level2"]]
        body = place + "".join(dice.sample(own, min(len(own), dice.randint(3, 9)))) + f"{dice.randint(1, 12)}月。"
        found.append({"id": str(number), "title": place + row["title"], "body": body, "topic": row["level1"]})
    return found


def best(work: Callable[[], object]) -> float:
    """Return the seconds of the best of three runs."""
    seconds = []
    for _ in range(3):
        began = time.process_time()
        work()
        seconds.append(time.process_time() - began)
    return min(seconds)


def loading() -> None:
    """Print how long the model that ships takes to load, and the memory of the process afterwards."""
    runs = [subprocess.run([sys.executable, "-c", LOAD], capture_output=True, check=True, text=True) for _ in range(5)]
    seconds, whole, memory = zip(*(map(float, run.stdout.split()) for run in runs), strict=True)
    print(
        f"loading: {sorted(seconds)[2]:.2f} s; with the interpreter and imports {sorted(whole)[2]:.2f} s (medians of 5)"
    )
    print(f"memory of the process then: {max(memory):.0f} MB")


def throughput(texts: list[str]) -> None:
    """Print rows a second of both pipelines, and their ratio."""
    import jieba
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC

    from pipeline.features import batch
    from pipeline.terms import terms
    from pipeline.triage import CHUNK, Triage

    triage = Triage.load()
    jieba.setLogLevel(60)
    usual = make_pipeline(TfidfVectorizer(tokenizer=jieba.lcut, token_pattern=None), LinearSVC())
    known = random.Random(1).sample(written(), 300)
    usual.fit([row["title"] + "\n" + row["body"] for row in known], [row["level1"] for row in known])

    def ours() -> None:
        for begin in range(0, len(texts), CHUNK):
            some = texts[begin : begin + CHUNK]
            parts = batch(some)
            triage.classifier.judge(parts, terms(parts, [triage.segmenter.cut(text) for text in some]))

    one, other = best(ours), best(lambda: usual.predict(texts))
    length = sum(map(len, texts)) / len(texts)
    print(f"{len(texts)} texts of {length:.0f} characters, one core")
    print(f"segment + classify: {len(texts) / one:.0f} a second; jieba + TF-IDF + LinearSVC: {len(texts) / other:.0f}")
    print(f"ratio {other / one:.1f}")


def training(count: int, base: bool, *, again: bool = False) -> None:
    """Print how long `minyi train`, or `minyi retrain`, takes."""
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "rows.jsonl"
        data.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in made(count)), encoding="utf-8")
        command = [sys.executable, "-c", "from service.cli import main; main()", "retrain" if again else "train"]
        command += ["--data", str(data)]
        command += ["--name", "many", *(["--base", "corpora"] if base else [])]
        began = time.perf_counter()
        subprocess.run(command, check=True, env={**os.environ, "MINYI_MODELS": folder})
        memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        spent = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        told = f"{time.perf_counter() - began:.0f} s, {spent:.0f} s of the processor, peak {memory:.0f} MB"
        print(f"training on {count} rows: {told}")


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--train", type=int, metavar="ROWS")
    parser.add_argument("--base", action="store_true")
    parser.add_argument("--retrain", type=int, metavar="ROWS")
    options = parser.parse_args()
    if options.retrain:
        training(options.retrain, base=False, again=True)
        return
    if options.train:
        training(options.train, options.base)
        return
    rows = [json.loads(line) for path in options.files for line in path.open(encoding="utf-8")] or made(7_000)
    loading()
    throughput([row.get("text") or f"{row.get('title', '')}\n{row.get('body', '')}" for row in rows])


if __name__ == "__main__":
    main()
