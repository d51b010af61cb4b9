"""One row of a check: a metric of a task, domain and arm, before and after, and what may be said about its change."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ride_eval.analysis.draws import FLIPS, flip_p
from ride_eval.analysis.families import false_discovery_rates
from ride_eval.analysis.intervals import Estimate, estimate
from ride_eval.analysis.notes import FEW_DOCUMENTS
from ride_eval.analysis.regression.equivalence import documents_needed, equivalence_p, zero_p
from ride_eval.analysis.regression.measures import ALL_ARMS, DISTANCES, Better
from ride_eval.analysis.regression.pairs import Block
from ride_eval.policy import Level, Policy

Status = Literal[
    "regression", "drift", "improvement", "no change", "identical", "not settled", "too few documents", "not measured"
]
Floors = Mapping[tuple[str, str], float]
"""(metric, task) -> how far the model differs from itself; see `ride_eval.noise`."""
_ROUNDING = 1e-6
"""Spread below this share of the values is rounding (of float32), not variation."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A metric's change from the baseline, in its own unit. A number that cannot be had is NaN."""

    metric: str
    task: str
    domain: str
    arm: str
    """ALL_ARMS: the mean over a document's arms."""
    level: Level
    better: Better
    minimum: float
    """The smallest change that matters, or the noise floor where that is larger."""
    floor: float
    """The noise floor alone; NaN without a noise file."""
    before: float
    """Mean over the documents that both runs have; likewise `after`."""
    after: float
    change: Estimate
    """Mean paired difference of its documents, and its 95 % t interval; of a distance between versions its mean."""
    d_z: float
    """The mean by the SD of the differences."""
    p: float
    """Two-sided; the larger of the t test's and `p_exchangeable`: the one doubts a mean that hangs on a few documents, the
    other knows no distribution. Of a distance between versions: of its excess over `minimum`."""
    p_exchangeable: float
    """By swapping the two runs in whole documents."""
    equivalence: float
    """p of the two one-sided tests that the change is within +- minimum; small is evidence of no change."""
    needed: float
    """Documents that would show it, if nothing changed."""
    q: float = math.nan
    """p after Benjamini-Hochberg, over the rows of its level."""
    status: Status = "not measured"

    @property
    def is_distance(self) -> bool:
        return self.metric in DISTANCES


def compare(
    blocks: Sequence[Block], policy: Policy, *, alpha: float, floors: Floors | None = None, seed: int = 0
) -> tuple[Comparison, ...]:
    """All rows that have a value, corrected and judged."""
    # Enough draws that one true change among all others can still be found.
    rows = sum(len(block.arms) * len(block.metrics) for block in blocks)
    draws = max(FLIPS, math.ceil(2 * rows / alpha))
    found = [row for i, block in enumerate(blocks) for row in _rows(block, policy, alpha, floors or {}, (seed, i), draws)]
    return tuple(_judged(row, alpha) for row in _corrected(found))


def _rows(block: Block, policy: Policy, alpha: float, floors: Floors, seed: tuple[int, int], draws: int) -> list[Comparison]:
    shape = block.change.shape
    change = block.change.reshape(shape[0], -1)
    before, after = (values.reshape(shape[0], -1) for values in (block.before, block.after))
    names = [(metric, arm) for arm in block.arms for metric in block.metrics]
    kept = np.flatnonzero(np.isfinite(change).any(0))
    names, change, before, after = [names[i] for i in kept], change[:, kept], before[:, kept], after[:, kept]
    if not names:
        return []
    rules = [policy.rule(metric, block.task, arm) for metric, arm in names]
    floor = np.array([floors.get((metric, block.task), floors.get((metric, ""), math.nan)) for metric, _ in names])
    minimum = np.fmax(floor, [rule.minimum for rule in rules])
    n = np.isfinite(change).sum(0)
    means = np.nanmean(change, 0)
    deviation = np.where(n > 1, np.sqrt(np.nansum((change - means) ** 2, 0) / np.maximum(n - 1, 1)), math.nan)
    deviation[deviation <= _ROUNDING * np.nanmax(np.abs(change), 0)] = 0.0
    distance = np.array([metric in DISTANCES for metric, _ in names])
    tested = change - np.where(distance, minimum, 0.0)
    task = np.zeros(len(change), dtype=np.intp)
    exchangeable = flip_p(tested, task, np.nanmean(tested, 0), np.random.default_rng(seed), draws)
    error = np.where(n > 1, deviation / np.sqrt(n), math.nan)
    p = np.fmax(exchangeable, zero_p(np.nanmean(tested, 0), error, np.maximum(n - 1.0, 1.0)))
    equivalence = equivalence_p(means, error, np.maximum(n - 1.0, 1.0), minimum)
    needed = documents_needed(deviation, minimum, alpha)
    return [
        Comparison(
            metric=metric,
            task=block.task,
            domain=block.domain,
            arm=arm,
            level=rule.level,
            better=rule.better,
            minimum=float(minimum[i]),
            floor=float(floor[i]),
            before=float(np.nanmean(before[:, i])),
            after=float(np.nanmean(after[:, i])),
            change=estimate({block.task: change[np.isfinite(change[:, i]), i]}),
            d_z=float(means[i] / deviation[i]) if deviation[i] > 0 else math.nan,
            p=float(p[i]),
            p_exchangeable=float(exchangeable[i]),
            equivalence=float(equivalence[i]),
            needed=float(needed[i]),
        )
        for i, ((metric, arm), rule) in enumerate(zip(names, rules, strict=True))
    ]


def _corrected(rows: Sequence[Comparison]) -> list[Comparison]:
    """With q: rows that can fail the check are one family, those that only warn another; too small ones are not tested."""
    q = np.full(len(rows), math.nan)
    for level in ("fail", "warn"):
        own = np.array([row.level == level and row.change.n >= FEW_DOCUMENTS for row in rows], dtype=bool)
        q[own] = false_discovery_rates(np.array([row.p for row in rows], dtype=np.float64)[own])
    return [replace(row, q=float(value)) for row, value in zip(rows, q, strict=True)]


def _judged(row: Comparison, alpha: float) -> Comparison:
    return replace(row, status=_status(row, alpha))


def _status(row: Comparison, alpha: float) -> Status:
    value = row.change.value
    if not row.change.n:
        return "not measured"
    if row.change.n < FEW_DOCUMENTS:
        return "too few documents"
    if row.q < alpha and abs(value) > row.minimum:
        if row.better == "neither":
            return "drift"
        return "improvement" if (value > 0) == (row.better == "higher") else "regression"
    if value == 0 and math.isnan(row.d_z):
        return "identical"
    return "no change" if row.equivalence < alpha else "not settled"


def is_overall(row: Comparison) -> bool:
    """Whether the row is over all arms."""
    return row.arm == ALL_ARMS
