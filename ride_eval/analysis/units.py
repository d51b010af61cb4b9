"""What one row of a frame is about, and how several prompts of a document become one row.

A value over several prompts is their mean, and NaN if one of them is missing or NaN: a mean over other prompts in one arm than
in the next would be a difference between prompts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ride_eval.store import Key

PROMPT_KEY = list(Key._fields)
UNIT = ["task", "document", "occurrence", "arm", "wording"]
"""What identifies a row of `Run.documents`."""
DOCUMENT = ["task", "document", "occurrence"]
LAYER_MARK = "@"
"""In the name of a column that holds one layer."""


def document_means(prompts: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Mean over a document's prompts; NaN where one is NaN, or where another arm or wording of the document has more."""
    groups = prompts.groupby(UNIT, sort=False)
    means = groups[list(columns)].mean()
    sizes = groups.size().to_numpy()
    filled = groups[list(columns)].count().to_numpy()
    units = means.reset_index()
    complete = (filled == sizes[:, None]) & (sizes >= most(units, sizes))[:, None]
    units[list(columns)] = means.to_numpy(np.float64, na_value=np.nan).reshape(complete.shape)
    units[list(columns)] = units[list(columns)].where(complete)
    return units


def most(units: pd.DataFrame, sizes: NDArray[np.integer[Any]]) -> NDArray[np.integer[Any]]:
    """Per row, the largest size its document has in any arm and wording."""
    if not len(units):
        return sizes
    code = units.groupby(DOCUMENT, sort=False).ngroup().to_numpy()
    largest = np.zeros(code.max() + 1, dtype=sizes.dtype)
    np.maximum.at(largest, code, sizes)
    return largest[code]


def layer_columns(quantity: str, layers: int) -> list[str]:
    """The columns that hold a quantity layer by layer, layers counted among those that have it."""
    return [f"{quantity}{LAYER_MARK}{layer}" for layer in range(layers)]
