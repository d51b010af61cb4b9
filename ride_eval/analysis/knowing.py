"""Does a model's uncertainty know when its answer is wrong, and does a prefix change that?

Per task and arm, and per control contrast as the difference between its arms on the rows both have. A prefix that lowers
entropy without raising accuracy has made the model overconfident, and is called so.

Intervals: percentiles of a bootstrap over documents, a document with all its wordings and arms; the same draws for all numbers
of a task, so a difference is paired. The share of draws without both right and wrong answers is limited.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ride_eval.analysis.contrasts import CONTROL_CONTRASTS, Contrast
from ride_eval.analysis.intervals import CONFIDENCE, Estimate
from ride_eval.metrics.knowing import auroc, expected_calibration_error, prediction_rejection_ratio, weighted_mean

Measure = Literal["auroc", "prr", "ece", "brier"]
_Mean = Literal["mean", "accuracy"]
Reading = Literal["overconfident", "more certain and more often right", "not more certain", "too few documents"]
UNCERTAINTIES = (
    "forced_entropy",
    "token_entropy",
    "first_token_entropy",
    "sequence_entropy",
    "normalized_sequence_entropy",
    "semantic_entropy",
    "cluster_entropy",
    "nli_semantic_entropy",
    "nli_cluster_entropy",
    "choice_entropy",
    "choice_entropy_summed",
)
"""Quantities whose rank is measured, by AUROC and PRR."""
CONFIDENCE_COLUMN = "confidence"
"""The probability of the choice that was taken: its calibration is measured, by ECE."""
BRIER_COLUMN = "choice_brier"
PRIMARY = ("forced_entropy", "choice_entropy")
"""The entropy of a task that generates, and of one that chooses: a fall of it is what overconfidence is read from."""
ASKED: tuple[tuple[str, Measure], ...] = (
    *((name, measure) for name in UNCERTAINTIES for measure in ("auroc", "prr")),
    (CONFIDENCE_COLUMN, "ece"),
    (BRIER_COLUMN, "brier"),
)
DRAWS = 2000
MIN_WORK_DRAWS = 500
"""At least, for a task of so many documents that all draws would take minutes."""
_WORK = 4_000_000
"""Documents x draws of a task, at most, where MIN_WORK_DRAWS allows."""
MIN_DOCUMENTS = 20
"""Below this no interval is given."""
MIN_DRAWS = 0.9
"""Share of the draws that must have a value."""
_BLOCK = 2**16
"""Documents x draws at a time: more do not fit into a processor's cache, and take four times as long."""
_ROW = ["document", "occurrence", "wording"]
_Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Knowing:
    """How well a quantity tells wrong from right answers under an arm."""

    task: str
    arm: str
    quantity: str
    measure: Measure
    estimate: Estimate
    """n counts documents with the quantity and with an answer that is right or wrong."""


@dataclass(frozen=True, kw_only=True)
class KnowingDifference:
    """The arm's value minus its control's, on the rows both have."""

    task: str
    contrast: Contrast
    quantity: str
    measure: Measure
    estimate: Estimate


@dataclass(frozen=True, kw_only=True)
class Confidence:
    """What a contrast does to a task's entropy and to its right answers, on the same rows, and what that makes of the model."""

    task: str
    contrast: Contrast
    quantity: str
    entropy: Estimate
    """Mean difference, in the entropy's unit."""
    accuracy: Estimate
    """Difference of the shares of right answers."""
    reading: Reading


@dataclass(frozen=True, kw_only=True)
class KnowingTable:
    """Of one run. A task without a quantity (a choice task's `token_entropy`) has no entry for it."""

    arms: tuple[Knowing, ...]
    contrasts: tuple[KnowingDifference, ...]
    confidence: tuple[Confidence, ...] = ()


