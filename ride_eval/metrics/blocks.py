"""How much is worked on at a time."""

from __future__ import annotations

import torch

_VALUES = 1 << 18


def rows_at_once(rows: torch.Tensor) -> int:
    """How many rows of (R, n) values a step of work should take.

    On a CPU a block, whose intermediate results find memory that was just given back: with all rows at a time, fresh pages take
    two thirds of the time. Elsewhere all, since each step costs a launch.
    """
    return max(1, _VALUES // max(1, rows.shape[-1])) if rows.device.type == "cpu" else max(1, len(rows))
