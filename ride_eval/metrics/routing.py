"""Routing of mixture-of-experts layers, from expert ids and selection counts. Sources: MOE-XRAY, OLMoE (arXiv 2409.02060)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def selection_counts(experts: NDArray[np.integer], n_experts: int) -> NDArray[np.int64]:
    """How often each expert was selected: (T, L, k) expert ids -> (L, n_experts), rows summing to T * k."""
    n_tokens, n_layers, k = experts.shape
    layer = np.broadcast_to(np.arange(n_layers)[None, :, None], (n_tokens, n_layers, k))
    flat = (layer * n_experts + experts).ravel()
    return np.bincount(flat, minlength=n_layers * n_experts).reshape(n_layers, n_experts)


def signature(counts: NDArray[np.integer]) -> NDArray[np.float64]:
    """Share of a layer's selections that went to each expert: (L, E) -> (L, E), rows summing to 1; NaN without tokens."""
    totals = counts.sum(axis=1, keepdims=True).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(counts / totals)


def overlap_shift(experts: NDArray[np.integer], reference: NDArray[np.integer]) -> float:
    """1 - mean share of common experts: two (T, L, k) arrays of the same tokens -> 0 (same routing) to 1 (disjoint).

    The k ids of a token are distinct. NaN without tokens; ValueError if the shapes differ, since then the tokens do.
    """
    if experts.shape != reference.shape:
        raise ValueError(f"expert ids of the same tokens have one shape, got {experts.shape} and {reference.shape}")
    if experts.size == 0:
        return float("nan")
    common = (experts[..., :, None] == reference[..., None, :]).any(-1).sum(-1)
    return float(1.0 - common.mean() / experts.shape[-1])
