"""Do two models find the same prompts alike, beyond the prompts' common tokens? Partial Mantel correlation.

Expert indices do not match between models, but similarities of prompts do. Pearson correlation over pairs of prompts of two
similarities, after both were regressed on the control similarities. p: the first one's residuals are permuted by prompt
(rows and columns together), and regressed again (Legendre 2000, permuting residuals). Interval: bootstrap over prompts, pairs
of a prompt with its own copy dropped.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ride_eval.analysis.categories.measured import Measured, from_draws, nothing

MOST = 500
"""Prompts; of more, so many are drawn."""
DRAWS = 1000
PERMUTATIONS = 2000
FEWEST = 10
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Mantel:
    """Over pairs of prompts, -1 to 1."""

    partial: Measured
    """Given the controls; n counts prompts."""
    plain: float
    """Without them."""
    p: float
    """One-sided: more alike than by chance."""


def partial_mantel(
    first: Floats,
    second: Floats,
    controls: Sequence[Floats],
    *,
    draws: int = DRAWS,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> Mantel:
    """Symmetric (n, n) similarities of the same prompts, their diagonals not used."""
    n = len(first)
    if n < FEWEST:
        return Mantel(partial=nothing(f"{n} common prompts; {FEWEST} are needed"), plain=math.nan, p=math.nan)
    if n > MOST:
        rows = np.sort(np.random.default_rng(seed).choice(n, MOST, replace=False))
        first, second, *controls = (each[np.ix_(rows, rows)] for each in (first, second, *controls))
        n = MOST
    upper = np.triu_indices(n, 1)
    x, y, *z = (each[upper] for each in (first, second, *controls))
    design = np.column_stack([np.ones(len(x)), *z])
    left, right = _residual(x, design), _residual(y, design)
    value = _correlation(left, right)
    if not math.isfinite(value):
        return Mantel(partial=nothing("the similarities do not vary beyond the tokens'"), plain=math.nan, p=math.nan)
    square = np.zeros((n, n))
    square[upper] = left
    square += square.T
    # An orthonormal basis of what is regressed out; the second side is orthogonal to it already.
    basis = np.linalg.qr(design)[0]
    rng = np.random.default_rng(seed)
    at_least = 0
    for _ in range(permutations):
        order = rng.permutation(n)
        permuted = square[np.ix_(order, order)][upper]
        permuted = permuted - basis @ (basis.T @ permuted)
        at_least += _correlation(permuted, right) >= value - 1e-12
    drawn = _drawn([first, second, *controls], draws, np.random.default_rng([seed, 1]))
    return Mantel(
        partial=from_draws(value, drawn, n),
        plain=_correlation(x - x.mean(), y - y.mean()),
        p=(1 + at_least) / (1 + permutations),
    )


def _residual(values: Floats, design: Floats) -> Floats:
    return np.asarray(values - design @ np.linalg.lstsq(design, values, rcond=None)[0])


def _correlation(first: Floats, second: Floats) -> float:
    scale = math.sqrt(float(first @ first) * float(second @ second))
    return float(first @ second) / scale if scale > 1e-12 * len(first) else math.nan


def _drawn(matrices: Sequence[Floats], draws: int, rng: np.random.Generator) -> Floats:
    """(draws,) partial correlations of the first two given the others, a pair weighing the product of its prompts' counts."""
    n = len(matrices[0])
    weights = rng.multinomial(n, np.full(n, 1 / n), size=draws).astype(np.float64)
    columns = [np.ones((n, n)), *matrices]
    products = np.empty((draws, len(columns), len(columns)))
    for i, one in enumerate(columns):
        for j in range(i, len(columns)):
            both = one * columns[j]
            np.fill_diagonal(both, 0.0)
            products[:, i, j] = products[:, j, i] = np.einsum("bi,bi->b", weights @ both, weights)
    return np.array([_partial(moments) for moments in products])


def _partial(moments: Floats) -> float:
    """From weighted products of (1, x, y, controls): the correlation of x and y given the others."""
    given = [0, *range(3, len(moments))]
    inner = moments[np.ix_(given, given)]
    cross = moments[np.ix_([1, 2], given)]
    left = moments[1:3, 1:3] - cross @ np.linalg.pinv(inner) @ cross.T
    scale = math.sqrt(max(0.0, left[0, 0] * left[1, 1]))
    return float(left[0, 1] / scale) if scale > 0 else math.nan
