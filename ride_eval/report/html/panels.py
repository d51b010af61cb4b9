"""Figures with their captions and alternative texts, as the page places them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ride_eval.analysis.evidence import Evidence
from ride_eval.analysis.findings import Findings
from ride_eval.analysis.links import Link
from ride_eval.report import sections
from ride_eval.report.html import figures
from ride_eval.report.html.marks import Marks
from ride_eval.report.html.svg import inline
from ride_eval.report.text import visible

_LAYERED = {
    "density": ("Density, feed-forward activations", "difference of 1 \u2212 Hoyer sparsity; orange: denser, purple: sparser"),
    "density_resid": ("Density, residual stream", "difference of 1 \u2212 Hoyer sparsity; orange: denser, purple: sparser"),
    "keyword_share": ("Attention to the domain's keywords", "difference of keyword share; orange: more, purple: less"),
    "routing_shift": ("Routing shift", "distance from no prefix (left), and its difference from the control's (right)"),
}
_LINKS = {
    "density": ("Density and certainty", "density rises by"),
    "routing_shift": ("Routing shift and certainty", "routing shift rises by"),
    "routing_pull": ("Routing pull and certainty", "pulled toward the named domain by"),
}


@dataclass(frozen=True, kw_only=True)
class Panel:
    title: str
    svg: Markup
    caption: str


@dataclass(frozen=True, kw_only=True)
class LinkPanel:
    """A link: its figure, and a row a model."""

    title: str
    panels: list[Panel]
    rows: list[tuple[str, str, Markup | str, Markup | str, Markup | str]]
    """Model, what it reads as, correlation, partial correlation, pairs."""


def layer_panels(findings: Findings) -> list[Panel]:
    """One a quantity that any model has by layer."""
    found = []
    for name, (title, what) in _LAYERED.items():
        models = [(m.name, [e for e in m.layers if e.quantity == name]) for m in findings.models]
        models = [(model, effects) for model, effects in models if effects]
        if not models:
            continue
        sizes = ", ".join(f"{model} n={max(e.n for e in effects)}" for model, effects in models)
        absent = [m.name for m in findings.models if m.name not in dict(models)]
        caption = (
            f"{title} by layer: {what}. Left of the gap each arm minus no prefix (described only), right of it arm minus control. "
            f"One colour scale for all models; documents: {sizes}. No intervals: no claim rests on a single layer."
        ) + (f" Without it: {', '.join(absent)}." if absent else "")
        svg = inline(
            figures.layer_maps(models, findings.arms), f"layers{name.replace('_', '')}", visible(f"Heat map, layers by arms. {caption}")
        )
        found.append(Panel(title=title, svg=svg, caption=caption))
    return found


def link_panels(findings: Findings, evidence: Sequence[Evidence], marks: Marks) -> list[LinkPanel]:
    """One a link that any model has."""
    found = []
    for name, (title, label) in _LINKS.items():
        links = [next((link for link in model.links if link.quantity == name), None) for model in findings.models]
        if not any(link is not None and link.estimate.n for link in links):
            continue
        shown = [
            (model.name, points)
            for model, own in zip(findings.models, evidence, strict=True)
            for points in own.points
            if points.link == name and len(points.x)
        ]
        panels = []
        if shown:
            counts = ", ".join(f"{model} {len(points.x)} of {points.total} pairs" for model, points in shown)
            caption = (
                f"Each point is one document under one control contrast. Up: the arm made the answer more certain than its control "
                f"did. Shown: {counts}; the outermost hundredth in each direction lies outside the axes. The correlation is one of "
                f"ranks within task, contrast and wording, over all pairs."
            )
            svg = inline(figures.scatter(shown, label), f"link{name.replace('_', '')}", visible(f"Scatter plot, {title}. {caption}"))
            panels.append(Panel(title=title, svg=svg, caption=caption))
        rows = [
            _link_row(model.name, link, marks)
            for model, link in zip(findings.models, links, strict=True)
            if link is not None
        ]
        found.append(LinkPanel(title=title, panels=panels, rows=rows))
    return found


def _link_row(name: str, link: Link, marks: Marks) -> tuple[str, str, Markup | str, Markup | str, Markup | str]:
    partial = getattr(link, "partial", None)
    return (
        name,
        link.direction,
        marks.estimate(link.estimate, sections.RHO_DECIMALS) if link.estimate.n else (link.estimate.reason or "\u2013"),
        marks.estimate(partial, sections.RHO_DECIMALS) if partial is not None else "\u2013",
        marks.value(link, "pairs"),
    )


def curve_panels(findings: Findings) -> list[Panel]:
    """One a task that any model has a curve of."""
    found = []
    for place, task in enumerate(findings.tasks):
        models = [(model.name, [curve for curve in model.curves if curve.task == task]) for model in findings.models]
        models = [(model, curves) for model, curves in models if curves]
        if not models:
            continue
        confidence = models[0][1][0].axis == "confidence"
        meaning = (
            "On the dashed line the model is as often right as it says; below it, it is overconfident."
            if confidence
            else "Where entropy knows of wrong answers, the lines fall."
        )
        bins = max(len(curve.means) for _, curves in models for curve in curves)
        sizes = ", ".join(f"{model} n={max(curve.n for curve in curves)}" for model, curves in models)
        caption = (
            f"{task}: share of right answers by {'the probability of the choice taken' if confidence else 'forced entropy'}, in up to {bins} "
            f"bins of equally many answers, a line an arm. {meaning} Answers an arm: {sizes}."
        )
        svg = inline(
            figures.curve_panels(task, models, findings.arms), f"curve{place}", visible(f"Curves. {caption}")
        )
        found.append(Panel(title=task, svg=svg, caption=caption))
    return found
