"""Where in the model an arm acts: mean differences layer by layer, over documents and tasks as effects have them.

They describe: no test is made of a layer, since a claim rests on the primary quantities' means over layers only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ride_eval.analysis.contrasts import CONTROL_CONTRASTS, Contrast
from ride_eval.analysis.frames import Run
from ride_eval.analysis.quantities import BY_NAME
from ride_eval.analysis.units import LAYER_MARK

LAYERED = ("density", "density_resid", "keyword_share", "routing_shift")
"""Quantities that exist in each layer."""
_ROW = ["task", "document", "occurrence", "wording"]


@dataclass(frozen=True, kw_only=True)
class LayerEffect:
    """An arm minus its control, or minus `none`, in every layer that has the quantity, in its unit."""

    quantity: str
    contrast: Contrast
    """With `none`, a distance from `none` is the distance itself."""
    layers: tuple[int, ...]
    """Of the model, from 0."""
    values: tuple[float, ...]
    """One a layer; NaN where no document has it."""
    n: int
    """Documents with a value in any layer."""


def layer_effects(run: Run, arms: Sequence[str]) -> tuple[LayerEffect, ...]:
    """Quantity by quantity: first each arm against `none`, then the control contrasts; without what no document has."""
    contrasts = [*(Contrast(arm, "none") for arm in arms if arm != "none"), *CONTROL_CONTRASTS]
    routed = [int(layer) for layer in run.manifest["model"].get("moe_layers") or ()]
    sides = {str(arm): rows for arm, rows in run.documents.groupby("arm", sort=False).indices.items()}
    index = pd.MultiIndex.from_frame(run.documents[_ROW])
    found = []
    for quantity in LAYERED:
        columns = [column for column in run.layers if str(column).partition(LAYER_MARK)[0] == quantity]
        if not columns:
            continue
        values = run.layers[columns].to_numpy(np.float64)
        layers = tuple(routed) if BY_NAME[quantity].routed else tuple(range(len(columns)))
        for contrast in contrasts:
            difference, rows = _differences(values, index, sides, contrast, distance=BY_NAME[quantity].distance)
            if np.isfinite(difference).any():
                means, n = _task_means(difference, run.documents.iloc[rows])
                found.append(
                    LayerEffect(quantity=quantity, contrast=contrast, layers=layers, values=tuple(means.tolist()), n=n)
                )
    return tuple(found)


def _differences(
    values: NDArray[np.float64],
    index: pd.MultiIndex,
    sides: dict[str, NDArray[np.intp]],
    contrast: Contrast,
    *,
    distance: bool,
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """The arm's rows that have a counterpart, less it, and which rows they are."""
    arm = sides.get(contrast.arm, np.empty(0, dtype=np.intp))
    if distance and contrast.control == "none":
        return values[arm], arm
    control = sides.get(contrast.control, np.empty(0, dtype=np.intp))
    place = index[control].get_indexer(index[arm])
    paired = place >= 0
    return values[arm[paired]] - values[control[place[paired]]], arm[paired]


def _task_means(difference: NDArray[np.float64], rows: pd.DataFrame) -> tuple[NDArray[np.float64], int]:
    """Mean of task means of document means: (rows, layers) -> (layers,), NaN rows left out, and the documents that count."""
    document = rows.groupby(["task", "document"], sort=True).ngroup().to_numpy()
    task_of = rows.assign(place=document).drop_duplicates("place").sort_values("place")["task"].to_numpy(object)
    documents = _means(difference, document, len(task_of))
    tasks = np.unique(task_of.astype(str), return_inverse=True)[1]
    by_task = _means(documents, tasks, int(tasks.max()) + 1)
    n = int(np.isfinite(documents).any(1).sum())
    return _means(by_task, np.zeros(len(by_task), dtype=np.intp), 1)[0], n


def _means(values: NDArray[np.float64], group: NDArray[np.integer], n: int) -> NDArray[np.float64]:
    """Means of the finite values of each of n groups, none empty: (rows, layers) -> (n, layers)."""
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(n))
    there = np.isfinite(values)[order]
    sums = np.add.reduceat(np.where(there, values[order], 0.0), starts, axis=0)
    counts = np.add.reduceat(there, starts, axis=0, dtype=np.int64)
    return np.divide(sums, counts, out=np.full(sums.shape, math.nan), where=counts > 0)
