"""Findings as Markdown (GitHub's tables): verdicts and main tables, the rest folded away, for a pull request."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from ride_eval.analysis.findings import Findings
from ride_eval.report import certainty, sections
from ride_eval.report.sections import Cell, Section
from ride_eval.report.text import visible
from ride_eval.store import write_atomic

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~#&$])")


def render(findings: Findings) -> str:
    """The report; text from the data is escaped, so that it is shown and not interpreted."""
    partial = sections.partial(findings)
    lines = [f"**{escape(partial)}**", ""] if partial is not None else []
    lines += ["# ride_eval report", ""]
    for model in findings.models:
        qualified, clauses = sections.verdict(model)
        name = f"**{escape(model.name)}**" + (f" ({qualified})" if qualified else "")
        lines += [f"{name}: {escape('; '.join((*clauses, *sections.found(model))))}.", ""]
    for model in findings.models:
        lines += [f"- **{note.level}** {escape(model.name)}: {escape(note.text)}" for note in model.notes]
    lines += [f"- **{note.level}** side by side: {escape(note.text)}" for note in findings.notes]
    names = [escape(model.name) for model in findings.models]
    if names:
        for section in (sections.control_contrasts(findings, primary=True), sections.links(findings)):
            lines += _section(section, names)
        lines += _folded("What was run, right answers, flips, certainty", _setting(findings), names)
        lines += _folded("Against none, and exploratory quantities", _beside(findings), names)
    legend = (*sections.legend(findings), *certainty.legend(findings))
    lines += ["", "<details><summary>Legend</summary>", "", *[f"- {escape(line)}" for line in legend], "", "</details>"]
    return "\n".join(lines) + "\n"


def _setting(findings: Findings) -> list[Section]:
    found = [sections.setup(findings), sections.correctness(findings), sections.flips(findings)]
    confidence = certainty.confidence(findings)
    return [*found, confidence] if confidence.rows else found


def _beside(findings: Findings) -> list[Section]:
    return [
        sections.against_none(findings, primary=True),
        sections.control_contrasts(findings, primary=False),
        sections.against_none(findings, primary=False),
        *(s for s in certainty.tables(findings, brief=False) if s.rows and s != certainty.confidence(findings)),
    ]


def _folded(title: str, found: Sequence[Section], names: list[str]) -> list[str]:
    """Tables that a reader opens, so that a comment under a pull request stays short."""
    return ["", f"<details><summary>{title}</summary>", *(line for s in found for line in _section(s, names)), "", "</details>"]


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
    shown = escape(" ".join(part for part in (cell.value, cell.interval, cell.test) if part))
    return f"**{shown}** {cell.n}" if cell.strong else f"{shown} {cell.n}".rstrip()
