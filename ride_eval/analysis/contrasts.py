"""Paired differences between two arms: the five control contrasts, and the descriptive differences from `none`.

The unit is the document: its wordings (and equal documents, which have equal answers) are averaged into one difference, so
that repeating a question does not add evidence. Intervals: see `intervals`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ride_eval.analysis.frames import TRUNCATED
from ride_eval.analysis.intervals import Estimate, estimate
from ride_eval.analysis.quantities import BY_NAME


class Contrast(NamedTuple):
    """An arm minus its control."""

    arm: str
    control: str

    def __str__(self) -> str:
        return f"{self.arm} - {self.control}"


CONTROL_CONTRASTS = (
    Contrast("tag", "tag_placebo"),
    Contrast("tag", "tag_wrong"),
    Contrast("expert", "filler"),
    Contrast("expert", "expert_wrong"),
    Contrast("expert", "tag"),
)
"""Every claim rests on these. The last is not length-matched."""
LENGTH_TOLERANCE = 1
"""Tokens two arms' texts may differ by and still count as length-matched."""
NOT_MEASURED = "not measured"
NO_KEYWORD = "no keyword of its domain in the question"
_NO_ROW = "no row of arm"
_ROW = ["task", "document", "occurrence", "wording"]
_MEASURED_NUMBER = re.compile(r"[\d.]+ (?=below )")


@dataclass(frozen=True, kw_only=True)
class TaskMean:
    """The mean difference within one task."""

    task: str
    value: float
    n: int


@dataclass(frozen=True, kw_only=True)
class Effect:
    """The effect of a contrast on a quantity, in that quantity's unit."""

    quantity: str
    contrast: Contrast
    estimate: Estimate
    """Over documents that have both arms; n counts those pairs."""
    tasks: tuple[TaskMean, ...]
    missing: Mapping[str, int]
    """Documents without a difference, by reason. A task that cannot have the quantity is not counted."""
    length_matched: float
    """Share of the pairs whose texts are equally long within LENGTH_TOLERANCE tokens; NaN without pairs."""


def effect(documents: pd.DataFrame, quantity: str, contrast: Contrast) -> Effect:
    """The effect of one contrast on one quantity, from `Run.documents`."""
    return effects(documents, [quantity], contrast)[0]


def effects(documents: pd.DataFrame, quantities: Sequence[str], contrast: Contrast) -> tuple[Effect, ...]:
    """`effect` for several quantities, whose documents are paired once. ValueError for an unknown quantity."""
    unknown = [name for name in quantities if name not in BY_NAME]
    if unknown:
        raise ValueError(f"unknown quantities {unknown}; there are {', '.join(BY_NAME)}")
    arms = set(documents["arm"].unique())
    absent = [arm for arm in contrast if arm not in arms]
    if absent:
        return tuple(no_effect(name, contrast, f"arm {absent[0]} was not run") for name in quantities)
    pairs = _Pairs(documents, contrast)
    return tuple(pairs.effect(name) for name in quantities)


def differences(documents: pd.DataFrame, quantities: Sequence[str], contrast: Contrast) -> pd.DataFrame:
    """Per document that has one of the arms: `task`, `document`, and its mean difference in each quantity, NaN without one."""
    pairs = _Pairs(documents, contrast)
    return pd.DataFrame({"task": pairs.task, "document": pairs.name} | {name: pairs.differences(name) for name in quantities})


def no_effect(quantity: str, contrast: Contrast, reason: str) -> Effect:
    """The effect that could not be had, and why."""
    nothing = Estimate(value=math.nan, low=math.nan, high=math.nan, n=0, reason=reason)
    return Effect(quantity=quantity, contrast=contrast, estimate=nothing, tasks=(), missing={}, length_matched=math.nan)


def kind_of_reason(reason: str) -> str:
    """A reason without its document's own numbers, so that equal ones can be counted.

    "alignment coverage 0.81 below 0.90" loses the 0.81, and "truncated: more than 2048 tokens" all after the colon.
    """
    return _MEASURED_NUMBER.sub("", reason.partition(":")[0])


