"""Many comparisons: the false discovery rate within a family.

A model has one family that claims rest on, the primary quantities under the five control contrasts. All other effects are
exploratory and corrected apart, so that looking at more of them does not cost the primary ones anything. Source: Benjamini &
Hochberg 1995.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ride_eval.analysis.contrasts import Effect, Family
from ride_eval.analysis.quantities import BY_NAME


def false_discovery_rates(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """(m,) p-values -> (m,) q: the smallest m p_j / rank_j over all p_j at least as large. NaN is no test and stays NaN."""
    q = np.full(len(p), np.nan)
    tested = np.flatnonzero(np.isfinite(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    scaled = p[order] * len(order) / np.arange(1, len(order) + 1)
    q[order] = np.minimum.accumulate(scaled[::-1])[::-1]
    return q


def corrected(effects: Sequence[Effect]) -> tuple[Effect, ...]:
    """One model's control contrasts with family and q."""
    families: list[Family] = ["primary" if BY_NAME[effect.quantity].primary else "exploratory" for effect in effects]
    p = np.array([effect.p for effect in effects], dtype=np.float64)
    q = np.full(len(p), np.nan)
    for family in set(families):
        own = np.array([name == family for name in families], dtype=bool)
        q[own] = false_discovery_rates(p[own])
    return tuple(
        dataclasses.replace(effect, family=family, q=float(value))
        for effect, family, value in zip(effects, families, q, strict=True)
    )
