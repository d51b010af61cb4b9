"""C3, predictive entropy of next-token distributions, in nats, over the full vocabulary."""

from __future__ import annotations

import torch


def logprob_entropy(logprobs: torch.Tensor) -> torch.Tensor:
    """Entropy of log-probabilities over the last axis: (..., V) -> (...), their dtype, nats, 0 to ln V.

    -sum p ln p with 0 ln 0 = 0, so a token masked to -inf counts nothing. The logarithm is the costly part, and is not taken
    again; -inf becomes the least number, which 0 times is 0.
    """
    finite = logprobs.clamp_min(torch.finfo(logprobs.dtype).min)
    entropy: torch.Tensor = -logprobs.exp().mul_(finite).sum(-1)
    return entropy
