"""Can a linear classifier tell the category of a prompt from its signature?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ride_eval.analysis.categories.measured import DRAWS, Measured, from_draws

FOLDS = 5
HIDDEN = {"json": False}
"""Marks what is too long for a reader of the findings."""


@dataclass(frozen=True, kw_only=True)
class Classification:
    """Stratified 5-fold cross-validation of a standardised L2 logistic regression with C = 1."""

    accuracy: float
    """Of the pooled predictions."""
    fold_sd: float
    """Population SD of the folds' accuracies."""
    low: float
    """Wilson 95 % interval of the pooled count."""
    high: float
    macro_f1: float
    confusion: NDArray[np.int64]
    """(C, C) counts: rows are true categories, columns predicted ones."""
    n: int
    right: NDArray[np.bool_] = field(metadata=HIDDEN)
    """(n,) which prompts were classified rightly, in their order: the same folds for the same labels and seed."""


@dataclass(frozen=True, kw_only=True)
class Paired:
    """Two classifiers of the same prompts in the same folds."""

    difference: Measured
    """Accuracy of the first - the second's, with a bootstrap interval over prompts."""
    only_first: int
    """Prompts that only the first has right."""
    only_second: int
    p: float
    """McNemar's exact test of those two counts, two-sided."""


def classify(features: Any, labels: NDArray[np.int64], *, seed: int = 0) -> Classification:
    """(n, d) features (dense or sparse) and (n,) categories, each with at least FOLDS prompts; else ValueError."""
    predicted = np.empty_like(labels)
    folds = np.empty_like(labels)
    for i, (train, test) in enumerate(folds_of(labels, seed)):
        predicted[test] = fitted(features[train], labels[train]).predict(features[test])
        folds[test] = i
    return judged(labels, predicted, folds)


def folds_of(labels: NDArray[np.int64], seed: int = 0) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Train and test rows of stratified folds. ValueError if a category has too few prompts."""
    from sklearn.model_selection import StratifiedKFold

    if reason := unfit(labels):
        raise ValueError(reason)
    yield from StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(np.zeros(len(labels)), labels)


def unfit(labels: NDArray[np.int64]) -> str | None:
    """Why these categories cannot be classified."""
    smallest = int(np.bincount(labels).min())
    if smallest < FOLDS:
        return f"{FOLDS}-fold cross-validation needs {FOLDS} prompts a category; the smallest has {smallest}"
    return None


def fitted(features: Any, labels: NDArray[np.int64]) -> Any:
    """The classifier, trained. Sparse features stay sparse: their zeros carry the meaning."""
    from scipy.sparse import issparse
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    scaler = StandardScaler(with_mean=not issparse(features))
    # One thread: such small problems only wait for each other on several.
    with threadpool_limits(1):
        return make_pipeline(scaler, LogisticRegression(C=1.0, max_iter=2000)).fit(features, labels)


def judged(labels: NDArray[np.int64], predicted: NDArray[np.int64], folds: NDArray[np.int64]) -> Classification:
    """The figures of (n,) predictions, each made in one of the folds."""
    from sklearn.metrics import confusion_matrix, f1_score

    right = predicted == labels
    low, high = wilson(int(right.sum()), len(labels))
    return Classification(
        accuracy=float(right.mean()),
        fold_sd=float(np.std([right[folds == fold].mean() for fold in np.unique(folds)])),
        low=low,
        high=high,
        macro_f1=float(f1_score(labels, predicted, average="macro")),
        confusion=np.asarray(confusion_matrix(labels, predicted)),
        n=len(labels),
        right=right,
    )


def wilson(right: int, n: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927)."""
    from scipy.stats import binomtest

    interval = binomtest(right, n).proportion_ci(method="wilson")
    return float(interval.low), float(interval.high)


def paired(first: NDArray[np.bool_], second: NDArray[np.bool_], *, draws: int = DRAWS, seed: int = 0) -> Paired:
    """Compare which of the same prompts two classifiers have right: (n,) each."""
    from scipy.stats import binomtest

    n = len(first)
    gained, lost = int((first & ~second).sum()), int((second & ~first).sum())
    # A prompt's difference is 1, -1 or 0, so a bootstrap sample is known by how many there are of each.
    counts = np.random.default_rng(seed).multinomial(n, [gained / n, lost / n, 1 - (gained + lost) / n], size=draws)
    value = (gained - lost) / n
    difference = (
        from_draws(value, (counts[:, 0] - counts[:, 1]) / n, n)
        if gained + lost
        else Measured(value=value, n=n, reason="both have the same prompts right")
    )
    p = float(binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0
    return Paired(difference=difference, only_first=gained, only_second=lost, p=p)
