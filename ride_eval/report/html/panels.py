"""Figures with their captions and alternative texts, as the page places them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from ride_eval.analysis.categories.findings import SignatureFindings
from ride_eval.analysis.evidence import Evidence
from ride_eval.analysis.findings import Findings
from ride_eval.analysis.links import Link
from ride_eval.report import sections
from ride_eval.report.html import figures
from ride_eval.report.html.marks import Marks
from ride_eval.report.html.svg import inline
from ride_eval.report.text import NOTHING, visible

if TYPE_CHECKING:
    from matplotlib.figure import Figure

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
    caption: Markup
    own_caption: bool = False
    """Written with the figure, so its numbers have no place of their own in the JSON."""


@dataclass(frozen=True, kw_only=True)
class LinkPanel:
    """A link: its figure, and a row a model."""

    title: str
    panels: list[Panel]
    rows: list[tuple[str, str, Markup | str, Markup | str, Markup | str]]
    """Model, what it reads as, correlation, partial correlation, pairs."""


def layer_panels(findings: Findings, marks: Marks) -> list[Panel]:
    """One a quantity that any model has by layer."""
    found = []
    for name, (title, what) in _LAYERED.items():
        models = [(m.name, [e for e in m.layers if e.quantity == name]) for m in findings.models]
        models = [(model, effects) for model, effects in models if effects]
        if not models:
            continue
        absent = [m.name for m in findings.models if m.name not in dict(models)]
        about = (
            f"{title} by layer: {what}. Left of the gap each arm minus no prefix (described only), right of it arm minus "
            "control. One colour scale for all models. No intervals: no claim rests on a single layer."
        ) + (f" Without it: {', '.join(absent)}." if absent else "")
        sizes = [(model, max(effects, key=lambda effect: effect.n)) for model, effects in models]
        svg = _inline(figures.layer_maps(models, findings.arms), f"layers{name}", f"Heat map, layers by arms. {about}")
        found.append(Panel(title=title, svg=svg, caption=_with_sizes(about, "Documents", sizes, marks)))
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
            about = f"{title}: how much {label} against how much the entropy falls, a point a document and contrast."
            svg = _inline(figures.scatter(shown, label), f"link{name}", f"Scatter plots, a panel a model. {about}")
            panels.append(Panel(title=title, svg=svg, caption=_with_sizes(about, "Pairs", shown, marks, "total")))
        rows = [
            _link_row(model.name, link, marks) for model, link in zip(findings.models, links, strict=True) if link is not None
        ]
        found.append(LinkPanel(title=title, panels=panels, rows=rows))
    return found


def _link_row(name: str, link: Link, marks: Marks) -> tuple[str, str, Markup | str, Markup | str, Markup | str]:
    value: Markup | str = link.estimate.reason or NOTHING
    if link.estimate.n:
        value = Markup("{} {}").format(marks.estimate(link.estimate, sections.RHO_DECIMALS), marks.test(link))
    return (
        name,
        link.direction,
        value,
        marks.estimate(link.partial, sections.RHO_DECIMALS) if link.partial is not None else NOTHING,
        marks.value(link, "pairs"),
    )


def curve_panels(findings: Findings, marks: Marks) -> list[Panel]:
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
        by = "the probability of the choice taken" if confidence else "forced entropy"
        about = (
            f"{task}: share of right answers by {by}, in bins of equally many answers, a line an arm. {meaning} "
            "Shown without prefix and for the tag, the expert prompt and the neutral filler; the JSON report has all arms."
        )
        sizes = [(model, max(curves, key=lambda curve: curve.n)) for model, curves in models]
        svg = _inline(figures.curve_panels(models), f"curve{place}", f"Curves. {about}")
        found.append(Panel(title=task, svg=svg, caption=_with_sizes(about, "Answers an arm", sizes, marks)))
    return found


def signature_panels(findings: SignatureFindings) -> list[tuple[int, Panel]]:
    """The figures of `ride-eval signatures`, each with the place of its run; those between runs come last."""
    from ride_eval.report.signature_figures import figures as every

    found = []
    for place, (name, figure) in enumerate(every(findings).items()):
        number, _, title = name.partition("_") if len(findings.runs) > 1 and name[:1].isdigit() else ("1", "", name)
        caption = figures.uncaptioned(figure)
        title = title.replace("_", " ")
        run = len(findings.runs) if name == "transfer" else int(number) - 1
        found.append(
            (
                run,
                Panel(
                    title=title,
                    svg=_inline(figure, f"signatures{place}", caption),
                    caption=Markup.escape(caption),
                    own_caption=True,
                ),
            )
        )
    return found


def _inline(figure: Figure, name: str, alternative: str) -> Markup:
    return inline(figure, name.replace("_", ""), visible(alternative))


def _with_sizes(about: str, what: str, sizes: Sequence[tuple[str, Any]], marks: Marks, field: str = "n") -> Markup:
    """A caption that ends with a count for each model."""
    each = [Markup("{} {}").format(visible(model), marks.value(owner, field)) for model, owner in sizes]
    return Markup("{} {}: {}.").format(visible(about), what, Markup(", ").join(each))
