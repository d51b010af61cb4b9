"""Does the signature follow the prompt's surface? The same prompts with typing errors, other case, white space and words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ride_eval.analysis.categories.classify import Classification, Paired, fitted, folds_of, judged, paired
from ride_eval.analysis.categories.matrix import Signatures, known_origins
from ride_eval.analysis.categories.measured import Measured, bootstrap_mean
from ride_eval.analysis.categories.similarity import Floats, normalized
from ride_eval.perturbations import KINDS


@dataclass(frozen=True, kw_only=True)
class Robustness:
    """One kind of change."""

    kind: str
    to_itself: Measured
    """Mean cosine of a changed prompt to its own original."""
    to_its_category: Measured
    """To the other originals of its category."""
    to_others: Measured
    """To the originals of other categories."""
    token_overlap: Measured
    """Mean TF-IDF cosine of the token ids, changed to original; NaN without stored routes."""
    found_itself: Measured
    """Share of the changed prompts whose most similar original is their own."""
    clean: Classification | None
    """Of the originals, in 5 folds."""
    changed: Classification | None
    """Of the changed prompts, each by the classifier of the fold that left its original out."""
    loss: Paired | None
    """Changed - clean."""


def robustness(clean: Signatures, changed: Signatures, overlaps: dict[int, float], *, seed: int = 0) -> tuple[Robustness, ...]:
    """Each kind of change for which prompts were measured. `overlaps`: row of `changed` -> its token overlap."""
    origin = known_origins(changed)
    place = {document: i for i, (_, document) in enumerate(clean.documents)}
    found = []
    for kind in KINDS:
        pairs = [
            (row, place[origin[document][0]])
            for row, document in enumerate(changed.documents)
            if document in origin and origin[document][1] == kind and origin[document][0] in place
        ]
        if pairs:
            rows, own = (np.array(side, dtype=np.intp) for side in zip(*pairs, strict=True))
            found.append(_one(kind, clean, changed.rows(rows), own, [overlaps.get(row, np.nan) for row in rows.tolist()], seed))
    return tuple(found)


def _one(
    kind: str, clean: Signatures, changed: Signatures, own: NDArray[np.intp], overlaps: list[float], seed: int
) -> Robustness:
    cosines = normalized(changed.values) @ normalized(clean.values).T
    rows = np.arange(len(own))
    same = clean.labels[own][:, None] == clean.labels
    itself = np.zeros_like(same)
    itself[rows, own] = True
    other = same & ~itself
    clean_figures, changed_figures = _classified(clean, changed, own, seed)
    return Robustness(
        kind=kind,
        to_itself=bootstrap_mean(cosines[rows, own], seed=seed),
        to_its_category=bootstrap_mean(_row_means(cosines, other), seed=seed),
        to_others=bootstrap_mean(_row_means(cosines, ~same), seed=seed),
        token_overlap=bootstrap_mean(np.array(overlaps), seed=seed),
        found_itself=bootstrap_mean((cosines.argmax(1) == own).astype(np.float64), seed=seed),
        clean=clean_figures,
        changed=changed_figures,
        loss=paired(changed_figures.right, clean_figures.right, seed=seed) if clean_figures and changed_figures else None,
    )


def _row_means(values: Floats, chosen: NDArray[np.bool_]) -> Floats:
    counts = chosen.sum(1)
    sums = np.where(chosen, values, 0.0).sum(1)
    return np.asarray(np.divide(sums, counts, out=np.full(len(values), np.nan), where=counts > 0))


def _classified(
    clean: Signatures, changed: Signatures, own: NDArray[np.intp], seed: int
) -> tuple[Classification | None, Classification | None]:
    """Of the originals that have a changed version, and of those versions, by the same classifiers."""
    predicted, other = np.empty_like(clean.labels), np.empty_like(clean.labels)
    fold_of = np.empty_like(clean.labels)
    versions = np.full(len(clean.labels), -1)
    versions[own] = np.arange(len(own))
    try:
        folds = list(folds_of(clean.labels, seed))
    except ValueError:
        return None, None
    for fold, (train, test) in enumerate(folds):
        model = fitted(clean.features[train], clean.labels[train])
        predicted[test], fold_of[test] = model.predict(clean.features[test]), fold
        having = test[versions[test] >= 0]
        if len(having):
            other[having] = model.predict(changed.features[versions[having]])
    having = np.flatnonzero(versions >= 0)
    labels, number = clean.labels[having], fold_of[having]
    return judged(labels, predicted[having], number), judged(labels, other[having], number)
