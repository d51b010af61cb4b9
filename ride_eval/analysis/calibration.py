"""Right answers against what the model's uncertainty said of them: the curves behind AUROC and calibration error.

Of a task that chooses, the probability of the choice taken against the share of right choices: on the diagonal it is
calibrated. Of one that generates there is no probability of being right, so it is the entropy: where it knows, the curve falls.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

MAX_BINS = 15
"""As many as the calibration error has."""
MIN_PER_BIN = 10
"""Answers in a bin; a curve needs two bins."""
AXES = ("confidence", "forced_entropy")
"""Of a task that chooses, and of one that generates."""


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Bins of equal mass, by rising uncertainty or confidence."""

    task: str
    arm: str
    axis: str
    """What bins are made by: `confidence` (a probability) or `forced_entropy` (nats)."""
    means: tuple[float, ...]
    """Mean of the axis in a bin."""
    correct: tuple[float, ...]
    """Share of right answers in it."""
    n: int
    """Answers."""


def curves(documents: pd.DataFrame) -> tuple[Curve, ...]:
    """One a task and arm, from `Run.documents`; none of fewer than two bins of MIN_PER_BIN answers."""
    found = []
    for (task, arm), rows in documents.groupby(["task", "arm"], sort=True):
        for axis in AXES:
            known = rows[rows["correct"].isin([0.0, 1.0]) & rows[axis].notna()]
            bins = min(MAX_BINS, len(known) // MIN_PER_BIN)
            if bins < 2:
                continue
            x, y = known[axis].to_numpy(np.float64), known["correct"].to_numpy(np.float64)
            means, correct = equal_mass(x, y, bins)
            found.append(
                Curve(
                    task=str(task),
                    arm=str(arm),
                    axis=axis,
                    means=tuple(means.tolist()),
                    correct=tuple(correct.tolist()),
                    n=len(known),
                )
            )
    return tuple(found)


def equal_mass(x: NDArray[np.float64], y: NDArray[np.float64], bins: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(n,) and (n,) -> means of both in bins of equal size by rising x: (bins,), (bins,). The first hold one more if n is no
    multiple."""
    order = np.argsort(x, kind="stable")
    parts = np.array_split(order, bins)
    return np.array([x[part].mean() for part in parts]), np.array([y[part].mean() for part in parts])
