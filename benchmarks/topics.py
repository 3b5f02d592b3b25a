"""What training on an office's own rows brings, and what each part of corpora/ brings to a model that has seen none.

    python benchmarks/topics.py FILE.jsonl [--weights 1 3]
    python benchmarks/topics.py FILE.jsonl --parts

FILE has `text` (or `title`/`body`) and `topic` a line. The first form compares on the same 5 folds, near-duplicates
kept together: the pipeline that people write first (jieba, TF-IDF, linear SVM), our training on the rows alone, and on
top of corpora/, where a model may only say topics that FILE has. `--weights` are what a row of the office counts beside
a written text. The second form trains on parts of corpora/ alone and scores all rows of FILE.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import jieba
import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import f1_score
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from pipeline.calibration import Doubles, coverage
from pipeline.classify import Borders
from pipeline.clean import clean
from pipeline.features import batch
from pipeline.knowledge import table
from pipeline.train import Example, read_borders, read_knowledge, read_written, written_files
from pipeline.train.folds import folds, near
from pipeline.train.lexicon import LEXICON, prior
from pipeline.train.model import order_of, with_second_level
from pipeline.train.views import Views, first_level
from pipeline.train.vocabulary import select, word_view


def usual(texts: Sequence[str], topics: Sequence[str], asked: Sequence[str]) -> list[str]:
    """Return what jieba, TF-IDF and a linear SVM say."""
    return list(make_pipeline(TfidfVectorizer(tokenizer=jieba.lcut, token_pattern=None), LinearSVC())
                .fit(texts, topics).predict(asked))  # fmt: skip


def ours(
    examples: Sequence[Example], asked: Sequence[str], names: Sequence[str], weight: float = 1.0, *, without: str = ""
) -> tuple[list[str], Doubles]:
    """Return what our training says, among some first-level topics, and how sure it is of each.

    Parameters
    ----------
    without : any of "words", "prior" and "borders".
    """
    both = [*examples, *(Example(text, knowledge=True) for text in asked)]
    vocabulary = select(examples)
    parts = batch([example.text for example in both])
    matrix = vocabulary.matrix(parts, vocabulary.occurrences(parts))
    views = Views(
        matrix,
        None if "words" in without else word_view(both, parts)[1],
        np.array([example.topic or "" for example in both]),
        np.array([e.weight if e.knowledge or e.hand else weight for e in both], np.float32),
    )
    rows = np.flatnonzero(views.labels != "")
    order = order_of(examples)
    views.prior = None if "prior" in without else prior(vocabulary, order)
    logits = views.logits(np.arange(len(examples), len(both)), views.fit(rows, order))
    chances = np.exp((logits - logits.max(axis=1, keepdims=True)).astype(np.float64))
    chances /= chances.sum(axis=1, keepdims=True)
    if "borders" not in without:
        borders = [b for some in read_borders().values() for b in some if b.topic in order and b.other in order]
        new = batch(asked)
        chances = Borders(borders, vocabulary, order).divide(chances, new, vocabulary.occurrences(new))
    firsts = np.array([first_level(label) for label in order])
    sums = np.stack([chances[:, firsts == name].sum(axis=1) for name in names], axis=1)
    return [names[at] for at in sums.argmax(axis=1)], sums.max(axis=1)


def score_parts(texts: Sequence[str], topics: Sequence[str], names: Sequence[str]) -> None:
    """Print what each part of corpora/ brings, one after the other."""
    plain = [example for example in read_written(written_files()) if example.topic]
    known = read_knowledge()
    terms = {row["term"] for _, row in table(LEXICON, "term")}
    told = [example for example in known if example.text not in terms]
    bare = "words prior borders"
    for name, examples, without in (
        ("topics.csv", [replace(example, knowledge=False) for example in told], bare),
        ("topics.csv, lexicon", [replace(example, knowledge=False) for example in known], bare),
        ("written texts", plain, bare),
        ("written texts, topics.csv", [*plain, *told], bare),
        ("written texts, topics.csv, lexicon", [*plain, *known], bare),
        ("and the view over words", [*plain, *known], "prior borders"),
        ("and the lexicon before learning", [*plain, *known], "borders"),
        ("and borders at the decision: all that ships", [*plain, *known], ""),
    ):
        said, sure = ours(examples, texts, names, without=without)
        passed = coverage(sure, np.array(said) == np.array(topics), 0.95)
        print(f"{name}: macro_f1 {f1_score(topics, said, average='macro'):.4f} coverage {passed:.3f}", flush=True)


def main() -> None:
    """Print NAME VALUE lines."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("file", type=Path)
    asked.add_argument("--weights", type=float, nargs="+", default=[1.0])
    asked.add_argument("--parts", action="store_true")
    args = asked.parse_args()
    rows = [json.loads(line) for line in args.file.read_text(encoding="utf-8").splitlines() if line.strip()]
    texts = [clean(row.get("text") or f"{row['title']}\n{row['body']}").text for row in rows]
    topics = np.array([row["topic"] for row in rows])
    names = sorted(set(topics.tolist()))
    if args.parts:
        score_parts(texts, topics.tolist(), names)
        return
    alone = [Example(text, topic) for text, topic in zip(texts, topics.tolist(), strict=True)]
    groups = near(batch(texts), select(alone))
    truth = np.array([names.index(topic) for topic in topics.tolist()])
    pairs, _ = folds(truth, np.full(len(rows), ""), groups)
    written = [example for example in read_written(written_files()) if example.topic] + read_knowledge()
    filled = with_second_level([*written, *(replace(example, topic=f"{example.topic}/") for example in alone)])
    full = filled[len(written) :]
    said: dict[str, list[str]] = {}
    for train, test in pairs:
        new = [texts[at] for at in test.tolist()]
        found = {
            "usual": usual([texts[at] for at in train], topics[train].tolist(), new),
            "alone": ours([alone[at] for at in train], new, names, without="borders")[0],
        }
        for weight in args.weights:
            found[f"on top of corpora, weight {weight:g}"] = ours(
                [*written, *(full[at] for at in train)], new, names, weight, without="borders"
            )[0]
        for name, some in found.items():
            said.setdefault(name, []).extend(some)
            print(f"fold of {len(test)}: {name} {f1_score(topics[test], some, average='macro'):.4f}", flush=True)
    tested = topics[np.concatenate([test for _, test in pairs])]
    print(f"rows {len(tested)}, groups {len(set(groups.tolist()))}")
    for name, some in said.items():
        print(f"{name}: macro_f1 {f1_score(tested, some, average='macro'):.4f}")


if __name__ == "__main__":
    main()
