"""The analysts' loop on real rows as a stand-in for officers' reviews: what to label next, and wrong labels found.

    python benchmarks/loop.py pick FILE.jsonl [-o PICTURE.svg]   ten steps of 100 reviews: random picks, our picks
    python benchmarks/loop.py suspects FILE.jsonl                wrong labels planted in 5 % of the rows, found again

FILE has `text` and `topic` a line. To pick, only the first-level topic is learned, by a linear SVM over the features of
both views, on top of corpora/: a step takes seconds instead of minutes. A third of the rows is held out,
near-duplicates with them; three seeds.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from sklearn.metrics import f1_score
from sklearn.svm import LinearSVC
from threadpoolctl import threadpool_limits

from pipeline import registry
from pipeline.clean import clean
from pipeline.features import Vocabulary, batch, characters
from pipeline.pick import pick, uncertainty
from pipeline.segment import Segmenter
from pipeline.suspects import suspects
from pipeline.terms import word_grams
from pipeline.train import Example, read_knowledge, read_written, written_files
from pipeline.train.adapt import cross_validate
from pipeline.train.folds import near
from pipeline.train.views import first_level

STEP, STEPS, SEEDS = 100, 10, 3
SHARP = 4.0
"""From margins to shares: the order of doubts is what counts."""
WAYS = ("random", "picked", "uncertain")
NAMES = {"random": "随机", "picked": "推荐", "uncertain": "只看拿不准"}
Strings = npt.NDArray[np.str_]
Ints = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]


def read(path: Path) -> tuple[list[str], Strings]:
    """Return clean texts and topics of a file."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [clean(row["text"]).text for row in rows], np.array([row["topic"] for row in rows])


class Ground:
    """Corpora/ and the rows of an office as features, and a way to learn from some of them.

    All n-grams and words that stand in two texts count, so that no label has a say in what is looked at; those of the
    rows that are held out do not.
    """

    def __init__(self, texts: Sequence[str], topics: Strings, held_out: Ints) -> None:
        written = [each for each in read_written(written_files()) if each.topic]
        known = read_knowledge()
        away = set(held_out.tolist())
        seen = batch([each.text for each in written] + [texts[at] for at in range(len(texts)) if at not in away])
        every = [*(each.text for each in (*written, *known)), *texts]
        parts, segmenter = batch(every), Segmenter()
        cut = [segmenter.cut(text) for text in every]
        grams = Vocabulary.of(characters(seen), seen, least=2)
        own = [row for row in range(len(every)) if row < len(written) or row >= len(written) + len(known)]
        kept = [row for row in own if row - len(written) - len(known) not in away]
        words = Vocabulary.of(word_grams(seen, [cut[row] for row in kept]), seen, least=2)
        matrix = grams.matrix(parts, grams.occurrences(parts))
        self.start = len(written) + len(known)
        self.texts = matrix[self.start :]
        self.joined = sp.hstack([matrix, words.matrix(parts, words.among(word_grams(parts, cut)))]).tocsr()
        self.labels = np.array([*(first_level(str(each.topic)) for each in (*written, *known)), *topics])
        self.weight = np.array([each.weight for each in [*written, *known]])
        self.among = np.unique(topics)

    def learn(self, rows: Ints) -> LinearSVC:
        """Return a fit on corpora/ and some rows of the office."""
        every = np.concatenate([np.arange(self.start), self.start + rows])
        weight = np.concatenate([self.weight, np.ones(len(rows))])
        return LinearSVC(C=0.3, random_state=0).fit(self.joined[every], self.labels[every], sample_weight=weight)

    def chances(self, fitted: LinearSVC, rows: Ints) -> Doubles:
        """Return (rows, topics of the file) margins as shares."""
        margins = fitted.decision_function(self.joined[self.start + rows])
        margins = margins[:, np.isin(fitted.classes_, self.among)]
        found: Doubles = np.exp(SHARP * (margins - margins.max(axis=1, keepdims=True)))
        return found / found.sum(axis=1, keepdims=True)

    def score(self, fitted: LinearSVC, rows: Ints) -> float:
        """Return the macro-F1 among the topics of the file."""
        said = self.among[self.chances(fitted, rows).argmax(axis=1)]
        return float(f1_score(self.labels[self.start + rows], said, average="macro"))


