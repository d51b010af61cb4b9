"""The first screen: what the prefixes did to each model, how sure that is, and whether the answers changed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ride_eval.analysis.contrasts import Contrast, Effect
from ride_eval.analysis.findings import Findings, ModelFindings
from ride_eval.analysis.notes import FEW_DOCUMENTS
from ride_eval.analysis.quantities import BY_NAME, Quantity
from ride_eval.analysis.verdict import TOO_FEW
from ride_eval.analysis.verdict import Clause as FoundClause
from ride_eval.report import sections
from ride_eval.report.html import setup
from ride_eval.report.html.knowing import Named, named
from ride_eval.report.html.marks import Marks
from ride_eval.report.html.plots import axis, interval_plot, scale
from ride_eval.report.reading import QUESTIONS, SIDES, WORDS, contrast_label, is_claim, words
from ride_eval.report.text import MATCHED_SHARE, UNMATCHED, is_unmatched, probability

COLUMNS = ("correct", "density", "keyword_share", "forced_entropy", "choice_entropy", "semantic_variation", "routing_shift")
TITLES = {
    "correct": "Right answers",
    "density": "Density inside",
    "keyword_share": "Attention to keywords",
    "forced_entropy": "Entropy of answers",
    "choice_entropy": "Entropy of choices",
    "semantic_variation": "Variation of samples",
    "routing_shift": "Routing shift",
}
SIDE_BY_SIDE = (Contrast("tag", "tag_placebo"), Contrast("expert", "filler"))
_PERCENT = {"correct", "flip"}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One question of a card, and its answer."""

    asked: str
    against: str
    says: list[tuple[str, Markup | str]]
    """Found effects, each in words and with its number."""
    nothing: str
    """What to say where nothing was found."""


@dataclass(frozen=True, kw_only=True)
class Clause:
    """A clause of the verdict."""

    subject: str
    says: str
    number: str
    value: Markup | str
    tail: Markup | str
    """What it was judged by."""
    lacks: str
    """What a claim would need."""


@dataclass(frozen=True, kw_only=True)
class Changed:
    """Whether an arm changed answers, beside what its control changed, and whether more or fewer are right."""

    arm: str
    share: Markup | str
    control: str
    control_share: Markup | str
    right: Markup | str
    test: Markup
    strong: bool


@dataclass(frozen=True, kw_only=True)
class Card:
    """A model's."""

    name: str
    kind: Markup | str
    untrained: bool
    clauses: list[Clause]
    lines: list[Line]
    changed: list[Changed]
    overconfident: list[Named]


@dataclass(frozen=True, kw_only=True)
class Cell:
    contrast: str
    plot: Markup
    text: Markup | str
    test: Markup
    """p and q."""
    strong: bool
    unmatched: bool
    reason: str
    """Why there is no number."""


@dataclass(frozen=True, kw_only=True)
class Column:
    name: str
    title: str
    unit: str
    sides: tuple[str, str]
    axis: Markup
    level: str
    note: str


@dataclass(frozen=True, kw_only=True)
class Table:
    """Side by side: a row a model, a column a quantity, a cell the contrasts of SIDE_BY_SIDE."""

    columns: list[Column]
    rows: list[tuple[str, list[tuple[Markup | str, list[Cell]]]]]
    """Model, and for each column its level under `none` and the cells."""


def cards(findings: Findings, marks: Marks) -> list[Card]:
    return [_card(model, marks) for model in findings.models]


def _card(model: ModelFindings, marks: Marks) -> Card:
    return Card(
        name=model.name,
        kind=setup.experts(model, marks),
        untrained=model.verdict.untrained,
        clauses=_clauses(model, marks),
        lines=[_line(model, marks, contrast, asked, against) for contrast, asked, against in QUESTIONS],
        overconfident=named(model, marks),
        changed=[found for contrast in SIDE_BY_SIDE if (found := _changed(model, marks, contrast)) is not None],
    )


def _changed(model: ModelFindings, marks: Marks, contrast: Contrast) -> Changed | None:
    arm, control = contrast
    levels = [level for name in (arm, control) if (level := model.level("flip", name)) is not None and level.n]
    if len(levels) < len(contrast):
        return None
    share, control_share = (marks.value(level, "value", 0, percent=True) for level in levels)
    right = model.contrast("correct", contrast)
    scored = right is not None and right.estimate.n
    return Changed(
        arm=arm,
        share=share,
        control=control,
        control_share=control_share,
        right=estimate(marks, right) if right is not None and scored else "",
        test=marks.test(right, ("q",)) if right is not None and scored else Markup(""),
        strong=right is not None and bool(scored) and is_claim(right),
    )


def _clauses(model: ModelFindings, marks: Marks) -> list[Clause]:
    """The verdict as the terminal has it, its numbers marked."""
    found = []
    for clause in model.verdict.clauses:
        decimals = sections.RHO_DECIMALS if clause.quantity is None else BY_NAME[clause.quantity].decimals
        unmatched = clause.length_matched is not None and clause.length_matched < MATCHED_SHARE
        found.append(
            Clause(
                subject=clause.subject,
                says=clause.says,
                number=f"{clause.number} {UNMATCHED}" if unmatched else clause.number,
                value=marks.estimate(clause.estimate, decimals) if clause.estimate.n else "",
                tail=_grounds(clause, marks) if clause.estimate.n else "",
                lacks=" and ".join(clause.lacks),
            )
        )
    return found


