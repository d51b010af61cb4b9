"""Paired differences between two arms: the five control contrasts, and the descriptive differences from `none`.

The unit is the document: its wordings (and equal documents, which have equal answers) are averaged into one difference, so
that repeating a question does not add evidence. How far the mean would move with other documents and wordings: see `spread`.

Two p-values. `p` is the interval's own: of the hypothesis that the mean over documents *and* wordings is 0. It carries
claims. `p_exchangeable` comes from flipping signs of documents: of the hypothesis that swapping the two arms in any document
changes nothing. A wording that moves its documents up as readily as another moves its own down refutes the second and not the
first.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ride_eval.analysis.frames import TRUNCATED
from ride_eval.analysis.grid import Array, Grid
from ride_eval.analysis.inference import Inference, Method, grid_spread
from ride_eval.analysis.intervals import MIN_DOCUMENTS, Estimate
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
NEUTRAL = Contrast("filler", "none")
"""What neutral text does: how much that depends on the wording is the noise floor."""
LENGTH_TOLERANCE = 1
"""Tokens two arms' texts may differ by and still count as length-matched."""
NOT_MEASURED = "not measured"
NO_KEYWORD = "no keyword of its domain in the question"
_NO_ROW = "no row of arm"
_ROUNDING = 1e-9
Family = Literal["primary", "exploratory"]


@dataclass(frozen=True, kw_only=True)
class TaskMean:
    """The mean difference within one task."""

    task: str
    value: float
    n: int


@dataclass(frozen=True, kw_only=True)
class Effect:
    """The effect of a contrast on a quantity, in that quantity's unit. A number that cannot be had is NaN."""

    quantity: str
    contrast: Contrast
    estimate: Estimate
    """Over documents that have both arms; n counts those pairs."""
    tasks: tuple[TaskMean, ...]
    missing: Mapping[str, int]
    """Documents without a difference, by reason. A task that cannot have the quantity is not counted."""
    length_matched: float
    """Share of the pairs whose texts are equally long within LENGTH_TOLERANCE tokens; NaN without pairs."""
    method: Method | None = None
    """Of interval and p; null without."""
    over_wordings: bool = False
    """Whether the interval and p are over other wordings too; else over documents only, for these wordings."""
    p: float = math.nan
    """Two-sided, of the interval: below 0.05 exactly where it excludes 0."""
    q: float = math.nan
    """p after Benjamini-Hochberg within its family."""
    family: Family | None = None
    """What p was corrected with; null: described, never tested."""
    p_exchangeable: float = math.nan
    """Of sign flips: that the two arms can be swapped in any document. Not of the mean over wordings."""
    d_z: float = math.nan
    """The mean by the SD of a document within its task."""
    wordings: int = 0
    """That any of the pairs has."""
    same_sign: float = math.nan
    """Share of these wordings whose own mean has the effect's sign."""
    noise_floor: float = math.nan
    """SD between neutral wordings of the mean of filler - none, sampling variance removed, 0 or more."""


def effect(documents: pd.DataFrame, quantity: str, contrast: Contrast, *, seed: int = 0) -> Effect:
    """The effect of one contrast on one quantity, from `Run.documents`."""
    _check([quantity])
    return effects(Grid(documents, [quantity]), [quantity], [contrast], seed=seed)[0]


def effects(
    grid: Grid, quantities: Sequence[str], contrasts: Sequence[Contrast], *, seed: int = 0, tested: bool = True
) -> tuple[Effect, ...]:
    """Quantity by quantity, then contrast by contrast; the draws are shared. ValueError for an unknown quantity.

    Not `tested`: described only, with an interval and without p-values.
    """
    _check(quantities)
    pairs = {contrast: _Pairs(grid, contrast) for contrast in contrasts if grid.arm_of.keys() >= set(contrast)}
    places = {contrast: place for place, contrast in enumerate(pairs)}
    differences = [grid.cell_means(pair.differences(quantities)) for pair in pairs.values()]
    width = len(quantities)
    test = Inference(grid, np.concatenate(differences, axis=1), seed, tested=tested) if differences and grid.documents else None
    found = []
    for i, name in enumerate(quantities):
        for contrast in contrasts:
            if test is None or contrast not in pairs:
                absent = [arm for arm in contrast if arm not in grid.arm_of]
                found.append(no_effect(name, contrast, f"arm {absent[0]} was not run" if absent else NOT_MEASURED))
            else:
                found.append(_effect(grid, name, pairs[contrast], test, places[contrast] * width + i))
    return tuple(found)


