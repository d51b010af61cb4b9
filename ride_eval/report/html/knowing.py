"""Whether the uncertainty knows of wrong answers, arm by arm, and where a prefix makes overconfident."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from ride_eval.analysis.contrasts import CONTROL_CONTRASTS
from ride_eval.analysis.findings import Findings, ModelFindings
from ride_eval.analysis.intervals import Estimate
from ride_eval.analysis.knowing import CONFIDENCE_COLUMN, PRIMARY
from ride_eval.analysis.quantities import BY_NAME
from ride_eval.report.html.marks import Marks
from ride_eval.report.html.plots import axis, interval_plot, scale
from ride_eval.report.reading import contrast_label
from ride_eval.report.text import NOTHING

OVERCONFIDENT = "overconfident"
DECIMALS = 3
_MEASURES = {
    "auroc": (
        "AUROC of {}",
        "0.5 knows nothing, 1 ranks every wrong answer as less certain than every right one",
        ("knows less", "knows more"),
    ),
    "ece": (
        "Calibration error of {}",
        "mean gap between confidence and share of right answers; 0 is calibrated",
        ("better", "worse"),
    ),
}


@dataclass(frozen=True, kw_only=True)
class Named:
    """A contrast that makes a model overconfident on a task."""

    model: str
    task: str
    contrast: str
    entropy: Markup | str
    accuracy: Markup | str


@dataclass(frozen=True, kw_only=True)
class KnowingCell:
    plot: Markup
    text: Markup | str


@dataclass(frozen=True, kw_only=True)
class KnowingTable:
    """One measure of one task: levels by arm, then control contrasts."""

    title: str
    meaning: str
    sides: tuple[str, str]
    axis: Markup
    levels: list[tuple[str, list[KnowingCell]]]
    contrasts: list[tuple[str, list[KnowingCell]]]


def named(model: ModelFindings, marks: Marks) -> list[Named]:
    """The overconfidence of one model."""
    return [
        Named(
            model=model.name,
            task=own.task,
            contrast=contrast_label(own.contrast),
            entropy=marks.estimate(own.entropy, DECIMALS),
            accuracy=marks.estimate(own.accuracy, 1, percent=True, unit="pp"),
        )
        for own in model.knowing.confidence
        if own.reading == OVERCONFIDENT
    ]


def tables(findings: Findings, marks: Marks) -> list[KnowingTable]:
    """AUROC of the primary entropy and calibration error, for each task that any model has them of."""
    found = []
    for task in findings.tasks:
        for quantity, measure in [*((name, "auroc") for name in PRIMARY), (CONFIDENCE_COLUMN, "ece")]:
            table = _table(findings, marks, task, quantity, measure)
            if table is not None:
                found.append(table)
    return found


def _table(findings: Findings, marks: Marks, task: str, quantity: str, measure: str) -> KnowingTable | None:
    asked = (task, quantity, measure)
    levels = [
        {own.arm: own.estimate for own in model.knowing.arms if (own.task, own.quantity, own.measure) == asked}
        for model in findings.models
    ]
    changes = [
        {own.contrast: own.estimate for own in model.knowing.contrasts if (own.task, own.quantity, own.measure) == asked}
        for model in findings.models
    ]
    if not any(estimate.n and estimate.has_interval for own in levels for estimate in own.values()):
        return None
    limit = scale(estimate for own in changes for estimate in own.values() if estimate.n)
    title, meaning, sides = _MEASURES[measure]
    label = "confidence" if quantity == CONFIDENCE_COLUMN else BY_NAME[quantity].label
    return KnowingTable(
        title=f"{task}: {title.format(label)}",
        meaning=meaning,
        sides=sides,
        axis=axis(limit),
        levels=[(arm, [_cell(own.get(arm), marks, None) for own in levels]) for arm in findings.arms],
        contrasts=[(contrast_label(c), [_cell(own.get(c), marks, limit) for own in changes]) for c in CONTROL_CONTRASTS],
    )


def _cell(estimate: Estimate | None, marks: Marks, limit: float | None) -> KnowingCell:
    if estimate is None or not estimate.n:
        return KnowingCell(plot=Markup(""), text=NOTHING)
    plot = Markup("") if limit is None else interval_plot(estimate, limit, strong=False)
    return KnowingCell(plot=plot, text=marks.estimate(estimate, DECIMALS))
