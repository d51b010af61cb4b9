"""Keyword attention of every prompt, over the heads that all its arms have.

A head that gives the question next to nothing in one arm is left out of all of them: a mean over other heads in one arm than
in the next would be a difference between heads.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from ride_eval.analysis.batches import batches, flat, keys, row_hashes
from ride_eval.analysis.units import PROMPT_KEY, layer_columns
from ride_eval.arms import STANDARD_ARMS
from ride_eval.errors import RunError

ATTENTION = ("keyword_share", "keyword_lift", "keyword_mass", "meta_mass", "heads_dropped", "keyword_tokens")
_ARMS_OF = [field for field in PROMPT_KEY if field != "arm"]
Dropped = dict[int, NDArray[np.bool_]]
"""(layers * heads,) by the hash of a prompt, its arm aside; only prompts that lose a head."""


def keyword_attention(run: Path) -> pd.DataFrame:
    """Per prompt its key and the columns ATTENTION, float64.

    `keyword_share` (0 to 1) is the mean over layers of the mean over heads, NaN without a keyword; `keyword_lift` divides it
    by the keywords' share of the aligned tokens; `keyword_mass` and `meta_mass` (0 to 1) are shares of all attention, NaN
    without a keyword and in `none`; `heads_dropped` is the share of heads left out, in any standard arm and so in all;
    `keyword_tokens` is NaN where alignment failed. Beside them `keyword_share` of each layer (`layer_columns`), where any
    prompt has it.
    """
    dropped = _dropped(run)
    parts = [_values(batch, dropped) for batch in _read(run, ["keyword_mass", "meta_mass", "keyword_tokens", "aligned_tokens"])]
    if not parts:
        return pd.DataFrame(columns=[*PROMPT_KEY, *ATTENTION])
    return pd.concat(parts, ignore_index=True).drop_duplicates(PROMPT_KEY, ignore_index=True)


def _read(run: Path, columns: list[str]) -> Iterator[pa.Table]:
    return batches(run, "prompts", ["keyword_share", *columns])


def _dropped(run: Path) -> Dropped:
    """The heads any standard arm of a prompt lacks. An arm of the user's own lacks them too, and takes none from the others."""
    dropped: Dropped = {}
    for batch in _read(run, []):
        rows, shares = _shares(batch)
        missing = np.isnan(shares)
        lossy = missing.any(1)
        key = keys(batch.take(pa.array(rows[lossy])), "prompts")
        standard = key["arm"].isin(STANDARD_ARMS).to_numpy()
        for prompt, mask in zip(row_hashes(key, _ARMS_OF)[standard].tolist(), missing[lossy][standard], strict=True):
            dropped[prompt] = dropped[prompt] | mask if prompt in dropped else mask
    return dropped


def _values(batch: pa.Table, dropped: Dropped) -> pd.DataFrame:
    key = keys(batch, "prompts")
    tokens, aligned = (_floats(batch, name) for name in ("keyword_tokens", "aligned_tokens"))
    share, lost = np.full(len(key), np.nan), np.full(len(key), np.nan)
    rows, shares = _shares(batch)
    by_layer = pd.DataFrame(index=key.index)
    if len(rows):
        layers = flat(batch["keyword_mass"])[0][rows]
        n_layers = int(layers.max())
        if n_layers < 1 or (layers != n_layers).any() or shares.shape[1] % n_layers:
            raise RunError("Rows of `prompts` hold keyword_mass of differing numbers of layers; the run is damaged.")
        for i, prompt in enumerate(row_hashes(key.iloc[rows], _ARMS_OF).tolist()):
            if prompt in dropped:
                shares[i, dropped[prompt]] = np.nan
        lost[rows] = np.isnan(shares).mean(1)
        of_layers = np.full((len(key), n_layers), np.nan)
        of_layers[rows] = _nan_means(shares.reshape(len(rows), n_layers, -1))
        share[rows] = _nan_means(of_layers[rows])
        by_layer = pd.DataFrame(of_layers, columns=layer_columns("keyword_share", n_layers), index=key.index)
    size = np.divide(tokens, aligned, out=np.full(len(key), np.nan), where=(tokens > 0) & (aligned > 0))
    values = key.assign(
        keyword_share=share,
        keyword_lift=share / size,
        keyword_mass=_list_means(batch["keyword_mass"]),
        meta_mass=_list_means(batch["meta_mass"]),
        heads_dropped=lost,
        keyword_tokens=tokens,
    )
    return pd.concat([values, by_layer], axis=1)


def _shares(batch: pa.Table) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """The rows that have shares, and the shares: (rows,), (rows, layers * heads)."""
    sizes, values = flat(batch["keyword_share"])
    rows = np.flatnonzero(sizes > 0)
    if not len(rows):
        return rows, np.empty((0, 0), dtype=np.float32)
    if (sizes[rows] != sizes[rows[0]]).any():
        raise RunError("Rows of `prompts` hold keyword_share of differing numbers of heads; the run is damaged.")
    return rows, np.array(values, dtype=np.float32).reshape(len(rows), -1)


def _floats(batch: pa.Table, column: str) -> NDArray[np.float64]:
    return np.asarray(batch[column].to_pandas().to_numpy(np.float64, na_value=np.nan))


def _nan_means(values: NDArray[np.float32] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over the last axis of what is there; NaN where nothing is."""
    there = np.isfinite(values)
    n = there.sum(-1)
    sums = np.where(there, values, 0).sum(-1, dtype=np.float64)
    return np.asarray(np.divide(sums, n, out=np.full(n.shape, np.nan), where=n > 0))


def _list_means(column: pa.ChunkedArray[Any]) -> NDArray[np.float64]:
    """Mean of one list a row; NaN for null and empty ones."""
    sizes, values = flat(column)
    means = np.full(len(sizes), np.nan)
    rows = np.flatnonzero(sizes > 0)
    if len(rows):
        starts = np.concatenate([[0], np.cumsum(sizes[rows])[:-1]])
        means[rows] = np.add.reduceat(values.astype(np.float64), starts) / sizes[rows]
    return means
