"""Forest plots: every contrast and every arm against `none`, pooled and task by task, the models side by side."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ride_eval.analysis.contrasts import CONTROL_CONTRASTS, Contrast, Effect
from ride_eval.analysis.findings import Findings, ModelFindings
from ride_eval.analysis.measures import Agreement
from ride_eval.analysis.quantities import BY_NAME, Quantity
from ride_eval.report import sections
from ride_eval.report.html.marks import Marks
from ride_eval.report.html.overview import Cell, cell, reach
from ride_eval.report.html.plots import axis, scale
from ride_eval.report.reading import SIDES, contrast_label
from ride_eval.report.text import NOTHING, UNMATCHED, is_unmatched

_PERCENT = {"correct", "flip"}
Find = Callable[[ModelFindings, Contrast], Effect | None]


@dataclass(frozen=True, kw_only=True)
class Row:
    label: str
    described: bool
    """Against `none`: no claim rests on it."""
    cells: list[Cell]


@dataclass(frozen=True, kw_only=True)
class Forest:
    """One table: rows by contrast, columns by model."""

    title: str
    rows: list[Row]


@dataclass(frozen=True, kw_only=True)
class Block:
    """One quantity."""

    name: str
    title: str
    unit: str
    meaning: str
    sides: tuple[str, str]
    axis: Markup
    levels: list[tuple[str, list[Markup | str]]]
    """Of a distance: each arm's mean, by model."""
    rows: list[tuple[str, list[Markup | str]]]
    """What else belongs to it, by model: the noise floor, how far samples can tell, how many measures agree."""
    pooled: Forest
    tasks: list[Forest]


def blocks(findings: Findings, marks: Marks) -> list[Block]:
    """Correctness, then the primary quantities, then flips; without what no model has."""
    chosen = ["correct", *(q.name for q in findings.quantities if q.primary), "semantic_variation", "flip"]
    found = [_block(findings, marks, BY_NAME[name]) for name in chosen if name in BY_NAME]
    return [block for block in found if block is not None]


def _block(findings: Findings, marks: Marks, quantity: Quantity) -> Block | None:
    against_none = [] if quantity.distance else [Contrast(arm, "none") for arm in findings.arms if arm != "none"]
    contrasts = [*CONTROL_CONTRASTS, *against_none]
    name = quantity.name

    def pooled(model: ModelFindings, contrast: Contrast) -> Effect | None:
        return model.contrast(name, contrast)

    def of_task(task: str) -> Find:
        return lambda model, contrast: next(
            (
                found.effect
                for found in model.by_task
                if (found.task, found.effect.quantity, found.effect.contrast) == (task, name, contrast)
            ),
            None,
        )

    finders = {"": pooled, **{task: of_task(task) for task in findings.tasks}}
    effects = {
        key: [[find(model, contrast) for model in findings.models] for contrast in contrasts] for key, find in finders.items()
    }
    if not _has_numbers(effects[""]):
        return None
    percent = name in _PERCENT
    # One scale for the pooled plots and a task's own: a wider interval there is cut with an arrow, its numbers beside it.
    limit = scale((e.estimate for row in effects[""] for e in row if e is not None and e.estimate.n), reach(quantity))
    forests = {key: _forest(marks, key, contrasts, rows, limit) for key, rows in effects.items() if _has_numbers(rows)}
    return Block(
        name=name,
        title=quantity.label[:1].upper() + quantity.label[1:],
        unit="percentage points" if percent else quantity.unit,
        meaning=quantity.meaning,
        sides=SIDES.get(name, ("less", "more")),
        axis=axis(100 * limit if percent else limit),
        levels=_levels(findings, marks, quantity) if quantity.distance else [],
        rows=_beside(findings, marks, quantity),
        pooled=forests[""],
        tasks=[forest for key, forest in forests.items() if key],
    )


def _forest(
    marks: Marks, title: str, contrasts: Sequence[Contrast], rows: Sequence[Sequence[Effect | None]], limit: float
) -> Forest:
    shown = [
        Row(
            label=_label(contrast, effects),
            described=contrast.control == "none",
            cells=[cell(marks, effect, limit) for effect in effects],
        )
        for contrast, effects in zip(contrasts, rows, strict=True)
        if any(effect is not None and effect.estimate.n for effect in effects)
    ]
    return Forest(title=title, rows=shown)


def _label(contrast: Contrast, effects: Sequence[Effect | None]) -> str:
    unmatched = contrast.control != "none" and any(e is not None and e.estimate.n and is_unmatched(e) for e in effects)
    return f"{contrast_label(contrast)} {UNMATCHED}" if unmatched else contrast_label(contrast)


def _beside(findings: Findings, marks: Marks, quantity: Quantity) -> list[tuple[str, list[Markup | str]]]:
    percent = quantity.name in _PERCENT
    rows = [("Noise floor", [_floor(model, marks, quantity, percent=percent) for model in findings.models])]
    if quantity.noisy:
        found = [next((own for own in m.reliability if own.quantity == quantity.name), None) for m in findings.models]
        shown = [marks.value(own, "differences", 2) if own is not None else NOTHING for own in found]
        rows.append(("Split-half reliability of differences", shown))
    if quantity.name == "density":
        for contrast in CONTROL_CONTRASTS:
            agreements = [next((own for own in m.measures if own.contrast == contrast), None) for m in findings.models]
            if any(agreements):
                label = f"Measures that agree: {contrast_label(contrast)}"
                rows.append((label, [_agreement(own, marks) for own in agreements]))
    return rows


def _agreement(own: Agreement | None, marks: Marks) -> Markup | str:
    return NOTHING if own is None else Markup("{} of {}").format(marks.value(own, "agree"), marks.value(own, "measured"))


def _floor(model: ModelFindings, marks: Marks, quantity: Quantity, *, percent: bool) -> Markup | str:
    effect = next((own for own in model.contrasts if own.quantity == quantity.name), None)
    if effect is None or not math.isfinite(effect.noise_floor):
        return NOTHING
    decimals = sections.decimals_for(100 * effect.noise_floor if percent else effect.noise_floor, quantity)
    return marks.value(effect, "noise_floor", decimals, percent=percent)


def _levels(findings: Findings, marks: Marks, quantity: Quantity) -> list[tuple[str, list[Markup | str]]]:
    percent = quantity.name in _PERCENT
    rows: list[tuple[str, list[Markup | str]]] = []
    for arm in findings.arms:
        levels = [model.level(quantity.name, arm) for model in findings.models]
        if any(level is not None and level.n for level in levels):
            shown = [
                marks.value(level, "value", 1 if percent else quantity.decimals, percent=percent)
                if level is not None and level.n
                else NOTHING
                for level in levels
            ]
            rows.append((arm, shown))
    return rows


def _has_numbers(rows: Sequence[Sequence[Effect | None]]) -> bool:
    return any(effect is not None and effect.estimate.n for row in rows for effect in row)
