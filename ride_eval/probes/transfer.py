"""The one copy from the device that a batch's readings take: every other would wait for the device to finish."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray


def to_host(tensors: Sequence[torch.Tensor]) -> list[NDArray[Any]]:
    """Tensors of any shapes and devices as float arrays, copied together.

    Whole numbers become floats; expert ids, token ids and counts are far from the 16 million up to which float32 is exact.
    """
    if not tensors:
        return []
    device = tensors[0].device
    flat = torch.cat([tensor.detach().to(device).flatten().to(_wide(tensor.dtype)) for tensor in tensors]).cpu().numpy()
    ends = np.cumsum([tensor.numel() for tensor in tensors])[:-1]
    return [part.reshape(tensor.shape) for part, tensor in zip(np.split(flat, ends), tensors, strict=True)]


def _wide(dtype: torch.dtype) -> torch.dtype:
    return torch.float64 if dtype == torch.float64 else torch.float32
