"""How sure: bootstrap over prompts and permutation of their labels, both from sums, so that no draw forms a pair.

Pairs share prompts, so prompts are drawn, within categories; a pair counts as the product of its prompts' weights. Pairs of a
prompt with its own copy are dropped: their similarity is 1 by construction. With weights w and s_c = sum of w_i u_i, the sum
over a category's ordered pairs of different prompts is |s_c|^2 - sum w_i^2.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ride_eval.analysis.categories.measured import DRAWS, Measured, from_draws
from ride_eval.analysis.categories.similarity import Floats, Labels, Similarity, similarity

PERMUTATIONS = 10_000
MANY = 5_000
"""From so many prompts on, AUC is taken from seeded pairs, and only the difference of means has an interval."""
SEEDED_PAIRS = 1_000_000
_AUC_PAIRS = 200_000
"""Pairs that the interval of AUC is drawn from where there are more."""
_CELLS = 2**22
"""Numbers in a block of draws."""
_DIGITS = 12
"""Cosines are compared to so many digits: beyond, rounding would break ties."""


@dataclass(frozen=True, kw_only=True)
class Separation:
    """How far categories lie apart, and how sure that is."""

    similarity: Similarity
    difference: Measured
    """Mean within - mean across."""
    cohens_d: Measured
    auc: Measured
    """P(a pair within is more similar than a pair across), ties half: 0.5 is no separation."""
    p: float
    """One-sided, by permutation of prompt labels; NaN from MANY prompts on."""
    n: int


def separation(
    units: Floats, labels: Labels, *, draws: int = DRAWS, permutations: int = PERMUTATIONS, seed: int = 0
) -> Separation:
    """(n, d) unit vectors and (n,) categories 0..C-1, with pairs within and across; else every number is NaN.

    Without `permutations` neither p nor AUC's interval is taken: what one layer of many needs.
    """
    found, n = similarity(units, labels), len(units)
    if not found.within.n or not found.across.n:
        nan = Measured(value=math.nan, n=n, reason="pairs within and across categories are needed")
        return Separation(similarity=found, difference=nan, cohens_d=nan, auc=nan, p=math.nan, n=n)
    difference = found.within.mean - found.across.mean
    if n >= MANY:
        drawn = _drawn_moments(units, labels, draws, seed, squares=False)
        return Separation(
            similarity=found,
            difference=from_draws(difference, drawn.difference(), n),
            cohens_d=Measured(value=found.cohens_d, n=n),
            auc=Measured(value=_Ranked(units, *_seeded_pairs(labels, SEEDED_PAIRS, seed), labels).auc(), n=n),
            p=math.nan,
            n=n,
        )
    rows = _fewer_columns(units)
    drawn = _drawn_moments(rows, labels, draws, seed, squares=True)
    ranked = _Ranked(rows, *np.triu_indices(n, 1), labels)
    return Separation(
        similarity=found,
        difference=from_draws(difference, drawn.difference(), n),
        cohens_d=from_draws(found.cohens_d, drawn.cohens_d(), n),
        auc=_auc_interval(ranked, rows, labels, draws, seed) if permutations else Measured(value=ranked.auc(), n=n),
        p=permutation_p(rows, labels, draws=permutations, seed=seed) if permutations else math.nan,
        n=n,
    )


def difference_interval(units: Floats, labels: Labels, *, draws: int = DRAWS, seed: int = 0) -> tuple[float, float]:
    """Percentile interval of mean within - mean across by bootstrap over prompts, drawn within categories."""
    found = from_draws(
        math.nan, _drawn_moments(_fewer_columns(units), labels, draws, seed, squares=False).difference(), len(units)
    )
    return found.low, found.high


def permutation_p(units: Floats, labels: Labels, *, draws: int = PERMUTATIONS, seed: int = 0) -> float:
    """One-sided p = (1 + b) / (1 + B) of mean within - mean across, under permutations of the prompts' labels."""
    rng = np.random.default_rng(seed)
    units = _fewer_columns(units)
    observed = float(_within_sums(units, labels[None])[0])
    block = max(1, _CELLS // len(units))
    at_least = 0
    for first in range(0, draws, block):
        permuted = rng.permuted(np.tile(labels, (min(block, draws - first), 1)), axis=1)
        # Category sizes and the sum over all pairs stay, so the difference rises with the sum within. Sums of the same numbers
        # in another order differ by rounding.
        at_least += int((_within_sums(units, permuted) >= observed - 1e-10 * len(units)).sum())
    return (1 + at_least) / (1 + draws)


def _within_sums(units: Floats, labels: Labels) -> Floats:
    """Per row of labels (draws, n), the sum over categories of |s_c|^2."""
    left = np.broadcast_to(units.sum(0), (len(labels), units.shape[1])).copy()
    total = np.zeros(len(labels))
    for c in range(int(labels.max())):
        own = (labels == c).astype(np.float64) @ units
        total += (own**2).sum(1)
        left -= own
    return np.asarray(total + (left**2).sum(1))


def _fewer_columns(units: Floats) -> Floats:
    """Rows with the same cosines in at most as many columns as there are rows."""
    n, d = units.shape
    return np.asarray(np.linalg.qr(units.T, mode="r")).T if n < d else units


@dataclass(frozen=True)
class _Drawn:
    """(draws,) weighted sums over ordered pairs of different prompts, of cosines, their squares, and 1; within and of all."""

    within: Floats
    within_squares: Floats
    within_pairs: Floats
    total: Floats
    total_squares: Floats
    pairs: Floats

    def difference(self) -> Floats:
        within, across = self._means(self.within, self.total)
        return np.asarray(within - across)

    def cohens_d(self) -> Floats:
        (within, across), squares = self._means(self.within, self.total), self._means(self.within_squares, self.total_squares)
        share = self.within_pairs / self.pairs
        variance = share * (squares[0] - within**2) + (1 - share) * (squares[1] - across**2)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.where(variance > 0, (within - across) / np.sqrt(variance), np.nan))

    def _means(self, within: Floats, total: Floats) -> tuple[Floats, Floats]:
        with np.errstate(invalid="ignore", divide="ignore"):
            return within / self.within_pairs, (total - within) / (self.pairs - self.within_pairs)


