"""The order of the stages, once, as plain calls."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

from pipeline import __version__, artefact, registry
from pipeline.classify import PRECISION, Classifier, Verdict
from pipeline.clean import clean
from pipeline.features import Batch, batch
from pipeline.keywords import Keywords
from pipeline.lexicon import Lexicon
from pipeline.match import Background, Fingerprint, fingerprint, join, match, shared
from pipeline.priority import DIAL, Candidate, Ordinal, Weighed, aggravate, crowd, prioritise, sieve, voice, weigh
from pipeline.records import (
    Clean,
    Decision,
    Duplicate,
    Judgement,
    Level,
    Part,
    Priority,
    Provenance,
    Status,
    Submission,
    Topic,
    day,
)
from pipeline.route import Ask, Matter, Router, finish, split
from pipeline.segment import Segmenter, dictionary_id
from pipeline.terms import Terms, terms, word_grams

CHUNK = 256
"""Texts that are judged at once. No result depends on it."""

_LEGIBLE = re.compile(r"[\u3400-\u9fffA-Za-z][^\u3400-\u9fffA-Za-z]*[\u3400-\u9fffA-Za-z]")
"""At least two characters that can be read."""
_JUNK = 0.5
_LONG_NUMBER = re.compile(r"\d{7,}")
_CLEARED, _PLAIN, _ABOUT = 0.15, 0.8, 0.5
"""How little junk, how surely a complaint, how surely of a topic: these let 5 of 375 adverts pass that were caught."""


def _without_numbers(cleaned: Clean) -> str:
    """Return a text without its personal data, and without other long numbers, which may be mistyped ones."""
    starts = [0, *(each.end for each in cleaned.personal)]
    ends = [*(each.start for each in cleaned.personal), len(cleaned.text)]
    return _LONG_NUMBER.sub("", "".join(cleaned.text[start:end] for start, end in zip(starts, ends, strict=True)))


@dataclass(frozen=True, slots=True)
class Judged:
    """What comes of some texts by themselves: judgements, what each asks of members, and the fingerprint of all."""

    judgements: list[Judgement]
    asks: list[Ask | None]
    prints: Fingerprint


class Triage:
    """Everything that is loaded once: `Triage.load()`, then `run`.

    >>> triage = Triage.load()
    >>> triage.run([Submission("1", "路灯不亮三天了")])[0].topic.level1
    '城乡建设'
    """

    def __init__(
        self,
        classifier: Classifier,
        router: Router,
        *,
        model: str,
        background: Background,
        ordinal: Ordinal,
        dial: float = DIAL,
        lexicon: Lexicon | None = None,
    ) -> None:
        self.classifier = classifier
        self.router = router
        self.segmenter = Segmenter()
        self.model = model
        self.background = background
        self.ordinal = ordinal
        self.dial = dial
        self.lexicon = lexicon or Lexicon()
        self.keywords = Keywords(classifier.vocabulary)
        sieve()
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
        lexicon: Path | None = None,
        priority_dial: float | None = None,
    ) -> Triage:
        """Load a model and the tables of an office.

        Parameters
        ----------
        model : its name; the working one by default.
        precision : how often a topic that needs no review should be right: 0.95, 0.97 or 0.99.
        rules, places, members, stations : tables; see `Router.load`.
        lexicon : the office's own words; see `pipeline.lexicon`.
        priority_dial : see `pipeline.priority.dial`.

        Raises
        ------
        ModelError, InputError
            Where a folder or table cannot be used; the message says which and what to do.
        """
        router = Router.load(rules=rules, places=places, members=members, stations=stations)
        classifier, meta = registry.load(model, precision)
        background = Background.of(classifier.vocabulary, meta["examples"])
        return cls(
            classifier,
            router,
            model=artefact.model_id(meta),
            background=background,
            ordinal=Ordinal.of(meta),
            dial=DIAL if priority_dial is None else priority_dial,
            lexicon=Lexicon.load(lexicon) if lexicon else None,
        )

    @cached_property
    def provenance(self) -> Provenance:
        """What decides here, as it is stamped on every decision."""
        dictionary = "+".join(filter(None, (self.segmenter.name, dictionary_id(), self.lexicon.version)))
        return Provenance(
            self.model, self.router.version, dictionary, f"minyi {__version__}, opencc {version('opencc')}"
        )

    def judge(self, submissions: Sequence[Submission]) -> Judged:
        """Judge texts one by one: all that needs no other submission. The result does not depend on the grouping."""
        cleaned = [clean(submission.text) for submission in submissions]
        texts = [each.text for each in cleaned]
        parts = batch(texts)
        words, told, verdicts = self._classify(texts, parts)
        verdicts = self._cleared(cleaned, verdicts)
        rows = zip(
            submissions,
            cleaned,
            words,
            verdicts,
            self.keywords.pick(told, len(texts)),
            sieve().candidates(parts),
            self._parts(texts, verdicts),
            strict=True,
        )
        topics = [verdict.topic for verdict in verdicts]
        submitters = [submission.submitter for submission in submissions]
        judged = [self._judge_one(*row) for row in rows]
        return Judged([each for each, _ in judged], [ask for _, ask in judged], fingerprint(parts, topics, submitters))

    def _classify(self, texts: Sequence[str], parts: Batch) -> tuple[list[list[str]], Terms, list[Verdict]]:
        """Return the words of texts, their terms, and verdicts. The model sees words as it was trained on them."""
        plain = [self.segmenter.cut(text) for text in texts]
        if not self.lexicon:
            told = terms(parts, plain)
            return plain, told, self.classifier.judge(parts, told)
        words = [self.lexicon.join(text, cut) for text, cut in zip(texts, plain, strict=True)]
        told = replace(terms(parts, words), grams=word_grams(parts, plain))
        verdicts = self.classifier.judge(parts, told, self.lexicon.odds(texts, self.classifier.topics))
        explained = [
            replace(verdict, topic=self.lexicon.explain(text, verdict.topic))
            for text, verdict in zip(texts, verdicts, strict=True)
        ]
        return words, told, explained

    def _cleared(self, cleaned: Sequence[Clean], verdicts: list[Verdict]) -> list[Verdict]:
        """Return the verdicts without the junk that is a complaint with a telephone number.

        Adverts are full of numbers. What without them is plainly a complaint about something is none.
        """
        junk = [at for at, each in enumerate(verdicts) if each.junk >= _JUNK]
        others = {at: text for at in junk if (text := _without_numbers(cleaned[at])) != cleaned[at].text}
        if not others:
            return verdicts
        bare = list(others.values())
        found = list(verdicts)
        for at, other in zip(others, self._classify(bare, batch(bare))[2], strict=True):
            if other.junk < _CLEARED and other.complaint >= _PLAIN and other.topic.confidence >= _ABOUT:
                found[at] = replace(found[at], junk=other.junk)
        return found

    def _judge_one(
        self,
        submission: Submission,
        cleaned: Clean,
        words: Sequence[str],
        verdict: Verdict,
        keywords: tuple[str, ...],
        candidates: list[Candidate],
        matters: Sequence[tuple[split.Span, Topic]],
    ) -> tuple[Judgement, Ask | None]:
        text = cleaned.text
        if not _LEGIBLE.search(text):
            status, keywords, intent = Status.UNREADABLE, (), "other"
            topic = Topic(None, None, 0.0, dict.fromkeys(verdict.topic.scores, 0.0), needs_review=True)
            priority, matter = Priority(Level.NORMAL, 0.25), Matter("", topic, status=status)
        else:
            junk = verdict.junk >= _JUNK
            status, intent = (Status.JUNK, "other") if junk else (Status.TRIAGED, verdict.intent)
            topic, priority = verdict.topic, Priority(Level.LOW, 0.0)
            if not junk:
                priority = self._priority(text, verdict, candidates)
            place = self.router.locate(text, submission.place, words)
            matter = Matter(text, topic, priority.level, status, place, _date(submission.submitted_at), keywords)
        route, ask = self.router.judge(matter)
        parts: tuple[Part, ...] = ()
        if matters and status == Status.TRIAGED and not route.restricted:
            parts = self._split(submission.id, matter, matters)
            if any(part.restricted for part in parts):
                route, ask = self.router.judge(replace(matter, accused=True))
        if parts:
            route = replace(route, reasons=(*route.reasons, f"文中有 {len(parts)} 件事，建议拆分（一事一报）"))
        return Judgement(submission.id, status, cleaned, keywords, intent, topic, priority, parts, route), ask

    def _parts(self, texts: Sequence[str], verdicts: Sequence[Verdict]) -> list[list[tuple[split.Span, Topic]]]:
        """Return for each text the parts that are matters of their own, each with its topic; [] for one matter."""
        spans = [
            split.spans(text) if split.mixed(verdict.topic) else []
            for text, verdict in zip(texts, verdicts, strict=True)
        ]
        pieces = [text[start:end] for text, found in zip(texts, spans, strict=True) for start, end in found]
        topics: Iterator[Topic] = iter(())
        if pieces:
            topics = (verdict.topic for verdict in self._classify(pieces, batch(pieces))[2])
        judged = [[(span, next(topics)) for span in found] for found in spans]
        return [split.matters(found) for found in judged]

    def _split(self, name: str, whole: Matter, matters: Sequence[tuple[split.Span, Topic]]) -> tuple[Part, ...]:
        """Return the parts of a submission as proposals, each with its route; one without a place has the whole's."""
        parts = []
        for number, ((start, end), topic) in enumerate(matters, 1):
            text = whole.text[start:end]
            place = self.router.locate(text, None)
            route, _ = self.router.judge(
                replace(whole, text=text, topic=topic, place=place if place.place else whole.place)
            )
            parts.append(
                Part(
                    f"{name}/{number}", start, end, topic.level1, topic.level2, topic.confidence,
                    route.sector, route.committee, route.place, route.restricted,
                )
            )  # fmt: skip
        return tuple(parts)

    def _priority(self, text: str, verdict: Verdict, candidates: list[Candidate]) -> Priority:
        return prioritise(text, self._weigh(text, verdict, candidates), dial=self.dial)

    def _weigh(self, text: str, verdict: Verdict, candidates: list[Candidate]) -> Weighed:
        return weigh(
            text,
            candidates=candidates,
            intent=verdict.intent,
            complaint=verdict.complaint,
            levels=verdict.levels,
            ordinal=self.ordinal,
        )

    def verdicts(self, texts: Sequence[str]) -> list[Verdict]:
        """Return what the model says of clean texts, with the office's dial and words."""
        return self._classify(texts, batch(texts))[2] if texts else []

    def chances(self, texts: Sequence[str]) -> list[float]:
        """Return for clean texts what the priority dial is held against: the probability of high or above."""
        if not texts:
            return []
        parts = batch(texts)
        rows = zip(texts, self._classify(texts, parts)[2], sieve().candidates(parts), strict=True)
        return [self._weigh(*row).chance for row in rows]

    def decide(self, judgement: Judgement, duplicate: Duplicate) -> Decision:
        """Return the whole decision about a judged submission, given its place among the others."""
        own = {field.name: getattr(judgement, field.name) for field in fields(judgement)}
        return Decision(**own, duplicate=duplicate, provenance=self.provenance)

    def run(self, submissions: Iterable[Submission]) -> list[Decision]:
        """Triage submissions in this process, in memory; for files of any size see `pipeline.batch`."""
        judged: list[Judgement] = []
        asks: list[Ask | None] = []
        prints: list[Fingerprint] = []
        sent: list[Submission] = []
        for chunk in chunks(submissions):
            part = self.judge(chunk)
            judged += part.judgements
            asks += part.asks
            sent += chunk
            prints.append(part.prints)
        duplicates = match([each.id for each in judged], join(prints), self.background)
        voices = [voice(d.issue, s.submitter, s.submitted_at) for d, s in zip(duplicates, sent, strict=True)]
        outside = crowd(voices)
        for index, choices in self.router.assign(asks, [duplicate.issue for duplicate in duplicates]):
            judged[index] = replace(judged[index], route=finish(judged[index].route, choices))
        by_id = {each.id: each for each in judged}
        decisions = []
        for index, (each, duplicate) in enumerate(zip(judged, duplicates, strict=True)):
            if duplicate.of is not None:
                other = by_id[duplicate.of]
                tied = shared(each.keywords, each.clean.text, other.keywords, other.clean.text)
                duplicate = replace(duplicate, shared=tied)
            if each.status == Status.TRIAGED and index in outside:
                each = replace(each, priority=aggravate(each.priority, outside[index]))
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


def _date(time: str | None) -> date | None:
    """Return the day of a time, None where it names none that exists."""
    try:
        return date.fromisoformat(day(time or ""))
    except ValueError:
        return None