def differences(grid: Grid, quantities: Sequence[str], contrast: Contrast) -> Array:
    """(documents, quantities) mean difference of each document of the grid, NaN without one."""
    return grid.document_means(grid.cell_means(_Pairs(grid, contrast).differences(quantities)))


def noise_floors(grid: Grid, quantities: Sequence[str]) -> dict[str, float]:
    """SD between wordings of the mean of NEUTRAL (of a distance from `none`: of filler's own mean), sampling variance
    removed."""
    distances = [name for name in quantities if BY_NAME[name].distance]
    others = [name for name in quantities if not BY_NAME[name].distance]
    floors = dict.fromkeys(quantities, math.nan)
    for names, arms in ((others, NEUTRAL), (distances, NEUTRAL[:1])):
        if names and grid.documents and grid.arm_of.keys() >= set(arms):
            lines = grid.levels(arms[0], names) - (grid.levels(arms[1], names) if len(arms) > 1 else 0.0)
            found = grid_spread(grid, grid.cell_means(lines))
            floors.update(zip(names, found.wording_deviation.tolist(), strict=True))
    return floors


def no_effect(quantity: str, contrast: Contrast, reason: str) -> Effect:
    """The effect that could not be had, and why."""
    nothing = Estimate(value=math.nan, low=math.nan, high=math.nan, n=0, reason=reason)
    return Effect(quantity=quantity, contrast=contrast, estimate=nothing, tasks=(), missing={}, length_matched=math.nan)


def _check(quantities: Sequence[str]) -> None:
    unknown = [name for name in quantities if name not in BY_NAME]
    if unknown:
        raise ValueError(f"unknown quantities {unknown}; there are {', '.join(BY_NAME)}")


def _effect(grid: Grid, name: str, pairs: _Pairs, test: Inference, column: int) -> Effect:
    found = test.spread
    n = int(found.n[column])
    counted = np.isfinite(test.by_document[:, column])
    missing = pairs.missing(name, counted)
    tasks = tuple(
        TaskMean(task=task, value=float(found.task_effects[t, column]), n=int(found.task_n[t, column]))
        for t, task in enumerate(grid.tasks)
        if found.task_n[t, column]
    )
    value, low, high, p, method = float(found.effect[column]), math.nan, math.nan, math.nan, None
    reason = _no_interval(tasks, n, "; ".join(missing) or NOT_MEASURED, constant=bool(found.constant[column]))
    if reason is None:
        low, high, p, method = test.interval(column)
    by_wording = found.wording_effects[:, column]
    by_wording = by_wording[np.isfinite(by_wording)]
    deviation = float(found.deviation[column])
    return Effect(
        quantity=name,
        contrast=pairs.contrast,
        estimate=Estimate(value=value, low=low, high=high, n=n, reason=reason),
        tasks=tasks,
        missing=missing,
        length_matched=pairs.length_matched(name, counted),
        method=method,
        over_wordings=method is not None and bool(test.over_wordings[column]),
        p=p if test.tested else math.nan,
        p_exchangeable=float(test.p_exchangeable[column]),
        d_z=value / deviation if deviation > 0 and not found.constant[column] else math.nan,
        wordings=len(by_wording),
        same_sign=float(np.mean(by_wording * np.sign(value) > _ROUNDING * np.abs(by_wording).max())) if n else math.nan,
    )


