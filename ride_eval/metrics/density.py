"""C1, internal density: how unevenly a vector's energy is spread. Unit-free; computed in float32.

Hoyer 2004 for `hoyer`; the participation ratio divided by n, so that layers of different width compare.
"Density" in text and plots is 1 - hoyer.
"""

from __future__ import annotations

import torch


def hoyer(values: torch.Tensor) -> torch.Tensor:
    """Hoyer sparsity of the last axis: (..., n) -> (...), float32, 0 (flat) to 1 (one non-zero).

    (sqrt(n) - |x|_1 / |x|_2) / (sqrt(n) - 1), clamped at 0 against rounding; NaN for a zero vector.
    """
    x = _scaled(values)
    root_n = x.shape[-1] ** 0.5
    ratio = x.sum(-1) / x.square().sum(-1).sqrt()
    sparsity: torch.Tensor = (root_n - ratio) / (root_n - 1)
    return sparsity.clamp_min(0)


def participation(values: torch.Tensor) -> torch.Tensor:
    """Participation ratio over n of the last axis: (..., n) -> (...), float32, 1/n (one non-zero) to 1 (flat).

    (sum x^2)^2 / (n sum x^4); NaN for a zero vector.
    """
    squares = _scaled(values).square()
    return squares.sum(-1).square() / (squares.shape[-1] * squares.square().sum(-1))


def _scaled(values: torch.Tensor) -> torch.Tensor:
    """|x| / max|x|, so that no power over- or underflows; 0/0 makes a zero vector NaN, which is what it must become."""
    x = values.float().abs()
    return x / x.amax(-1, keepdim=True)
