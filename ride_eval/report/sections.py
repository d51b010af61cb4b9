"""The tables of a report as data, the same for terminal and Markdown: titles, rows, and one cell a model.

A row's cell is found in each model's findings; a layout only decides how a cell looks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ride_eval.analysis.contrasts import CONTROL_CONTRASTS, NOT_MEASURED, Contrast, Effect
from ride_eval.analysis.findings import Findings, ModelFindings
from ride_eval.analysis.intervals import Estimate
from ride_eval.analysis.links import MAX_Q, NEAR_ZERO, Link
from ride_eval.analysis.notes import FEW_DOCUMENTS
from ride_eval.analysis.quantities import BY_NAME, Quantity
from ride_eval.analysis.verdict import EXPERT, SAME_SIGN, Clause, lacks
from ride_eval.report.reading import QUESTIONS, WORDS, is_claim, words
from ride_eval.report.text import (
    MATCHED_SHARE,
    MAX_DECIMALS,
    NOTHING,
    UNMATCHED,
    count,
    interval,
    is_unmatched,
    number,
    p_and_q,
    probability,
)

NO_VALUES = "No values; the legend says why."
"""In the place of a table without rows."""
READS = "  reads as"
PARTIAL = "  given lengths"
NOISE_FLOOR = "noise floor"
NO_NOISE = "no spread of neutral wordings found"
"""In the place of a noise floor of 0, which is an estimate: beyond that of documents, none was seen."""
RHO_DECIMALS = 2
_LINKS = {"density": "density", "routing_shift": "routing shift", "routing_pull": "routing pull"}


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One number, in the parts a layout may put on one line or on two."""

    value: str
    interval: str = ""
    test: str = ""
    """p and q."""
    n: str = ""
    strong: bool = False
    """A claim can rest on it."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A label from the data (not yet escaped) and a cell a model; a heading within a table has no cells."""

    label: str
    cells: tuple[Cell, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Section:
    title: str
    rows: tuple[Row, ...]


def partial(findings: Findings) -> str | None:
    """`412 of 500 documents`, which a report begins with where a run is not whole; with names where there are several."""
    parts = [(model.name, model.setup.progress) for model in findings.models if model.setup.progress]
    if not parts:
        return None
    return parts[0][1] if len(findings.models) == 1 else "; ".join(f"{name}: {progress}" for name, progress in parts)


def setup(findings: Findings) -> Section:
    """What was run."""
    rows = [
        ("run", [model.path for model in findings.models]),
        ("state", [model.setup.state for model in findings.models]),
        ("architecture", [model.setup.architecture or NOTHING for model in findings.models]),
        ("parameters", [count(model.setup.parameters) for model in findings.models]),
        ("layers", [str(model.setup.layers or NOTHING) for model in findings.models]),
        ("experts a token", [_experts(model) for model in findings.models]),
        ("revision", [model.setup.revision or NOTHING for model in findings.models]),
        ("dtype", [model.setup.dtype or NOTHING for model in findings.models]),
        ("chat template", ["yes" if model.setup.chat_template else "no" for model in findings.models]),
        ("probes", [", ".join(model.setup.probes) or NOTHING for model in findings.models]),
        ("arms", [", ".join(model.setup.arms) or NOTHING for model in findings.models]),
        ("documents", [", ".join(f"{task} {n}" for task, n in model.setup.tasks.items()) or "0" for model in findings.models]),
    ]
    return Section(
        title="What was run",
        rows=tuple(Row(label=label, cells=tuple(Cell(value=text) for text in texts)) for label, texts in rows),
    )


def correctness(findings: Findings) -> Section:
    """Task by task, arm by arm; without the tasks that score nothing."""
    rows: list[Row] = []
    unscored = _unscored(findings)
    for task in findings.tasks:
        if task in unscored:
            continue
        found = [(arm, [model.correct(task, arm) for model in findings.models]) for arm in findings.arms]
        found = [(arm, cells) for arm, cells in found if any(cells)]
        if found:
            rows.append(Row(label=task))
        for arm, entries in found:
            shown = (interval(entry.estimate, BY_NAME["correct"].decimals) if entry else (NOTHING, "", "") for entry in entries)
            rows.append(Row(label=arm, cells=tuple(Cell(value=v, interval=i, n=n) for v, i, n in shown)))
    return Section(title="Correct answers, share of documents", rows=tuple(rows))


def flips(findings: Findings) -> Section:
    """How often an arm changes the greedy answer: distances, so they are shown beside what `none` does to itself."""
    quantity = BY_NAME["flip"]
    rows = [_levels(findings, quantity, arm) for arm in findings.arms if arm != "none"]
    if _has_numbers(rows):
        rows.append(Row(label="none against itself", cells=tuple(Cell(value=NOT_MEASURED) for _ in findings.models)))
    return Section(
        title="Greedy answers that differ from none's, mean of task shares", rows=tuple(rows) if len(rows) > 1 else ()
    )


def links(findings: Findings) -> Section:
    """Each link, and what it reads as."""
    rows: list[Row] = []
    for name, label in _LINKS.items():
        found = [next((link for link in model.links if link.quantity == name), None) for model in findings.models]
        if any(link is not None and link.estimate.n for link in found):
            rows.append(Row(label=label, cells=tuple(_link_cell(link) for link in found)))
            partial = [link.partial if link is not None else None for link in found]
            rows.append(Row(label=PARTIAL, cells=tuple(_correlation(estimate) for estimate in partial)))
            rows.append(Row(label=READS, cells=tuple(Cell(value=link.direction if link else NOTHING) for link in found)))
    return Section(title="Links with stable output, rank correlation over control contrasts", rows=tuple(rows))


def verdict(model: ModelFindings) -> tuple[str, tuple[str, ...]]:
    """How far a model's verdict may be trusted, and its clauses, each with its number, interval and n."""
    clauses = []
    for clause in model.verdict.clauses:
        decimals = RHO_DECIMALS if clause.quantity is None else BY_NAME[clause.quantity].decimals
        unmatched = clause.length_matched is not None and clause.length_matched < MATCHED_SHARE
        number = f"{clause.number} {UNMATCHED}" if unmatched else clause.number
        shown = " ".join(part for part in (number, *interval(clause.estimate, decimals)) if part)
        why = f" ({clause.estimate.reason})" if clause.estimate.reason else ""
        clauses.append(f"{clause.subject}: {clause.says}" + (f" ({shown}{_grounds(clause)})" if clause.estimate.n else why))
    return "untrained weights" if model.verdict.untrained else "", tuple(clauses)


def found(model: ModelFindings) -> tuple[str, ...]:
    """What the page's first screen says beside the verdict: further effects of tags and expert prompts that may be claimed."""
    said = {(EXPERT, clause.quantity) for clause in model.verdict.clauses}
    lines = []
    for contrast, asked, against in QUESTIONS:
        for name in WORDS:
            effect = model.contrast(name, contrast)
            if effect is not None and (contrast, name) not in said and is_claim(effect):
                shown = " ".join(filter(None, interval(effect.estimate, BY_NAME[name].decimals)))
                lines.append(f"found: {asked.lower()} {against}: {words(effect)} ({shown}, q={probability(effect.q)})")
    return tuple(lines)


def _grounds(clause: Clause) -> str:
    """What a clause was judged by, and what a claim lacks."""
    parts = [f"q={probability(clause.q)}"] if math.isfinite(clause.q) else []
    if clause.noise_floor == 0:
        parts.append(NO_NOISE)
    elif clause.noise_floor is not None and math.isfinite(clause.noise_floor) and clause.quantity is not None:
        parts.append(f"{NOISE_FLOOR} {number(clause.noise_floor, decimals_for(clause.noise_floor, BY_NAME[clause.quantity]))}")
    shown = "".join(f", {part}" for part in parts)
    return f"{shown}; a claim needs {' and '.join(clause.lacks)}" if clause.lacks else shown


def control_contrasts(findings: Findings, *, primary: bool) -> Section:
    """The five control contrasts; the primary quantities and correctness, or all others."""
    kind = "An arm minus its control" if primary else "An arm minus its control, exploratory quantities"
    return _effects(findings, kind, _quantities(findings, primary=primary), CONTROL_CONTRASTS)


def against_none(findings: Findings, *, primary: bool) -> Section:
    """The level under `none`, and each arm minus it; distances from `none`, and what only an arm has, as their means."""
    rows: list[Row] = []
    others = [arm for arm in findings.arms if arm != "none"]
    for quantity in _quantities(findings, primary=primary):
        if quantity.name == "flip":
            continue  # has a table of its own
        if quantity.descriptive:
            body = [row for arm in findings.arms if _has_numbers([row := _levels(findings, quantity, arm)])]
        elif quantity.distance:
            body = [_levels(findings, quantity, arm) for arm in others]
        else:
            body = [
                _levels(findings, quantity, "none"),
                *_contrast_rows(findings, quantity, [Contrast(arm, "none") for arm in others]),
            ]
        if _has_numbers(body):
            rows += [_heading(quantity), *body]
    kind = "Against none" if primary else "Against none, exploratory quantities"
    return Section(title=f"{kind}: described, never the basis of a claim", rows=tuple(rows))


def legend(findings: Findings) -> tuple[str, ...]:
    """What the numbers are, and why some are not there."""
    lines = [
        "Numbers: mean of task means, [95 % interval over documents and wordings], n = documents that have both arms. "
        "Of correct answers: over documents. No interval: fewer than 5 documents, or no variation between them.",
        "p: that the mean over documents and wordings is 0. q: p corrected (Benjamini-Hochberg) within the model's family, "
        "primary quantities x five contrasts; all other quantities, correct answers among them, are exploratory and a "
        "family of their own.",
        "Noise floor: SD between neutral wordings of filler - none (of a distance from none: of filler's).",
        f"Bold, and what a verdict needs: q < {MAX_Q}, the same sign in {SAME_SIGN:.0%} of the wordings, larger than the noise "
        f"floor, {FEW_DOCUMENTS} documents or more.",
        f"{UNMATCHED} the two texts differ by more than 1 token in over {1 - MATCHED_SHARE:.0%} of the pairs, "
        "or are not counted in tokens: length alone can move such a number.",
    ]
    lines += [f"{quantity.label} ({quantity.unit}): {quantity.meaning}." for quantity in _quantities(findings, primary=True)]
    lines.append(
        "Link: whether documents on which an arm raises the quantity more than its control are those on which it lowers the "
        f"entropy more, among documents that share task and wording. Near zero: the whole interval within \u00b1{NEAR_ZERO}. "
        "p: from swapping documents; q: over the model's links. Given lengths: the partial correlation given the question's "
        "tokens and ln of the answer's."
    )
    if unscored := _unscored(findings):
        lines.append(f"Without a score of their own, so not among the correct answers: {', '.join(unscored)}.")
    for model in findings.models:
        absent: dict[str, list[str]] = {}
        for effect in (*model.contrasts, *model.descriptives):
            quantity = BY_NAME[effect.quantity]
            if not effect.estimate.n and effect.estimate.reason and (quantity.primary or quantity.name in ("correct", "flip")):
                absent.setdefault(effect.estimate.reason, []).append(quantity.label)
        for reason, labels in absent.items():
            lines.append(f"{NOTHING} in {model.name}: {reason} ({', '.join(dict.fromkeys(labels))}).")
    return tuple(lines)


def _unscored(findings: Findings) -> list[str]:
    """Tasks without a score in any model."""
    scored = {row.task for model in findings.models for row in model.correctness if row.estimate.n}
    return [task for task in findings.tasks if task not in scored]


def _link_cell(link: Link | None) -> Cell:
    if link is None:
        return Cell(value=NOTHING)
    value, bounds, n = interval(link.estimate, RHO_DECIMALS)
    strong = link.direction in ("positive", "negative", "near zero")
    return Cell(value=value, interval=bounds, test=p_and_q(link.p, link.q), n=n, strong=strong)


def _correlation(estimate: Estimate | None) -> Cell:
    if estimate is None:
        return Cell(value=NOTHING)
    value, bounds, n = interval(estimate, RHO_DECIMALS)
    return Cell(value=value, interval=bounds, n=n)


def _effects(findings: Findings, title: str, quantities: Sequence[Quantity], contrasts: Sequence[Contrast]) -> Section:
    rows: list[Row] = []
    for quantity in quantities:
        body = _contrast_rows(findings, quantity, contrasts)
        if _has_numbers(body):
            rows += [_heading(quantity), *body, _noise_floor(findings, quantity)]
    return Section(title=title, rows=tuple(rows))


def _noise_floor(findings: Findings, quantity: Quantity) -> Row:
    floors = [
        next((e.noise_floor for e in model.contrasts if e.quantity == quantity.name), math.nan) for model in findings.models
    ]
    return Row(label=NOISE_FLOOR, cells=tuple(Cell(value=number(floor, decimals_for(floor, quantity))) for floor in floors))


def decimals_for(value: float, quantity: Quantity) -> int:
    """Enough for two digits that count, so that a small floor does not read as none."""
    decimals = quantity.decimals
    while decimals < MAX_DECIMALS and 0 < abs(value) < 10 ** (1 - decimals):
        decimals += 1
    return decimals


def _contrast_rows(findings: Findings, quantity: Quantity, contrasts: Sequence[Contrast]) -> list[Row]:
    rows = []
    for contrast in contrasts:
        effects = [model.contrast(quantity.name, contrast) for model in findings.models]
        # Every arm is longer than none, so only between two arms does the mark say something.
        unmatched = contrast.control != "none" and any(effect is not None and is_unmatched(effect) for effect in effects)
        label = f"{contrast} {UNMATCHED}" if unmatched else str(contrast)
        rows.append(Row(label=label, cells=tuple(_cell(effect, quantity) for effect in effects)))
    return rows


def _cell(effect: Effect | None, quantity: Quantity) -> Cell:
    if effect is None:
        return Cell(value=NOTHING)
    value, bounds, n = interval(effect.estimate, quantity.decimals)
    strong = effect.family is not None and bool(effect.estimate.n) and not lacks(effect)
    return Cell(value=value, interval=bounds, test=p_and_q(effect.p, effect.q), n=n, strong=strong)


def _levels(findings: Findings, quantity: Quantity, arm: str) -> Row:
    levels = [model.level(quantity.name, arm) for model in findings.models]
    cells = (
        Cell(value=number(level.value, quantity.decimals), n=f"n={level.n}" if level.n else "")
        if level
        else Cell(value=NOTHING)
        for level in levels
    )
    return Row(label=f"{arm} (mean)", cells=tuple(cells))


def _heading(quantity: Quantity) -> Row:
    return Row(label=f"{quantity.label} ({quantity.unit}{', noisy: from samples' if quantity.noisy else ''})")


def _quantities(findings: Findings, *, primary: bool) -> list[Quantity]:
    """Primary first, then correctness, which is shown beside them."""
    chosen = [quantity for quantity in findings.quantities if (quantity.primary or quantity.name == "correct") is primary]
    return sorted(chosen, key=lambda quantity: not quantity.primary) if primary else chosen


def _has_numbers(rows: Sequence[Row]) -> bool:
    return any(cell.value != NOTHING for row in rows for cell in row.cells)


def _experts(model: ModelFindings) -> str:
    return f"{model.setup.experts_per_token} of {model.setup.experts}" if model.setup.experts else "none (dense)"
