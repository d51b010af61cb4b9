"""The page's figures: heat maps of layers, scatter plots of links, curves of what uncertainty knew. Findings in, figures out.

Captions stand in the page, where they can be read aloud, and not in the figure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ride_eval.analysis.calibration import Curve
from ride_eval.analysis.contrasts import CONTROL_CONTRASTS, Contrast
from ride_eval.analysis.evidence import Points
from ride_eval.analysis.layers import LayerEffect
from ride_eval.metrics.bands import bands
from ride_eval.report.figures import COLOURS, DASHES, GREY, MARKERS, house_style, new
from ride_eval.report.reading import contrast_label
from ride_eval.report.text import visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DIFFERENCES = "PuOr_r"
"""Colours of what may be above or below 0: two hues that colour-blind readers tell apart, light in the middle."""
INNER = 0.99
"""Share of a link's points within its axes; the rest would squeeze them, and is counted in the caption."""
MAX_PER_ROW = 4
CURVES = ("none", "tag", "expert", "filler")
"""Arms whose curves are drawn: seven cannot be told apart in a small panel."""


def short(name: str, most: int = 34) -> str:
    """A model's name as a panel's title has room for."""
    name = visible(name)
    return name if len(name) <= most else f"{name[: most - 1]}\u2026"


def layer_maps(models: Sequence[tuple[str, Sequence[LayerEffect]]], arms: Sequence[str]) -> Figure:
    """One quantity: a panel a model, layers upwards, first arms against `none`, then control contrasts; one colour scale."""
    columns = [*(Contrast(arm, "none") for arm in arms if arm != "none"), *CONTROL_CONTRASTS]
    have = {found.contrast for _, effects in models for found in effects}
    columns = [contrast for contrast in columns if contrast in have]
    gap = sum(contrast.control == "none" for contrast in columns)
    values = [value for _, effects in models for found in effects for value in found.values if math.isfinite(value)]
    limit = max((abs(value) for value in values), default=0.0) or 1.0
    per_row = min(len(models), 2 if len(models) in (2, 4) else 3)
    rows = math.ceil(len(models) / per_row)
    with house_style():
        deepest = max(len(found.values) for _, effects in models for found in effects)
        height = 1.5 + min(3.2, 0.14 * deepest + 0.6)
        figure, axes = new(1.2 + per_row * (1.1 + 0.3 * len(columns)), rows * height, "", rows=rows, columns=per_row)
        mesh: Any = None
        for place, panel in enumerate(axes.flat):
            if place >= len(models):
                panel.set_visible(False)
                continue
            mesh = _map(panel, *models[place], columns, gap, limit)
        bar = figure.colorbar(mesh, ax=axes, shrink=0.8, aspect=30, pad=0.01)
        bar.outline.set_visible(False)
        if bar.solids is not None:
            bar.solids.set_rasterized(False)  # as shapes, like all else: the policy loads no picture
    return figure


def _map(panel: Axes, name: str, effects: Sequence[LayerEffect], columns: Sequence[Contrast], gap: int, limit: float) -> Any:
    found = {effect.contrast: effect for effect in effects}
    layers = next(iter(found.values())).layers
    panel.grid(visible=False)
    mesh = None
    for first, part in ((0, columns[:gap]), (gap, columns[gap:])):
        if not part:
            continue
        left = first + (0.4 if first else 0.0)
        grid = np.array([found[c].values if c in found else [math.nan] * len(layers) for c in part]).T
        edges = left + np.arange(len(part) + 1)
        mesh = panel.pcolormesh(
            edges, np.arange(len(layers) + 1), grid, cmap=DIFFERENCES, vmin=-limit, vmax=limit, edgecolors="none"
        )
    places = [i + 0.5 + (0.4 if i >= gap and gap else 0.0) for i in range(len(columns))]
    labels = [short(c.arm if c.control == "none" else contrast_label(c)) for c in columns]
    panel.set_xticks(places, labels, rotation=55, ha="right", rotation_mode="anchor", fontsize=8)
    step = max(1, math.ceil(len(layers) / 8))
    panel.set_yticks(np.arange(0, len(layers), step) + 0.5, [str(layer) for layer in layers[::step]])
    panel.tick_params(length=0)
    for spine in panel.spines.values():
        spine.set_visible(False)
    _mark_bands(panel, layers)
    panel.set_ylabel("layer")
    panel.set_title(short(name))
    return mesh


