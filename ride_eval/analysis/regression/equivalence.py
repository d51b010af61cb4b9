"""Evidence of a change, and evidence of none, which is more than no evidence of one: a t test, and two one-sided t tests
against the smallest change that matters.

Sources: Schuirmann 1987 for the test; Chow, Shao & Wang, "Sample Size Calculations in Clinical Research", 3.1.3, for the number
of documents (normal approximation, true change 0).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

POWER = 0.8
_Array = NDArray[np.float64]


def zero_p(mean: _Array, error: _Array, freedom: _Array) -> _Array:
    """Two-sided p of the hypothesis that the true mean is 0, by t. Without spread 0, or 1 for a mean of 0; NaN without a
    standard error. All (columns,)."""
    from scipy.special import stdtr  # here, because importing scipy takes longer than --help may

    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(mean == 0, 0.0, np.abs(mean) / error)
    return np.where(np.isfinite(error), np.minimum(1.0, 2 * stdtr(freedom, -t)), np.nan)


def equivalence_p(mean: _Array, error: _Array, freedom: _Array, margin: _Array) -> _Array:
    """p of the hypothesis that the true mean lies outside (-margin, margin): the larger of the two one-sided p. Without
    spread 0 or 1; NaN without a standard error. All (columns,)."""
    from scipy.special import stdtr  # here, because importing scipy takes longer than --help may

    with np.errstate(divide="ignore", invalid="ignore"):
        nearest = (margin - np.abs(mean)) / error
    # stdtr of an infinite t is 0 or 1, as it should be.
    return np.asarray(stdtr(freedom, -nearest))


def documents_needed(deviation: _Array, margin: _Array, alpha: float, power: float = POWER) -> _Array:
    """Documents with which the two tests show, with this power, that nothing changed if nothing did:
    (z(1 - alpha) + z(1 - (1 - power) / 2))^2 deviation^2 / margin^2, rounded up; deviation: SD of the paired differences."""
    from scipy.special import ndtri

    quantiles = ndtri(1 - alpha) + ndtri((1 + power) / 2)
    return np.ceil((quantiles * deviation / margin) ** 2)
