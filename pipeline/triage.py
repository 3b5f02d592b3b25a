"""The order of the stages, once, as plain calls."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

from pipeline import __version__, artefact, registry
from pipeline.classify import PRECISION, Classifier, Verdict
from pipeline.clean import clean
from pipeline.features import batch
from pipeline.keywords import Keywords
from pipeline.match import Background, Fingerprint, fingerprint, join, match, shared
from pipeline.priority import hints, prioritise
from pipeline.records import (
    Clean,
    Decision,
    Duplicate,
    Judgement,
    Level,
    Priority,
    Provenance,
    Status,
    Submission,
    Topic,
)
from pipeline.route import Router
from pipeline.segment import Segmenter, dictionary_id
from pipeline.terms import terms

CHUNK = 256
"""Texts that are judged at once. No result depends on it."""

_LEGIBLE = re.compile(r"[\u3400-\u9fffA-Za-z][^\u3400-\u9fffA-Za-z]*[\u3400-\u9fffA-Za-z]")
"""At least two characters that can be read."""
_JUNK = 0.7


class Triage:
    """Everything that is loaded once: `Triage.load()`, then `run`.

    >>> triage = Triage.load()
    >>> triage.run([Submission("1", "路灯不亮三天了")])[0].topic.level1
    '城乡建设'
    """

    def __init__(self, classifier: Classifier, router: Router, *, model: str, background: Background) -> None:
        self.classifier = classifier
        self.router = router
        self.segmenter = Segmenter()
        self.model = model
        self.background = background
        self.keywords = Keywords(classifier.vocabulary)
        hints()
        clean("")  # patterns are made here once, not in every worker

    @classmethod
    def load(
        cls,
        *,
        model: str | None = None,
        precision: float = PRECISION,
        rules: Path | None = None,
        places: Path | None = None,
        members: Path | None = None,
        stations: Path | None = None,
    ) -> Triage:
        """Load a model and the tables of an office.

        Parameters
        ----------
        model : its name; the working one by default.
        precision : how often a topic that needs no review should be right: 0.95, 0.97 or 0.99.
        rules, places, members, stations : tables; see `Router.load`.

        Raises
        ------
        ModelError, InputError
            Where a folder or table cannot be used; the message says which and what to do.
        """
        router = Router.load(rules=rules, places=places, members=members, stations=stations)
        classifier, meta = registry.load(model, precision)
        background = Background.of(classifier.vocabulary, meta["examples"])
        return cls(classifier, router, model=artefact.model_id(meta), background=background)

    @cached_property
    def provenance(self) -> Provenance:
        """What decides here, as it is stamped on every decision."""
        dictionary = f"{self.segmenter.name}+{dictionary_id()}"
        return Provenance(self.model, self.router.rules, dictionary, f"minyi {__version__}, opencc {version('opencc')}")

    def judge(self, submissions: Sequence[Submission]) -> tuple[list[Judgement], Fingerprint]:
        """Judge texts one by one: all that needs no other submission. The result does not depend on the grouping."""
        cleaned = [clean(submission.text) for submission in submissions]
        texts = [each.text for each in cleaned]
        words = [self.segmenter.cut(text) for text in texts]
        parts = batch(texts)
        told = terms(parts, words)
        rows = zip(
            submissions,
            cleaned,
            self.classifier.judge(parts, told),
            self.keywords.pick(told, len(texts)),
            hints().masks(parts),
            strict=True,
        )
        return [self._judge_one(*row) for row in rows], fingerprint(parts)

    def _judge_one(
        self, submission: Submission, cleaned: Clean, verdict: Verdict, keywords: tuple[str, ...], mask: int
    ) -> Judgement:
        text = cleaned.text
        router = self.router
        if not _LEGIBLE.search(text):
            nothing = Topic(None, None, 0.0, dict.fromkeys(verdict.topic.scores, 0.0), needs_review=True)
            unknown = Priority(Level.NORMAL, 0.25)
            route = router.route(text, nothing, None)
            return Judgement(submission.id, Status.UNREADABLE, cleaned, (), "other", nothing, unknown, route)
        junk = verdict.junk >= _JUNK
        return Judgement(
            id=submission.id,
            status=Status.JUNK if junk else Status.TRIAGED,
            clean=cleaned,
            keywords=keywords,
            intent="other" if junk else verdict.intent,
            topic=verdict.topic,
            priority=Priority(Level.LOW, 0.0)
            if junk
            else prioritise(text, mask=mask, intent=verdict.intent, levels=verdict.levels),
            route=router.route(text, verdict.topic, router.locate(text, submission.place)),
        )

    def decide(self, judgement: Judgement, duplicate: Duplicate) -> Decision:
        """Return the whole decision about a judged submission, given its place among the others."""
        own = {field.name: getattr(judgement, field.name) for field in fields(judgement)}
        return Decision(**own, duplicate=duplicate, provenance=self.provenance)

    def run(self, submissions: Iterable[Submission]) -> list[Decision]:
        """Triage submissions in this process, in memory; for files of any size see `pipeline.batch`."""
        judged: list[Judgement] = []
        prints: list[Fingerprint] = []
        for chunk in chunks(submissions):
            part, printed = self.judge(chunk)
            judged += part
            prints.append(printed)
        duplicates = match([each.id for each in judged], join(prints), self.background)
        by_id = {each.id: each for each in judged}
        decisions = []
        for each, duplicate in zip(judged, duplicates, strict=True):
            if duplicate.of is not None:
                other = by_id[duplicate.of]
                tied = shared(each.keywords, each.clean.text, other.keywords, other.clean.text)
                duplicate = replace(duplicate, shared=tied)
            decisions.append(self.decide(each, duplicate))
        return decisions


def chunks(submissions: Iterable[Submission], size: int = CHUNK) -> Iterator[list[Submission]]:
    """Yield submissions in groups."""
    group: list[Submission] = []
    for submission in submissions:
        group.append(submission)
        if len(group) == size:
            yield group
            group = []
    if group:
        yield group
