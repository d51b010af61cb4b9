"""`routing_shift` of every prompt, from the stored expert ids, without ever holding a run's routes in memory.

A large run has gigabytes of them. `none`'s routes are taken a block at a time, and each shard with other arms of those
documents is read beside it; the overlap is counted on whole shards (`metrics.routing.overlap_shift` is the same for one
prompt).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ride_eval.errors import RunError
from ride_eval.store import Key, shards

BLOCK = 2048
"""Prompts of `none` held at a time: about 50 MB for OLMoE, 150 MB for a model with 48 routed layers."""
_KEY = list(Key._fields)
_PROMPT = [field for field in _KEY if field != "arm"]


def routing_shifts(run: Path, k: int) -> pd.DataFrame:
    """Per prompt of every arm but `none` that has a counterpart in `none`: its key and `routing_shift`, 0 to 1.

    k: experts per token. NaN where there are no tokens, or where the two rows hold different tokens.
    """
    index = _index(run)
    reference = index[index["arm"] == "none"].rename(columns={"shard": "none_shard", "row": "none_row"}).drop(columns="arm")
    pairs = index[index["arm"] != "none"].merge(reference, on=_PROMPT)
    if not len(pairs):
        return pd.DataFrame(columns=[*_KEY, "routing_shift"])
    pairs = pairs.sort_values(["none_shard", "none_row", "shard", "row"], ignore_index=True)
    shift = np.full(len(pairs), np.nan)
    for block in _blocks(pairs):
        reference_routes, place = _reference(run, block)
        for shard, rows in block.groupby("shard"):
            own = _take(_read(run, str(shard)), rows["row"].to_numpy())
            none = _take(reference_routes, place[rows.index.to_numpy() - block.index[0]])
            shift[rows.index.to_numpy()] = _shifts(own, none, k)
    return pairs[_KEY].assign(routing_shift=shift)


def _blocks(pairs: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Consecutive rows with at most BLOCK different prompts of `none`."""
    new = (pairs[["none_shard", "none_row"]] != pairs[["none_shard", "none_row"]].shift()).any(axis=1)
    number = (new.cumsum() - 1) // BLOCK
    for _, block in pairs.groupby(number):
        yield block


def _reference(run: Path, block: pd.DataFrame) -> tuple[pa.Table, NDArray[np.int64]]:
    """The block's routes of `none`, each once, and which of them each row of the block is compared with."""
    wanted = block[["none_shard", "none_row"]].drop_duplicates()
    tables = [
        _take(_read(run, str(shard)), rows["none_row"].to_numpy()) for shard, rows in wanted.groupby("none_shard", sort=False)
    ]
    place = block.groupby(["none_shard", "none_row"], sort=False).ngroup().to_numpy().astype(np.int64)
    return pa.concat_tables(tables).combine_chunks(), place


def _shifts(own: pa.Table, none: pa.Table, k: int) -> NDArray[np.float64]:
    """Per row of two tables of routes: 1 - share of the k experts a token and layer have in common."""
    sizes, experts = _flat(own["experts"])
    none_sizes, none_experts = _flat(none["experts"])
    shift = np.full(len(sizes), np.nan)
    if (sizes % k).any() or (none_sizes % k).any():
        raise RunError(f"A row of routes does not hold {k} expert ids a token and layer, as run.json says; the run is damaged.")
    same = (sizes == none_sizes) & (sizes > 0) & _equal_rows(own["token_ids"], none["token_ids"])
    if not same.any():
        return shift
    ids = experts[np.repeat(same, sizes)].reshape(-1, k)
    none_ids = none_experts[np.repeat(same, none_sizes)].reshape(-1, k)
    # One slot at a time, as contiguous rows: four times as fast as comparing along a short last axis. The k ids of a token
    # are distinct, so each id of `none` is found at most once.
    slots, none_slots = np.ascontiguousarray(ids.T), np.ascontiguousarray(none_ids.T)
    common = np.zeros(len(ids), dtype=np.uint16)
    for slot in slots:
        for none_slot in none_slots:
            common += slot == none_slot
    starts = np.concatenate([[0], np.cumsum(sizes[same] // k)[:-1]])
    shift[same] = 1.0 - np.add.reduceat(common, starts, dtype=np.int64) / sizes[same]
    return shift


def _equal_rows(left: pa.ChunkedArray[Any], right: pa.ChunkedArray[Any]) -> NDArray[np.bool_]:
    sizes, values = _flat(left)
    other_sizes, other = _flat(right)
    equal: NDArray[np.bool_] = sizes == other_sizes
    row = np.repeat(np.arange(len(sizes)), np.where(equal, sizes, 0))
    differ = values[np.repeat(equal, sizes)] != other[np.repeat(equal, other_sizes)]
    equal[row[differ]] = False
    return equal


def _flat(column: pa.ChunkedArray[Any]) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Lengths of the lists, and all their values in one array; null counts as empty."""
    lists = pa.chunked_array(column).combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    sizes = lists.value_lengths().fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    return sizes, lists.flatten().to_numpy(zero_copy_only=False)


def _index(run: Path) -> pd.DataFrame:
    """Where each prompt's routes lie: key, shard, row in it."""
    parts = []
    for shard in shards(run, "routes"):
        keys: pd.DataFrame = _read(run, shard, _KEY).to_pandas()
        parts.append(keys.assign(shard=shard, row=np.arange(len(keys))))
    if not parts:
        return pd.DataFrame(columns=[*_KEY, "shard", "row"])
    return pd.concat(parts, ignore_index=True).drop_duplicates(_KEY, ignore_index=True)


def _take(routes: pa.Table, rows: NDArray[np.int64]) -> pa.Table:
    """Some rows; the table itself if they are all of its rows in order, since taking copies every expert id."""
    return routes if np.array_equal(rows, np.arange(routes.num_rows)) else routes.take(pa.array(rows))


def _read(run: Path, shard: str, columns: list[str] | None = None) -> pa.Table:
    try:
        return pq.read_table(run / shard, columns=columns or ["token_ids", "experts"])
    except (pa.ArrowException, OSError) as error:
        problem = str(error).splitlines()[0]
        raise RunError(f"The shard {run / shard} is damaged ({problem}). Move it away, and measure again.") from None
