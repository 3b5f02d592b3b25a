"""How common bigrams are, in general and among the texts at hand."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pipeline.features import Vocabulary
from pipeline.match.prints import WIDTH, Fingerprint, Floats, Ints, hashed


@dataclass(frozen=True, slots=True)
class Background:
    """How common bigrams are: in general, so that rarity means something in a small batch, and at hand.

    general : (hashed bigrams,) in how many of the texts that a model was trained on each stands.
    texts : how many texts that were.
    local : (hashed bigrams,) in how many of the texts at hand each stands.
    held : how many texts are at hand.
    """

    general: Floats
    texts: int
    local: Ints
    held: int = 0

    @classmethod
    def of(cls, vocabulary: Vocabulary, texts: int) -> Background:
        """Return the background that a model was trained on."""
        general = np.zeros(WIDTH, np.float32)
        bigrams = (vocabulary.keys >> np.uint64(32) == 0) & (vocabulary.keys >> np.uint64(16) > 0)
        np.add.at(general, hashed(vocabulary.keys[bigrams]), vocabulary.spread(texts)[bigrams])
        return cls(general, texts, np.zeros(WIDTH, np.int32))

    def among(self, prints: Fingerprint, held: int | None = None) -> Background:
        """Return the background of texts at hand, given all of them or, with `held` of them in all, a sample."""
        local = np.bincount(prints.columns, minlength=WIDTH).astype(np.int32)
        if held and len(prints):
            local = np.ceil(local * (held / len(prints))).astype(np.int32)
        return replace(self, local=local, held=held or len(prints))

    def rarity(self, columns: Ints) -> Floats:
        """Return the inverse document frequency of bigrams."""
        total = np.float32(1 + self.held + self.texts)
        spread = self.general[columns] + self.local[columns].astype(np.float32)
        rarity: Floats = np.log(total / (1 + spread)) + 1
        return rarity
