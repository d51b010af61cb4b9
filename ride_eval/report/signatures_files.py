"""Routing signatures as JSON, Markdown, and figures."""

from __future__ import annotations

import json
from pathlib import Path

from ride_eval.analysis.categories.findings import SignatureFindings
from ride_eval.report import signatures
from ride_eval.report.markdown import escape
from ride_eval.report.signatures import Table
from ride_eval.store import write_atomic


def write_json(findings: SignatureFindings, file: Path) -> None:
    """The findings as strict JSON (no NaN), whole or not at all. Raises OSError."""
    write_atomic(file, (json.dumps(findings.to_dict(), indent=2, allow_nan=False) + "\n").encode("ascii"))


def write_markdown(findings: SignatureFindings, file: Path) -> None:
    """The tables of the terminal, text from the data escaped. Raises OSError."""
    write_atomic(file, markdown(findings).encode("utf-8"))


def markdown(findings: SignatureFindings) -> str:
    """GitHub's Markdown, a newline at the end."""
    lines = ["# Routing signatures", ""]
    for run in findings.runs:
        lines += [f"## {escape(run.name)}", "", escape(run.headline), "", escape(signatures.about(run)), ""]
        lines += [f"- {escape(note)}" for note in run.notes]
        for table in signatures.tables(run):
            lines += _table(table)
    for other in findings.without:
        lines += ["", f"## {escape(other.name)}", "", escape(other.reason)]
    transfer = signatures.transfer(findings)
    if transfer.rows:
        lines += _table(transfer)
    return "\n".join(lines) + "\n"


def write_figures(findings: SignatureFindings, folder: Path) -> list[Path]:
    """Every figure as SVG and PNG; none where no run has signatures. Raises OSError."""
    from ride_eval.report.figures import save
    from ride_eval.report.signature_figures import figures

    return [file for name, figure in figures(findings).items() for file in save(figure, folder, name)]


def _table(table: Table) -> list[str]:
    head = [f"### {escape(table.title)}", "", f"| {' | '.join(escape(name) for name in table.columns)} |"]
    rows = [f"| {' | '.join(escape(cell) for cell in row)} |" for row in table.rows]
    return ["", *head, f"|{'---|' * len(table.columns)}", *rows, "", escape(table.caption)]