def _no_interval(tasks: Sequence[TaskMean], n: int, nothing: str, *, constant: bool) -> str | None:
    if not n:
        return nothing
    if n < MIN_DOCUMENTS:
        return f"{n} of the {MIN_DOCUMENTS} documents an interval needs"
    single = [task.task for task in tasks if task.n == 1]
    if single:
        return f"a single document in {single[0]}, so its spread is unknown"
    return "no variation between documents" if constant else None


class _Pairs:
    """The lines of two arms, side by side."""

    def __init__(self, grid: Grid, contrast: Contrast) -> None:
        self.grid, self.contrast = grid, contrast
        self.sides = [grid.arm_of[arm] for arm in contrast]
        arm, control = self.sides
        self.matched = np.abs(grid.length[:, arm] - grid.length[:, control]) <= LENGTH_TOLERANCE
        self.either = grid.any_line(grid.present[:, arm] | grid.present[:, control])
        self.reasons, self.reason = self._reasons()
        self.no_keyword = grid.any_line(grid.unnamed[:, arm] | grid.unnamed[:, control])

    def differences(self, quantities: Sequence[str]) -> Array:
        """(lines, quantities)"""
        arm, control = (self.grid.levels(side, quantities) for side in self.contrast)
        return arm - control

    def length_matched(self, name: str, counted: NDArray[np.bool_]) -> float:
        used = np.isfinite(self.differences([name])[:, 0])
        line = self.grid.line_document
        sums, counts = (np.bincount(line, weights=w, minlength=self.grid.documents) for w in (used & self.matched, used))
        return float((sums[counted] / counts[counted]).mean()) if counted.any() else math.nan

    def missing(self, name: str, counted: NDArray[np.bool_]) -> dict[str, int]:
        """Documents without a difference, by reason."""
        quantity, grid = BY_NAME[name], self.grid
        of_question = quantity.source in ("question", "keywords")
        reason = self.reason.copy()
        if quantity.source == "keywords":
            reason[(reason < 0) & self.no_keyword] = self.reasons.index(NO_KEYWORD)
        measured = np.isfinite(grid.table[:, self.sides, grid.quantity_of[name]]).any(1)
        applies = np.bincount(grid.document_task, weights=grid.any_line(measured), minlength=len(grid.tasks)) > 0
        if of_question:
            # Measured on every prompt, so a task without one value has it missing for a reason.
            explained = (reason >= 0) & self.either
            applies |= np.bincount(grid.document_task, weights=explained, minlength=len(grid.tasks)) > 0
        else:  # alignment concerns the question's tokens only
            kept = [i for i, text in enumerate(self.reasons) if text == TRUNCATED or text.startswith(_NO_ROW)]
            reason[~np.isin(reason, kept)] = self.reasons.index(NOT_MEASURED)
        lost = self.either & ~counted & applies[grid.document_task]
        counts: dict[str, int] = {}
        for code, n in zip(*np.unique(reason[lost], return_counts=True), strict=True):
            text = self.reasons[code] if code >= 0 else quantity.absent or NOT_MEASURED
            counts[text] = counts.get(text, 0) + int(n)
        return dict(sorted(counts.items()))

    def _reasons(self) -> tuple[list[str], NDArray[np.int64]]:
        """Texts, and per document the place of the first reason any of its lines gives; -1 without one."""
        grid, (arm, control) = self.grid, self.sides
        texts = [
            *grid.reasons,
            f"{_NO_ROW} {self.contrast.control}",
            f"{_NO_ROW} {self.contrast.arm}",
            NO_KEYWORD,
            NOT_MEASURED,
        ]
        own, other = grid.reason[:, arm], grid.reason[:, control]
        code = np.where(own >= 0, own, other)
        alone, without = grid.present[:, arm] & ~grid.present[:, control], grid.present[:, control] & ~grid.present[:, arm]
        code = np.where(alone, len(grid.reasons), np.where(without, len(grid.reasons) + 1, code))
        first = np.full(grid.documents, -1, dtype=np.int64)
        given = np.flatnonzero(code >= 0)[::-1]
        first[grid.line_document[given]] = code[given]
        return texts, first
