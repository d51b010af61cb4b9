"""Muon (Jordan et al. 2024): momentum whose singular values are pushed towards 1, in float32 and for many matrices at once.

torch.optim.Muon iterates in bfloat16, one matrix at a time: 86 % of a step of zoo-olmoe on a CPU without bfloat16.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import torch

_QUINTIC = (3.4445, -4.775, 2.0315)
_ITERATIONS = 5
_MOMENTUM = 0.95
_RMS = 0.2
"""Of an AdamW update, which an update is scaled to (Moonlight, arXiv 2502.16982)."""


class Muon(torch.optim.Optimizer):
    """For parameters of two dimensions, or of three: a stack of matrices, each of which is updated by itself."""

    def __init__(self, parameters: Iterable[torch.nn.Parameter], rate: float, weight_decay: float) -> None:
        super().__init__(parameters, {"lr": rate, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Update every parameter that has a gradient; `closure` is not called."""
        for group in self.param_groups:
            by_shape: dict[torch.Size, list[torch.nn.Parameter]] = defaultdict(list)
            momenta: dict[torch.Size, list[torch.Tensor]] = defaultdict(list)
            for parameter in group["params"]:
                if parameter.grad is not None:
                    by_shape[parameter.shape[-2:]].append(parameter)
                    momenta[parameter.shape[-2:]].append(self._momentum(parameter, parameter.grad))
            for shape, parameters in by_shape.items():
                updates = orthogonal(torch.cat(momenta[shape]))
                rate = group["lr"] * _RMS * math.sqrt(max(shape))
                parts = torch.split(updates, [parameter.numel() // shape.numel() for parameter in parameters])
                for parameter, update in zip(parameters, parts, strict=True):
                    parameter.mul_(1 - group["lr"] * group["weight_decay"])
                    parameter.sub_(update.view_as(parameter), alpha=rate)

    def _momentum(self, parameter: torch.nn.Parameter, gradient: torch.Tensor) -> torch.Tensor:
        """Nesterov's, as a stack of matrices."""
        state = self.state[parameter]
        if not state:
            state["momentum_buffer"] = torch.zeros_like(gradient)
        state["momentum_buffer"].lerp_(gradient, 1 - _MOMENTUM)
        return gradient.lerp(state["momentum_buffer"], _MOMENTUM).reshape(-1, *gradient.shape[-2:])


def orthogonal(matrices: torch.Tensor) -> torch.Tensor:
    """(n, a, b) float32 -> the same singular vectors, with values between 0.6 and 1.3: Newton-Schulz iterations."""
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if tall else matrices
    x = x / x.flatten(1).norm(dim=1).clamp(min=1e-7)[:, None, None]
    a, b, c = _QUINTIC
    for _ in range(_ITERATIONS):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.mT if tall else x
