"""How far a quantity of sampled answers would come out the same with other samples: split-half reliability.

Every second sample makes one half, the others the other. Random numbers are keyed by sample, so a half is the same samples in
every arm. r is the correlation of the two halves over documents, centred within task and arm (of differences: within task and
control contrast), stepped up to all samples by Spearman-Brown, 2 r / (1 + |r|): with |r| a negative r stays above -1.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ride_eval.analysis.contrasts import CONTROL_CONTRASTS
from ride_eval.analysis.samples import AGREEMENT, HALVES, JUDGED, SAMPLED
from ride_eval.analysis.units import UNIT

QUANTITIES = (*SAMPLED, *AGREEMENT, *JUDGED)
MIN_DOCUMENTS = 20
"""Below this a correlation says nothing."""
_ROW = [field for field in UNIT if field != "arm"]


@dataclass(frozen=True, kw_only=True)
class Reliability:
    """-1 to 1; NaN below MIN_DOCUMENTS documents, where a half has too few samples, or where nothing varies."""

    quantity: str
    levels: float
    """Of a document's value under an arm."""
    differences: float
    """Of a document's difference in a control contrast: what effects and links are made of."""
    n: int
    """Documents with a difference in both halves."""


def split_half(halves: pd.DataFrame) -> tuple[Reliability, ...]:
    """One entry a sample-based quantity that `samples.half_values` has."""
    return tuple(_reliability(halves, quantity) for quantity in QUANTITIES if f"{quantity}_0" in halves)


def _reliability(documents: pd.DataFrame, quantity: str) -> Reliability:
    columns = [f"{quantity}_{half}" for half in HALVES]
    known = documents[[*UNIT, *columns]].dropna().set_axis([*UNIT, *HALVES], axis=1)
    levels = known.groupby(["task", "arm", "document"], as_index=False)[list(HALVES)].mean()
    differences = pd.concat(_differences(known), ignore_index=True)
    n = len(differences.drop_duplicates(["task", "document"]))
    return Reliability(
        quantity=quantity,
        levels=_stepped_up(levels, ["task", "arm"]),
        differences=_stepped_up(differences, ["task", "contrast"]),
        n=n,
    )


def _differences(known: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """A document's mean difference in each control contrast, in both halves."""
    for contrast in CONTROL_CONTRASTS:
        arm, control = (known[known["arm"] == name].set_index(_ROW)[list(HALVES)] for name in contrast)
        rows = (arm - control).dropna()
        means = rows.groupby(["task", "document"]).mean().reset_index()
        yield means.assign(contrast=str(contrast))


def _stepped_up(values: pd.DataFrame, strata: list[str]) -> float:
    if len(values.drop_duplicates(["task", "document"])) < MIN_DOCUMENTS:
        return math.nan
    halves = values[list(HALVES)]
    centred: NDArray[np.float64] = (halves - values.groupby(strata)[list(HALVES)].transform("mean")).to_numpy(np.float64)
    products = centred.T @ centred
    scale = math.sqrt(products[0, 0] * products[1, 1])
    # What is left of equal values after centring is rounding, not variation.
    if scale <= 1e-20 * max(1.0, float(np.square(halves.to_numpy(np.float64)).sum())):
        return math.nan
    r = float(products[0, 1]) / scale
    return 2 * r / (1 + abs(r))
