"""Pairwise cosines of sampled answers, embedded as the mean of the model's own last hidden states.

Each pair is compared on its first min(length) tokens, so that length alone makes no difference, and every embedding is taken
relative to a fixed centre: hidden states share a large common direction, which would else make all cosines near 1.
"""

from __future__ import annotations

import torch


def prefix_cosines(states: torch.Tensor, lengths: list[int], centre: torch.Tensor) -> torch.Tensor:
    """States (N, S, D) of N answers of the given token counts, centre (D,) -> (N, N) float32 cosines.

    NaN where an answer has no token, and on the diagonal of such an answer.
    """
    n = len(lengths)
    counts = torch.tensor(lengths, device=states.device)
    shorter = torch.minimum(counts[:, None], counts[None, :])
    sums = torch.cat([torch.zeros_like(states[:, :1], dtype=torch.float32), states.float().cumsum(1)], 1)
    # means[i, j]: answer i over the tokens it shares in number with answer j
    picked = sums[torch.arange(n, device=states.device)[:, None], shorter]
    means = picked / shorter[..., None] - centre
    return torch.nn.functional.cosine_similarity(means, means.transpose(0, 1), dim=-1)
