"""C3 for multiple choice: how certain the distribution over the offered choices is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def choice_probabilities(loglikelihoods: Sequence[float], n_bytes: Sequence[int]) -> NDArray[np.float64]:
    """Softmax of log-likelihood per byte: C values each -> (C,), summing to 1.

    Per byte, because the summed version is nearly always one-hot and favours short choices.
    """
    scores = np.asarray(loglikelihoods, dtype=np.float64) / np.maximum(np.asarray(n_bytes, dtype=np.float64), 1.0)
    if not np.isfinite(scores).all():
        return np.full(len(scores), np.nan)
    weights = np.exp(scores - scores.max())
    return np.asarray(weights / weights.sum())


def choice_entropy(probabilities: NDArray[np.float64]) -> float:
    """-sum p ln p / ln C: 0 (certain) to 1 (no preference). NaN with fewer than two choices."""
    if len(probabilities) < 2 or np.isnan(probabilities).any():
        return float("nan")
    positive = probabilities[probabilities > 0]
    return float(-(positive * np.log(positive)).sum() / np.log(len(probabilities)))


def choice_margin(probabilities: NDArray[np.float64]) -> float:
    """Probability of the best choice minus that of the second best: 0 to 1. NaN with fewer than two choices."""
    if len(probabilities) < 2 or np.isnan(probabilities).any():
        return float("nan")
    second, first = np.sort(probabilities)[-2:]
    return float(first - second)


def choice_brier(probabilities: NDArray[np.float64], gold: int) -> float:
    """Sum over the choices of (p - 1[right])^2: 0 (certain and right) to 2 (certain and wrong). NaN without probabilities.

    Brier 1950, of all choices; the mean over documents is the Brier score.
    """
    right = np.arange(len(probabilities)) == gold
    return float(((probabilities - right) ** 2).sum())
