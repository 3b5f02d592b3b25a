"""Fitting: a rare label is learned as well as a common one."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from pipeline.train.views import fit_linear


@pytest.mark.parametrize("rare", [20, 200, 2000])
def test_a_rare_label_is_learned(rare: int) -> None:
    """Junk is one text in twenty, and one in a hundred beside an office's rows: its gradients are small at once."""
    rows = 4000
    random = np.random.default_rng(0)
    marks = sp.random(rows, 500, 0.02, "csr", np.float32, random_state=random)
    own = sp.csr_matrix((np.full(rare, 0.3, np.float32), (np.arange(rare), np.arange(rare) % 5)), (rows, 5))
    matrix = sp.hstack([marks, own], "csr")
    labels = np.where(np.arange(rows) < rare, "junk", "real")
    linear = fit_linear(matrix, labels, ["real", "junk"], np.ones(rows, np.float32))
    said = (matrix @ linear.weights + linear.bias).argmax(axis=1)
    assert (said[:rare] == 1).mean() > 0.9
    assert (said[rare:] == 0).mean() > 0.99
