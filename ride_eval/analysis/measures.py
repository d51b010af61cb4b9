"""Do the five measures of density tell the same story? How many of a contrast's effects point the same way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ride_eval.analysis.contrasts import Contrast, Effect

DENSER = {"density": 1, "participation_mlp": 1, "gini_mlp": -1, "top10_energy_mlp": -1, "near_zero_mlp": -1}
"""The sign of each measure's effect where the activations become denser."""


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Of the measures of density under one contrast."""

    contrast: Contrast
    agree: int
    """Whose effect has the sign of the primary measure's, itself among them."""
    measured: int


def agreements(effects: Sequence[Effect]) -> tuple[Agreement, ...]:
    """One entry a contrast whose effect on density is not zero and not missing."""
    found = {(effect.contrast, effect.quantity): effect.estimate for effect in effects if effect.quantity in DENSER}
    entries = []
    for contrast in dict.fromkeys(contrast for contrast, _ in found):
        signs = {
            name: sign * (1 if estimate.value > 0 else -1 if estimate.value < 0 else 0)
            for name, sign in DENSER.items()
            if (estimate := found.get((contrast, name))) is not None and estimate.n
        }
        if signs.get("density"):
            agree = sum(sign == signs["density"] for sign in signs.values())
            entries.append(Agreement(contrast=contrast, agree=agree, measured=len(signs)))
    return tuple(entries)
