"""Rank correlation of two changes over documents, within strata."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ride_eval.analysis.categories.measured import DRAWS, Measured, from_draws, nothing

FEWEST = 20
"""Documents below which there is no interval."""
PERMUTATIONS = 2000
_DIGITS = 12
_Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Association:
    """Correlation of ranks centred within strata, -1 to 1, and its two-sided p by permutation within strata."""

    rho: Measured
    """n counts documents."""
    p: float


def association(x: _Array, y: _Array, strata: NDArray[np.int64], *, draws: int = DRAWS, seed: int = 0) -> Association:
    """(n,) values of as many documents, NaN left out. NaN with a reason where one of the two does not vary."""
    known = np.isfinite(x) & np.isfinite(y)
    x, y, strata = np.round(x[known], _DIGITS), np.round(y[known], _DIGITS), strata[known]
    n = len(x)
    if not n:
        return Association(rho=nothing("not measured"), p=math.nan)
    value = _correlation(x, y, strata)
    if not math.isfinite(value):
        reason = "one of the two does not vary within a task and wording"
        return Association(rho=Measured(value=math.nan, n=n, reason=reason), p=math.nan)
    if n < FEWEST:
        return Association(rho=Measured(value=value, n=n, reason=f"{n} of the {FEWEST} documents needed"), p=math.nan)
    rng = np.random.default_rng(seed)
    groups = [np.flatnonzero(strata == stratum) for stratum in np.unique(strata)]
    drawn = np.empty(draws)
    for draw in range(draws):
        rows = np.concatenate([group[rng.integers(len(group), size=len(group))] for group in groups])
        drawn[draw] = _correlation(x[rows], y[rows], strata[rows])
    left, right = _centred_ranks(x, strata), _centred_ranks(y, strata)
    at_least, observed = 0, abs(float(left @ right)) - 1e-9
    for _ in range(PERMUTATIONS):
        permuted = right.copy()
        for group in groups:
            permuted[group] = right[rng.permutation(group)]
        at_least += abs(float(left @ permuted)) >= observed
    return Association(rho=from_draws(value, drawn, n), p=(1 + at_least) / (1 + PERMUTATIONS))


def _correlation(x: _Array, y: _Array, strata: NDArray[np.int64]) -> float:
    left, right = _centred_ranks(x, strata), _centred_ranks(y, strata)
    scale = math.sqrt(float(left @ left) * float(right @ right))
    return float(left @ right) / scale if scale > 0 else math.nan


def _centred_ranks(values: _Array, strata: NDArray[np.int64]) -> _Array:
    """Midranks within each stratum, by its size, less their mean: each document counts the same whatever its stratum."""
    order = np.lexsort((values, strata))
    of_stratum, ordered = strata[order], values[order]
    new = np.append(True, of_stratum[1:] != of_stratum[:-1])
    starts, number = np.flatnonzero(new), np.cumsum(new) - 1
    sizes = np.diff(np.append(starts, len(values)))
    tie = np.cumsum(new | np.append(True, ordered[1:] != ordered[:-1])) - 1
    places = (np.arange(len(values)) - starts[number]).astype(np.float64)
    midranks = (np.bincount(tie, weights=places) / np.bincount(tie))[tie]
    found = np.empty(len(values))
    found[order] = (midranks - (sizes[number] - 1) / 2) / sizes[number]
    return found
