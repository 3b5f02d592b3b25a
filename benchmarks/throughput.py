"""Texts a second on one core: cutting and classifying, ours beside jieba, TfidfVectorizer and LinearSVC.

    python benchmarks/throughput.py FILE.jsonl [--model NAME] [--rounds 3]

FILE has `text` and `topic` a line; the usual pipeline is trained on it, then both judge all its texts in turn, and the
best round of each counts.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import jieba
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC
from threadpoolctl import threadpool_limits

from pipeline.features import batch
from pipeline.segment import Segmenter
from pipeline.terms import terms
from pipeline.triage import CHUNK, Triage


def best(rounds: int, run: Callable[[], object]) -> float:
    """Return the seconds of the fastest round."""
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def main() -> None:
    """Print NAME VALUE lines."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("file", type=Path)
    asked.add_argument("--model")
    asked.add_argument("--rounds", type=int, default=3)
    args = asked.parse_args()
    rows = [json.loads(line) for line in args.file.read_text(encoding="utf-8").splitlines() if line.strip()]
    texts = [row["text"] for row in rows]
    usual = make_pipeline(TfidfVectorizer(tokenizer=jieba.lcut, token_pattern=None), LinearSVC())
    classifier, segmenter = Triage.load(model=args.model).classifier, Segmenter()

    def ours() -> None:
        for start in range(0, len(texts), CHUNK):
            some = texts[start : start + CHUNK]
            parts = batch(some)
            classifier.judge(parts, terms(parts, [segmenter.cut(text) for text in some]))

    with threadpool_limits(1):
        usual.fit(texts, [row["topic"] for row in rows])
        ours()
        theirs = best(args.rounds, lambda: usual.predict(texts))
        mine = best(args.rounds, ours)
    print(f"texts {len(texts)}, {sum(map(len, texts)) / len(texts):.0f} characters each")
    print(f"usual {len(texts) / theirs:.0f} a second")
    print(f"minyi {len(texts) / mine:.0f} a second")
    print(f"ratio {theirs / mine:.1f}")


if __name__ == "__main__":
    main()
