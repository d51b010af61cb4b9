"""A table's prompts beside the same prompts of `none`, without ever holding a run's lists in memory.

A large run has gigabytes of them. `none`'s rows are taken a block at a time, and each shard with other arms of those documents
is read beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from ride_eval.analysis.units import PROMPT_KEY
from ride_eval.store import read_shards, shards

BLOCK = 2048
"""Prompts of `none` held at a time: of expert ids about 50 MB for OLMoE, 150 MB for a model with 48 routed layers."""
_PROMPT = [field for field in PROMPT_KEY if field != "arm"]


def beside_none(run: Path, table: str, columns: Sequence[str]) -> Iterator[tuple[pd.DataFrame, pa.Table, pa.Table]]:
    """Prompts of every arm but `none` that have a counterpart in `none`, in pieces: their keys, and the columns of both.

    A column that a shard of an older version lacks is null. Raises RunError naming a shard that cannot be read.
    """
    index = _index(run, table)
    reference = index[index["arm"] == "none"].rename(columns={"shard": "none_shard", "row": "none_row"}).drop(columns="arm")
    pairs = index[index["arm"] != "none"].merge(reference, on=_PROMPT)
    pairs = pairs.sort_values(["none_shard", "none_row", "shard", "row"], ignore_index=True)
    for block in _blocks(pairs):
        of_none, place = _reference(run, table, columns, block)
        names = sorted(block["shard"].unique())
        for (_, rows), read in zip(block.groupby("shard"), read_shards(run, names, table, columns), strict=True):
            own = _take(read, rows["row"].to_numpy())
            yield rows[PROMPT_KEY], own, _take(of_none, place[rows.index.to_numpy() - block.index[0]])


def _blocks(pairs: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Consecutive rows with at most BLOCK different prompts of `none`."""
    new = (pairs[["none_shard", "none_row"]] != pairs[["none_shard", "none_row"]].shift()).any(axis=1)
    number = (new.cumsum() - 1) // BLOCK
    for _, block in pairs.groupby(number):
        yield block


def _reference(run: Path, table: str, columns: Sequence[str], block: pd.DataFrame) -> tuple[pa.Table, NDArray[np.int64]]:
    """The block's rows of `none`, each once, and which of them each row of the block is compared with."""
    wanted = block[["none_shard", "none_row"]].drop_duplicates()
    groups = wanted.groupby("none_shard", sort=False)
    names = wanted["none_shard"].unique()
    tables = [
        _take(read, rows["none_row"].to_numpy())
        for (_, rows), read in zip(groups, read_shards(run, names, table, columns), strict=True)
    ]
    place = block.groupby(["none_shard", "none_row"], sort=False).ngroup().to_numpy().astype(np.int64)
    return pa.concat_tables(tables).combine_chunks(), place


def _index(run: Path, table: str) -> pd.DataFrame:
    """Where each prompt's row lies: key, shard, row in it."""
    parts = []
    names = shards(run, table)
    for shard, rows in zip(names, read_shards(run, names, table, PROMPT_KEY), strict=True):
        keys: pd.DataFrame = rows.to_pandas()
        parts.append(keys.assign(shard=shard, row=np.arange(len(keys))))
    if not parts:
        return pd.DataFrame(columns=[*PROMPT_KEY, "shard", "row"])
    return pd.concat(parts, ignore_index=True).drop_duplicates(PROMPT_KEY, ignore_index=True)


def _take(rows: pa.Table, places: NDArray[np.int64]) -> pa.Table:
    """Some rows; the table itself if they are all of its rows in order, since taking copies every value."""
    return rows if np.array_equal(places, np.arange(rows.num_rows)) else rows.take(pa.array(places))
