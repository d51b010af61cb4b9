"""Two snapshots side by side: per task and domain, the paired difference of every document.

The document is the unit: its wordings, and equal documents, which have equal answers, are averaged into one difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ride_eval.analysis.notes import FEW_DOCUMENTS
from ride_eval.analysis.regression.measures import ALL_ARMS, DISTANCES
from ride_eval.analysis.regression.snapshot import REFERENCE, Snapshot
from ride_eval.analysis.units import UNIT

OTHER_DOMAINS = "other domains"
_Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Block:
    """The documents of one task and domain that both runs have."""

    task: str
    domain: str
    documents: tuple[str, ...]
    metrics: tuple[str, ...]
    arms: tuple[str, ...]
    """ALL_ARMS last: NaN for a metric that one arm alone has."""
    before: _Array
    """(documents, arms, metrics) NaN where it is missing on either side; of distances between versions 0."""
    after: _Array

    @property
    def change(self) -> _Array:
        return self.after - self.before


def blocks(baseline: Snapshot, run: Snapshot, metrics: Sequence[str], distances: pd.DataFrame) -> Iterator[Block]:
    """`distances`: PLACE and distances between versions, of `none`."""
    stored = [name for name in metrics if name not in DISTANCES]
    columns = [*UNIT, *stored, "answer"]
    pairs = baseline.rows[columns].merge(run.rows[[*columns, "domain"]], on=UNIT, suffixes=("|before", "|after"))
    pairs = pairs.merge(distances.assign(arm=REFERENCE), on=UNIT, how="left") if len(distances) else pairs
    answered = (pairs["answer|before"] > 0) & (pairs["answer|after"] > 0)
    changed = (pairs["answer|before"] != pairs["answer|after"]).astype(np.float64)
    pairs["answer_change"] = changed.where(answered)
    before, after = np.full((2, len(pairs), len(metrics)), np.nan)
    for place, name in enumerate(metrics):
        if name in DISTANCES:
            after[:, place] = pairs[name].to_numpy(np.float64) if name in pairs else np.nan
            before[:, place] = np.where(np.isfinite(after[:, place]), 0.0, np.nan)
        else:
            before[:, place], after[:, place] = (pairs[f"{name}|{side}"].to_numpy(np.float64) for side in ("before", "after"))
    lost = ~np.isfinite(after - before)
    before[lost] = after[lost] = np.nan
    pairs["domain"] = _domains(pairs)
    number = pairs.groupby(["task", "domain"], sort=True).ngroup().to_numpy()
    for place in range(int(number.max(initial=-1)) + 1):
        rows = np.flatnonzero(number == place)
        own = pairs.iloc[rows]
        task, domain = str(own["task"].iloc[0]), str(own["domain"].iloc[0])
        yield _block(task, domain, own, tuple(metrics), before[rows], after[rows])


def _domains(pairs: pd.DataFrame) -> pd.Series[str]:
    """A task's domains, those of too few documents for a verdict joined."""
    domain = pairs["domain"].fillna("").astype(str)
    own = pairs.assign(domain=domain)
    counts = own.groupby(["task", "domain"])["document"].transform("nunique")
    several = own.groupby("task")["domain"].transform("nunique") > 1
    return domain.mask(several & (counts < FEW_DOCUMENTS), OTHER_DOMAINS)


def _block(task: str, domain: str, keys: pd.DataFrame, metrics: tuple[str, ...], before: _Array, after: _Array) -> Block:
    document, names = pd.factorize(keys["document"], sort=True)
    arm, arms = pd.factorize(keys["arm"], sort=True)
    shape = (len(names), len(arms), len(metrics))
    sides = []
    for values in (before, after):
        found = np.isfinite(values)
        sums, counts = np.zeros(shape), np.zeros(shape)
        np.add.at(sums, (document, arm), np.where(found, values, 0.0))
        np.add.at(counts, (document, arm), found)
        means = np.divide(sums, counts, out=np.full(shape, np.nan), where=counts > 0)
        # Over the arms it has: the same ones on both sides.
        there = np.isfinite(means)
        n = there.sum(1)
        overall = np.divide(np.where(there, means, 0.0).sum(1), n, out=np.full(n.shape, np.nan), where=n > 0)
        overall[:, there.any(0).sum(0) < 2] = np.nan
        sides.append(np.concatenate([means, overall[:, None]], axis=1))
    return Block(
        task=task,
        domain=domain,
        documents=tuple(map(str, names)),
        metrics=metrics,
        arms=(*map(str, arms), ALL_ARMS),
        before=sides[0],
        after=sides[1],
    )
