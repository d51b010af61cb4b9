"""The small plots in tables: an interval on a scale that all cells of a row or column share, in the page's own colours.

They are drawn by hand and not by matplotlib, since there are hundreds, each beside the number it shows: a forest plot here is a
table that can be read aloud.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from markupsafe import Markup

from ride_eval.analysis.intervals import Estimate

WIDTH, HEIGHT = 132, 18
_PAD = 7
_BEYOND = 8.0
"""An interval that reaches further than so many times the typical one is cut: it would flatten all others."""


def scale(estimates: Iterable[Estimate], most: float = math.inf) -> float:
    """The half width of a plot that shows all values and all but extreme intervals, 0 in its middle; 1 without numbers.

    `most`: what the quantity cannot exceed.
    """
    found = [estimate for estimate in estimates if _reach(estimate) > 0]
    if not found:
        return 1.0
    reaches = sorted(map(_reach, found))
    values = [abs(estimate.value) for estimate in found if math.isfinite(estimate.value)]
    return _round_up(min(most, max(min(reaches[-1], _BEYOND * reaches[(len(reaches) - 1) // 2]), *values)))


def interval_plot(estimate: Estimate, limit: float, *, strong: bool) -> Markup:
    """Value and interval, cut with an arrow at the limit; decorative, as the number stands beside it. Empty without one."""
    if not math.isfinite(estimate.value):
        return Markup("")
    middle, y = WIDTH / 2, HEIGHT / 2
    shapes = [f'<line class="zero" x1="{middle}" y1="1" x2="{middle}" y2="{HEIGHT - 1}"/>']
    if estimate.has_interval:
        low, high = _place(estimate.low, limit), _place(estimate.high, limit)
        shapes.append(f'<line class="reach" x1="{low:.1f}" y1="{y}" x2="{high:.1f}" y2="{y}"/>')
        for end, at, way in ((estimate.low, low, -1), (estimate.high, high, 1)):
            if abs(end) > limit:
                shapes.append(f'<path class="beyond" d="M{at:.1f} {y - 4}l{5 * way} 4l{-5 * way} 4z"/>')
            else:
                shapes.append(f'<line class="reach" x1="{at:.1f}" y1="{y - 3}" x2="{at:.1f}" y2="{y + 3}"/>')
    if abs(estimate.value) <= limit:
        shapes.append(f'<circle class="dot" cx="{_place(estimate.value, limit):.1f}" cy="{y}" r="4"/>')
    kind = "plot strong" if strong else "plot"
    return Markup(  # noqa: S704 - numbers only
        f'<svg class="{kind}" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true">'
        f"{''.join(shapes)}</svg>"
    )


def axis(limit: float) -> Markup:
    """The scale under a column of plots."""
    high = f"{limit:.6f}".rstrip("0").rstrip(".")
    low = f"\u2212{high}"
    left, middle, right = _PAD, WIDTH / 2, WIDTH - _PAD
    return Markup(  # noqa: S704 - numbers only
        f'<svg class="plot axis" width="{WIDTH}" height="24" viewBox="0 0 {WIDTH} 24" aria-hidden="true">'
        f'<path d="M{left} 1v5M{middle} 1v5M{right} 1v5M{left} 3.5H{right}"/>'
        f'<text x="1" y="19">{low}</text><text x="{middle}" y="19" text-anchor="middle">0</text>'
        f'<text x="{WIDTH - 1}" y="19" text-anchor="end">+{high}</text></svg>'
    )


def _reach(estimate: Estimate) -> float:
    return max((abs(end) for end in (estimate.value, estimate.low, estimate.high) if math.isfinite(end)), default=0.0)


def _place(value: float, limit: float) -> float:
    return WIDTH / 2 + (WIDTH / 2 - _PAD) * max(-1.0, min(1.0, value / limit))


def _round_up(value: float) -> float:
    """To 1, 1.5, 2, 3, 5 or 8 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(value))
    return next((step * power for step in (1, 1.5, 2, 3, 5, 8) if value <= step * power * (1 + 1e-12)), 10 * power)
