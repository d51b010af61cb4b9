"""Sign flips and bootstrap draws, the same for all columns: each block of draws is one matrix product.

With 20,000 documents and 200 columns a draw of its own for each column would take an hour.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ride_eval.analysis.spread import Array, Codes, Spread

FLIPS = 10_000
EXACT = 13
"""With so many documents or fewer all 2^n patterns of signs are taken."""
BOOTSTRAPS = 2_000
_BLOCK = 2**22
"""Numbers in a block of draws."""
_LEAST_ERROR = 1e-3
"""Times SD / sqrt(n): a draw with a smaller error holds equal values only, and says nothing."""
_ROUNDING = 1e-6
"""Sums that differ by less than this share of their terms' size are equal."""


def flip_p(differences: Array, task: Codes, effect: Array, rng: np.random.Generator, draws: int = FLIPS) -> Array:
    """(documents, columns) differences, NaN where there is none -> (columns,) two-sided p of the mean of task means.

    Tests that the two arms are exchangeable: that swapping them in any document would have been as likely. (1 + b) / (1 +
    draws), b the number of sign patterns with at least the effect's size; the exact share where EXACT documents or fewer have
    the column.
    """
    terms = _weighted(differences, task)
    sizes = np.isfinite(differences).sum(0)
    tolerance = _ROUNDING * np.abs(terms).sum(0)
    p = np.full(len(effect), np.nan)
    for column in np.flatnonzero((sizes > 0) & (sizes <= EXACT)):
        own = terms[np.isfinite(differences[:, column]), column]
        signs = 1.0 - 2.0 * ((np.arange(2 ** len(own))[:, None] >> np.arange(len(own))) & 1)
        p[column] = np.mean(np.abs(signs @ own) >= abs(effect[column]) - tolerance[column])
    many = np.flatnonzero(sizes > EXACT)
    if len(many):
        single = terms[:, many].astype(np.float32)
        least = (np.abs(effect[many]) - tolerance[many]).astype(np.float32)
        reached = np.zeros(len(many), dtype=np.int64)
        for signs in _signs(len(terms), draws, rng):
            reached += (np.abs(signs @ single) >= least).sum(0)
        p[many] = (1 + reached) / (1 + draws)
    return p


def bootstrap_t(
    differences: Array, task: Codes, wording: Codes, found: Spread, rng: np.random.Generator, draws: int = BOOTSTRAPS
) -> Array:
    """(documents, columns) differences and each document's task and wording -> (draws, columns) t, sorted.

    NaN, and last, where a draw's values do not vary.
    In a draw each place of the design (a task and wording) gets the residual, a difference less its task's mean, of any
    document of its task: so no wording has an effect, and t is what chance alone makes of this design and these values,
    however skewed.
    """
    n_tasks, n_wordings = found.task_n.shape[0], len(found.wording_effects)
    there = np.isfinite(differences)
    residuals = np.where(there, differences - found.task_effects[task], 0.0)
    # In units of its SD, so that single precision holds it.
    residuals = (residuals / np.where(found.deviation > 0, found.deviation, 1.0)).astype(np.float32)
    masks, mask_of = np.unique(there, axis=1, return_inverse=True)
    tasks = np.maximum((found.task_n > 0).sum(0), 1)
    least = _LEAST_ERROR / np.sqrt(np.maximum(found.n, 1))
    drawn = []
    members = [np.flatnonzero(task == t) for t in range(n_tasks)]
    largest = max((len(own) for own in members), default=1)
    block = max(1, _BLOCK // (max(largest, 1) * n_wordings))
    for first in range(0, draws, block):
        width = min(block, draws - first)
        effect = np.zeros((width, differences.shape[1]), dtype=np.float32)
        scores = np.zeros((width, n_wordings, differences.shape[1]), dtype=np.float32)
        for t, own in enumerate(members):
            counts = _places(wording[own], n_wordings, width, rng)
            sums = (counts @ residuals[own]).reshape(width, n_wordings, -1)
            sizes = (counts @ masks[own].astype(np.float32)).reshape(width, n_wordings, -1)[:, :, mask_of]
            with np.errstate(divide="ignore", invalid="ignore"):
                size = sizes.sum(1)
                mean = sums.sum(1) / size
                score = (sums - sizes * mean[:, None]) / size[:, None]
            without = found.task_n[t] == 0
            effect += np.where(without, 0.0, mean)
            scores += np.where(without, 0.0, score)
        with np.errstate(divide="ignore", invalid="ignore"):
            error = np.sqrt(found.null_factor.astype(np.float32) * np.square(scores).sum(1)) / tasks
            drawn.append(effect / tasks / np.where(error > least, error, np.nan))
    return np.sort(np.concatenate(drawn).astype(np.float64), axis=0)


def two_sided_p(t: Array, freedom: Array, drawn: Array | None = None) -> Array:
    """(columns,) t and its degrees of freedom, and draws of t (draws, columns) -> p, the larger of Student's and the draws'.

    The draws know how skewed the values are, but a sample with heavy tails holds too few of them: alone they are too sure.
    """
    from scipy.special import stdtr  # here, because importing scipy takes longer than --help may

    p = 2 * stdtr(freedom, -np.abs(t))
    if drawn is not None:
        tail = np.minimum((drawn <= t).sum(0), (drawn >= t).sum(0))
        p = np.maximum(p, np.minimum(1.0, 2 * (1 + tail) / (1 + np.isfinite(drawn).sum(0))))
    return np.asarray(p)


def _weighted(differences: Array, task: Codes) -> Array:
    """Terms whose sum is the mean of task means; 0 where there is no difference."""
    there = np.isfinite(differences)
    counts = np.stack([there[task == t].sum(0) for t in range(int(task.max(initial=-1)) + 1)])
    weight = np.where(there, 1.0 / np.maximum(counts * np.maximum((counts > 0).sum(0), 1), 1)[task], 0.0)
    return weight * np.where(there, differences, 0.0)


def _signs(documents: int, draws: int, rng: np.random.Generator) -> Iterator[NDArray[np.float32]]:
    """Blocks (draws, documents) of random signs, `draws` in all."""
    block = max(1, _BLOCK // documents)
    for first in range(0, draws, block):
        width = min(block, draws - first)
        bits = np.unpackbits(rng.integers(256, size=(width, -(-documents // 8)), dtype=np.uint8), axis=1, count=documents)
        yield 1.0 - 2.0 * bits.astype(np.float32)


def _places(wording: Codes, n_wordings: int, draws: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """(draws * wordings, documents) how often each document of a task was drawn for a place of each wording."""
    n = len(wording)
    chosen = rng.integers(n, size=(draws, n))
    row = np.arange(draws)[:, None] * n_wordings + wording
    counts = np.bincount((row * n + chosen).ravel(), minlength=draws * n_wordings * n)
    return counts.reshape(-1, n).astype(np.float32)
