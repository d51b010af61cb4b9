"""Routing signatures of every prompt, from the stored counts of its question tokens: how even, how far from `none`'s, and how
far from the routing of the domain its wrong arms name.

A signature has layers x experts values, so they are reduced piece by piece. One prompt alone: `metrics.routing`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from ride_eval.analysis.batches import batches, flat, keys, row_hashes
from ride_eval.analysis.beside_none import beside_none
from ride_eval.analysis.units import PROMPT_KEY
from ride_eval.errors import RunError
from ride_eval.metrics.routing import cosine, effective_experts, jensen_shannon
from ride_eval.perturbations import PERTURBED

DISTANCES = ("routing_cosine_shift", "routing_js")
VALUES = ("effective_experts", "wrong_domain_distance")
_COUNTS = "routing_question"
_ROWS = 512
"""Prompts in a piece: 25 MB of signatures for OLMoE, 150 MB for a model with 48 layers of 128 experts, a shard's more."""
Shape = tuple[int, int]
"""Routed layers, experts."""


def signature_distances(run: Path, shape: Shape) -> pd.DataFrame:
    """Per prompt of every arm but `none` that has a counterpart there: its key and DISTANCES, means over layers, 0 to 1."""
    parts = []
    for key, own, none in beside_none(run, "prompts", [_COUNTS]):
        first, second = signatures(own[_COUNTS], shape), signatures(none[_COUNTS], shape)
        shift, divergence = 1 - cosine(first, second).mean(1), jensen_shannon(first, second).mean(1)
        parts.append(key.assign(routing_cosine_shift=np.maximum(shift, 0), routing_js=divergence))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[*PROMPT_KEY, *DISTANCES])


def signature_values(run: Path, shape: Shape, *, distant: bool = True) -> pd.DataFrame:
    """Per prompt its key and VALUES; the second of them only if `distant`, since it takes another look at all signatures.

    `effective_experts` is the mean over layers, 1 to the number of experts. `wrong_domain_distance` is 1 - the cosine, over all
    layers at once, to the mean signature that questions of the document's wrong domain have in `none`: 0 to 1, NaN if the run
    has none of them. Between `tag` and `tag_wrong`, or `expert` and `expert_wrong`, its difference is the routing pull.
    """
    centres = domain_centres(run, shape) if distant else {}
    parts = []
    for batch in batches(run, "prompts", [_COUNTS, "wrong_domain"], rows=_ROWS):
        own = signatures(batch[_COUNTS], shape)
        named = np.full((len(own), shape[0] * shape[1]), np.nan)
        for domain, rows in _rows_by(batch["wrong_domain"]).items():
            if domain in centres:
                named[rows] = centres[domain].ravel()
        key = keys(batch, "prompts")
        distance = np.maximum(1 - cosine(own.reshape(named.shape), named), 0)
        parts.append(key.assign(effective_experts=effective_experts(own).mean(1), wrong_domain_distance=distance))
    if not parts:
        return pd.DataFrame(columns=[*PROMPT_KEY, *VALUES])
    return pd.concat(parts, ignore_index=True).drop_duplicates(PROMPT_KEY, ignore_index=True)


def domain_centres(run: Path, shape: Shape) -> Mapping[str, NDArray[np.float64]]:
    """Per domain, the mean signature of its documents in `none`: (L, E), rows summing to 1. Each document counts the same;
    changed versions of other documents (`perturbations`) do not count."""
    sums: dict[str, NDArray[np.float64]] = {}
    weights: dict[str, float] = {}
    seen: set[int] = set()
    own = [("arm", "==", "none"), ("task", "!=", PERTURBED)]
    prompts = pd.concat(
        [keys(batch, "prompts") for batch in batches(run, "prompts", [], own)] or [pd.DataFrame(columns=PROMPT_KEY)]
    )
    per_document = prompts.drop_duplicates(PROMPT_KEY).groupby(["task", "document"]).size()
    for batch in batches(run, "prompts", [_COUNTS, "domain"], own, rows=_ROWS):
        found, key = signatures(batch[_COUNTS], shape), keys(batch, "prompts")
        hashes = row_hashes(key, PROMPT_KEY)
        new = ~pd.Series(hashes).duplicated().to_numpy() & np.array(
            [value not in seen for value in hashes.tolist()], dtype=bool
        )
        seen.update(hashes.tolist())
        usable = new & np.isfinite(found).all((1, 2))
        weight = 1.0 / per_document.loc[list(zip(key["task"], key["document"], strict=True))].to_numpy(np.float64)
        for domain, rows in _rows_by(batch["domain"]).items():
            rows = rows[usable[rows]]
            if len(rows):
                sums[domain] = sums.get(domain, 0.0) + np.tensordot(weight[rows], found[rows], 1)
                weights[domain] = weights.get(domain, 0.0) + float(weight[rows].sum())
    return {domain: total / weights[domain] for domain, total in sums.items()}


def signatures(column: pa.ChunkedArray[Any], shape: Shape) -> NDArray[np.float64]:
    """A column of flattened counts as signatures: (rows, L, E), NaN for null and for a span without tokens."""
    sizes, values = flat(column)
    found = np.full((len(sizes), *shape), np.nan)
    filled = sizes > 0
    if (sizes[filled] != shape[0] * shape[1]).any():
        raise RunError(
            f"A row of routing counts does not hold {shape[0]} x {shape[1]} values, as run.json says; the run is damaged."
        )
    counts = values.reshape(-1, *shape).astype(np.float64)
    totals = counts.sum(-1, keepdims=True)
    found[filled] = np.divide(counts, totals, out=np.full_like(counts, np.nan), where=totals > 0)
    return found


def _rows_by(column: pa.ChunkedArray[Any]) -> dict[str, NDArray[np.intp]]:
    """The rows of each text in a column; null is left out."""
    texts = column.to_pandas()
    return {str(text): np.asarray(rows) for text, rows in texts.groupby(texts).indices.items()}
