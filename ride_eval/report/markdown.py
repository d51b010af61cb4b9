"""Findings as Markdown (GitHub's tables), with the exploratory quantities the terminal leaves out."""

from __future__ import annotations

import re
from pathlib import Path

from ride_eval.analysis.findings import Findings
from ride_eval.report import certainty, sections
from ride_eval.report.sections import Cell, Section
from ride_eval.report.text import visible
from ride_eval.store import write_atomic

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~#&$])")


def render(findings: Findings) -> str:
    """The report; text from the data is escaped, so that it is shown and not interpreted."""
    lines = ["# ride_eval report", ""]
    for model in findings.models:
        qualified, clauses = sections.verdict(model)
        lines += [f"**{escape(model.name)}** ({qualified}): {escape('; '.join(clauses))}.", ""]
    lines += [escape(findings.caveat), ""]
    for model in findings.models:
        lines += [f"- **{note.level}** {escape(model.name)}: {escape(note.text)}" for note in model.notes]
    lines += [f"- **{note.level}** side by side: {escape(note.text)}" for note in findings.notes]
    names = [escape(model.name) for model in findings.models]
    tables = (
        sections.setup(findings),
        sections.correctness(findings),
        sections.control_contrasts(findings, primary=True),
        sections.links(findings),
        sections.flips(findings),
        sections.against_none(findings, primary=True),
        sections.control_contrasts(findings, primary=False),
        sections.against_none(findings, primary=False),
        *(section for section in certainty.tables(findings, brief=False) if section.rows),
    )
    for section in tables if names else ():
        lines += _section(section, names)
    lines += [
        "",
        "## Legend",
        "",
        *[f"- {escape(line)}" for line in (*sections.legend(findings)[1:], *certainty.legend(findings))],
    ]
    return "\n".join(lines) + "\n"


def write(findings: Findings, file: Path) -> None:
    """Render into a file, whole or not at all. Raises OSError."""
    write_atomic(file, render(findings).encode("utf-8"))


def escape(text: str) -> str:
    """Text as itself: invisible characters as escapes, Markdown's own characters behind backslashes, mentions broken."""
    return _SPECIAL.sub(r"\\\1", visible(text)).replace("@", "&#64;")


def _section(section: Section, names: list[str]) -> list[str]:
    if not section.rows:
        return ["", f"## {escape(section.title)}", "", escape(sections.NO_VALUES)]
    lines = ["", f"## {escape(section.title)}", "", f"| | {' | '.join(names)} |", f"|---|{'---|' * len(names)}"]
    for row in section.rows:
        if row.cells:
            lines.append(f"| {escape(row.label)} | {' | '.join(_cell(cell) for cell in row.cells)} |")
        else:
            lines.append(f"| **{escape(row.label)}** |{' |' * len(names)}")
    return lines


def _cell(cell: Cell) -> str:
    shown = escape(" ".join(part for part in (cell.value, cell.interval) if part))
    return f"**{shown}** {cell.n}" if cell.strong else f"{shown} {cell.n}".rstrip()
