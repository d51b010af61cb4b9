"""A table of a run in pieces: what is long (a sample's log-probabilities, a prompt's heads) is reduced piece by piece."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from ride_eval.store import KEYS, read_shards, shards

ROWS = 16_384
"""In a piece, or a shard's more: a shard is never cut."""


def batches(
    run: Path, table: str, columns: Sequence[str], filters: Sequence[tuple[str, str, Any]] = (), *, rows: int = ROWS
) -> Iterator[pa.Table]:
    """The rows of a table with their key, in pieces of some `rows`, which together may hold a key twice (a resumed run).

    A column that a shard of an older version lacks is null. Raises RunError naming a shard that cannot be read.
    """
    wanted = list(dict.fromkeys([*KEYS[table], *columns]))
    parts: list[pa.Table] = []
    for part in read_shards(run, shards(run, table), table, wanted, filters):
        parts.append(part)
        if sum(part.num_rows for part in parts) >= rows:
            yield pa.concat_tables(parts)
            parts = []
    if parts:
        yield pa.concat_tables(parts)


def keys(batch: pa.Table, table: str) -> pd.DataFrame:
    """The key columns of a piece."""
    frame: pd.DataFrame = batch.select(list(KEYS[table])).to_pandas()
    return frame


def flat(column: pa.ChunkedArray[Any]) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Lengths of a column's lists, -1 for null, and all their values in one array."""
    lists = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    sizes = lists.value_lengths().fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return sizes, lists.flatten().to_numpy(zero_copy_only=False)


def row_hashes(frame: pd.DataFrame, columns: Sequence[str]) -> NDArray[np.uint64]:
    """A 64-bit number a row, equal for rows that agree in the columns."""
    return np.asarray(pd.util.hash_pandas_object(frame[list(columns)], index=False).to_numpy(np.uint64))
