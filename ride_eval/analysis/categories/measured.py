"""A number with its 95 % interval and its count."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
DRAWS = 2000
"""Bootstrap draws."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """NaN with a reason where it could not be had; without an interval, low and high are NaN."""

    value: float
    low: float = math.nan
    high: float = math.nan
    n: int = 0
    reason: str | None = None

    @property
    def has_interval(self) -> bool:
        return math.isfinite(self.low) and math.isfinite(self.high)


def nothing(reason: str) -> Measured:
    return Measured(value=math.nan, reason=reason)


def from_draws(value: float, draws: NDArray[np.float64], n: int) -> Measured:
    """A value with the percentile interval of its bootstrap draws; none where a tenth of the draws has no value."""
    finite = draws[np.isfinite(draws)]
    if len(finite) < 0.9 * len(draws) or not len(draws):
        return Measured(value=value, n=n, reason="too many bootstrap draws without a value")
    low, high = np.quantile(finite, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Measured(value=value, low=float(low), high=float(high), n=n)


def bootstrap_mean(values: NDArray[np.float64], *, draws: int = DRAWS, seed: int = 0) -> Measured:
    """The mean of (n,) values, one a prompt, NaN left out, and its interval over prompts; none below 5."""
    known = values[np.isfinite(values)]
    if not len(known):
        return nothing("no value")
    if len(known) < 5:
        return Measured(value=float(known.mean()), n=len(known), reason="fewer than 5 prompts")
    rng = np.random.default_rng(seed)
    drawn = np.array([known[rng.integers(len(known), size=len(known))].mean() for _ in range(draws)])
    return from_draws(float(known.mean()), drawn, len(known))
