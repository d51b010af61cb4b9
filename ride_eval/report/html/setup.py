"""What was run, a row a fact and a cell a model, numbers marked."""

from __future__ import annotations

from markupsafe import Markup, escape

from ride_eval.analysis.findings import Findings, ModelFindings
from ride_eval.report.html.marks import Marks
from ride_eval.report.html.texts import readable
from ride_eval.report.text import NOTHING, count

Cell = Markup | str


def experts(model: ModelFindings, marks: Marks) -> Cell:
    """`8 of 64 experts a token`, or dense."""
    setup = model.setup
    if not setup.experts:
        return "dense: no experts"
    return Markup("{} of {} experts a token").format(marks.value(setup, "experts_per_token"), marks.value(setup, "experts"))


def rows(findings: Findings, marks: Marks) -> list[tuple[str, list[Cell]]]:
    models = findings.models
    return [
        ("Run", [model.path for model in models]),
        ("State", [model.setup.state for model in models]),
        ("Architecture", [model.setup.architecture or NOTHING for model in models]),
        ("Parameters", [marks.shown(model.setup, "parameters", count(model.setup.parameters)) for model in models]),
        ("Layers", [marks.value(model.setup, "layers") for model in models]),
        ("Experts", [experts(model, marks) for model in models]),
        ("Revision", [model.setup.revision or NOTHING for model in models]),
        ("Number format", [model.setup.dtype or NOTHING for model in models]),
        ("Chat template", ["yes" if model.setup.chat_template else "no" for model in models]),
        ("Probes", [", ".join(model.setup.probes) or NOTHING for model in models]),
        ("Arms", [", ".join(model.setup.arms) or NOTHING for model in models]),
        ("Documents", [_documents(model, marks) for model in models]),
    ]


def _documents(model: ModelFindings, marks: Marks) -> Cell:
    each = [
        Markup("{} {}").format(escape(readable(task)), marks.item(model.setup, "tasks", task, n))
        for task, n in model.setup.tasks.items()
    ]
    return Markup(", ").join(each) if each else "none yet"
