"""Does an uncertainty know when the answer is wrong? Ranking (AUROC, PRR) and calibration (ECE; Brier is in `choices`).

All take weights, how often each document counts, so that a bootstrap draw costs no copying: (n,) values and (n, draws) weights
-> (draws,). Ties are exact, not broken: a group of equal uncertainties counts as its expectation over random orders, so no
value depends on the order of documents. A draw without both right and wrong answers is NaN where ranking needs both.

Sources: AUROC by its probability form (Hanley & McNeil 1982); prediction-rejection ratio as in LM-Polygraph (Malinin et al.
2017); ECE with bins of equal mass (Nguyen & O'Connor 2015).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

ECE_BINS = 15
_Array = NDArray[np.float64]


def auroc(uncertainty: _Array, wrong: _Array, weights: _Array | None = None) -> _Array:
    """Probability that a wrong answer's uncertainty exceeds a right one's, ties half: 0 to 1, 0.5 knows nothing.

    `wrong` is 0 or 1.
    """
    groups = _grouped(uncertainty, wrong, weights)
    right = groups.size - groups.marked
    below = groups.before(right)
    pairs = groups.marked.sum(0) * right.sum(0)
    return _ratio((groups.marked * (below + right / 2)).sum(0), pairs)


def prediction_rejection_ratio(uncertainty: _Array, wrong: _Array, weights: _Array | None = None) -> _Array:
    """Area between the uncertainty's and the random rejection curve over the oracle's: at most 1 (all wrong answers are the
    most uncertain), 0 as good as chance, negative worse.

    The curve: share of right answers among the k least uncertain, k from 1 to n. `weights` are whole numbers.
    """
    groups = _grouped(uncertainty, wrong, weights)
    right = groups.size - groups.marked
    total, n_right = groups.size.sum(0), right.sum(0)
    harmonic = np.concatenate([[0.0], np.cumsum(1.0 / np.arange(1, int(total.max(initial=0)) + 1))])
    kept, kept_right = groups.before(groups.size), groups.before(right)
    share = np.divide(right, groups.size, out=np.zeros_like(right), where=groups.size > 0)
    # Within a group of m equal uncertainties the expected curve after j more is (S + j q) / (K + j), for S right among the K
    # kept before and a share q of right ones; summed over j it is m q + (S - K q) (H(K + m) - H(K)).
    steps = harmonic[(kept + groups.size).astype(np.int64)] - harmonic[kept.astype(np.int64)]
    area = (groups.size * share + (kept_right - kept * share) * steps).sum(0)
    oracle = n_right * (1 + harmonic[total.astype(np.int64)] - harmonic[n_right.astype(np.int64)])
    both = (n_right > 0) & (n_right < total)
    return np.where(both, _ratio(area - n_right, oracle - n_right), np.nan)


def expected_calibration_error(
    confidence: _Array, right: _Array, weights: _Array | None = None, *, bins: int = ECE_BINS
) -> _Array:
    """Mean over bins of equal mass of |mean confidence - share right|: 0 (calibrated) to 1.

    A document on a border is divided between its bins, so each holds exactly a part in `bins` of them. Grows as documents
    become few: also a calibrated model's is above 0.
    """
    groups = _grouped(confidence, right, weights)
    surplus = groups.value[:, None] * groups.size - groups.marked
    nothing = np.zeros((1, surplus.shape[1]))
    mass, total = np.concatenate([nothing, groups.size.cumsum(0)]), np.concatenate([nothing, surplus.cumsum(0)])
    borders = np.linspace(0, 1, bins + 1)
    gaps = [np.abs(np.diff(np.interp(borders * own[-1], own, sums))).sum() for own, sums in zip(mass.T, total.T, strict=True)]
    return _ratio(np.asarray(gaps), mass[-1])


def weighted_mean(values: _Array, weights: _Array | None = None) -> _Array:
    """Of documents' values, such as `choices.choice_brier`; NaN without a document."""
    weights = _weights(values, weights)
    return _ratio(values @ weights, weights.sum(0))


class _Groups(NamedTuple):
    """Documents by rising value, equal values together: (groups,) and twice (groups, draws)."""

    value: _Array
    size: _Array
    """Summed weights."""
    marked: _Array
    """Of those that are marked 1."""

    @staticmethod
    def before(sizes: _Array) -> _Array:
        """Sum over the groups below each."""
        return np.asarray(sizes.cumsum(0) - sizes)


def _grouped(values: _Array, marks: _Array, weights: _Array | None) -> _Groups:
    weights = _weights(values, weights)
    distinct, group = np.unique(values, return_inverse=True)
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    ordered = weights[order]
    sums = (np.add.reduceat(part, starts, axis=0) if len(starts) else part for part in (ordered, ordered * marks[order, None]))
    return _Groups(distinct, *sums)


def _weights(values: _Array, weights: _Array | None) -> _Array:
    return np.ones((len(values), 1)) if weights is None else weights


def _ratio(numerator: _Array, denominator: _Array) -> _Array:
    return np.asarray(np.divide(numerator, denominator, out=np.full(len(denominator), np.nan), where=denominator > 0))
