"""What signatures would look like if routing knew nothing of the prompt, or no more than its tokens."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ride_eval.analysis.categories.similarity import Floats
from ride_eval.analysis.categories.tokens import Routes


def load_balanced(n_tokens: NDArray[np.int64], layers: int, experts: int, k: int, *, seed: int = 0) -> Floats:
    """Signatures of prompts whose tokens each get k distinct experts at random: (n,) token counts -> (n, L, E), rows sum to 1.

    Prompts and layers have as many selections as under the real router, so a short prompt's signature is as noisy.
    """
    rng = np.random.default_rng(seed)
    found = np.empty((len(n_tokens), layers, experts))
    for prompt, tokens in enumerate(n_tokens.tolist()):
        # The k smallest of E random numbers are a uniform draw of k distinct experts.
        chosen = np.argpartition(rng.random((tokens, layers, experts)), k - 1, axis=-1)[..., :k]
        for layer in range(layers):
            found[prompt, layer] = np.bincount(chosen[:, layer].ravel(), minlength=experts) / (tokens * k)
    return found


def permuted_assignment(routes: Routes, *, seed: int = 0) -> Floats:
    """Signatures after each token's selections, in all layers, were exchanged for another token's of the corpus: (n, L, E).

    Experts keep their popularity and prompts their length; what a prompt is about is lost.
    """
    order = np.random.default_rng(seed).permutation(len(routes.token_ids))
    return routes.signatures(routes.experts[order])


def token_identity(routes: Routes, rows: NDArray[np.intp]) -> tuple[Floats, float]:
    """Signatures of some of the documents, each token routed as its id is, on average, in the other documents: (rows, L, E).

    An id that no other document has is routed as the others' average token. Also returns the share of such tokens. If routing
    is a function of the token alone, this is what it would look like: all that a signature can know without context. A generous
    baseline: documents with common ids share the noise of their means too, which alone tells vocabularies apart.
    """
    n_experts, (n_tokens, layers, k) = routes.n_experts, routes.experts.shape
    names, code = np.unique(routes.token_ids, return_inverse=True)
    occurrences = np.bincount(code, minlength=len(names))
    counts = np.empty((len(names), layers, n_experts), dtype=np.float32)
    for layer in range(layers):
        cell = (code[:, None] * n_experts + routes.experts[:, layer]).ravel()
        counts[:, layer] = np.bincount(cell, minlength=len(names) * n_experts).reshape(-1, n_experts)
    every = counts.sum(0, dtype=np.float64)
    found, unseen = np.empty((len(rows), layers, n_experts)), 0
    ends = np.cumsum(routes.lengths)
    for number, document in enumerate(rows.tolist()):
        start, end = int(ends[document] - routes.lengths[document]), int(ends[document])
        ids, place, often = np.unique(code[start:end], return_inverse=True, return_counts=True)
        own = np.zeros((len(ids), layers, n_experts))
        row = np.broadcast_to(place[:, None, None], (end - start, layers, k))
        layer_of = np.broadcast_to(np.arange(layers)[None, :, None], row.shape)
        np.add.at(own, (row, layer_of, routes.experts[start:end]), 1.0)
        others = occurrences[ids] - often
        shares = (counts[ids] - own) / (np.maximum(others, 1) * k)[:, None, None]
        if (others == 0).any():
            shares[others == 0] = (every - own.sum(0)) / (max(1, n_tokens - (end - start)) * k)
        unseen += int(often[others == 0].sum())
        found[number] = np.tensordot(often / (end - start), shares, 1)
    return found, unseen / int(routes.lengths[rows].sum())