def _grounds(clause: FoundClause, marks: Marks) -> Markup:
    """q and the noise floor, as `sections.verdict` has them."""
    parts = Markup("")
    if math.isfinite(clause.q):
        parts += Markup(", q={}").format(marks.shown(clause, "q", probability(clause.q)))
    floor = clause.noise_floor
    if floor == 0:
        parts += Markup(", ") + marks.shown(clause, "noise_floor", sections.NO_NOISE)
    elif floor is not None and math.isfinite(floor) and clause.quantity is not None:
        decimals = sections.decimals_for(floor, BY_NAME[clause.quantity])
        parts += Markup(", noise floor {}").format(marks.value(clause, "noise_floor", decimals))
    return parts


def _line(model: ModelFindings, marks: Marks, contrast: Contrast, asked: str, against: str) -> Line:
    effects = [effect for name in COLUMNS if (effect := model.contrast(name, contrast)) is not None and effect.estimate.n]
    found = [(words(effect), estimate(marks, effect)) for effect in effects if effect.quantity in WORDS and is_claim(effect)]
    n = max((effect.estimate.n for effect in effects), default=0)
    nothing = "nothing beyond chance in the table below" if n >= FEW_DOCUMENTS else f"{TOO_FEW} ({n} of {FEW_DOCUMENTS})"
    nothing = nothing if effects else "not measured"
    return Line(asked=asked, against=against, says=found, nothing=nothing)


def estimate(marks: Marks, effect: Effect) -> Markup | str:
    """An effect's number; shares of answers as percentage points."""
    quantity = BY_NAME[effect.quantity]
    if quantity.name in _PERCENT:
        return marks.estimate(effect.estimate, 1, percent=True, unit="pp")
    return marks.estimate(effect.estimate, quantity.decimals)


def _unit(text: str) -> Markup:
    return Markup('<span class="unit">{}</span>').format(text)


def table(findings: Findings, marks: Marks) -> Table:
    measured = [
        name
        for name in COLUMNS
        if any((e := m.contrast(name, c)) is not None and e.estimate.n for m in findings.models for c in SIDE_BY_SIDE)
    ]
    effects = {
        name: [[model.contrast(name, contrast) for contrast in SIDE_BY_SIDE] for model in findings.models] for name in measured
    }
    limits = {
        name: scale((e.estimate for row in rows for e in row if e is not None and e.estimate.n), reach(BY_NAME[name]))
        for name, rows in effects.items()
    }
    columns = [_column(BY_NAME[name], limits[name]) for name in measured]
    rows = []
    for place, model in enumerate(findings.models):
        cells = []
        for name in measured:
            cells.append(
                (_level(model, name, marks), [cell(marks, e, limits[name], tests=("q",)) for e in effects[name][place]])
            )
        rows.append((model.name, cells))
    return Table(columns=columns, rows=rows)


def reach(quantity: Quantity) -> float:
    """The largest difference a quantity can have: 1 for a share of answers."""
    return 1.0 if quantity.unit == "share" else math.inf


def _column(quantity: Quantity, limit: float) -> Column:
    percent = quantity.name in _PERCENT
    return Column(
        name=quantity.name,
        title=TITLES[quantity.name],
        unit="percentage points" if percent else quantity.unit,
        sides=SIDES[quantity.name],
        axis=axis(100 * limit if percent else limit),
        level="" if quantity.distance else "without prefix",
        note="from samples: noisy" if quantity.noisy else "",
    )


def _level(model: ModelFindings, name: str, marks: Marks) -> Markup | str:
    """The mean under `none`; a distance from it has none."""
    level = None if BY_NAME[name].distance else model.level(name, "none")
    if level is None or not level.n:
        return ""
    if name in _PERCENT:
        return marks.value(level, "value", 0, percent=True) + _unit(" %")
    return marks.value(level, "value", 2 if BY_NAME[name].decimals > 1 else BY_NAME[name].decimals)


def cell(marks: Marks, effect: Effect | None, limit: float, tests: Sequence[str] = ("p", "q")) -> Cell:
    """A contrast's plot and number."""
    if effect is None or not effect.estimate.n:
        reason = (effect.estimate.reason if effect is not None else None) or "not measured"
        label = contrast_label(effect.contrast) if effect is not None else ""
        return Cell(contrast=label, plot=Markup(""), text="", test=Markup(""), strong=False, unmatched=False, reason=reason)
    strong = is_claim(effect)
    return Cell(
        contrast=contrast_label(effect.contrast),
        plot=interval_plot(effect.estimate, limit, strong=strong),
        text=estimate(marks, effect),
        test=marks.test(effect, tests),
        strong=strong,
        unmatched=effect.contrast.control != "none" and is_unmatched(effect),
        reason="",
    )
