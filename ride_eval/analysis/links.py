"""Does a denser inside go with a more certain answer? A rank correlation over documents and control contrasts.

Differences between two arms are correlated, never differences from `none`: noise in a `none` that all arms share makes
correlation out of nothing. Ranks are taken within task x contrast x wording, so that neither tasks nor arms nor wordings which
differ in both numbers do: documents that share a wording share what it does to both, and on an untrained model ranks within
task x contrast alone gave -0.15 [-0.22, -0.08] where these gave -0.01. A stratum's ranks are divided by its number of pairs, so
that each pair counts the same whatever its stratum's size.

The interval is provisional: percentiles of a bootstrap over documents, each with all its contrasts, within task and wording,
ranked anew in every draw.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ride_eval.analysis.contrasts import CONTROL_CONTRASTS, NOT_MEASURED, differences
from ride_eval.analysis.intervals import CONFIDENCE, Estimate
from ride_eval.analysis.notes import FEW_DOCUMENTS

Direction = Literal["positive", "negative", "near zero", "not distinguishable", "too few documents", "not measured"]
ENTROPIES = ("forced_entropy", "choice_entropy")
"""Of a task that generates, and of one that chooses."""
NEAR_ZERO = 0.1
DRAWS = 2000
MIN_DRAWS = 0.9
"""Share of the draws that must have a correlation."""
_BLOCK = 2**17
_DIGITS = 12
"""Differences are compared to so many digits: beyond, rounding would break ties."""
_Array = NDArray[np.float64]


class Pairs(NamedTuple):
    """The differences of one task's documents that share a wording, NaN where there is none: (documents, contrasts) each."""

    quantity: _Array
    stability: _Array
    """Minus the difference in entropy."""


@dataclass(frozen=True, kw_only=True)
class Link:
    """Rank correlation of a quantity's differences with minus those in entropy, -1 to 1: positive is "more goes with more
    stable"."""

    quantity: str
    estimate: Estimate
    """n counts documents."""
    pairs: int
    """Document x contrast."""
    direction: Direction


def link(documents: pd.DataFrame, quantity: str, *, draws: int = DRAWS, seed: int = 0) -> Link:
    """The link of a quantity (`density`, `routing_shift`) with stability, from `Run.documents`."""
    tasks = paired(documents, quantity)
    estimate = rank_correlation(tasks, draws=draws, seed=seed)
    pairs = sum(int(np.isfinite(x + y).sum()) for x, y in tasks.values())
    return Link(quantity=quantity, estimate=estimate, pairs=pairs, direction=direction(estimate))


def no_link(quantity: str, reason: str) -> Link:
    """The link that cannot be had, and why."""
    return Link(quantity=quantity, estimate=_nothing(0, reason), pairs=0, direction="not measured")


def direction(estimate: Estimate) -> Direction:
    """In words; a small interval around a small number is "near zero" even if it leaves out 0 itself."""
    if not estimate.n:
        return "not measured"
    if estimate.n < FEW_DOCUMENTS:
        return "too few documents"
    if estimate.has_interval and max(abs(estimate.low), abs(estimate.high)) <= NEAR_ZERO:
        return "near zero"
    if estimate.has_interval and (estimate.low > 0 or estimate.high < 0):
        return "positive" if estimate.low > 0 else "negative"
    return "not distinguishable"


def paired(documents: pd.DataFrame, quantity: str) -> dict[str, Pairs]:
    """Per task and wording, over the control contrasts whose arms were both run; documents without a pair are left out."""
    arms = set(documents["arm"].unique())
    parts = [
        differences(documents, [quantity, *ENTROPIES], contrast).assign(contrast=i)
        for i, contrast in enumerate(CONTROL_CONTRASTS)
        if arms.issuperset(contrast)
    ]
    if not parts:
        return {}
    rows = pd.concat(parts, ignore_index=True)
    rows["stability"] = -rows["forced_entropy"].fillna(rows["choice_entropy"])
    rows = rows[rows[quantity].notna() & rows["stability"].notna()]
    wordings = documents.groupby(["task", "document"])["wording"].agg(lambda own: " ".join(map(str, sorted(set(own)))))
    rows = rows.merge(wordings.rename("wordings"), on=["task", "document"])
    strata = {}
    for (task, wording), own in rows.groupby(["task", "wordings"]):
        wide = own.pivot_table(index="document", columns="contrast", values=[quantity, "stability"], sort=True)
        strata[f"{task}, wording {wording}"] = Pairs(*(wide[name].to_numpy(np.float64) for name in (quantity, "stability")))
    return strata


