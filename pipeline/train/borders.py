"""Borders between topics that offices themselves draw differently.

Where the law gives a matter to two departments, the same letter is filed under either: smoke of a restaurant under
environment or under city management, a teacher's pension under education or under labour. What a model says of a text
that opens with such a matter is divided along the border (`pipeline.classify.Borders`). The texts of corpora/written
are learned as they are filed: to soften their labels as well cost more than it brought.
"""

from __future__ import annotations

from collections import defaultdict

from pipeline.classify import SEPARATOR, Border
from pipeline.errors import CorpusError
from pipeline.features import LONGEST
from pipeline.knowledge import CORPORA, table
from pipeline.train.examples import topics

BORDERS = CORPORA / "borders.csv"


def read_borders() -> dict[str, list[Border]]:
    """Return the borders by topic, the widest first.

    Raises
    ------
    CorpusError
        Where a topic is unknown, a share is not below one half, or a term is no n-gram.
    """
    known = {SEPARATOR.join(topic) for topic in topics()}
    found: defaultdict[str, list[Border]] = defaultdict(list)
    for number, row in table(BORDERS, "level1", "level2", "terms", "other1", "other2", "share", "reason"):
        topic, other = row["level1"] + SEPARATOR + row["level2"], row["other1"] + SEPARATOR + row["other2"]
        share = float(row["share"])
        for name in (topic, other):
            if name not in known:
                raise CorpusError(f"{BORDERS.name} 第 {number} 行：没有主题“{name}”。主题见 corpora/topics.csv。")
        if not 0 < share < 0.5:
            raise CorpusError(f"{BORDERS.name} 第 {number} 行：比例 {share} 应大于 0、小于 0.5。")
        terms = tuple(row["terms"].split("|"))
        if wrong := [term for term in terms if not 0 < len(term) <= LONGEST]:
            raise CorpusError(f"{BORDERS.name} 第 {number} 行：词“{wrong[0]}”应有 1 至 {LONGEST} 个字。")
        found[topic].append(Border(topic, terms, other, share))
    return {topic: sorted(each, key=lambda border: -border.share) for topic, each in found.items()}
