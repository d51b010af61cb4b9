"""C3, predictive entropy of next-token distributions, in nats, from raw logits over the full vocabulary."""

from __future__ import annotations

import torch

from ride_eval.metrics.precision import at_least_float32


def token_entropy(logits: torch.Tensor) -> torch.Tensor:
    """Entropy of softmax(logits) over the last axis: (..., V) -> (...), float32, nats, 0 to ln V.

    -sum p ln p with 0 ln 0 = 0, so a token masked to -inf counts nothing.
    """
    return logprob_entropy(torch.log_softmax(at_least_float32(logits), -1))


def logprob_entropy(logprobs: torch.Tensor) -> torch.Tensor:
    """The same from log-probabilities, where they are at hand: (..., V) -> (...), float32, nats.

    The logarithm is the costly part, and is not taken again; -inf becomes the least number, which 0 times is 0.
    """
    finite = logprobs.clamp_min(torch.finfo(logprobs.dtype).min)
    entropy: torch.Tensor = -logprobs.exp().mul_(finite).sum(-1)
    return entropy


def token_logprob(logits: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    """Log-probability of each token: (..., V), (...) int64 -> (...), float32, nats, at most 0."""
    return torch.log_softmax(at_least_float32(logits), -1).gather(-1, tokens.unsqueeze(-1)).squeeze(-1)
