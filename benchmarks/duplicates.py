"""Finding what was said before, beside MinHash: `python benchmarks/duplicates.py MESSAGES.jsonl PAIRS.jsonl`.

MESSAGES has id, title, body; PAIRS has a, b and a label (duplicate, same_issue, related, unrelated). In one run, on the
same cleaned texts: this project's matching, and datasketch's MinHashLSH over character trigrams, whose threshold is
tried from 0.3 to 0.8 and told at its best (which flatters it). SemHash, where it is installed (it is no dependency),
with an embedding that needs no fetched model: character n-grams weighted by rarity, folded into 256 numbers learned
from the same texts. What it does with the embedding that it fetches by itself is not told by this.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from datasketch import MinHash, MinHashLSH
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from pipeline.clean import clean
from pipeline.match import match
from pipeline.records import Submission
from pipeline.triage import Triage

_PERMUTATIONS = 128
_FOLDED = 256


def f1(truth: list[bool], said: list[bool]) -> float:
    """Return the harmonic mean of precision and recall."""
    hits = sum(t and s for t, s in zip(truth, said, strict=True))
    return 2 * hits / max(1, sum(truth) + sum(said))


def show(name: str, pairs: list[dict[str, str]], same: Callable[[str, str], bool], seconds: float, rows: int) -> float:
    """Print how well pairs are told, and how fast; return the F1 of duplicates."""
    said = [same(pair["a"], pair["b"]) for pair in pairs]
    repeated = f1([pair["label"] == "duplicate" for pair in pairs], said)
    merged = f1([pair["label"] in ("duplicate", "same_issue") for pair in pairs], said)
    told = f"{name}: duplicate.f1 {repeated:.3f}  merge.f1 {merged:.3f}  {rows / seconds:.0f} rows a second"
    sys.stdout.write(told + "\n")
    return repeated


def ours(rows: list[dict[str, Any]], texts: list[str], pairs: list[dict[str, str]]) -> None:
    """Match with this project; its fingerprints are made anew, its topics are not counted."""
    triage = Triage.load()
    prints = triage.judge(
        [Submission(row["id"], text, submitter=row.get("submitter")) for row, text in zip(rows, texts, strict=True)]
    ).prints
    began = time.perf_counter()
    told = dict(
        zip([row["id"] for row in rows], match([r["id"] for r in rows], prints, triage.background), strict=True)
    )
    seconds = time.perf_counter() - began

    def first(name: str) -> str:
        return str(told[name].of) if told[name].kind == "duplicate" else name

    show("minyi, same text", pairs, lambda a, b: first(a) == first(b), seconds, len(rows))
    show("minyi, same issue", pairs, lambda a, b: told[a].issue == told[b].issue, seconds, len(rows))


def minhash(rows: list[dict[str, Any]], texts: list[str], pairs: list[dict[str, str]], threshold: float) -> None:
    """Match with MinHash over character trigrams."""
    began = time.perf_counter()
    index = MinHashLSH(threshold=threshold, num_perm=_PERMUTATIONS)
    found: dict[str, set[str]] = {}
    for row, text in zip(rows, texts, strict=True):
        print_ = MinHash(num_perm=_PERMUTATIONS)
        print_.update_batch([text[at : at + 3].encode() for at in range(max(1, len(text) - 2))])
        found[row["id"]] = set(index.query(print_))
        index.insert(row["id"], print_)
    seconds = time.perf_counter() - began
    name = f"datasketch MinHashLSH at {threshold}"
    show(name, pairs, lambda a, b: a in found[b] or b in found[a], seconds, len(rows))


class Folded:
    """Embeds texts for SemHash without a model: rarity-weighted character n-grams, folded by their singular values."""

    def __init__(self, texts: list[str]) -> None:
        self._grams = TfidfVectorizer(analyzer="char", ngram_range=(2, 3), min_df=2, sublinear_tf=True)
        self._fold = TruncatedSVD(_FOLDED, random_state=0).fit(self._grams.fit_transform(texts))

    def encode(self, inputs: Any, **_: Any) -> Any:
        """Return one row of numbers for each text."""
        return self._fold.transform(self._grams.transform(list(inputs))).astype(np.float32)


def semhash(rows: list[dict[str, Any]], texts: list[str], pairs: list[dict[str, str]]) -> None:
    """Match with SemHash at several thresholds."""
    try:
        from semhash import SemHash
    except ImportError:
        sys.stdout.write("SemHash is not installed\n")
        return
    began = time.perf_counter()
    records = [{"id": row["id"], "text": text} for row, text in zip(rows, texts, strict=True)]
    index = SemHash.from_records(records, columns=["text"], model=Folded(texts))
    built = time.perf_counter() - began
    for threshold in (0.7, 0.8, 0.9, 0.95, 0.97, 0.99):
        began = time.perf_counter()
        result = index.self_deduplicate(threshold=threshold)
        first = {row["id"]: row["id"] for row in rows}
        for group in result.selected_with_duplicates:
            for record, _ in group.duplicates:
                first[record["id"]] = group.record["id"]
        seconds = built + time.perf_counter() - began
        show(f"SemHash at {threshold}", pairs, lambda a, b, of=first: of[a] == of[b], seconds, len(rows))


def main() -> None:
    """Compare."""
    rows, pairs = (
        [json.loads(line) for line in Path(name).read_text(encoding="utf-8").splitlines()] for name in sys.argv[1:3]
    )
    texts = [clean(f"{row['title']}\n{row['body']}").text for row in rows]
    ours(rows, texts, pairs)
    for threshold in (0.3, 0.5, 0.8):
        minhash(rows, texts, pairs, threshold)
    semhash(rows, texts, pairs)


if __name__ == "__main__":
    main()
