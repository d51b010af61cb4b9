"""`routing_shift` of every prompt, from the stored expert ids.

The overlap is counted on whole shards (`metrics.routing.overlap_shift` is the same for one prompt).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from ride_eval.analysis.batches import flat
from ride_eval.analysis.beside_none import beside_none
from ride_eval.analysis.units import PROMPT_KEY, layer_columns
from ride_eval.errors import RunError


def routing_shifts(run: Path, k: int, layers: int) -> pd.DataFrame:
    """Per prompt of every arm but `none` that has a counterpart in `none`: its key and `routing_shift`, 0 to 1, mean over
    routed layers and of each of them (`layer_columns`).

    k: experts per token; layers: routed ones. NaN where there are no tokens, or where the two rows hold different tokens.
    """
    columns = layer_columns("routing_shift", layers)
    parts = []
    for keys, own, none in beside_none(run, "routes", ["token_ids", "experts"]):
        shifts = _shifts(own, none, k, layers)
        each = pd.DataFrame(shifts, columns=columns, index=keys.index)
        parts.append(pd.concat([keys.assign(routing_shift=shifts.mean(1)), each], axis=1))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[*PROMPT_KEY, "routing_shift", *columns])


def _shifts(own: pa.Table, none: pa.Table, k: int, layers: int) -> NDArray[np.float64]:
    """Per row of two tables of routes and per layer, 1 - share of the k experts a token has in common: (rows, layers)."""
    (sizes, experts), (none_sizes, none_experts) = (_lists(table["experts"]) for table in (own, none))
    shift = np.full((len(sizes), layers), np.nan)
    if (sizes % (k * layers)).any() or (none_sizes % (k * layers)).any():
        raise RunError(
            f"A row of routes does not hold {k} expert ids a token in each of {layers} layers, as run.json says; the run is "
            "damaged."
        )
    same = (sizes == none_sizes) & (sizes > 0) & _equal_rows(own["token_ids"], none["token_ids"])
    if not same.any():
        return shift
    ids = experts[np.repeat(same, sizes)].reshape(-1, k)
    none_ids = none_experts[np.repeat(same, none_sizes)].reshape(-1, k)
    tokens = sizes[same] // (k * layers)
    starts = np.concatenate([[0], np.cumsum(tokens)[:-1]])
    common = np.add.reduceat(common_experts(ids, none_ids).reshape(-1, layers), starts, axis=0, dtype=np.int64)
    shift[same] = 1.0 - common / (k * tokens[:, None])
    return shift


def common_experts(first: NDArray[np.integer], second: NDArray[np.integer]) -> NDArray[np.uint16]:
    """How many experts two (n, k) arrays have in common, row by row: (n,). The k ids of a row are distinct."""
    # One slot at a time, as contiguous rows: four times as fast as comparing along a short last axis. Each id of the one row is
    # found at most once in the other.
    slots, others = np.ascontiguousarray(first.T), np.ascontiguousarray(second.T)
    common = np.zeros(len(first), dtype=np.uint16)
    for slot in slots:
        for other in others:
            common += slot == other
    return common


def _equal_rows(left: pa.ChunkedArray[Any], right: pa.ChunkedArray[Any]) -> NDArray[np.bool_]:
    sizes, values = _lists(left)
    other_sizes, other = _lists(right)
    equal: NDArray[np.bool_] = sizes == other_sizes
    row = np.repeat(np.arange(len(sizes)), np.where(equal, sizes, 0))
    differ = values[np.repeat(equal, sizes)] != other[np.repeat(equal, other_sizes)]
    equal[row[differ]] = False
    return equal


def _lists(column: pa.ChunkedArray[Any]) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Lengths of the lists, and all their values in one array; null counts as empty."""
    sizes, values = flat(column)
    return np.maximum(sizes, 0), values
