"""Cosine similarity of signatures within and across categories, exactly, without forming all pairs.

For unit vectors u_i, with s their sum and M the sum of their outer products, the mean over the P = n(n-1)/2 unordered pairs is
(|s|^2 - n) / 2P and the mean square (|M|_F^2 - n) / 2P, in float64. Within-category moments are sums over categories; what is
left of the total is across.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Cosine similarity over a set of unordered pairs; NaN without any."""

    mean: float
    sd: float
    """Population SD over the pairs."""
    n: int


@dataclass(frozen=True, kw_only=True)
class Similarity:
    """Within and across categories."""

    within: Pairs
    across: Pairs
    cohens_d: float
    """(within - across) over the SD pooled by pair count."""
    matrix: Floats
    """(C, C) mean similarity of each pair of categories; the diagonal leaves out a prompt with itself."""


def normalized(signatures: Floats) -> Floats:
    """Rows of (n, ...) as unit vectors (n, d) in float64. ValueError for a row that is zero or not finite."""
    flat = np.asarray(signatures, dtype=np.float64).reshape(len(signatures), -1)
    norms = np.linalg.norm(flat, axis=1, keepdims=True)
    if not np.isfinite(norms).all() or not (norms > 0).all():
        raise ValueError("a signature without selections has no direction; leave out prompts without question tokens")
    return np.asarray(flat / norms)


def similarity(units: Floats, labels: NDArray[np.int64]) -> Similarity:
    """(n, d) unit vectors and (n,) categories 0..C-1, each with at least one prompt."""
    categories = int(labels.max()) + 1
    counts = np.bincount(labels, minlength=categories).astype(np.float64)
    sums = np.stack([units[labels == c].sum(0) for c in range(categories)])
    products = [_squared_norm_of_moment(units[labels == c]) for c in range(categories)]
    n = float(len(units))
    total = _Moments(float((sums.sum(0) ** 2).sum()) - n, _squared_norm_of_moment(units) - n, n * (n - 1) / 2)
    inner = _Moments(float((sums**2).sum()) - n, math.fsum(products) - n, float((counts * (counts - 1) / 2).sum()))
    within, across = inner.pairs(), total.minus(inner).pairs()
    return Similarity(within=within, across=across, cohens_d=cohens_d(within, across), matrix=_category_means(sums, counts))


def cohens_d(within: Pairs, across: Pairs) -> float:
    """Standardised difference of means with the SD pooled by pair count; NaN where it cannot be had."""
    if not within.n or not across.n:
        return math.nan
    pooled = math.sqrt((within.n * within.sd**2 + across.n * across.sd**2) / (within.n + across.n))
    return (within.mean - across.mean) / pooled if pooled > 0 else math.nan


@dataclass(frozen=True)
class _Moments:
    """Twice the sum and twice the sum of squares over `pairs` unordered pairs."""

    twice_sum: float
    twice_squares: float
    count: float

    def minus(self, other: _Moments) -> _Moments:
        return _Moments(self.twice_sum - other.twice_sum, self.twice_squares - other.twice_squares, self.count - other.count)

    def pairs(self) -> Pairs:
        if self.count < 1:
            return Pairs(mean=math.nan, sd=math.nan, n=0)
        mean, square = self.twice_sum / (2 * self.count), self.twice_squares / (2 * self.count)
        return Pairs(mean=mean, sd=math.sqrt(max(0.0, square - mean**2)), n=round(self.count))


def _squared_norm_of_moment(units: Floats) -> float:
    """|sum_i u_i u_i^T|_F^2 = |U U^T|_F^2, by the smaller of the two products."""
    product = units.T @ units if units.shape[0] >= units.shape[1] else units @ units.T
    return float((product**2).sum())


def _category_means(sums: Floats, counts: Floats) -> Floats:
    means = (sums @ sums.T) / np.outer(counts, counts)
    own = (sums**2).sum(1) - counts
    with np.errstate(invalid="ignore", divide="ignore"):
        np.fill_diagonal(means, np.where(counts > 1, own / (counts * (counts - 1)), np.nan))
    return np.asarray(means)


# How sure ---------------------------------------------------------------------------------------------------------------


def difference_interval(
    units: Floats, labels: NDArray[np.int64], *, draws: int = 2000, seed: int = 0, confidence: float = 0.95
) -> tuple[float, float]:
    """Percentile interval of mean within - mean across by bootstrap over prompts, drawn within categories.

    Pairs share prompts, so pairs are not what is drawn. Pairs of a prompt with its own copy are dropped: their similarity is 1
    by construction.
    """
    rng = np.random.default_rng(seed)
    gram = units @ units.T
    np.fill_diagonal(gram, 0.0)
    groups = [np.flatnonzero(labels == c) for c in range(int(labels.max()) + 1)]
    found = np.empty(draws)
    for draw in range(draws):
        weights = np.zeros(len(units))
        for group in groups:
            weights[group] = rng.multinomial(len(group), np.full(len(group), 1 / len(group)))
        found[draw] = _weighted_difference(gram, groups, weights)
    tail = (1 - confidence) / 2
    low, high = np.nanquantile(found, [tail, 1 - tail])
    return float(low), float(high)


def permutation_p(units: Floats, labels: NDArray[np.int64], *, draws: int = 10_000, seed: int = 0) -> float:
    """One-sided p = (1 + b) / (1 + B) of mean within - mean across, under permutations of the prompts' labels."""
    rng = np.random.default_rng(seed)
    gram = units @ units.T
    np.fill_diagonal(gram, 0.0)
    ones = np.ones(len(units))

    def difference(given: NDArray[np.int64]) -> float:
        groups = [np.flatnonzero(given == c) for c in range(int(labels.max()) + 1)]
        return _weighted_difference(gram, groups, ones)

    observed = difference(labels)
    # Sums of the same numbers in another order differ by rounding.
    at_least = sum(difference(rng.permutation(labels)) >= observed - 1e-12 for _ in range(draws))
    return (1 + at_least) / (1 + draws)


def _weighted_difference(gram: Floats, groups: Sequence[NDArray[np.int64]], weights: Floats) -> float:
    """Mean within - mean across over pairs of different prompts; a pair counts as the product of its weights."""
    within = pairs = 0.0
    for group in groups:
        own = weights[group]
        within += float(own @ gram[np.ix_(group, group)] @ own)
        pairs += float(own.sum() ** 2 - (own**2).sum())
    total, all_pairs = float(weights @ gram @ weights), float(weights.sum() ** 2 - (weights**2).sum())
    if not pairs or all_pairs == pairs:
        return math.nan
    return within / pairs - (total - within) / (all_pairs - pairs)
