"""What only two versions of a model have: answers that changed, and routing of the same tokens that moved.

Shares are of the same documents under `none`: what a prefix does to routing is in each run's own routing shift.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ride_eval.analysis.batches import batches, flat, keys
from ride_eval.analysis.regression.snapshot import PLACE, REFERENCE, Signatures, Snapshot
from ride_eval.analysis.routes import common_experts
from ride_eval.analysis.units import PROMPT_KEY
from ride_eval.errors import RunError
from ride_eval.metrics.routing import cosine

_ROWS = 2048
_Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class RoutingChange:
    """How far routing moved from one version to the next, on the questions that both have."""

    documents: pd.DataFrame
    """PLACE, `signature_change` and, where both runs have expert ids, `version_shift`; empty for dense models."""
    saturation: tuple[float, ...]
    """Per routed layer, mean over all tokens of |T1 n T2| / k, 0 to 1; k / E by chance. Empty without expert ids."""
    tokens: int
    """Of the saturation."""
    missing: tuple[str, ...] = ()
    """Why something is missing."""


def routing_change(baseline: Snapshot, run: Snapshot) -> RoutingChange:
    """Of two mixture-of-experts models of one shape."""
    nothing = pd.DataFrame(columns=PLACE)
    if baseline.signatures is None or run.signatures is None:
        return RoutingChange(documents=nothing, saturation=(), tokens=0)
    chosen = [int(snapshot.manifest["model"]["experts_per_token"]) for snapshot in (baseline, run)]
    shapes = [(*side.shares.shape[1:], k) for side, k in zip((baseline.signatures, run.signatures), chosen, strict=True)]
    if shapes[0] != shapes[1]:
        text = f"routing is not compared between models of other shapes: (layers, experts, chosen) {shapes[0]} and {shapes[1]}"
        return RoutingChange(documents=nothing, saturation=(), tokens=0, missing=(text,))
    found = signature_changes(baseline.signatures, run.signatures)
    if baseline.routes is None or run.routes is None:
        lacking = baseline if baseline.routes is None else run
        text = f"{lacking.path} keeps no expert ids, so only signatures are compared between versions"
        return RoutingChange(documents=found, saturation=(), tokens=0, missing=(text,))
    shifts, saturation, tokens = _shifts(baseline.routes, run.routes, (shapes[0][0], chosen[0]))
    both: pd.DataFrame = found.merge(shifts, on=PLACE, how="outer")
    return RoutingChange(documents=both, saturation=tuple(saturation.tolist()), tokens=tokens)


def signature_changes(baseline: Signatures, run: Signatures) -> pd.DataFrame:
    """PLACE and `signature_change`, 0 to 1: 1 - the mean over layers of the cosine of a document's two signatures."""
    places = [side.places.assign(row=np.arange(len(side.places))) for side in (baseline, run)]
    pairs = places[0].merge(places[1], on=PLACE)
    change = np.full(len(pairs), np.nan)
    for first in range(0, len(pairs), _ROWS):
        part = pairs.iloc[first : first + _ROWS]
        one, other = (side.shares[part[f"row_{s}"]].astype(np.float64) for side, s in ((baseline, "x"), (run, "y")))
        change[first : first + _ROWS] = 1 - cosine(one, other).mean(1)
    return pairs[PLACE].assign(signature_change=np.where(np.abs(change) < 1e-6, 0.0, change))


def _shifts(baseline: Path, run: Path, shape: tuple[int, int]) -> tuple[pd.DataFrame, _Array, int]:
    """PLACE and `version_shift`, 1 - mean over a document's tokens and layers of |T1 n T2| / k; saturation; its tokens.

    shape: routed layers, experts per token. Holds the expert ids of `none`, a byte each for a model of up to 256 experts.
    """
    layers, k = shape
    one, other = _routes(baseline, shape), _routes(run, shape)
    pairs = one.prompts.merge(other.prompts, on=PROMPT_KEY, suffixes=("_one", "_other"))
    pairs = pairs[(pairs["tokens_one"] == pairs["tokens_other"]) & (pairs["tokens_one"] > 0)]
    total, n_tokens, parts = np.zeros(layers), 0, []
    for first in range(0, len(pairs), _ROWS):
        part = pairs.iloc[first : first + _ROWS]
        sizes = part["tokens_one"].to_numpy(np.int64)
        places = [_spans(part[f"start_{side}"].to_numpy(np.int64), sizes) for side in ("one", "other")]
        begin = np.cumsum(sizes) - sizes
        same = np.add.reduceat(one.tokens[places[0]] != other.tokens[places[1]], begin, dtype=np.int64) == 0
        ids = [side.experts[place].reshape(-1, k) for side, place in zip((one, other), places, strict=True)]
        common = np.add.reduceat(common_experts(*ids).reshape(-1, layers), begin, axis=0, dtype=np.int64)[same]
        total += common.sum(0)
        n_tokens += int(sizes[same].sum())
        parts.append(part.loc[same, PLACE].assign(version_shift=1.0 - common.sum(1) / (sizes[same] * layers * k)))
    shifts = pd.concat(parts) if parts else pd.DataFrame(columns=[*PLACE, "version_shift"])
    documents = shifts.groupby(PLACE)["version_shift"].mean().reset_index()
    share = total / (n_tokens * k) if n_tokens else np.full(layers, np.nan)
    return documents, share, n_tokens


class _Routes(NamedTuple):
    prompts: pd.DataFrame
    """PROMPT_KEY, `tokens` (their number) and `start` (the place of the first)."""
    tokens: NDArray[np.int64]
    experts: NDArray[np.unsignedinteger[Any]]
    """(tokens, layers * k)"""


def _routes(run: Path, shape: tuple[int, int]) -> _Routes:
    width = shape[0] * shape[1]
    prompts, tokens, experts = [], [], []
    for batch in batches(run, "routes", ["token_ids", "experts"], [("arm", "==", REFERENCE)], rows=_ROWS):
        (lengths, ids), (sizes, chosen) = flat(batch["token_ids"]), flat(batch["experts"])
        lengths, sizes = np.maximum(lengths, 0), np.maximum(sizes, 0)
        if (sizes != lengths * width).any():
            raise RunError(f"A row of routes in {run} does not hold {width} expert ids a token; the run is damaged.")
        prompts.append(keys(batch, "routes").assign(tokens=lengths))
        tokens.append(ids.astype(np.int64))
        experts.append(chosen.astype(np.min_scalar_type(int(chosen.max(initial=0)))).reshape(-1, width))
    if not prompts:
        return _Routes(
            pd.DataFrame(columns=[*PROMPT_KEY, "tokens", "start"]), np.zeros(0, np.int64), np.zeros((0, width), np.uint8)
        )
    frame = pd.concat(prompts, ignore_index=True)
    frame["start"] = frame["tokens"].cumsum() - frame["tokens"]
    # A resumed run may hold a prompt twice.
    return _Routes(frame.drop_duplicates(PROMPT_KEY), np.concatenate(tokens), np.concatenate(experts))


def _spans(starts: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Places starts[i], starts[i] + 1, ... of every span, one after another."""
    return np.asarray(np.arange(sizes.sum()) + np.repeat(starts - (np.cumsum(sizes) - sizes), sizes), dtype=np.int64)
