"""The signals that hold in a text, each with the sentence that carries it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.errors import CorpusError
from pipeline.features import batch
from pipeline.priority import numbers
from pipeline.priority.scope import near, sentence_at, taken_back
from pipeline.priority.sieve import Candidate, sieve
from pipeline.priority.table import SIGNALS, Kind, Signal, Strength, signals

_COUNTERS = {"people": numbers.people, "days": numbers.days}
_ORDER = tuple(Strength)
_EARLY = 150
"""Who reports an emergency says so at once: further on in a letter, an event is part of a story."""


@dataclass(frozen=True, slots=True)
class Found:
    """A signal in a text: the sentence that carries it, and where in it the words begin."""

    signal: Signal
    start: int
    end: int
    at: int

    @property
    def floor(self) -> bool:
        """Whether danger to life now is what the text is about."""
        return self.signal.level == Strength.URGENT and (self.signal.kind != Kind.EVENT or self.at < _EARLY)


def find(text: str, candidates: Sequence[Candidate] | None = None) -> list[Found]:
    """Return the signals that hold in a text, the strongest first, each once; `candidates` is from the sieve.

    >>> [found.signal.code for found in find("学校旁边的围墙随时可能倒塌。")]
    ['imminent']
    >>> find("房价随时可能坍塌，希望避免火灾。")
    []
    """
    if candidates is None:
        candidates = sieve().candidates(batch([text]))[0]
    every = signals()
    held: dict[int, Found] = {}
    counts: dict[str, float] = {}
    for each in candidates:
        if each.signal in held:
            continue
        signal = every[each.signal]
        if signal.least and not _enough(signal.least, text, counts):
            continue
        end = signal.pattern.alternatives[each.alternative].end(text, each.at)
        if end is not None and _holds(signal, text, each.at, end):
            held[each.signal] = Found(signal, *sentence_at(text, each.at, end), each.at)
    return sorted(held.values(), key=lambda found: (_ORDER.index(found.signal.level), found.start))


def _enough(least: tuple[str, int], text: str, counts: dict[str, float]) -> bool:
    """Tell whether a text names the least number anywhere at all; each kind of number is counted once."""
    what, number = least
    if what not in counts:
        counts[what] = _COUNTERS[what](text)
    return counts[what] >= number


def check_signals() -> int:
    """Return how many signals ship, each of which holds in its examples and not in its counterexamples.

    Raises
    ------
    CorpusError
        Where one does not; the message names signal, text and what to do.
    """
    for signal in signals():
        for text in signal.examples:
            if not _holding(signal, text):
                raise CorpusError(
                    f"{SIGNALS.name}（{signal.code}）：例句“{text}”没有命中。请放宽 pattern、needs、least，或改例句。"
                )
        for text in signal.counterexamples:
            if _holding(signal, text):
                raise CorpusError(
                    f"{SIGNALS.name}（{signal.code}）：反例“{text}”命中了。请收紧 pattern 或补充 unless。"
                )
    return len(signals())


def _holding(signal: Signal, text: str) -> bool:
    return signal.code in {found.signal.code for found in find(text)}


def _holds(signal: Signal, text: str, start: int, end: int) -> bool:
    sentence = near(text, start, end)
    if signal.unless and signal.unless.stands_in(sentence):
        return False
    if signal.needs and not signal.needs.stands_in(sentence):
        return False
    if signal.least and _COUNTERS[signal.least[0]](sentence) < signal.least[1]:
        return False
    return not taken_back(signal.kind, text, start, end)
