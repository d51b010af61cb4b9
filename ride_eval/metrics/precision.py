"""The precision that metrics are computed in, whatever the model's."""

from __future__ import annotations

import torch


def at_least_float32(values: torch.Tensor) -> torch.Tensor:
    """float64 as it is, all else as float32: sums of thousands of half-precision numbers keep two digits."""
    return values if values.dtype == torch.float64 else values.float()
