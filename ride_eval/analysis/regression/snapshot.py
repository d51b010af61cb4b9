"""One side of a check: a run directory, or the small baseline that was kept of one, as the same numbers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ride_eval.analysis.answers import answer_labels
from ride_eval.analysis.batches import batches, keys, row_hashes
from ride_eval.analysis.frames import COLUMNS, load_run
from ride_eval.analysis.signatures import signatures
from ride_eval.analysis.units import PROMPT_KEY, UNIT
from ride_eval.errors import RunError

REFERENCE = "none"
"""The arm whose routing is compared between versions."""
PLACE = [field for field in UNIT if field != "arm"]
"""What identifies a row of `Signatures`."""


class Signatures(NamedTuple):
    """Routing of the documents under `none`."""

    places: pd.DataFrame
    """PLACE, one row a document and wording."""
    shares: NDArray[np.float16]
    """(rows, routed layers, experts) share of a layer's selections, rows summing to 1; NaN where they were not measured."""


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What a check needs of a run."""

    path: Path
    name: str
    """Of the model, as recorded."""
    manifest: Mapping[str, Any]
    status: Mapping[str, Any]
    rows: pd.DataFrame
    """UNIT, `domain`, the quantities (float64, NaN where not measured), `prompt_text` (uint64, equal for equal prompts) and
    `answer` (uint64, equal for
    equivalent greedy answers); 0 where there is none. Sorted by UNIT."""
    conditions: Mapping[str, tuple[int, str]]
    """Task -> number of few-shot examples, generation arguments."""
    signatures: Signatures | None
    """null for a dense model."""
    routes: Path | None
    """The run directory with the expert ids of every token; null for a baseline, which is too small for them."""


def load_snapshot(path: Path | str, quantities: Collection[str] | None = None) -> Snapshot:
    """Read a run directory, by default all of its quantities. Raises RunError if it is not one, is damaged, or holds no
    measurement."""
    path = Path(path)
    run = load_run(path, COLUMNS if quantities is None else quantities)
    prompts, conditions = _prompts(path)
    if not len(prompts):
        raise RunError(f"{path} holds no measured prompt yet, so there is nothing to compare.")
    rows = run.documents[[*UNIT, *COLUMNS]].merge(prompts, on=UNIT, how="left").merge(_answers(path), on=UNIT, how="left")
    for column in ("prompt_text", "answer"):
        rows[column] = rows[column].fillna(0).to_numpy(np.uint64)
    # As stored, so that a baseline kept of a run is equal to it.
    rows[COLUMNS] = rows[COLUMNS].astype(np.float32).astype(np.float64)
    model = run.manifest["model"]
    routed = bool(model.get("experts_per_token"))
    return Snapshot(
        path=path,
        name=run.name,
        manifest=run.manifest,
        status=run.status,
        rows=rows,
        conditions=conditions,
        signatures=read_signatures(path, (len(model["moe_layers"]), int(model["experts"]))) if routed else None,
        routes=path if routed else None,
    )


def read_signatures(path: Path, shape: tuple[int, int]) -> Signatures:
    """Of a run directory; shape: routed layers, experts. A document's is the mean over its prompts, NaN if one is missing."""
    places, parts = [], []
    for batch in batches(path, "prompts", ["routing_question"], [("arm", "==", REFERENCE)]):
        places.append(keys(batch, "prompts"))
        parts.append(signatures(batch["routing_question"], shape).astype(np.float32))
    if not places:
        return Signatures(pd.DataFrame(columns=PLACE), np.zeros((0, *shape), dtype=np.float16))
    prompts = pd.concat(places, ignore_index=True)
    first = ~prompts.duplicated(PROMPT_KEY).to_numpy()
    prompts, shares = prompts[first], np.concatenate(parts)[first]
    groups = prompts.groupby(PLACE, sort=True)
    number, sizes = groups.ngroup().to_numpy(), groups.size().to_numpy()
    if len(sizes) == len(shares):
        found = np.empty_like(shares, dtype=np.float16)
        found[number] = shares
    else:
        sums = np.zeros((len(sizes), *shape), dtype=np.float32)
        np.add.at(sums, number, shares)
        found = (sums / sizes[:, None, None]).astype(np.float16)
    return Signatures(groups.size().reset_index()[PLACE], found)


def _prompts(path: Path) -> tuple[pd.DataFrame, dict[str, tuple[int, str]]]:
    """Per unit `domain` and `prompt_text`; and the tasks' conditions."""
    parts = []
    for batch in batches(path, "prompts", ["domain", "text", "fewshot", "decoding"]):
        frame = batch.select(["domain", "fewshot", "decoding"]).to_pandas()
        text = batch.select(["prompt", "text"]).to_pandas()
        parts.append(keys(batch, "prompts").assign(**frame, prompt_text=row_hashes(text, ["prompt", "text"])))
    if not parts:
        return pd.DataFrame(columns=[*UNIT, "domain", "prompt_text"]), {}
    prompts = pd.concat(parts, ignore_index=True).drop_duplicates(PROMPT_KEY, ignore_index=True)
    first = prompts.drop_duplicates("task")
    shots, decoding = first["fewshot"].fillna(0).astype(int), first["decoding"].fillna("").astype(str)
    conditions = dict(zip(first["task"].astype(str), zip(shots, decoding, strict=True), strict=True))
    groups = prompts.groupby(UNIT, sort=False)
    units = groups["prompt_text"].sum().astype("UInt64").to_frame().assign(domain=groups["domain"].first())
    return units.reset_index(), conditions


def _answers(path: Path) -> pd.DataFrame:
    """Per unit `answer`."""
    labels = answer_labels(path, ["greedy"])
    if not len(labels):
        return pd.DataFrame(columns=[*UNIT, "answer"])
    hashed = labels[UNIT].assign(answer=row_hashes(labels, ["prompt", "label"]))
    return hashed.groupby(UNIT, sort=False)["answer"].sum().astype("UInt64").reset_index()