class _Pairs:
    """The documents of two arms, side by side."""

    def __init__(self, documents: pd.DataFrame, contrast: Contrast) -> None:
        self.contrast = contrast
        sides = [documents[documents["arm"] == arm].drop(columns="arm") for arm in contrast]
        rows = sides[0].merge(sides[1], on=_ROW, how="outer", suffixes=("_arm", "_control"), indicator="sides", sort=True)
        self.rows = rows
        lengths = (rows["meta_length_arm"] - rows["meta_length_control"]).abs() <= LENGTH_TOLERANCE
        in_tokens = (rows["meta_unit_arm"] == "tokens") & (rows["meta_unit_control"] == "tokens")
        self.matched: NDArray[np.float64] = (lengths & in_tokens).to_numpy().astype(np.float64)
        self.document = rows.groupby(["task", "document"], sort=False).ngroup().to_numpy()
        first = np.unique(self.document, return_index=True)[1]
        self.task, self.name = (rows[column].to_numpy(object)[first] for column in ("task", "document"))
        self.reasons = self._reasons()
        without = (rows["keyword_tokens_arm"] == 0) | (rows["keyword_tokens_control"] == 0)
        unnamed = np.bincount(self.document, weights=without, minlength=len(self.task)) > 0
        self.keyword_reasons = [
            reason or (NO_KEYWORD if none else None) for reason, none in zip(self.reasons, unnamed, strict=True)
        ]

    def effect(self, name: str) -> Effect:
        difference = self._row_differences(name)
        per_document = self._document_means(difference, difference)
        matched = self._document_means(self.matched, difference)
        found = np.isfinite(per_document)
        samples = {str(task): per_document[found & (self.task == task)] for task in pd.unique(self.task)}
        missing = self._missing(name, found)
        result = estimate(samples)
        if not result.n:
            result = Estimate(value=math.nan, low=math.nan, high=math.nan, n=0, reason="; ".join(missing) or NOT_MEASURED)
        return Effect(
            quantity=name,
            contrast=self.contrast,
            estimate=result,
            tasks=tuple(TaskMean(task=t, value=float(s.mean()), n=len(s)) for t, s in samples.items() if len(s)),
            missing=missing,
            length_matched=float(matched[found].mean()) if found.any() else math.nan,
        )

    def differences(self, name: str) -> NDArray[np.float64]:
        """(documents,) mean over a document's rows that have the difference; NaN if none has."""
        difference = self._row_differences(name)
        return self._document_means(difference, difference)

    def _row_differences(self, name: str) -> NDArray[np.float64]:
        return np.asarray((self.rows[f"{name}_arm"] - self.rows[f"{name}_control"]).to_numpy(np.float64))

    def _document_means(self, values: NDArray[np.float64], where: NDArray[np.float64]) -> NDArray[np.float64]:
        """Mean over a document's rows that have a finite `where`; NaN if none has."""
        used = np.isfinite(where)
        n = len(self.task)
        sums = np.bincount(self.document[used], weights=values[used], minlength=n)
        counts = np.bincount(self.document[used], minlength=n)
        return np.asarray(np.divide(sums, counts, out=np.full(n, np.nan), where=counts > 0))

    def _missing(self, name: str, found: NDArray[np.bool_]) -> dict[str, int]:
        quantity = BY_NAME[name]
        either = self.rows[f"{name}_arm"].notna() | self.rows[f"{name}_control"].notna()
        applies = set(self.rows.loc[either, "task"].unique())
        of_question = quantity.source in ("question", "keywords")
        reasons = self.keyword_reasons if quantity.source == "keywords" else self.reasons
        if of_question:
            # Measured on every prompt, so a task without one value has it missing for a reason.
            applies |= {task for task, reason in zip(self.task, reasons, strict=True) if reason is not None}
        counts: dict[str, int] = {}
        for place in np.flatnonzero(~found):
            if self.task[place] in applies:
                reason = reasons[place] or quantity.absent or NOT_MEASURED
                if not of_question and not (reason == TRUNCATED or reason.startswith(_NO_ROW)):
                    reason = NOT_MEASURED  # alignment concerns the question's tokens only
                counts[reason] = counts.get(reason, 0) + 1
        return dict(sorted(counts.items()))

    def _reasons(self) -> list[str | None]:
        """Per document, the first reason any of its rows gives."""
        rows = self.rows
        absent = {"left_only": f"{_NO_ROW} {self.contrast.control}", "right_only": f"{_NO_ROW} {self.contrast.arm}"}
        reasons: list[str | None] = [None] * len(self.task)
        columns = (self.document, rows["sides"], rows["reason_arm"], rows["reason_control"])
        for document, side, own, other in zip(*columns, strict=True):
            given = own if isinstance(own, str) else other if isinstance(other, str) else None
            if reasons[document] is None:
                reasons[document] = absent.get(side) or (kind_of_reason(given) if given is not None else None)
        return reasons
