"""`Run.documents` as an array: what every contrast subtracts, laid out once.

A line is a document, occurrence and wording; a cell is a document and wording, the mean over its occurrences, since equal
documents have equal answers; a document is the mean over its wordings. Arms, quantities and reasons are looked up by place.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]
LINE = ["task", "document", "occurrence", "wording"]
_MEASURED_NUMBER = re.compile(r"[\d.]+ (?=below )")


class Grid:
    """The lines of a run, sorted, and what each has under each arm."""

    def __init__(self, documents: pd.DataFrame, quantities: Sequence[str]) -> None:
        """From `Run.documents`; `quantities` are those of its columns that are needed."""
        arms, self.arms = pd.factorize(documents["arm"], sort=True)
        self.arm_of = {str(arm): place for place, arm in enumerate(self.arms)}
        lines = documents.groupby(LINE, sort=True)
        line = lines.ngroup().to_numpy()
        n = int(line.max()) + 1 if len(line) else 0
        first = np.zeros(n, dtype=np.intp)
        first[line[::-1]] = np.arange(len(line))[::-1]
        keys = documents.iloc[first]
        self.line_cell, cell_first = _runs(keys, ["task", "document", "wording"])
        cells = keys.iloc[cell_first]
        self.cell_document, document_first = _runs(cells, ["task", "document"])
        own = cells.iloc[document_first]
        self.cell_wording: NDArray[np.intp] = pd.factorize(cells["wording"], sort=True)[0]
        self.wordings = int(self.cell_wording.max()) + 1 if n else 0
        self.document_name = own["document"].to_numpy(object)
        self.document_task, names = pd.factorize(own["task"], sort=True)
        self.tasks = [str(name) for name in names]
        self.line_document = self.cell_document[self.line_cell] if n else np.zeros(0, dtype=np.intp)

        shape = (n, len(self.arms))
        self.quantity_of = {name: place for place, name in enumerate(quantities)}
        self.table = np.full((*shape, len(quantities)), np.nan)
        self.table[line, arms] = documents[list(quantities)].to_numpy(np.float64)
        self.present = np.zeros(shape, dtype=bool)
        self.present[line, arms] = True
        self.length = np.full(shape, np.nan)
        self.length[line, arms] = np.where(documents["meta_unit"] == "tokens", documents["meta_length"], np.nan)
        self.unnamed = np.zeros(shape, dtype=bool)
        self.unnamed[line, arms] = documents["keyword_tokens"] == 0
        codes, kinds = pd.factorize(documents["reason"].map(kind_of_reason, na_action="ignore"))
        self.reasons = [str(kind) for kind in kinds]
        self.reason = np.full(shape, -1, dtype=np.int64)
        self.reason[line, arms] = codes
        """Place in `reasons`; -1: token statistics are there."""

    @property
    def documents(self) -> int:
        return len(self.document_name)

    def levels(self, arm: str, quantities: Sequence[str]) -> Array:
        """(lines, quantities) values under an arm."""
        places = [self.quantity_of[name] for name in quantities]
        return np.asarray(self.table[:, self.arm_of[arm]][:, places])

    def cell_means(self, lines: Array) -> Array:
        """(lines, columns) -> (cells, columns): means over the finite ones, NaN without any."""
        return _means(lines, self.line_cell, len(self.cell_document))

    def document_means(self, cells: Array) -> Array:
        """(cells, columns) -> (documents, columns): means over the finite ones, NaN without any."""
        return _means(cells, self.cell_document, self.documents)

    def any_line(self, lines: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """(lines,) -> (documents,): whether any line of the document is true."""
        return np.asarray(np.bincount(self.line_document, weights=lines, minlength=self.documents) > 0)


def kind_of_reason(reason: str) -> str:
    """A reason without its document's own numbers, so that equal ones can be counted.

    "alignment coverage 0.81 below 0.90" loses the 0.81, and "truncated: more than 2048 tokens" all after the colon.
    """
    return _MEASURED_NUMBER.sub("", reason.partition(":")[0])


def _runs(keys: pd.DataFrame, columns: list[str]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Per row the number of its group, groups sorted by key, and the first row of each group."""
    group = keys.groupby(columns, sort=True).ngroup().to_numpy()
    return group.astype(np.intp), np.unique(group, return_index=True)[1]


def _means(values: Array, group: NDArray[np.intp], n: int) -> Array:
    if np.array_equal(group, np.arange(n)):
        return values
    found = np.isfinite(values)
    sums, counts = np.zeros((n, values.shape[1])), np.zeros((n, values.shape[1]))
    np.add.at(sums, group, np.where(found, values, 0.0))
    np.add.at(counts, group, found)
    return np.asarray(np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0))
