"""Signatures in the plane, for the eye: PCA and t-SNE. No number elsewhere rests on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ride_eval.analysis.categories.similarity import Floats

MOST = 2000
"""Prompts on a map; more are drawn from."""
PERPLEXITY = 30.0


@dataclass(frozen=True, kw_only=True)
class Maps:
    """Two maps of the same prompts."""

    pca: Floats
    """(m, 2), in units of shares of selections."""
    explained: tuple[float, float]
    """Share of the variance on each of its two axes."""
    tsne: Floats
    """(m, 2); distances between clusters mean nothing."""
    labels: NDArray[np.int64]
    n: int
    """Prompts there are; m of them are shown."""
    seed: int
    perplexity: float


def maps(features: Floats, labels: NDArray[np.int64], *, seed: int = 0) -> Maps:
    """(n, d) signatures and their (n,) categories; n at least 4."""
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    n = len(features)
    rows = np.arange(n) if n <= MOST else np.sort(np.random.default_rng(seed).choice(n, MOST, replace=False))
    shown = features[rows]
    pca = PCA(2, svd_solver="full" if shown.size < 2**20 else "randomized", random_state=seed).fit(shown)
    perplexity = min(PERPLEXITY, (len(rows) - 1) / 3)
    with threadpool_limits(1):
        tsne = TSNE(2, perplexity=perplexity, init="pca", random_state=seed).fit_transform(shown)
    return Maps(
        pca=np.asarray(pca.transform(shown), dtype=np.float64),
        explained=(float(pca.explained_variance_ratio_[0]), float(pca.explained_variance_ratio_[1])),
        tsne=np.asarray(tsne, dtype=np.float64),
        labels=labels[rows],
        n=n,
        seed=seed,
        perplexity=perplexity,
    )
