"""How numbers and other people's text are shown: escape sequences made visible, negative zero and needless digits avoided."""

from __future__ import annotations

import math

from ride_eval.analysis.contrasts import Effect
from ride_eval.analysis.intervals import Estimate
from ride_eval.screen import visible as visible

NOTHING = "\u2013"
"""Where there is no number; the legend says why."""
UNMATCHED = "\u2020"
MATCHED_SHARE = 0.95
"""A contrast with a smaller share of length-matched pairs carries UNMATCHED."""
MAX_DECIMALS = 6


def number(value: float, decimals: int) -> str:
    """A number with so many digits after the point, without a sign before zero."""
    if not math.isfinite(value):
        return NOTHING
    shown = f"{value:.{decimals}f}"
    return shown.lstrip("-") if float(shown) == 0 else shown


def interval(estimate: Estimate, decimals: int) -> tuple[str, str, str]:
    """Value, interval and count: ("-0.012", "[-0.020, -0.004]", "n=120"), empty where there is none."""
    if not math.isfinite(estimate.value):
        return NOTHING, "", ""
    if not estimate.has_interval:
        return number(estimate.value, decimals), "", f"n={estimate.n}"
    half = (estimate.high - estimate.low) / 2
    nearest = min(abs(estimate.low), abs(estimate.high))
    # Enough digits to see the width, and that an interval which excludes 0 does.
    while decimals < MAX_DECIMALS and (
        0 < half < 2 * 10**-decimals or (excludes_zero(estimate) and round(nearest, decimals) == 0)
    ):
        decimals += 1
    low, high = number(estimate.low, decimals), number(estimate.high, decimals)
    return number(estimate.value, decimals), f"[{low}, {high}]", f"n={estimate.n}"


def probability(value: float) -> str:
    """A p or q with two digits that count: 0.0024, 0.31."""
    if not math.isfinite(value):
        return NOTHING
    return "<0.0001" if value < 1e-4 else f"{value:.2g}"


def p_and_q(p: float, q: float) -> str:
    """ "p=0.004 q=0.03", empty without a test."""
    return f"p={probability(p)} q={probability(q)}" if math.isfinite(p) else ""


def excludes_zero(estimate: Estimate) -> bool:
    return estimate.has_interval and (estimate.low > 0 or estimate.high < 0)


def is_unmatched(effect: Effect) -> bool:
    """Whether too few of the pairs have texts of equal length."""
    return effect.length_matched < MATCHED_SHARE


def count(value: int | None) -> str:
    """A large count: 6,919,161,856 -> 6.92 B."""
    if value is None:
        return NOTHING
    for size, unit in ((1e9, "B"), (1e6, "M"), (1e3, "K")):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return str(value)
