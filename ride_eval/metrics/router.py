"""How decided a router is: the gap between the last expert it took and the first it did not."""

from __future__ import annotations

import torch


def router_margin(probabilities: torch.Tensor, k: int) -> torch.Tensor:
    """The k-th largest probability minus the next: (..., E) -> (...), 0 (a tie) to 1 / k; NaN where k is E."""
    if probabilities.shape[-1] <= k:
        return torch.full_like(probabilities[..., 0], torch.nan)
    largest = probabilities.topk(k + 1, dim=-1).values
    return largest[..., k - 1] - largest[..., k]
