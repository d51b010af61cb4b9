"""Tables on what uncertainty is worth: whether it knows of wrong answers, what is overconfident, what samples can tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from ride_eval.analysis.contrasts import CONTROL_CONTRASTS
from ride_eval.analysis.findings import Findings, ModelFindings
from ride_eval.analysis.intervals import Estimate
from ride_eval.analysis.knowing import PRIMARY, Confidence, Knowing, KnowingDifference
from ride_eval.analysis.quantities import BY_NAME
from ride_eval.analysis.sensitivity import NOT_ASKED
from ride_eval.report.sections import Cell, Row, Section
from ride_eval.report.text import NOTHING, excludes_zero, interval, number

DECIMALS = 3
_KINDS = {"auroc": "AUROC", "prr": "PRR", "ece": "ECE", "brier": "Brier score"}
_BRIEF = ("auroc", "ece")
_T = TypeVar("_T", Knowing, KnowingDifference)


def tables(findings: Findings, *, brief: bool) -> tuple[Section, ...]:
    """All of them; those without rows say nothing and can be left out."""
    return (
        measures(findings),
        confidence(findings),
        knowing(findings, brief=brief),
        reliability(findings),
        sensitivity(findings),
    )


def measures(findings: Findings) -> Section:
    """Beside the primary density: how many of its five measures say the same."""
    rows = []
    for contrast in CONTROL_CONTRASTS:
        found = [next((own for own in model.measures if own.contrast == contrast), None) for model in findings.models]
        if any(found):
            cells = (Cell(value=f"{own.agree} of {own.measured}" if own else NOTHING) for own in found)
            rows.append(Row(label=str(contrast), cells=tuple(cells)))
    return Section(title="Measures of density whose difference has the sign of density's", rows=tuple(rows))


def confidence(findings: Findings) -> Section:
    """Contrasts that lower a task's entropy, and whether right answers become more; others are not listed."""
    rows: list[Row] = []
    for task in findings.tasks:
        body: list[Row] = []
        for contrast in CONTROL_CONTRASTS:
            found = [_first(m.knowing.confidence, task=task, contrast=contrast) for m in findings.models]
            if any(own is not None and own.entropy.has_interval and own.entropy.high < 0 for own in found):
                body.append(Row(label=str(contrast), cells=tuple(Cell(value=own.reading if own else NOTHING) for own in found)))
                for name, part in (("  entropy", _entropy), ("  correct", _accuracy)):
                    body.append(Row(label=name, cells=tuple(_cell(part(own) if own else None) for own in found)))
        if body:
            rows += [Row(label=task), *body]
    return Section(title="Lower entropy: overconfident, or more often right?", rows=tuple(rows))


def knowing(findings: Findings, *, brief: bool) -> Section:
    """Task by task, levels and contrasts of the four measures; if brief, of AUROC and ECE, and levels of `none` only."""
    rows: list[Row] = []
    for task in findings.tasks:
        for quantity, measure in _asked(findings, task, brief=brief):
            of = f" of {BY_NAME[quantity].label}" if quantity in BY_NAME else ""
            title = f"{task}: {_KINDS[measure]}{of}"
            body = []
            for arm in ("none",) if brief else findings.arms:
                levels = _estimates(findings, lambda m: m.knowing.arms, task, quantity, measure, arm=arm)
                body.append(Row(label=arm, cells=tuple(_cell(own, mark=False) for own in levels)))
            for contrast in CONTROL_CONTRASTS:
                changes = _estimates(findings, lambda m: m.knowing.contrasts, task, quantity, measure, contrast=contrast)
                body.append(Row(label=str(contrast), cells=tuple(map(_cell, changes))))
            body = [row for row in body if any(cell.value != NOTHING for cell in row.cells)]
            if body:
                rows += [Row(label=title), *body]
    return Section(title="Does the uncertainty know when the answer is wrong?", rows=tuple(rows))


