"""How much of what was asked of a run is there: "412 of 500 documents"."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from ride_eval.store import Key, read_table

_DOCUMENT = ["task", "document", "occurrence"]


class Progress(NamedTuple):
    """Documents of a run, over all its tasks."""

    measured: int
    """With every prompt measured and answered, under every arm that was asked for."""
    asked: int
    """0 for a run that did not record it."""

    @property
    def sentence(self) -> str | None:
        """`412 of 500 documents`; None where nothing is missing."""
        return f"{self.measured} of {self.asked} documents" if self.measured < self.asked else None


NOTHING_ASKED = Progress(0, 0)


def progress(run: Path) -> Progress:
    """Of a run directory, complete or not. Raises RunError for a damaged shard."""
    asked = read_table(run, "requests", [])
    if asked.empty:
        return NOTHING_ASKED
    greedy = read_table(run, "generations", [], [("answer", "=", "greedy")])
    answered = pd.concat([greedy[list(Key._fields)], read_table(run, "choices", [])[list(Key._fields)]])
    known = pd.MultiIndex.from_frame(asked)
    there = known.isin(pd.MultiIndex.from_frame(read_table(run, "prompts", [])))
    there &= known.isin(pd.MultiIndex.from_frame(answered))
    whole = asked.assign(there=there).groupby(_DOCUMENT, sort=False)["there"].all()
    return Progress(int(whole.sum()), len(whole))
