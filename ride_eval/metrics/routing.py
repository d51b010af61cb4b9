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


def gate_sums(experts: NDArray[np.integer], weights: NDArray[np.floating], n_experts: int) -> NDArray[np.float64]:
    """How much gate weight each expert got: (T, L, k) expert ids and their weights -> (L, n_experts)."""
    n_layers = experts.shape[1]
    layer = np.broadcast_to(np.arange(n_layers)[None, :, None], experts.shape)
    flat = (layer * n_experts + experts).ravel()
    sums = np.bincount(flat, weights=weights.ravel(), minlength=n_layers * n_experts)
    return np.asarray(sums, dtype=np.float64).reshape(n_layers, n_experts)


def gate_shares(sums: NDArray[np.floating]) -> NDArray[np.float32]:
    """The weighted signature: gate weights by expert -> their shares of the layer's, (L, E) float32, rows summing to 1; NaN
    without tokens."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(sums / sums.sum(axis=-1, keepdims=True), dtype=np.float32)


def effective_experts(signatures: NDArray[np.floating]) -> NDArray[np.float64]:
    """exp of a signature's entropy: (..., E) -> (...), 1 (one expert gets all) to E (all get the same); NaN without tokens."""
    return np.asarray(np.exp(-_plogp(signatures).sum(-1)))


def jensen_shannon(first: NDArray[np.floating], second: NDArray[np.floating]) -> NDArray[np.float64]:
    """Jensen-Shannon divergence of two signatures, base 2: (..., E) twice -> (...), 0 (equal) to 1 (disjoint); NaN without
    tokens. Source: Lin 1991."""
    middle = (first + second) / 2
    divergence = (_plogp(first) + _plogp(second)).sum(-1) / 2 - _plogp(middle).sum(-1)
    return np.asarray(np.clip(divergence / np.log(2), 0, 1))


def cosine(first: NDArray[np.floating], second: NDArray[np.floating]) -> NDArray[np.float64]:
    """Cosine over the last axis: (..., E) twice -> (...), 0 to 1 for signatures; NaN where one is zero or NaN."""
    norms = np.linalg.norm(first, axis=-1) * np.linalg.norm(second, axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((first * second).sum(-1) / norms)


def pair_counts(experts: NDArray[np.integer], n_experts: int) -> NDArray[np.int64]:
    """How many tokens were sent to both of two experts: (T, L, k) -> (L, E, E), on the diagonal to the one. Counts of several
    prompts add up."""
    n_tokens, n_layers, _ = experts.shape
    chosen = np.zeros((n_layers, n_tokens, n_experts), dtype=np.float32)
    np.put_along_axis(chosen, experts.transpose(1, 0, 2).astype(np.int64), 1.0, axis=-1)
    return np.asarray(np.rint(chosen.transpose(0, 2, 1) @ chosen), dtype=np.int64)


def coactivation(pairs: NDArray[np.integer]) -> NDArray[np.float64]:
    """N_ij / N_i: `pair_counts` (L, E, E) -> (L, E, E), the share of expert i's tokens that went to j too; 1 on the diagonal,
    NaN rows for experts without tokens. Source: OLMoE, over all pairs of a top-k set."""
    tokens = np.diagonal(pairs, axis1=-2, axis2=-1)[..., None]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(pairs / tokens)


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


def _plogp(shares: NDArray[np.floating]) -> NDArray[np.float64]:
    """p ln p, 0 at 0 and NaN at NaN."""
    p = np.asarray(shares, dtype=np.float64)
    return np.asarray(p * np.log(p, out=np.zeros_like(p), where=~(p <= 0)))
