"""An estimate with its 95 % interval, and the t interval of a mean over documents, for levels (see `spread` for differences).

Documents are drawn within tasks and each task counts the same, so the estimate is the mean of task means and its standard
error sqrt(sum_t s_t^2 / n_t) / T, with Welch-Satterthwaite degrees of freedom. For one task this is the ordinary t interval.
Source: Miller, "Adding Error Bars to Evals", arXiv 2411.00640, for stratified questions; Welch 1947 for the degrees of freedom.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
MIN_DOCUMENTS = 5
"""Below this no interval is given: its coverage cannot be trusted."""
_ROUNDING = 1e-12
"""Spread below this share of the values is rounding, not variation."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A mean in the unit of its values, NaN without any, and its 95 % interval, NaN with a reason."""

    value: float
    low: float
    high: float
    n: int
    reason: str | None = None

    @property
    def has_interval(self) -> bool:
        return math.isfinite(self.low) and math.isfinite(self.high)


def estimate(values: Mapping[str, NDArray[np.float64]]) -> Estimate:
    """Mean of task means: task -> (n_t,) finite values, one a document. Tasks without values do not count."""
    samples = {task: sample for task, sample in values.items() if len(sample)}
    n = sum(len(sample) for sample in samples.values())
    if not n:
        return Estimate(value=math.nan, low=math.nan, high=math.nan, n=0, reason="no value")
    value = math.fsum(float(sample.mean()) for sample in samples.values()) / len(samples)
    half, reason = _half_width(samples, n)
    return Estimate(value=value, low=value - half, high=value + half, n=n, reason=reason)


def _half_width(samples: Mapping[str, NDArray[np.float64]], n: int) -> tuple[float, str | None]:
    if n < MIN_DOCUMENTS:
        return math.nan, f"{n} of the {MIN_DOCUMENTS} documents an interval needs"
    single = [task for task, sample in samples.items() if len(sample) == 1]
    if single:
        return math.nan, f"a single document in {single[0]}, so its spread is unknown"
    parts = [(float(sample.var(ddof=1)) / len(sample), len(sample) - 1) for sample in samples.values()]
    variance = math.fsum(part for part, _ in parts)
    scale = max(float(np.abs(sample).max()) for sample in samples.values())
    if math.sqrt(variance) <= _ROUNDING * scale:
        return math.nan, "no variation between documents"
    freedom = variance**2 / math.fsum(part**2 / degrees for part, degrees in parts)
    from scipy.special import stdtrit  # here, because importing scipy takes longer than --help may

    return float(stdtrit(freedom, (1 + CONFIDENCE) / 2)) * math.sqrt(variance) / len(samples), None
