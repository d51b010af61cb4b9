"""How the harness's table aggregates our metrics: over the documents that have a value, with its standard error.

The harness's own `mean` is NaN as soon as one value is, and it bootstraps the standard error of any function it does not know,
seconds a metric. So each metric is emitted twice, and its double, named `<metric>_stderr`, aggregated to the standard error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


def without_missing(aggregation: Callable[[list[Any]], Any]) -> Callable[[list[Any]], Any]:
    """An aggregation over the documents that have a score; NaN if none has."""

    def aggregate(items: list[Any]) -> Any:
        kept = [item for item in items if not (isinstance(item, float) and math.isnan(item))]
        return aggregation(kept) if kept else math.nan

    return aggregate


def nan_mean(values: Sequence[float]) -> float:
    """Mean over documents that have a value; NaN if none has."""
    kept = [value for value in values if not math.isnan(value)]
    return float(np.mean(kept)) if kept else math.nan


def nan_stderr(values: Sequence[float]) -> float:
    """Standard error of `nan_mean`: sample standard deviation / sqrt(n); NaN below two values."""
    kept = [value for value in values if not math.isnan(value)]
    return float(np.std(kept, ddof=1) / math.sqrt(len(kept))) if len(kept) > 1 else math.nan


def mean_over_prompts(values: Sequence[float]) -> float:
    """A document's value from its prompts'; NaN if any is, since a document is measured on all of them."""
    return float(np.mean(values))