def _mark_bands(panel: Axes, layers: Sequence[int]) -> None:
    """Lines where the model's early, middle and late layers meet, and their names at the right."""
    right = panel.get_xlim()[1]
    for name, part in bands(max(layers) + 1).items():
        start, stop = (sum(layer < end for layer in layers) for end in (part.start, part.stop))
        if start == stop:
            continue
        if start:
            panel.axhline(start, color="#000000", linewidth=0.8)
        panel.text(right + 0.15, (start + stop) / 2, name, rotation=90, ha="left", va="center", fontsize=7)


def scatter(models: Sequence[tuple[str, Points]], label: str) -> Figure:
    """A panel a model: differences of a quantity against minus those of the entropy."""
    per_row = min(len(models), MAX_PER_ROW)
    rows = math.ceil(len(models) / per_row)
    with house_style():
        figure, axes = new(0.6 + 2.6 * per_row, 2.7 * rows, "", rows=rows, columns=per_row)
        for place, panel in enumerate(axes.flat):
            if place >= len(models):
                panel.set_visible(False)
                continue
            name, points = models[place]
            panel.axhline(0, color=GREY, linewidth=0.8)
            panel.axvline(0, color=GREY, linewidth=0.8)
            panel.plot(points.x, points.y, linestyle="none", marker="o", markersize=2.6, color=COLOURS[0], alpha=0.45, mew=0)
            for values, set_limits in ((points.x, panel.set_xlim), (points.y, panel.set_ylim)):
                reach = float(np.quantile(np.abs(values), INNER)) or 1.0
                set_limits(-1.08 * reach, 1.08 * reach)
            panel.set_title(short(name, 26))
            panel.locator_params(axis="x", nbins=4)
            panel.locator_params(axis="y", nbins=5)
            panel.set_xlabel(label)
            if place % per_row == 0:
                panel.set_ylabel("entropy falls by")
    return figure


def curve_panels(models: Sequence[tuple[str, Sequence[Curve]]]) -> Figure:
    """One task: a panel a model, a line an arm: share of right answers against confidence, or against entropy."""
    per_row = min(len(models), MAX_PER_ROW)
    rows = math.ceil(len(models) / per_row)
    with house_style():
        figure, axes = new(0.6 + 2.6 * per_row, 2.8 * rows + 0.35, "", rows=rows, columns=per_row)
        for place, panel in enumerate(axes.flat):
            if place >= len(models):
                panel.set_visible(False)
                continue
            name, curves = models[place]
            confidence = any(curve.axis == "confidence" for curve in curves)
            if confidence:
                panel.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=(0, (4, 3)))
                panel.set_xlim(0, 1)
            for curve in sorted((own for own in curves if own.arm in CURVES), key=lambda own: CURVES.index(own.arm)):
                i = CURVES.index(curve.arm)
                panel.plot(
                    curve.means,
                    curve.correct,
                    color=COLOURS[i % len(COLOURS)],
                    marker=MARKERS[i % len(MARKERS)],
                    linestyle=DASHES[i % len(DASHES)],
                    markersize=4,
                    label=visible(curve.arm),
                )
            panel.set_ylim(-0.03, 1.03)
            panel.locator_params(axis="x", nbins=4)
            panel.set_title(short(name, 26))
            panel.set_xlabel("probability of the choice" if confidence else "entropy (nats)")
            if place % per_row == 0:
                panel.set_ylabel("share right")
        handles = {text: line for panel in axes.flat for line, text in zip(*panel.get_legend_handles_labels(), strict=True)}
        figure.legend(handles.values(), handles.keys(), loc="outside upper left", ncols=7)
    return figure


def uncaptioned(figure: Figure) -> str:
    """Take the caption off a figure of `report.figures.new`, and the room under it; returns the caption."""
    caption = figure.texts[0]
    lines = caption.get_text().split("\n")
    caption.remove()
    width, height = figure.get_size_inches()
    figure.set_size_inches(width, height - 0.145 * len(lines))
    figure.get_layout_engine().set(rect=(0, 0, 1, 1))  # type: ignore[union-attr, call-arg]
    return " ".join(lines)
