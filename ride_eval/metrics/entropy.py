"""C3, predictive entropy of next-token distributions, in nats, over the full vocabulary."""

from __future__ import annotations

import torch

from ride_eval.metrics.blocks import rows_at_once


def logprob_entropy(logprobs: torch.Tensor) -> torch.Tensor:
    """Entropy of log-probabilities over the last axis: (..., V) -> (...), their dtype, nats, 0 to ln V.

    -sum p ln p with 0 ln 0 = 0, so a token masked to -inf counts nothing. The logarithm is the costly part, and is not taken
    again; -inf becomes the least number, which 0 times is 0.
    """
    rows, least = logprobs.reshape(-1, logprobs.shape[-1]), torch.finfo(logprobs.dtype).min
    parts = [part.exp().mul_(part.clamp_min(least)).sum(-1) for part in torch.split(rows, rows_at_once(rows))]
    return -torch.cat(parts).reshape(logprobs.shape[:-1])