def reliability(findings: Findings) -> Section:
    """Split-half reliability of what is taken from samples: of differences, and of levels."""
    rows: list[Row] = []
    names = dict.fromkeys(own.quantity for model in findings.models for own in model.reliability)
    for name in names:
        found = [_first(model.reliability, quantity=name) for model in findings.models]
        if not any(own is not None and own.n for own in found):
            continue
        cells = (
            Cell(value=f"{number(own.differences, 2)} ({number(own.levels, 2)})", n=f"n={own.n}")
            if own is not None and own.n
            else Cell(value=NOTHING)
            for own in found
        )
        rows.append(Row(label=BY_NAME[name].label, cells=tuple(cells)))
    return Section(title="Split-half reliability of sampled quantities: of differences (of levels)", rows=tuple(rows))


def sensitivity(findings: Findings) -> Section:
    """POSIX by task; without rows where no run asked for it."""
    if not any(model.sensitivity for model in findings.models):
        return Section(title="POSIX", rows=())
    rows = []
    for task in findings.tasks:
        found = [_first(model.sensitivity, task=task) for model in findings.models]
        if any(found):
            rows.append(Row(label=task, cells=tuple(_cell(own.estimate if own else None, mark=False) for own in found)))
    return Section(title="Prompt sensitivity (POSIX over none, tag, expert, filler; nats a token)", rows=tuple(rows))


def legend(findings: Findings) -> tuple[str, ...]:
    """What these numbers are."""
    lines = [
        "AUROC: probability that a wrong answer's entropy exceeds a right one's; 0.5 knows nothing. PRR: 1 ranks all wrong "
        "answers last, 0 as chance. ECE: mean gap between the chosen answer's probability and how often it is right. Brier "
        "score: squared distance of the choices' probabilities from the right choice's. Exploratory; bootstrap over documents.",
        "Overconfident: entropy falls (its interval lies below 0) and right answers do not measurably become more.",
        "Split-half reliability: how alike two halves of the samples rank documents, stepped up to all samples; of differences "
        "it says how much of a sampled effect is more than chance. None below 20 documents.",
    ]
    return (*lines, *([] if any(model.sensitivity for model in findings.models) else [f"POSIX: {NOT_ASKED}."]))


def _asked(findings: Findings, task: str, *, brief: bool) -> list[tuple[str, str]]:
    """(quantity, measure) pairs that some model has for a task: of the primary entropies, and of confidence."""
    found = dict.fromkeys(
        (own.quantity, str(own.measure)) for model in findings.models for own in model.knowing.arms if own.task == task
    )
    shown = [pair for pair in found if pair[1] in ("ece", "brier") or pair[0] in PRIMARY]
    return [pair for pair in shown if pair[1] in _BRIEF] if brief else shown


def _estimates(
    findings: Findings,
    entries: Callable[[ModelFindings], Sequence[_T]],
    task: str,
    quantity: str,
    measure: str,
    **where: object,
) -> list[Estimate | None]:
    found = (_first(entries(m), task=task, quantity=quantity, measure=measure, **where) for m in findings.models)
    return [own.estimate if own is not None else None for own in found]


_E = TypeVar("_E")


def _first(entries: Iterable[_E], **where: object) -> _E | None:
    return next((own for own in entries if all(getattr(own, name) == value for name, value in where.items())), None)


def _entropy(own: Confidence) -> Estimate:
    return own.entropy


def _accuracy(own: Confidence) -> Estimate:
    return own.accuracy


def _cell(estimate: Estimate | None, *, mark: bool = True) -> Cell:
    if estimate is None:
        return Cell(value=NOTHING)
    if estimate.has_interval and estimate.low == estimate.high:  # every draw the same: no more digits would show more
        same = number(estimate.value, DECIMALS)
        return Cell(value=same, interval=f"[{same}, {same}]", n=f"n={estimate.n}")
    value, bounds, n = interval(estimate, DECIMALS)
    return Cell(value=value, interval=bounds, n=n, strong=mark and excludes_zero(estimate))
