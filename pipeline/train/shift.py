"""What is added to the weights of a head, so that it says what an office says.

The weights that are known are the middle of a Gaussian prior, and only the difference is learned (maximum a posteriori
adaptation, Chelba and Acero 2006): what no label speaks of stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_STEPS = 40
_KEPT = 5
"""L-BFGS: steps at most, and how many it remembers; each is as large as the weights."""
_LOOSE = 10.0
"""Ridge on the biases: how common topics are is the office's own affair, but few labels tell little of it."""


@dataclass(frozen=True, slots=True)
class Shift:
    """What is added to a head: (columns, labels) weights, and (labels,) biases."""

    weights: Floats
    bias: Floats


def shift(matrix: Any, known: Floats, allowed: Flags, among: Flags, weight: Floats, ridge: float) -> Shift:
    """Fit what is to be added to logits that are known.

    Parameters
    ----------
    matrix : (rows, columns) sparse.
    known : (rows, labels) logits without the shift.
    allowed : (rows, labels) which labels are right of a row; of several any is.
    among : (rows, labels) among which labels a row decides.
    weight : (rows,)
    ridge : how firmly the known weights are held to.
    """
    used = np.flatnonzero(np.bincount(matrix.indices, minlength=matrix.shape[1]))
    inside = matrix[:, used].tocsr()
    across = inside.T.tocsr()
    labels = known.shape[1]
    size = len(used) * labels
    shut = np.where(among, np.float32(0), np.float32(-np.inf))

    def loss(at: Doubles) -> tuple[float, Doubles]:
        weights, bias = at[:size].reshape(-1, labels).astype(np.float32), at[size:]
        logits = known + (inside @ weights) + bias.astype(np.float32) + shut
        raised = np.exp(logits - logits.max(axis=1, keepdims=True))
        right = raised * allowed
        every, told = raised.sum(axis=1, keepdims=True), np.maximum(right.sum(axis=1, keepdims=True), 1e-30)
        pull = (raised / every - right / told) * weight[:, None]
        missed = float(weight @ (np.log(every) - np.log(told)).ravel().astype(np.float64))
        slope = np.concatenate([(across @ pull).ravel(), pull.sum(axis=0)]).astype(np.float64)
        slope[:size] += ridge * at[:size]
        slope[size:] += _LOOSE * bias
        return missed + (ridge * float(at[:size] @ at[:size]) + _LOOSE * float(bias @ bias)) / 2, slope

    options = {"maxiter": _STEPS, "maxcor": _KEPT}
    found = minimize(loss, np.zeros(size + labels), jac=True, method="L-BFGS-B", options=options).x
    weights = np.zeros((matrix.shape[1], labels), np.float32)
    weights[used] = found[:size].reshape(-1, labels)
    return Shift(weights, found[size:].astype(np.float32))
