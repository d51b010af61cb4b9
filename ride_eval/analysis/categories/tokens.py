"""Which token went to which experts: the question tokens of each document, from the stored routes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ride_eval.analysis.batches import batches, flat, keys
from ride_eval.analysis.categories.matrix import Signatures, shape
from ride_eval.analysis.categories.similarity import Floats
from ride_eval.errors import RunError

Ids = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Routes:
    """The tokens of n documents, one document after the other."""

    lengths: Ids
    """(n,) tokens."""
    token_ids: Ids
    """(T,)."""
    experts: NDArray[np.uint16]
    """(T, L, k) distinct expert ids."""
    n_experts: int

    @property
    def owner(self) -> NDArray[np.intp]:
        """(T,) the document of each token."""
        return np.repeat(np.arange(len(self.lengths)), self.lengths)

    def signatures(self, experts: NDArray[np.uint16]) -> Floats:
        """(T, L, k) expert ids, one row a token of these documents -> (n, L, E), rows summing to 1."""
        n, (_, layers, k) = len(self.lengths), experts.shape
        found = np.empty((n, layers, self.n_experts))
        for layer in range(layers):
            code = (self.owner[:, None] * self.n_experts + experts[:, layer]).ravel()
            found[:, layer] = np.bincount(code, minlength=n * self.n_experts).reshape(n, self.n_experts)
        return np.asarray(found / (self.lengths * k)[:, None, None])


def load_routes(run: Path, signatures: Signatures, *, arm: str = "none") -> Routes:
    """The routes behind question signatures, in their order. RunError where not all of them were stored."""
    n_experts, k = shape(run)
    layers = signatures.values.shape[1]
    places = {document: i for i, document in enumerate(signatures.documents)}
    found: dict[int, dict[int, tuple[Ids, NDArray[np.uint16]]]] = {}
    wanted = [("arm", "==", arm), ("task", "in", sorted({task for task, _ in signatures.documents}))]
    for batch in batches(run, "routes", ["token_ids", "experts"], wanted, rows=2048):
        key = keys(batch, "routes")
        (lengths, tokens), (sizes, experts) = flat(batch["token_ids"]), flat(batch["experts"])
        if (np.maximum(sizes, 0) != np.maximum(lengths, 0) * layers * k).any():
            raise RunError(f"A row of routes in {run} does not hold {layers} x {k} expert ids a token; the run is damaged.")
        ends = np.cumsum(np.maximum(lengths, 0))[:-1]
        chosen = np.split(experts.reshape(-1, layers, k), ends)
        for task, document, prompt, own, ids in zip(
            key["task"], key["document"], key["prompt"], np.split(tokens, ends), chosen, strict=True
        ):
            place = places.get((task, document))
            if place is not None:
                found.setdefault(place, {}).setdefault(int(prompt), (own.astype(np.int64), ids))
    documents = [[prompts[i] for i in sorted(prompts)] for _, prompts in sorted(found.items())]
    lengths = np.array([sum(len(tokens) for tokens, _ in prompts) for prompts in documents], dtype=np.int64)
    if len(documents) < len(places) or not np.array_equal(lengths, signatures.n_tokens):
        raise RunError(f"{run} does not hold the expert ids of all question tokens (store_routes).")
    return Routes(
        lengths=lengths,
        token_ids=np.concatenate([tokens for prompts in documents for tokens, _ in prompts]),
        experts=np.concatenate([ids for prompts in documents for _, ids in prompts]),
        n_experts=n_experts,
    )


def tf_idf(lengths: Ids, token_ids: Ids) -> Any:
    """(n, V) sparse rows of unit length: counts of token ids, weighted by ln((1 + n) / (1 + documents with it)) + 1."""
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import TfidfTransformer

    names, columns = np.unique(token_ids, return_inverse=True)
    rows = np.repeat(np.arange(len(lengths)), lengths)
    counts = csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(lengths), len(names)))
    return TfidfTransformer().fit_transform(counts)


def overlap(documents: Sequence[Ids]) -> Floats:
    """(n, n) cosines of the TF-IDF vectors of n lists of token ids; 0 for an empty one."""
    lengths = np.array([len(tokens) for tokens in documents], dtype=np.int64)
    rows = tf_idf(lengths, np.concatenate(documents))
    return np.asarray((rows @ rows.T).toarray())
