"""Hot issues: how many people, how surely backed, whether growing, how far spread, and what that comes to.

Each part is shown, so that an officer sees why one issue stands above another:

voices : people who wrote in words of their own. Who writes three times is one voice.
echoes : people who only sent on what another had written, and replies of a forum that the cleaning counted. They are
    voices of their own kind: they back a text.
backing : which share of the texts found backing, a like or an echo, at least: the lower bound of the Wilson interval
    (Wilson 1927). Ten thousand likes on one text back one text; and one of one says less than ten of ten.
growth : voices of the last days against those of as many days before; a matter that was silent in both has cooled down.
spread : how many places they come from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

_Z = 1.96
"""Of the 95 % interval."""
_STRONGEST = 2.0
"""Growth and decline count at most so many times."""


@dataclass(frozen=True, slots=True)
class Voice:
    """One text of an issue, in the order of arrival.

    who : the submitter, "" where unknown.
    repeats : the place of the text that this one repeats, if any.
    echoes : replies to it that only passed it on or cheered.
    day : on which it came, as days since some day; None where unknown.
    """

    who: str = ""
    repeats: int | None = None
    likes: int = 0
    echoes: int = 0
    day: int | None = None
    place: str | None = None


@dataclass(frozen=True, slots=True)
class Heat:
    """How hot an issue is, and the parts of it; see the module."""

    score: float
    voices: int
    echoes: int
    likes: int
    backing: float
    recent: int
    before: int
    growth: float
    places: int
    spread: float


def wilson(hits: int, tries: int) -> float:
    """Return the lower bound of the 95 % interval of a share.

    >>> wilson(0, 3), round(wilson(1, 1), 2), round(wilson(10, 10), 2)
    (0.0, 0.21, 0.72)
    """
    if not tries or not hits:
        return 0.0
    share, z2 = hits / tries, _Z * _Z
    return (share + z2 / (2 * tries) - _Z * sqrt((share * (1 - share) + z2 / (4 * tries)) / tries)) / (1 + z2 / tries)


def telling(titles: Sequence[str]) -> int:
    """Return which title says best what all are about: whose character pairs most of the others have, too.

    >>> telling(["请领导关注", "翠湖苑旁搅拌站扬尘扰民", "翠湖苑搅拌站扬尘", "投诉搅拌站扬尘"])
    2
    """
    pairs = [{title[at : at + 2] for at in range(len(title) - 1)} for title in titles]
    spread = Counter(pair for each in pairs for pair in each)
    return max(
        range(len(titles)),
        key=lambda at: (sum(spread[pair] - 1 for pair in pairs[at]) / sqrt(len(pairs[at]) or 1), -at),
    )


def heat(texts: Sequence[Voice], today: int | None, days: int = 14) -> Heat:
    """Return how hot an issue is.

    Parameters
    ----------
    texts : its texts, in the order of arrival.
    today : the last day of all texts, of this issue or not; None where no days are known.
    days : how long "recent" is.
    """
    own = [at for at, text in enumerate(texts) if text.repeats is None]
    who = {at: text.who or f"#{at}" for at, text in enumerate(texts)}
    people = {who[at] for at in own}
    echoing = {at: text.repeats for at, text in enumerate(texts) if text.repeats is not None and who[at] not in people}
    backed = sum(texts[at].likes > 0 or texts[at].echoes > 0 or at in echoing.values() for at in own)
    first: dict[str, int] = {}
    for at in own:
        day = texts[at].day
        if day is not None:
            first[who[at]] = min(day, first.get(who[at], day))
    ages = [today - day for day in first.values()] if today is not None else []
    recent, before = sum(age < days for age in ages), sum(days <= age < 2 * days for age in ages)
    places = {text.place for text in texts if text.place}
    backing = wilson(backed, len(own))
    growth = min(max(sqrt((recent + 1) / (before + 1)), 1 / _STRONGEST), _STRONGEST)
    if ages and not recent and not before:
        growth = 1 / _STRONGEST
    spread = max(1, len(places)) ** 0.25
    return Heat(
        score=round(len(people) * (1 + backing) * growth * spread, 2),
        voices=len(people),
        echoes=len({who[at] for at in echoing}) + sum(text.echoes for text in texts),
        likes=sum(text.likes for text in texts),
        backing=round(backing, 2),
        recent=recent,
        before=before,
        growth=round(growth, 2),
        places=len(places),
        spread=round(spread, 2),
    )
