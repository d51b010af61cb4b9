"""Bands of layers: early, middle and late thirds."""

from __future__ import annotations


def bands(n_layers: int) -> dict[str, slice]:
    """Slices of the layer axis: the first and the last floor(L/3) layers, and the rest; all middle when L < 3."""
    third = n_layers // 3
    return {
        "early": slice(0, third),
        "middle": slice(third, n_layers - third),
        "late": slice(n_layers - third, n_layers),
    }


def early_and_middle(n_layers: int) -> slice:
    """The layers over which the primary density is averaged."""
    return slice(0, n_layers - n_layers // 3)