def simulate(texts: Sequence[str], topics: Strings, groups: Strings, seed: int) -> dict[str, list[float]]:
    """Return the macro-F1 after 0, 100, 200 … reviews, by way of picking."""
    dice = np.random.default_rng(seed)
    shuffled = dice.permutation(np.unique(groups))
    away = np.isin(groups, shuffled[: len(shuffled) // 3])
    test, pool = np.flatnonzero(away), dice.permutation(np.flatnonzero(~away))
    ground = Ground(texts, topics, test)
    alone = ground.learn(pool[:0])
    found: dict[str, list[float]] = {}
    for way in WAYS:
        fitted, done = alone, pool[:0]
        found[way] = [ground.score(fitted, test)]
        for _ in range(min(STEPS, len(pool) // STEP)):
            left = pool[~np.isin(pool, done)]
            doubt = uncertainty(ground.chances(fitted, left))
            if way == "random":
                taken = np.arange(STEP)
            elif way == "uncertain":
                taken = np.argsort(-doubt, kind="stable")[:STEP]
            else:
                taken = pick(doubt, ground.texts[left], STEP)
            done = np.concatenate([done, left[taken]])
            fitted = ground.learn(done)
            found[way].append(ground.score(fitted, test))
        print(seed, len(test), way, *(f"{each:.4f}" for each in found[way]), flush=True)
    return found


def picture(means: dict[str, list[float]], path: Path) -> None:
    """Draw the table as SVG, without a library."""
    low, high = 0.84, 0.91
    x, y = (lambda at: 50 + 50 * at), (lambda f1: 20 + 280 * (high - f1) / (high - low))
    lines = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 620 350" font-family="sans-serif" font-size="12">']
    for step in range(8):
        f1 = low + step * (high - low) / 7
        lines.append(f'<path d="M50 {y(f1):.1f}H550" stroke="#ddd"/><text x="8" y="{y(f1) + 4:.1f}">{f1:.2f}</text>')
    lines += [f'<text x="{x(at) - 10}" y="322">{at * STEP}</text>' for at in range(STEPS + 1)]
    for (way, values), colour in zip(means.items(), ("#888", "#1f5f8b", "#c96"), strict=True):
        points = " ".join(f"{x(at):.1f},{y(value):.1f}" for at, value in enumerate(values))
        lines.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{points}"/>')
        lines.append(f'<text x="{60 + 90 * WAYS.index(way)}" y="14" fill="{colour}">— {NAMES[way]}</text>')
    lines.append('<text x="220" y="342">复核件数（横）与 macro-F1（纵）</text></svg>')
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def plant(topics: Strings, share: float, seed: int) -> tuple[Strings, Ints]:
    """Return labels of which a share is wrong, and which ones."""
    dice = np.random.default_rng(seed)
    wrong = dice.choice(len(topics), round(share * len(topics)), replace=False)
    names, spoilt = np.unique(topics), topics.copy()
    for at in wrong.tolist():
        spoilt[at] = dice.choice(names[names != topics[at]])
    return spoilt, wrong


def find(texts: Sequence[str], topics: Strings) -> None:
    """Print precision and recall of the suspects at 50, 100 and 200 shown."""
    shipped, _ = registry.load(registry.SHIPPED)
    for seed in range(SEEDS):
        spoilt, wrong = plant(topics, 0.05, seed)
        rows = [Example(text, f"{topic}/") for text, topic in zip(texts, spoilt.tolist(), strict=True)]
        shown = [each.row for each in suspects(cross_validate(shipped, rows), 0, spoilt)]
        for count in (50, 100, 200):
            hits = len(set(shown[:count]) & set(wrong.tolist()))
            print(f"seed {seed}: {len(wrong)} planted, {count} shown of {len(shown)}: precision {hits / count:.2f}, "
                  f"recall {hits / len(wrong):.2f}", flush=True)  # fmt: skip


def main() -> None:
    """Run what the command line asks for."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("what", choices=("pick", "suspects"))
    asked.add_argument("file", type=Path)
    asked.add_argument("-o", "--out", type=Path)
    args = asked.parse_args()
    texts, topics = read(args.file)
    with threadpool_limits(1):
        if args.what == "suspects":
            find(texts, topics)
            return
        groups = near(batch(texts), Vocabulary.fit(texts, least=2))
        found = [simulate(texts, topics, groups, seed) for seed in range(SEEDS)]
    means = {way: np.mean([each[way] for each in found], axis=0).tolist() for way in WAYS}
    for way, values in means.items():
        print(f"{way}: " + " ".join(f"{value:.3f}" for value in values))
    if args.out:
        picture(means, args.out)


if __name__ == "__main__":
    main()
