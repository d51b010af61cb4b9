"""The page: findings and evidence through templates, its style and script inside, and a policy that lets nothing else in."""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from markupsafe import Markup

from ride_eval import __version__
from ride_eval.analysis.categories.findings import SignatureFindings
from ride_eval.analysis.evidence import Evidence
from ride_eval.analysis.findings import Findings
from ride_eval.report import sections
from ride_eval.report.html import documents, effects, knowing, method, overview, setup
from ride_eval.report.html.marks import Marks
from ride_eval.report.html.panels import Panel, curve_panels, layer_panels, link_panels, signature_panels
from ride_eval.report.html.texts import clipped, finalized
from ride_eval.report.text import count
from ride_eval.store import write_atomic


def render(
    findings: Findings, evidence: Sequence[Evidence], signatures: SignatureFindings | None = None, *, csv: str | None = None
) -> str:
    """The page, one string. `csv`: the relative address of the table of all flipped documents, if one lies beside the page."""
    marks = Marks(models=findings.models, notes=findings.notes, evidence=tuple(evidence))
    listings, rows = documents.rows(findings, evidence, marks)
    layers, curves = layer_panels(findings, marks), curve_panels(findings, marks)
    links = link_panels(findings, evidence, marks)
    of_signatures = signature_panels(signatures) if signatures is not None else []
    style, script = _own("style.css"), _own("script.js")
    return _template().render(
        policy=_policy(style, script, [panel for _, panel in of_signatures]),
        style=Markup(style),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
        version=__version__,
        findings=findings,
        models=findings.models,
        marks=marks,
        cards=overview.cards(findings, marks),
        table=overview.table(findings, marks),
        setup=setup.rows(findings, marks),
        blocks=effects.blocks(findings, marks),
        knowing=knowing.tables(findings, marks),
        layers=layers,
        links=links,
        signatures=signatures,
        of_signatures=of_signatures,
        curves=curves,
        listings=listings,
        rows=rows,
        csv=csv,
        definitions=method.definitions(findings),
        legend=sections.legend(findings),
        evidence=evidence,
        records=method.records(findings, evidence),
    )


def write(
    findings: Findings,
    evidence: Sequence[Evidence],
    signatures: SignatureFindings | None,
    file: Path,
    *,
    csv: str | None = None,
) -> None:
    """Render into a file, whole or not at all. Raises OSError."""
    write_atomic(file, render(findings, evidence, signatures, csv=csv).encode("utf-8"))


def _policy(style: str, script: str, panels: Sequence[Panel]) -> str:
    """Nothing may be loaded, and only this style and this script may run; pictures only where a figure holds one itself."""
    parts = ["default-src 'none'", f"style-src '{_hash(style)}'", f"script-src '{_hash(script)}'", "base-uri 'none'"]
    if any("data:image/png" in panel.svg for panel in panels):
        parts.append("img-src data:")
    return "; ".join([*parts, "form-action 'none'"])


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _own(name: str) -> str:
    return (resources.files("ride_eval.report.html") / "templates" / name).read_text(encoding="utf-8")


@cache
def _template() -> Any:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("ride_eval.report.html"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=finalized,
    )
    environment.filters |= {"clipped": clipped, "count": count, "sortable": _sortable}
    return environment.get_template("page.html")


def _sortable(value: float) -> str:
    """For the script, which puts rows without a number last."""
    return repr(value) if math.isfinite(value) else ""