def knowing(documents: pd.DataFrame, *, draws: int | None = None, seed: int = 0) -> KnowingTable:
    """The table of `Run.documents`. Draws: DRAWS, fewer for a task of more than 2,000 documents."""
    arms: list[Knowing] = []
    contrasts: list[KnowingDifference] = []
    confidence: list[Confidence] = []
    for task, rows in documents.groupby("task", sort=True):
        size = rows["document"].nunique()
        enough = min(DRAWS, max(MIN_WORK_DRAWS, _WORK // size)) if draws is None else draws
        bootstrap = _Bootstrap(rows, enough, np.random.default_rng(seed))
        for quantity, measure in ASKED:
            for arm in bootstrap.arms(quantity):
                estimate = bootstrap.level(arm, quantity, measure)
                arms.append(Knowing(task=str(task), arm=arm, quantity=quantity, measure=measure, estimate=estimate))
            for contrast in bootstrap.contrasts(quantity):
                estimate = bootstrap.difference(contrast, quantity, measure)
                contrasts.append(
                    KnowingDifference(task=str(task), contrast=contrast, quantity=quantity, measure=measure, estimate=estimate)
                )
        for quantity in PRIMARY:
            confidence += [_confidence(str(task), bootstrap, c, quantity) for c in bootstrap.contrasts(quantity)]
    return KnowingTable(arms=tuple(arms), contrasts=tuple(contrasts), confidence=tuple(confidence))


def _confidence(task: str, bootstrap: _Bootstrap, contrast: Contrast, quantity: str) -> Confidence:
    entropy, accuracy = (bootstrap.difference(contrast, quantity, measure) for measure in ("mean", "accuracy"))
    reading: Reading = "not more certain"
    if not entropy.has_interval or not accuracy.has_interval:
        reading = "too few documents"
    elif entropy.high < 0:
        reading = "more certain and more often right" if accuracy.low > 0 else "overconfident"
    return Confidence(task=task, contrast=contrast, quantity=quantity, entropy=entropy, accuracy=accuracy, reading=reading)


class _Rows(NamedTuple):
    """The rows of an arm that have a quantity and a right or wrong answer."""

    row: NDArray[np.intp]
    """Which document, occurrence and wording, the same number in every arm; rising."""
    place: NDArray[np.intp]
    """Which document."""
    values: _Array
    right: _Array

    def where(self, kept: NDArray[np.bool_]) -> _Rows:
        return _Rows(self.row[kept], self.place[kept], self.values[kept], self.right[kept])


class _Bootstrap:
    """One task's rows, and how often each of its documents is in each draw."""

    def __init__(self, rows: pd.DataFrame, draws: int, rng: np.random.Generator) -> None:
        rows = rows.sort_values(_ROW)
        codes, names = pd.factorize(rows["document"], sort=False)
        n = len(names)
        self.counts = np.stack([np.bincount(rng.integers(n, size=n), minlength=n) for _ in range(draws)], 1).astype(np.uint16)
        place, row = np.asarray(codes, dtype=np.intp), np.asarray(rows.groupby(_ROW).ngroup(), dtype=np.intp)
        right = rows["correct"].to_numpy(np.float64)
        scored = np.isin(right, (0.0, 1.0))
        arms = rows["arm"].to_numpy(object)
        columns = dict.fromkeys(quantity for quantity, _ in ASKED if quantity in rows)
        values = {name: rows[name].to_numpy(np.float64) for name in columns}
        self._rows = {
            (str(arm), name): _Rows(row, place, own, right).where(scored & (arms == arm) & ~np.isnan(own))
            for name, own in values.items()
            for arm in sorted(set(arms))
        }
        self._known: dict[tuple[str, str, Measure | _Mean, bytes], tuple[float, _Array]] = {}

    def arms(self, quantity: str) -> Iterator[str]:
        yield from (arm for (arm, name), own in self._rows.items() if name == quantity and len(own.row))

    def contrasts(self, quantity: str) -> Iterator[Contrast]:
        present = set(self.arms(quantity))
        yield from (contrast for contrast in CONTROL_CONTRASTS if present.issuperset(contrast))

    def level(self, arm: str, quantity: str, measure: Measure) -> Estimate:
        own = self._rows[arm, quantity]
        value, drawn = self._values(arm, quantity, measure, own)
        return _estimate(value, drawn, len(np.unique(own.place)))

    def difference(self, contrast: Contrast, quantity: str, measure: Measure | _Mean) -> Estimate:
        own, other = (self._rows[arm, quantity] for arm in contrast)
        own, other = own.where(np.isin(own.row, other.row)), other.where(np.isin(other.row, own.row))
        (value, drawn), (other_value, other_drawn) = (
            self._values(arm, quantity, measure, side) for arm, side in zip(contrast, (own, other), strict=True)
        )
        return _estimate(value - other_value, drawn - other_drawn, len(np.unique(own.place)))

    def _values(self, arm: str, quantity: str, measure: Measure | _Mean, rows: _Rows) -> tuple[float, _Array]:
        """The value, and that of each draw. Most contrasts have the very rows of their arms, whose values are kept."""
        key = (arm, quantity, measure, rows.row.tobytes())
        if key not in self._known:
            block = max(1, _BLOCK // max(len(rows.row), 1))
            starts = range(0, self.counts.shape[1], block)
            weights = (self.counts[rows.place, i : i + block].astype(np.float64) for i in starts)
            drawn = [measured(measure, rows.values, rows.right, own) for own in weights]
            self._known[key] = float(measured(measure, rows.values, rows.right)[0]), np.concatenate(drawn)
        return self._known[key]


def measured(measure: Measure | _Mean, values: _Array, right: _Array, weights: _Array | None = None) -> _Array:
    """(n,) values of a quantity, whether each answer is right, and (n, draws) weights -> (draws,)."""
    if measure == "ece":
        return expected_calibration_error(values, right, weights)
    if measure in ("brier", "mean", "accuracy"):
        return weighted_mean(right if measure == "accuracy" else values, weights)
    ranking = auroc if measure == "auroc" else prediction_rejection_ratio
    return ranking(values, 1 - right, weights)


def _estimate(value: float, drawn: _Array, n: int) -> Estimate:
    low = high = math.nan
    reason = None
    drawn_finite = drawn[np.isfinite(drawn)]
    if not math.isfinite(value):
        reason = "all answers are right, or all wrong" if n else "no document has it under both arms"
    elif n < MIN_DOCUMENTS:
        reason = f"{n} of the {MIN_DOCUMENTS} documents an interval needs"
    elif len(drawn_finite) < MIN_DRAWS * len(drawn):
        reason = "too few right or too few wrong answers"
    else:
        low, high = np.quantile(drawn_finite, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]).tolist()
    return Estimate(value=value, low=low, high=high, n=n, reason=reason)
