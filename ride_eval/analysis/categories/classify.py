"""Can a linear classifier tell the category of a prompt from its signature?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FOLDS = 5


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


def classify(features: Any, labels: NDArray[np.int64], *, seed: int = 0) -> Classification:
    """(n, d) features (dense or sparse) and (n,) categories, each with at least FOLDS prompts; else ValueError."""
    from scipy.sparse import issparse
    from scipy.stats import binomtest
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import confusion_matrix, f1_score
    from sklearn.model_selection import StratifiedKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    smallest = int(np.bincount(labels).min())
    if smallest < FOLDS:
        raise ValueError(f"{FOLDS}-fold cross-validation needs {FOLDS} prompts a category; the smallest has {smallest}")
    predicted = np.empty_like(labels)
    shares = []
    for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(features, labels):
        # Sparse features stay sparse: their zeros carry the meaning.
        scaler = StandardScaler(with_mean=not issparse(features))
        model = make_pipeline(scaler, LogisticRegression(C=1.0, max_iter=2000))
        predicted[test] = model.fit(features[train], labels[train]).predict(features[test])
        shares.append(float((predicted[test] == labels[test]).mean()))
    right = int((predicted == labels).sum())
    interval = binomtest(right, len(labels)).proportion_ci(method="wilson")
    return Classification(
        accuracy=right / len(labels),
        fold_sd=float(np.std(shares)),
        low=float(interval.low),
        high=float(interval.high),
        macro_f1=float(f1_score(labels, predicted, average="macro")),
        confusion=np.asarray(confusion_matrix(labels, predicted)),
        n=len(labels),
    )
