"""Pairwise cosines of sampled answers, embedded as the mean of the model's own last hidden states.

Each pair is compared on its first min(length) tokens, so that length alone makes no difference, and every embedding is taken
relative to a fixed centre: hidden states share a large common direction, which would else make all cosines near 1.
"""

from __future__ import annotations

import torch

from ride_eval.metrics.precision import at_least_float32


def prefix_cosines(states: torch.Tensor, lengths: list[int], centre: torch.Tensor) -> torch.Tensor:
    """States (N, S, D) of N answers of the given token counts, centre (D,) -> (N, N) float32 cosines.

    NaN where an answer has no token, on the diagonal too, and where a mean is the centre itself, which has no direction.
    """
    n = len(lengths)
    counts = torch.tensor(lengths, device=states.device)
    shorter = torch.minimum(counts[:, None], counts[None, :])
    states = at_least_float32(states)
    sums = torch.cat([torch.zeros_like(states[:, :1]), states.cumsum(1)], 1)
    # means[i, j]: answer i over the tokens it shares in number with answer j
    picked = sums[torch.arange(n, device=states.device)[:, None], shorter]
    means = picked / shorter[..., None] - centre
    cosines = torch.nn.functional.cosine_similarity(means, means.transpose(0, 1), dim=-1)
    # The function gives 0 for a zero vector.
    lost = (means == 0).all(-1)
    return cosines.masked_fill(lost | lost.T, torch.nan)
