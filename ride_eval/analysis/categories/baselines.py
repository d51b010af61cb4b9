"""What signatures would look like if routing knew nothing: a load-balanced router."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def load_balanced(n_tokens: NDArray[np.int64], layers: int, experts: int, k: int, *, seed: int = 0) -> NDArray[np.float64]:
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
