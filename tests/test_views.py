"""Fitting: a rare label is learned as well as a common one."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from pipeline.train.views import fit_linear

ROWS, LENGTH, KNOWN = 4000, 60, 3000


@pytest.mark.parametrize("rare", [40, 200])
def test_a_rare_label_is_learned(rare: int) -> None:
    """Junk is one text in twenty, and one in a hundred beside an office's rows: its gradients are small at once.

    Rows are like texts: of length 1, over many features; a third of those of the rare label are its own.
    """
    random = np.random.default_rng(0)
    columns = random.integers(0, KNOWN, (ROWS, LENGTH))
    columns[:rare, : LENGTH // 3] += KNOWN
    values = np.full(ROWS * LENGTH, LENGTH**-0.5, np.float32)
    matrix = sp.csr_matrix((values, (np.repeat(np.arange(ROWS), LENGTH), columns.ravel())), (ROWS, 2 * KNOWN))
    labels = np.where(np.arange(ROWS) < rare, "junk", "real")
    linear = fit_linear(matrix, labels, ["real", "junk"], np.ones(ROWS, np.float32))
    said = (matrix @ linear.weights + linear.bias).argmax(axis=1)
    assert (said[:rare] == 1).mean() > 0.4  # a head that stopped at once says none
    assert (said[rare:] == 0).mean() > 0.99
