"""Do two models find the same prompts alike, beyond the prompts' common tokens? Partial Mantel correlation.

Expert indices do not match between models, but similarities of prompts do. Pearson correlation over pairs of prompts of two
similarities, after both were regressed on the control similarities.

Token overlap alone is no sufficient control: a short prompt's signature is noisy, so it is less similar to every other, in both
models. Two routers that choose at random correlate with r = 0.87 given the overlap, since their prompts have the same lengths
(measured: 40 prompts of 8 to 60 tokens). So each prompt's own mean similarity is taken out too, from both sides and from the
controls, and p comes from permuting prompts among those of like length (rows and columns together, of the first side's
residuals: Legendre 2000). The interval: bootstrap over prompts, pairs of a prompt with its own copy dropped.
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
FEWEST = 20
LIKE_LENGTH = 12
"""Prompts among which one is exchanged, at least; they are the nearest in length."""
MOST_BINS = 8
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Mantel:
    """Correlations over pairs of prompts, -1 to 1."""

    beyond: Measured
    """Given the controls and each prompt's mean similarity; n counts prompts."""
    p: float
    """Of it, one-sided: more alike than by chance."""
    partial: float
    """Given the controls only: length alone can make it."""
    plain: float


def partial_mantel(
    first: Floats,
    second: Floats,
    controls: Sequence[Floats],
    lengths: NDArray[np.int64],
    *,
    draws: int = DRAWS,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> Mantel:
    """Symmetric (n, n) similarities of the same prompts, their diagonals not used, and the (n,) tokens of the prompts."""
    n = len(first)
    if n < FEWEST:
        return _none(f"{n} common prompts; {FEWEST} are needed")
    if n > MOST:
        rows = np.sort(np.random.default_rng(seed).choice(n, MOST, replace=False))
        first, second, *controls = (each[np.ix_(rows, rows)] for each in (first, second, *controls))
        lengths, n = lengths[rows], MOST
    upper = np.triu_indices(n, 1)
    x, y, *z = (each[upper] for each in (first, second, *controls))
    left, right = (_residual(side, np.column_stack([np.ones(len(x)), *z])) for side in (x, y))
    centred = [without_prompt_effects(each) for each in (first, second, *controls)]
    own, other, *given = (each[upper] for each in centred)
    # An orthonormal basis of what is regressed out. Prompts' means are 0 and stay so when permuted: no intercept is needed.
    basis = np.linalg.qr(np.column_stack(given))[0] if given else np.zeros((len(own), 0))
    own, other = (side - basis @ (basis.T @ side) for side in (own, other))
    value = _correlation(own, other)
    if not math.isfinite(value):
        return _none("the similarities do not vary beyond the tokens'")
    square = np.zeros((n, n))
    square[upper] = own
    square += square.T
    bins = np.array_split(np.argsort(lengths, kind="stable"), max(1, min(MOST_BINS, n // LIKE_LENGTH)))
    rng = np.random.default_rng(seed)
    at_least = 0
    for _ in range(permutations):
        order = np.arange(n)
        for alike in bins:
            order[alike] = rng.permutation(alike)
        permuted = square[np.ix_(order, order)][upper]
        permuted = permuted - basis @ (basis.T @ permuted)
        at_least += _correlation(permuted, other) >= value - 1e-12
    return Mantel(
        beyond=from_draws(value, _drawn(centred, draws, np.random.default_rng([seed, 1])), n),
        p=(1 + at_least) / (1 + permutations),
        partial=_correlation(left, right),
        plain=_correlation(x - x.mean(), y - y.mean()),
    )


def without_prompt_effects(similarity: Floats) -> Floats:
    """(n, n) less the least-squares fit of m + a_i + a_j to its off-diagonal cells, in closed form; 0 on the diagonal."""
    n = len(similarity)
    left = similarity.copy()
    np.fill_diagonal(left, 0.0)
    means = left.sum(1) / (n - 1)
    effects = (n - 1) / (n - 2) * (means - means.mean())
    left = left - means.mean() - effects[:, None] - effects
    np.fill_diagonal(left, 0.0)
    return np.asarray(left)


def _none(reason: str) -> Mantel:
    return Mantel(beyond=nothing(reason), p=math.nan, partial=math.nan, plain=math.nan)


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
