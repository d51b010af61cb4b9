"""Does a model's uncertainty know when its answer is wrong, and does a prefix change that?

Per task and arm, and per control contrast as the difference between its arms on the rows both have. A prefix that lowers
entropy without raising accuracy shows here: its calibration error grows, or its entropy ranks worse.

Intervals: percentiles of a bootstrap over documents, a document with all its wordings and arms; the same draws for all numbers
of a task, so a difference is paired. The share of draws without both right and wrong answers is limited.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ride_eval.analysis.contrasts import CONTROL_CONTRASTS, Contrast
from ride_eval.analysis.intervals import CONFIDENCE, Estimate
from ride_eval.metrics.knowing import auroc, brier, expected_calibration_error, prediction_rejection_ratio

Measure = Literal["auroc", "prr", "ece", "brier"]
UNCERTAINTIES = (
    "forced_entropy",
    "token_entropy",
    "first_token_entropy",
    "sequence_entropy",
    "normalized_sequence_entropy",
    "semantic_entropy",
    "cluster_entropy",
    "choice_entropy",
    "choice_entropy_summed",
)
"""Quantities whose rank is measured, by AUROC and PRR."""
CONFIDENCE_COLUMN = "confidence"
"""The probability of the choice that was taken: its calibration is measured, by ECE and Brier score."""
ASKED: tuple[tuple[str, Measure], ...] = (
    *((name, measure) for name in UNCERTAINTIES for measure in ("auroc", "prr")),
    (CONFIDENCE_COLUMN, "ece"),
    (CONFIDENCE_COLUMN, "brier"),
)
DRAWS = 2000
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
class KnowingTable:
    """Of one run. A task without a quantity (a choice task's `token_entropy`) has no entry for it."""

    arms: tuple[Knowing, ...]
    contrasts: tuple[KnowingDifference, ...]


def knowing(documents: pd.DataFrame, *, draws: int = DRAWS, seed: int = 0) -> KnowingTable:
    """The table of `Run.documents`."""
    arms: list[Knowing] = []
    contrasts: list[KnowingDifference] = []
    for task, rows in documents.groupby("task", sort=True):
        bootstrap = _Bootstrap(rows, draws, np.random.default_rng(seed))
        for quantity, measure in ASKED:
            for arm in bootstrap.arms(quantity):
                estimate = bootstrap.level(arm, quantity, measure)
                arms.append(Knowing(task=str(task), arm=arm, quantity=quantity, measure=measure, estimate=estimate))
            for contrast in bootstrap.contrasts(quantity):
                estimate = bootstrap.difference(contrast, quantity, measure)
                contrasts.append(
                    KnowingDifference(task=str(task), contrast=contrast, quantity=quantity, measure=measure, estimate=estimate)
                )
    return KnowingTable(arms=tuple(arms), contrasts=tuple(contrasts))


class _Bootstrap:
    """One task's rows, and how often each of its documents is in each draw."""

    def __init__(self, rows: pd.DataFrame, draws: int, rng: np.random.Generator) -> None:
        names = rows["document"].unique()
        n = len(names)
        self.counts = np.stack([np.bincount(rng.integers(n, size=n), minlength=n) for _ in range(draws)], 1).astype(np.uint16)
        rows = rows.assign(place=pd.Index(names).get_indexer(rows["document"]))
        scored = rows[rows["correct"].isin([0.0, 1.0])]
        self.by_arm = {str(arm): own.set_index(_ROW).sort_index() for arm, own in scored.groupby("arm", sort=True)}
        self._known: dict[tuple[str, str, Measure, bytes], tuple[float, _Array]] = {}

    def arms(self, quantity: str) -> Iterator[str]:
        yield from (arm for arm in self.by_arm if len(self._own(arm, quantity)))

    def contrasts(self, quantity: str) -> Iterator[Contrast]:
        present = set(self.arms(quantity))
        yield from (contrast for contrast in CONTROL_CONTRASTS if present.issuperset(contrast))

    def level(self, arm: str, quantity: str, measure: Measure) -> Estimate:
        own = self._own(arm, quantity)
        value, drawn = self._values(arm, quantity, measure, own)
        return _estimate(value, drawn, own["place"].nunique())

    def difference(self, contrast: Contrast, quantity: str, measure: Measure) -> Estimate:
        sides = [self._own(arm, quantity) for arm in contrast]
        both = sides[0].index.intersection(sides[1].index)
        own, other = (side.loc[side.index.isin(both)] for side in sides)
        (value, drawn), (other_value, other_drawn) = (
            self._values(arm, quantity, measure, side) for arm, side in zip(contrast, (own, other), strict=True)
        )
        return _estimate(value - other_value, drawn - other_drawn, own["place"].nunique())

    def _own(self, arm: str, quantity: str) -> pd.DataFrame:
        return self.by_arm[arm].dropna(subset=[quantity])

    def _values(self, arm: str, quantity: str, measure: Measure, rows: pd.DataFrame) -> tuple[float, _Array]:
        """The value, and that of each draw. Most contrasts have the very rows of their arms, whose values are kept."""
        place = rows["place"].to_numpy()
        key = (arm, quantity, measure, place.tobytes())
        if key not in self._known:
            values, right = rows[quantity].to_numpy(np.float64), rows["correct"].to_numpy(np.float64)
            block = max(1, _BLOCK // max(len(rows), 1))
            starts = range(0, self.counts.shape[1], block)
            parts = [measured(measure, values, right, self.counts[place, i : i + block].astype(np.float64)) for i in starts]
            self._known[key] = float(measured(measure, values, right)[0]), np.concatenate(parts)
        return self._known[key]


def measured(measure: Measure, values: _Array, right: _Array, weights: _Array | None = None) -> _Array:
    """(n,) values of a quantity, whether each answer is right, and (n, draws) weights -> (draws,)."""
    if measure == "ece":
        return expected_calibration_error(values, right, weights)
    if measure == "brier":
        return brier(values, right, weights)
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
