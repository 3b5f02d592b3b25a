"""What the judgement on pairs learns from: voices on matters, with names put in, resent and moved elsewhere."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from pipeline.classify import SEPARATOR, Classifier
from pipeline.features import batch
from pipeline.knowledge import CORPORA
from pipeline.match.background import Background
from pipeline.match.pairs import FEATURES, Weighted
from pipeline.match.prints import Floats, fingerprint
from pipeline.segment import Segmenter
from pipeline.terms import terms
from pipeline.train.examples import read_written, written_files

_FIRST = "云映碧银锦龙翠松竹梅兰桂枫荷玉瑞祥福和永长东北南西丰盛鸿嘉景"
_SECOND = "杉桦绣涛溪亭岭丹塘泉澜华泰宁康源茂晟洲岚渡坪坡岗冲桥湖水月城"
_ENDINGS = {
    "estate": ["苑", "家园", "花园", "小区", "府", "湾", "里", "公馆", "名城", "雅居", "壹号"],
    "road": ["路", "大道", "街", "巷", "东路", "北路", "环路"],
    "village": ["村", "村三组", "村老屋组", "社区"],
    "school": ["小学", "中学", "实验学校", "一小", "二中", "职业技术学校"],
    "firm": ["公司", "科技公司", "商贸有限公司", "健身会所", "装饰公司", "实业"],
    "hospital": ["医院", "人民医院", "妇幼保健院", "骨科医院"],
    "market": ["菜市场", "农贸市场", "集贸市场"],
    "park": ["公园", "广场", "湿地公园"],
}
_GREETINGS = ["尊敬的领导，您好！", "领导好：", "您好，", "请问，", "书记您好！", "再次反映，", *[""] * 6]
_CLOSINGS = ["盼回复。", "谢谢！", "望尽快解决为盼。", "请领导给个答复。", "希望重视。", *[""] * 5]
_AREAS = ["城东区", "江北区", "开发区", "本市", "高新区", "城南", *[""] * 4]
Doubles = npt.NDArray[np.float64]

_RIDGE = 33.0
_SENTENCE = re.compile(r"[^。！？!?]+[。！？!?]?")
_CLAUSE = re.compile(r"[^，。！？!?\n]+[，。！？!?]?")


@dataclass(frozen=True, slots=True)
class WrittenPair:
    """Two texts, and whether they are voices about one matter, and whether one repeats the other."""

    first: str
    second: str
    same: bool
    repeated: bool


class Writer:
    """Writes pairs by chance from what corpora/ holds; the same seed gives the same pairs.

    Real letters say much beside the matter: sentences of letters on the same topic are put in for that.
    """

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        lines = (CORPORA / "pairs" / "matters.jsonl").read_text(encoding="utf-8").splitlines()
        self.matters: list[dict[str, Any]] = [json.loads(line) for line in lines]
        self.letters: dict[str, list[str]] = {}
        for example in read_written(written_files()):
            if example.topic and not example.junk:
                self.letters.setdefault(example.topic, []).append(example.text)

    def name(self, kind: str) -> str:
        """Invent a name of a kind of object."""
        if kind == "bus":
            return f"{self.rng.randint(2, 990)}路公交车"
        return self.rng.choice(_FIRST) + self.rng.choice(_SECOND) + self.rng.choice(_ENDINGS.get(kind, [""]))

    def letter(self, matter: dict[str, Any], voice: int, name: str) -> str:
        """Write a voice as a letter: with an area, a greeting, more sentences, a closing."""
        title, _, body = matter["voices"][voice].replace("{n}", name).partition("\n")
        more = [self.rng.choice(self._sentences(matter)) for _ in range(self.rng.choice([0, 0, 1, 2, 4, 7]))]
        sentences = [*_SENTENCE.findall(body), *more]
        if self.rng.random() < 0.3:
            self.rng.shuffle(sentences)
        area = self.rng.choice(_AREAS)
        return f"{area}{title}\n{self.rng.choice(_GREETINGS)}{''.join(sentences)}{self.rng.choice(_CLOSINGS)}"

    def _sentences(self, matter: dict[str, Any]) -> list[str]:
        topic = SEPARATOR.join((matter["level1"], matter["level2"]))
        if self.rng.random() < 0.5:
            topic = self.rng.choice(list(self.letters))
        return _SENTENCE.findall(self.rng.choice(self.letters[topic]).partition("\n")[2] or "请核实处理。")

    def resent(self, text: str) -> str:
        """Edit a letter: another title or greeting, a sentence less or more, half retold, cut, or with much added."""
        title, _, body = text.partition("\n")
        sentences = _SENTENCE.findall(body)
        drawn = self.rng.random()
        if drawn < 0.2:
            sentences = sentences[: -(-len(sentences) // 2)]
        elif drawn < 0.4:
            sentences += _SENTENCE.findall(self.rng.choice(self.rng.choice(list(self.letters.values()))))
        elif drawn < 0.6:
            sentences = _SENTENCE.findall(self._retold("".join(sentences)))
        elif len(sentences) > 2 and drawn < 0.8:
            sentences.pop(self.rng.randrange(len(sentences)))
        if self.rng.random() < 0.4:
            sentences.append(self.rng.choice(_CLOSINGS))
        if self.rng.random() < 0.3:
            title = self.rng.choice(["再次反映：", "求助：", "关于"]) + title
        if self.rng.random() < 0.2:
            title = sentences[0][:20]
        return f"{title}\n{self.rng.choice(_GREETINGS)}{''.join(sentences)}"

    def _retold(self, body: str) -> str:
        """Leave clauses out and put others in their place: who writes again does not copy."""
        clauses = _CLAUSE.findall(body)
        others = _CLAUSE.findall(self.rng.choice(self.rng.choice(list(self.letters.values()))))
        kept = [self.rng.choice(others) if self.rng.random() < 0.2 else clause for clause in clauses]
        return "".join(clause for clause in kept if self.rng.random() < 0.8) or body

    def borrowed(self, letter: str, other: str) -> str:
        """Put some sentences of another letter into one: campaigns do so, and people who write of what they read."""
        sentences = _SENTENCE.findall(other.partition("\n")[2])
        return letter + "".join(sentences[: self.rng.randint(1, max(1, len(sentences) // 2))])

    def pairs(self, count: int) -> Iterator[WrittenPair]:
        """Yield so many pairs: half of one matter, half not."""
        for _ in range(count):
            matter = self.rng.choice(self.matters)
            name, voice, other = self.name(matter["kind"]), *self.rng.sample(range(3), 2)
            first = self.letter(matter, voice, name)
            drawn = self.rng.random()
            if drawn < 0.4:
                second = self.letter(matter, other, name)
                if drawn < 0.1:
                    second = self.borrowed(second, first)
                yield WrittenPair(first, second, same=True, repeated=False)
            elif drawn < 0.5:
                yield WrittenPair(first, self.resent(first), same=True, repeated=True)
            else:
                yield WrittenPair(first, self._stranger(matter, voice, name, first), same=False, repeated=False)

    def _stranger(self, matter: dict[str, Any], voice: int, name: str, first: str) -> str:
        """Write what looks alike: equal wording elsewhere, the problem elsewhere, another problem there."""
        alike = [each for each in self.matters if each["kind"] == matter["kind"] and each is not matter]
        drawn = self.rng.random()
        if matter["kind"] == "none" or drawn < 0.3:
            topic = SEPARATOR.join((matter["level1"], matter["level2"]))
            return self.rng.choice(self.letters[topic])
        if drawn < 0.38:
            return self.resent(first).replace(name, self.name(matter["kind"]))
        if drawn < 0.65 or not alike:
            return self.letter(matter, self.rng.randrange(3), self.name(matter["kind"]))
        return self.letter(self.rng.choice(alike), voice, name)


def features(pairs: list[WrittenPair], classifier: Classifier, background: Background) -> Floats:
    """Return what the judgement sees of pairs: (pairs, `FEATURES`)."""
    texts = [text for pair in pairs for text in (pair.first, pair.second)]
    parts = batch(texts)
    cut = Segmenter().cut
    verdicts = classifier.judge(parts, terms(parts, [cut(text) for text in texts]))
    prints = fingerprint(parts, [verdict.topic for verdict in verdicts])
    weighted = Weighted(prints, background.among(prints))
    left = np.arange(0, len(texts), 2)
    found = weighted.features(left, left + 1)
    return np.stack([found[name] for name in FEATURES], axis=1)


def learn(classifier: Classifier, background: Background, *, pairs: int = 3_000, seed: int = 1) -> dict[str, float]:
    """Return the weight of each feature, by a logistic regression on written pairs.

    What two texts share never speaks against one matter, and a conflict of names never for it: the signs are given.
    The ridge is strong, so that all features carry: written pairs are not real ones, and a single strong feature
    would be theirs alone.
    """
    written = list(Writer(seed).pairs(pairs))
    found = features(written, classifier, background).astype(float)
    sign = np.where([pair.same for pair in written], 1, -1)

    def loss(weights: Doubles) -> tuple[float, Doubles]:
        margin = sign * (found @ weights[:-1] + weights[-1])
        pull = -sign / (1 + np.exp(margin))
        ridge = np.append(weights[:-1], 0) * _RIDGE
        return float(np.logaddexp(0, -margin).sum() + (ridge @ weights) / 2), np.append(
            pull @ found, pull.sum()
        ) + ridge

    bounds = [(None, 0) if name == "conflict" else (0, None) for name in FEATURES] + [(None, None)]
    start = np.zeros(len(FEATURES) + 1)
    learned = minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B").x
    return dict(zip(FEATURES, np.round(learned[:-1], 1).tolist(), strict=True))