def _weights(groups: list[NDArray[np.intp]], draws: int, seed: int) -> Iterator[list[Floats]]:
    """Blocks of bootstrap weights, per category (draws, its prompts): the same for a seed, whatever the block's size."""
    rngs = np.random.default_rng(seed).spawn(len(groups))
    block = max(1, _CELLS // max(1, sum(map(len, groups))))
    for first in range(0, draws, block):
        width = min(block, draws - first)
        found = []
        for rng, group in zip(rngs, groups, strict=True):
            size = len(group)
            chosen = rng.integers(size, size=(width, size)) + size * np.arange(width)[:, None]
            found.append(np.bincount(chosen.ravel(), minlength=width * size).reshape(width, size).astype(np.float64))
        yield found


def _groups(labels: Labels) -> list[NDArray[np.intp]]:
    return [np.flatnonzero(labels == c) for c in range(int(labels.max()) + 1)]


def _drawn_moments(units: Floats, labels: Labels, draws: int, seed: int, *, squares: bool) -> _Drawn:
    groups = _groups(labels)
    gram_squares = (units @ units.T) ** 2 if squares else np.zeros((1, 1))
    np.fill_diagonal(gram_squares, 0.0)
    blocks = []
    for weights in _weights(groups, draws, seed):
        within = within_squares = within_pairs = copies = np.zeros(len(weights[0]))
        total = np.zeros((len(weights[0]), units.shape[1]))
        for group, own in zip(groups, weights, strict=True):
            sums = np.zeros_like(total)
            for first in range(0, len(group), 4096):
                sums += own[:, first : first + 4096] @ units[group[first : first + 4096]]
            diagonal = (own**2).sum(1)
            within = within + (sums**2).sum(1) - diagonal
            within_pairs = within_pairs + float(len(group)) ** 2 - diagonal
            copies = copies + diagonal
            total += sums
            if squares:
                within_squares = within_squares + _quadratic(own, gram_squares[np.ix_(group, group)])
        total_squares = _quadratic(_together(groups, weights), gram_squares) if squares else np.zeros(len(total))
        all_pairs = float(len(units)) ** 2 - copies
        blocks.append((within, within_squares, within_pairs, (total**2).sum(1) - copies, total_squares, all_pairs))
    return _Drawn(*(np.concatenate(parts) for parts in zip(*blocks, strict=True)))


def _together(groups: list[NDArray[np.intp]], weights: list[Floats]) -> Floats:
    """The weights of each category as one array (draws, n), in the order of the prompts."""
    every = np.empty((len(weights[0]), sum(map(len, groups))))
    for group, own in zip(groups, weights, strict=True):
        every[:, group] = own
    return every


def _quadratic(weights: Floats, matrix: Floats) -> Floats:
    return np.asarray(np.einsum("bi,bi->b", weights @ matrix, weights))


# AUC --------------------------------------------------------------------------------------------------------------------


class _Ranked:
    """Pairs of prompts in order of their cosine."""

    def __init__(self, units: Floats, first: NDArray[np.intp], second: NDArray[np.intp], labels: Labels) -> None:
        cosines = np.empty(len(first))
        for start in range(0, len(first), 4096):
            part = slice(start, start + 4096)
            cosines[part] = np.einsum("ij,ij->i", units[first[part]], units[second[part]])
        cosines = np.round(cosines, _DIGITS)
        order = np.argsort(cosines, kind="stable")
        self.first, self.second = first[order], second[order]
        self.within = labels[self.first] == labels[self.second]
        self.starts = np.flatnonzero(np.append(True, np.diff(cosines[order]) > 0))
        """Where each group of equal cosines begins."""

    def auc(self) -> float:
        return float(self._of(np.ones((1, len(self.first))))[0])

    def drawn(self, labels: Labels, draws: int, seed: int) -> Floats:
        groups = _groups(labels)
        found = []
        for weights in _weights(groups, draws, seed):
            every = _together(groups, weights)
            width = max(1, _CELLS // len(self.first))
            for start in range(0, len(every), width):
                part = every[start : start + width]
                found.append(self._of(part[:, self.first] * part[:, self.second]))
        return np.concatenate(found)

    def _of(self, weights: Floats) -> Floats:
        """Weights (draws, pairs): the share of (within, across) pairs of pairs in the right order."""
        own = np.where(self.within, weights, 0.0)
        within = np.add.reduceat(own, self.starts, axis=1)
        across = np.add.reduceat(weights - own, self.starts, axis=1)
        below = across.cumsum(1) - across / 2
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray((within * below).sum(1) / (within.sum(1) * across.sum(1)))


def _auc_interval(ranked: _Ranked, units: Floats, labels: Labels, draws: int, seed: int) -> Measured:
    few = ranked if len(ranked.first) <= _AUC_PAIRS else _Ranked(units, *_seeded_pairs(labels, _AUC_PAIRS, seed), labels)
    return from_draws(ranked.auc(), few.drawn(labels, draws, seed), len(labels))


def _seeded_pairs(labels: Labels, n: int, seed: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """n pairs of different prompts, half of them uniform over the pairs within, half over those across."""
    rng = np.random.default_rng([seed, 1])
    groups = _groups(labels)
    sizes = np.array([len(group) for group in groups], dtype=np.float64)
    chances = sizes * (sizes - 1)
    first, second = np.empty(n, dtype=np.intp), np.empty(n, dtype=np.intp)
    of_group = rng.choice(len(groups), size=n // 2, p=chances / chances.sum())
    for c, group in enumerate(groups):
        rows = np.flatnonzero(of_group == c)
        one = rng.integers(len(group), size=len(rows))
        other = (one + rng.integers(1, max(2, len(group)), size=len(rows))) % len(group)
        first[rows], second[rows] = group[one], group[other]
    place = n // 2
    while place < n:
        one, other = rng.integers(len(labels), size=(2, n - place))
        kept = labels[one] != labels[other]
        size = int(kept.sum())
        first[place : place + size], second[place : place + size] = one[kept], other[kept]
        place += size
    return first, second
