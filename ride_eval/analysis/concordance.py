"""Rank correlation within many small strata, without the bias that ranks have there.

Spearman's r of n pairs is on average ((n - 2) rho + 3 tau) / (n + 1) (Kendall & Gibbons 1990, ch. 9): a planted 0.4 shrinks
to 0.36 in strata of 13. Taken out, what remains is rho itself,

    rho = 3 E[sign(x1 - x2) sign(y1 - y3)]

over three documents of a stratum, estimated by the mean over all triples: the same in expectation whatever the size of the
strata, and untouched by anything that moves a whole stratum. Strata are pooled with weight n - 2, which is what a stratum of
two, telling nothing, needs. With ties the same sums of x with x and of y with y, 1 without ties, normalise it, as they do
Spearman's r.

With A_i = sum_j sign(x_i - x_j), B_i likewise and K_i = sum_j sign(x_i - x_j) sign(y_i - y_j), the sum over triples is sum_i
(A_i B_i - K_i), and without document d it is that less A_d B_d - 3 K_d - sum_i sign(y_d - y_i) A_i - sum_i sign(x_d - x_i)
B_i: so a jackknife costs no more than a sort.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_DIRECT = 128
"""Up to so many documents a comparison of all with all is faster than sorting."""
_CONDITION = 1e8
"""Above this two of the other columns say the same."""
_ROUNDING = 1e-9


def triples(values: Array) -> tuple[Array, Array]:
    """Sums over triples for every two of v columns of n documents, times 3 / (n (n - 1)), 0 below three documents.

    (..., v, n) finite values -> (..., v, v), and the same without each document: (n, ..., v, v).
    """
    *groups, v, n = values.shape
    if n < 3:
        return np.zeros((*groups, v, v)), np.zeros((n, *groups, v, v))
    score, common, signed = _direct(values) if n <= _DIRECT else _by_sorting(values)
    product = score[..., :, None, :] * score[..., None, :, :]
    total = (product - common).sum(-1)
    without = total[..., None] - product + 3 * common + signed + np.swapaxes(signed, -2, -3)
    return 3 * total / (n * (n - 1)), np.moveaxis(3 * without / ((n - 1) * (n - 2)), -1, 0)


def scores(values: Array) -> Array:
    """(..., n) -> the sum of the signs of each one's differences from the others: 2 * midrank - n - 1."""
    ordered = np.sort(values, axis=-1)
    found = np.empty(values.shape)
    for place in np.ndindex(values.shape[:-1]):
        below, upto = (np.searchsorted(ordered[place], values[place], side) for side in ("left", "right"))
        found[place] = below + upto - values.shape[-1]
    return found


def correlations(sums: Array) -> Array:
    """(..., groups, v, v) sums -> (...,) correlation of the first two columns given the others; NaN where one of the two does
    not vary.

    The groups are pooled; what the others explain is taken out group by group, since it need not be the same in each. Others
    that do not vary are left out. A value outside -1 to 1, possible for few documents, is clipped.
    """
    left = sums[..., :2, :2]
    if sums.shape[-1] > 2:
        scale = np.sqrt(np.maximum(np.diagonal(sums, axis1=-2, axis2=-1), 0.0))
        product = scale[..., :, None] * scale[..., None, :]
        matrix = np.divide(sums, product, out=np.zeros_like(sums), where=product > 0)
        places = np.arange(2, sums.shape[-1])
        matrix[..., places, places] = 1.0
        others, cross = matrix[..., 2:, 2:], matrix[..., :2, 2:]
        solvable = np.linalg.cond(others) < _CONDITION
        explained = np.full_like(left, np.nan)
        explained[solvable] = cross[solvable] @ np.linalg.solve(others[solvable], np.swapaxes(cross[solvable], -1, -2))
        left = left - explained * product[..., :2, :2]
    left = left.sum(-3)
    x, y = left[..., 0, 0], left[..., 1, 1]
    there = (x > _ROUNDING) & (y > _ROUNDING)
    value = np.divide(left[..., 0, 1], np.sqrt(np.abs(x * y)), out=np.full(x.shape, np.nan), where=there)
    return np.asarray(np.clip(value, -1.0, 1.0))


def _direct(values: Array) -> tuple[Array, Array, Array]:
    """(..., v, n) -> A (..., v, n), K (..., v, v, n) and sum_i sign(y_d - y_i) A_i (..., x, y, d), comparing all with all."""
    sign = np.sign(values[..., :, None] - values[..., None, :])
    score = sign.sum(-1)
    common = (sign[..., :, None, :, :] * sign[..., None, :, :, :]).sum(-1)
    return score, common, np.einsum("...ydi,...xi->...xyd", sign, score)


def _by_sorting(values: Array) -> tuple[Array, Array, Array]:
    """The same, n log n."""
    *groups, v, n = values.shape
    score = scores(values)
    common, signed = np.empty((*groups, v, v, n)), np.empty((*groups, v, v, n))
    for place in np.ndindex(*groups, v, v):
        *group, x, y = place
        first, second = (np.unique(values[(*group, column)], return_inverse=True)[1] for column in (x, y))
        if x <= y:
            same = _below_in_both(first, second) + _below_in_both(-first, -second)
            both = same - _below_in_both(first, -second) - _below_in_both(-first, second)
            common[place] = common[(*group, y, x)] = both
        sums = np.bincount(second, weights=score[(*group, x)])
        upto = np.cumsum(sums)
        signed[place] = (2 * upto - sums - upto[-1])[second]
    return score, common, signed


def _below_in_both(x: NDArray[np.int64], y: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each document the number of others that are smaller in x and in y.

    In order of x, equal ones by falling y, those are the earlier ones with a smaller y: counted bit by bit of y's rank, an
    earlier one being smaller by its first different bit.
    """
    order = np.lexsort((-y, x))
    rank = np.unique(y[order], return_inverse=True)[1].astype(np.int64)
    n = len(rank)
    smaller = np.zeros(n, dtype=np.int64)
    for bit in reversed(range(int(rank.max(initial=0)).bit_length())):
        prefix = rank >> (bit + 1)
        place = np.argsort(prefix, kind="stable")  # groups of equal leading bits, each in order of x
        zero = 1 - ((rank[place] >> bit) & 1)
        before = np.cumsum(zero) - zero
        starts = np.flatnonzero(np.diff(prefix[place], prepend=-1))
        before -= np.repeat(before[starts], np.diff(starts, append=n))
        smaller[place] += np.where(zero, 0, before)
    found = np.empty(n, dtype=np.int64)
    found[order] = smaller
    return found
