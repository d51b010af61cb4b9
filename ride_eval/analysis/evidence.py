"""What a report shows beside the findings, so that a doubter can look for himself: single documents, the points of a link, the
arms' texts as they were put in front, and the run's own record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ride_eval.analysis.batches import batches
from ride_eval.analysis.findings import ModelFindings
from ride_eval.analysis.flipped import Flips, flips
from ride_eval.analysis.frames import Run
from ride_eval.analysis.links import ENTROPIES, LINKED

MOST_POINTS = 800
"""Of a link, in a figure; of more, so many are drawn by lot."""
MOST_DOCUMENTS = 100
"""Flipped documents of a run, with all their texts."""
MOST_TEXTS = 60
"""Texts of an arm: wordings x domains."""
_ROW = ["task", "document", "occurrence", "wording"]


@dataclass(frozen=True, kw_only=True)
class Points:
    """What a link is the rank correlation of: differences of documents in each contrast."""

    link: str
    total: int
    x: NDArray[np.float64] = field(metadata={"json": False})
    """(shown,) differences of the quantity."""
    y: NDArray[np.float64] = field(metadata={"json": False})
    """(shown,) minus those of the entropy."""


@dataclass(frozen=True, kw_only=True)
class ArmText:
    """A text an arm put in front, as it was."""

    arm: str
    wording: int
    domain: str
    text: str
    length: int
    unit: str
    documents: int
    """Prompts that had it."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Of one run."""

    flips: Flips
    points: tuple[Points, ...]
    texts: tuple[ArmText, ...]
    manifest: Mapping[str, Any]
    status: Mapping[str, Any]


def gather(run: Run, found: ModelFindings) -> Evidence:
    """The evidence of a run whose findings these are. Raises RunError for a damaged shard."""
    return Evidence(
        flips=flips(run, found.setup.arms, MOST_DOCUMENTS),
        points=tuple(points(run.documents, link.quantity) for link in found.links if link.estimate.n),
        texts=arm_texts(run, found.setup.arms),
        manifest=run.manifest,
        status=run.status,
    )


def points(documents: pd.DataFrame, link: str, *, most: int = MOST_POINTS, seed: int = 0) -> Points:
    """The pairs of a link, from `Run.documents`."""
    quantity, contrasts = LINKED[link]
    columns = [quantity, *ENTROPIES]
    sides = {str(arm): rows.set_index(_ROW)[columns] for arm, rows in documents.groupby("arm")}
    parts = []
    for arm, control in contrasts:
        if arm in sides and control in sides:
            difference = (sides[arm] - sides[control]).groupby(["task", "document"]).mean()
            entropy = difference[ENTROPIES[0]].fillna(difference[ENTROPIES[1]])
            parts.append(pd.DataFrame({"x": difference[quantity], "y": -entropy}).dropna())
    found = pd.concat(parts).to_numpy(np.float64) if parts else np.empty((0, 2))
    shown = found
    if len(found) > most:
        shown = found[np.sort(np.random.default_rng(seed).choice(len(found), most, replace=False))]
    return Points(link=link, total=len(found), x=shown[:, 0], y=shown[:, 1])


def arm_texts(run: Run, arms: Sequence[str]) -> tuple[ArmText, ...]:
    """Every different text of each arm, by wording; at most MOST_TEXTS an arm."""
    columns = ["arm", "wording", "domain", "meta", "meta_length", "meta_unit"]
    counts: dict[tuple[Any, ...], int] = {}
    for batch in batches(run.path, "prompts", columns[2:]):
        sizes = batch.select(columns).to_pandas().groupby(columns, dropna=False).size()
        for key, n in sizes.items():
            counts[key] = counts.get(key, 0) + int(n)
    found: list[ArmText] = []
    for arm in arms:
        own = sorted(key for key in counts if key[0] == arm and isinstance(key[3], str) and key[3])
        for key in own[:MOST_TEXTS]:
            _, wording, domain, text, length, unit = key
            known = 0 if pd.isna(length) else int(length)
            found.append(
                ArmText(
                    arm=arm,
                    wording=int(wording),
                    domain=str(domain),
                    text=text,
                    length=known,
                    unit=str(unit),
                    documents=counts[key],
                )
            )
    return tuple(found)