def rank_correlation(tasks: Mapping[str, Pairs], *, draws: int = DRAWS, seed: int = 0) -> Estimate:
    """Correlation of ranks within each stratum and contrast, and its interval over documents; n counts documents.

    NaN with a reason below two documents and where one of the two does not vary; no interval below FEW_DOCUMENTS.
    """
    n = sum(len(pairs.quantity) for pairs in tasks.values())
    if n < 2:
        return _nothing(n, f"{n} documents" if n else NOT_MEASURED)
    strata = [(_strata(tasks[task]), len(tasks[task].quantity)) for task in sorted(tasks)]
    once = [_moments(own, np.ones((size, 1))) for own, size in strata]
    value = float(_correlation(np.sum(once, axis=0))[0])
    if not math.isfinite(value):
        return _nothing(n, "one of the two does not vary within a task, contrast and wording")
    if n < FEW_DOCUMENTS:
        reason = f"{n} of the {FEW_DOCUMENTS} documents a link needs"
        return Estimate(value=value, low=math.nan, high=math.nan, n=n, reason=reason)
    rng = np.random.default_rng(seed)
    drawn = _correlation(np.sum([_drawn(own, size, draws, rng) for own, size in strata], axis=0))
    drawn = drawn[np.isfinite(drawn)]
    if len(drawn) < MIN_DRAWS * draws:
        return Estimate(value=value, low=math.nan, high=math.nan, n=n, reason="too little variation between documents")
    low, high = np.quantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Estimate(value=value, low=float(low), high=float(high), n=n)


class _Ranking(NamedTuple):
    """A column sorted once, so that any weights of its members can be ranked by sums."""

    order: NDArray[np.intp]
    ends: NDArray[np.intp]
    """The last place of each group of ties."""
    group: NDArray[np.intp]
    """Of each member."""

    def centred(self, weights: _Array) -> _Array:
        """Midranks of a sample that holds each member so often, less their mean, by the sample's size: (m, draws)."""
        upto = weights[self.order].cumsum(0)[self.ends]
        before = np.concatenate([np.zeros_like(upto[:1]), upto[:-1]])
        size = np.maximum(upto[-1], 1.0)
        return np.asarray(((before + upto - upto[-1]) / (2 * size))[self.group])


class _Stratum(NamedTuple):
    """A task's pairs under one contrast."""

    members: NDArray[np.intp]
    """Which documents they are of."""
    quantity: _Ranking
    stability: _Ranking


def _strata(pairs: Pairs) -> list[_Stratum]:
    found = []
    for x, y in zip(pairs.quantity.T, pairs.stability.T, strict=True):
        members = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
        if len(members):
            found.append(_Stratum(members, _ranking(x[members]), _ranking(y[members])))
    return found


def _ranking(values: _Array) -> _Ranking:
    values = np.round(values, _DIGITS)
    order = np.argsort(values, kind="stable")
    last = np.append(values[order][1:] != values[order][:-1], True)
    group = np.empty(len(values), dtype=np.intp)
    group[order] = np.cumsum(last) - last
    return _Ranking(order, np.flatnonzero(last), group)


def _moments(strata: list[_Stratum], weights: _Array) -> _Array:
    """Sums of products of the centred ranks, xy, xx and yy, weights (documents, draws) -> (3, draws)."""
    total = np.zeros((3, weights.shape[1]))
    for stratum in strata:
        own = weights[stratum.members]
        x, y = stratum.quantity.centred(own), stratum.stability.centred(own)
        wx, wy = own * x, own * y
        total += [(wx * y).sum(0), (wx * x).sum(0), (wy * y).sum(0)]
    return total


def _drawn(strata: list[_Stratum], n: int, draws: int, rng: np.random.Generator) -> _Array:
    """`_moments` of bootstrap samples of a task's n documents: (3, draws)."""
    block = max(1, _BLOCK // n)
    parts = []
    for first in range(0, draws, block):
        width = min(block, draws - first)
        chosen = rng.integers(n, size=(n, width)) * width + np.arange(width)
        weights = np.bincount(chosen.ravel(), minlength=n * width).reshape(n, width).astype(np.float64)
        parts.append(_moments(strata, weights))
    return np.concatenate(parts, axis=1)


def _correlation(moments: _Array) -> _Array:
    xy, xx, yy = moments
    scale = np.sqrt(xx * yy)
    return np.asarray(np.divide(xy, scale, out=np.full(len(xy), np.nan), where=scale > 0))


def _nothing(n: int, reason: str) -> Estimate:
    return Estimate(value=math.nan, low=math.nan, high=math.nan, n=n, reason=reason)
