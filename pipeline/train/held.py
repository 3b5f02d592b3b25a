"""What training says of texts that it held out, and a model before it is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.artefact import Array
from pipeline.train.views import first_level, parents

Ints = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Judged:
    """What first-level topics are given to examples by models that were not trained on them.

    rows : (held out,) which of the examples they are.
    chances : (held out, names) probabilities.
    names : the first-level topics.
    """

    rows: Ints
    chances: Doubles
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trained:
    """A model before it is written, and what it says of texts that were held out.

    crossed : fold by fold; an office's own rows where there are enough of them.
    late : the latest rows by a fit on the earlier ones; None where too few rows have a date.
    """

    meta: dict[str, Any]
    arrays: dict[str, Array]
    crossed: Judged
    late: Judged | None


def judged(rows: Ints, logits: npt.NDArray[np.float32], order: Sequence[str]) -> Judged:
    """Return what (rows, topics) logits over topics with both levels say of the first level."""
    parent = parents(order)
    chances = np.exp((logits - logits.max(axis=1, keepdims=True)).astype(np.float64))
    chances /= chances.sum(axis=1, keepdims=True)
    names = tuple(dict.fromkeys(map(first_level, order)))
    firsts = np.stack([chances[:, parent == index].sum(axis=1) for index in range(len(names))], axis=1)
    return Judged(rows, np.minimum(firsts, 1.0), names)
