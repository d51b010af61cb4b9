"""C3, predictive entropy of next-token distributions, in nats, from raw logits over the full vocabulary."""

from __future__ import annotations

import torch

from ride_eval.metrics.precision import at_least_float32


def token_entropy(logits: torch.Tensor) -> torch.Tensor:
    """Entropy of softmax(logits) over the last axis: (..., V) -> (...), float32, nats, 0 to ln V.

    -sum p ln p with 0 ln 0 = 0, so a token masked to -inf counts nothing.
    """
    entropy: torch.Tensor = torch.special.entr(torch.softmax(at_least_float32(logits), -1)).sum(-1)
    return entropy


def logprob_entropy(logprobs: torch.Tensor) -> torch.Tensor:
    """The same from log-probabilities, where they are at hand: (..., V) -> (...), float32, nats."""
    entropy: torch.Tensor = torch.special.entr(logprobs.exp()).sum(-1)
    return entropy


def token_logprob(logits: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    """Log-probability of each token: (..., V), (...) int64 -> (...), float32, nats, at most 0."""
    return torch.log_softmax(at_least_float32(logits), -1).gather(-1, tokens.unsqueeze(-1)).squeeze(-1)
