"""One matter, one issue: near-duplicates and other voices about the same concrete matter.

Texts are compared as bags of character bigrams weighted by their rarity: names of estates, roads, schools and firms are
rare, so they weigh most. Each text is looked up by its heaviest bigrams (`candidates`, `homes`), pairs are judged on
what they share (`pairs`), and become issues by the evidence between whole groups (`issues`).
"""

from pipeline.match.background import Background
from pipeline.match.homes import Home, Kept, Memory
from pipeline.match.index import Index, Near
from pipeline.match.issues import Ruling
from pipeline.match.matching import match, shared
from pipeline.match.prints import Fingerprint, fingerprint, join

__all__ = [
    "Background",
    "Fingerprint",
    "Home",
    "Index",
    "Kept",
    "Memory",
    "Near",
    "Ruling",
    "fingerprint",
    "join",
    "match",
    "shared",
]
