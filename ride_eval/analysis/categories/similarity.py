"""Cosine similarity of signatures within and across categories, exactly, without forming all pairs.

For unit vectors u_i, with s their sum and M the sum of their outer products, the mean over the P = n(n-1)/2 unordered pairs is
(|s|^2 - n) / 2P and the mean square (|M|_F^2 - n) / 2P, in float64. Within-category moments are sums over categories; what is
left of the total is across.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]
_ROWS = 4096


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
    cohens_d_unweighted: float
    """The same over the root mean of the two variances."""
    matrix: Floats
    """(C, C) mean similarity of each pair of categories; the diagonal leaves out a prompt with itself."""


def normalized(signatures: NDArray[np.floating]) -> Floats:
    """Rows of (n, ...) as unit vectors (n, d) in float64. ValueError for a row that is zero or not finite."""
    flat = np.array(signatures, dtype=np.float64).reshape(len(signatures), -1)
    norms = np.sqrt(np.einsum("ij,ij->i", flat, flat))[:, None]
    if not np.isfinite(norms).all() or not (norms > 0).all():
        raise ValueError("a signature without selections has no direction; leave out prompts without question tokens")
    flat /= norms
    return flat


def similarity(units: Floats, labels: Labels) -> Similarity:
    """(n, d) unit vectors and (n,) categories 0..C-1, each with at least one prompt."""
    categories = int(labels.max()) + 1
    counts = np.bincount(labels, minlength=categories).astype(np.float64)
    sums = np.stack([np.sum([units[rows].sum(0) for rows in _blocks(labels, c)], axis=0) for c in range(categories)])
    n = float(len(units))
    inner_squares, total_squares = _squares(units, labels)
    total = _Moments(float((sums.sum(0) ** 2).sum()) - n, total_squares - n, n * (n - 1) / 2)
    inner = _Moments(float((sums**2).sum()) - n, inner_squares - n, float((counts * (counts - 1) / 2).sum()))
    within, across = inner.pairs(), total.minus(inner).pairs()
    return Similarity(
        within=within,
        across=across,
        cohens_d=cohens_d(within, across),
        cohens_d_unweighted=cohens_d(within, across, weighted=False),
        matrix=_category_means(sums, counts),
    )


def similarity_of_pairs(cosines: Floats, labels: Labels) -> Similarity:
    """The same from all cosines, (n, n): for vectors too long to be held, and few."""
    same = labels[:, None] == labels
    upper = np.triu(np.ones_like(same), 1)
    within, across = (_pairs(cosines[chosen & upper]) for chosen in (same, ~same))
    groups = [np.flatnonzero(labels == c) for c in range(int(labels.max()) + 1)]
    matrix = np.array([[float(_pairs(_between(cosines, one, other)).mean) for other in groups] for one in groups])
    return Similarity(
        within=within,
        across=across,
        cohens_d=cohens_d(within, across),
        cohens_d_unweighted=cohens_d(within, across, weighted=False),
        matrix=matrix,
    )


def _between(cosines: Floats, one: NDArray[np.intp], other: NDArray[np.intp]) -> Floats:
    block = cosines[np.ix_(one, other)]
    return block[np.triu_indices(len(one), 1)] if one is other else block


def _pairs(values: Floats) -> Pairs:
    if not values.size:
        return Pairs(mean=math.nan, sd=math.nan, n=0)
    return Pairs(mean=float(values.mean()), sd=float(values.std()), n=values.size)


def cohens_d(within: Pairs, across: Pairs, *, weighted: bool = True) -> float:
    """Standardised difference of means with the SD pooled by pair count, or, not `weighted`, over the root mean of the two
    variances; NaN where it cannot be had."""
    if not within.n or not across.n:
        return math.nan
    share = within.n / (within.n + across.n) if weighted else 0.5
    pooled = math.sqrt(share * within.sd**2 + (1 - share) * across.sd**2)
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


def _squares(units: Floats, labels: Labels) -> tuple[float, float]:
    """Sums of squared cosines over ordered pairs, a prompt with itself included: within categories, and of all.

    sum_ij (u_i u_j)^2 is |U U^T|_F^2 = |U^T U|_F^2: the smaller of the two products, formed once.
    """
    n, d = units.shape
    categories = range(int(labels.max()) + 1)
    if n < d:
        squares = (units @ units.T) ** 2
        own = [np.flatnonzero(labels == c) for c in categories]
        return math.fsum(float(squares[np.ix_(rows, rows)].sum()) for rows in own), float(squares.sum())
    total, inner = np.zeros((d, d)), 0.0
    for c in categories:
        # In pieces, since a category's rows are a copy.
        moment = np.zeros((d, d))
        for rows in _blocks(labels, c):
            part = units[rows]
            moment += part.T @ part
        inner += float(np.vdot(moment, moment))
        total += moment
    return inner, float(np.vdot(total, total))


def _blocks(labels: Labels, category: int) -> Iterator[NDArray[np.intp]]:
    rows = np.flatnonzero(labels == category)
    for first in range(0, len(rows), _ROWS):
        yield rows[first : first + _ROWS]


def _category_means(sums: Floats, counts: Floats) -> Floats:
    means = (sums @ sums.T) / np.outer(counts, counts)
    own = (sums**2).sum(1) - counts
    with np.errstate(invalid="ignore", divide="ignore"):
        np.fill_diagonal(means, np.where(counts > 1, own / (counts * (counts - 1)), np.nan))
    return np.asarray(means)
