"""A check as Markdown, for the summary of a CI job."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ride_eval.analysis.regression.check import Check
from ride_eval.report import check_sections as sections
from ride_eval.report.markdown import escape
from ride_eval.store import write_atomic


def render(check: Check) -> str:
    """The check; text from the data is escaped, so that it is shown and not interpreted."""
    verdict = check.verdict
    lines = [f"# ride_eval check: {verdict.word}", "", escape(verdict.sentence), ""]
    lines += [f"- {escape(line)}" for line in sections.about(check)]
    lines += [f"- **{level}** {escape(text)}" for level, text in sections.notes(check)]
    rows = sections.changed(check)
    if rows:
        lines += _table("What changed by more than matters", sections.CHANGES, [sections.change_cells(row) for row in rows])
    if check.rows:
        lines += _table("All comparisons, by metric", sections.OVERVIEW, sections.overview(check))
        details = _table("Every row", sections.DETAILS, [sections.detail_cells(row) for row in check.rows])
        lines += ["", "<details><summary>Every row</summary>", *details[2:], "", "</details>", "", "## Legend", ""]
        lines += [f"- {escape(line)}" for line in sections.legend()]
    return "\n".join(lines) + "\n"


def write(check: Check, file: Path) -> None:
    """Render into a file, whole or not at all. Raises OSError."""
    write_atomic(file, render(check).encode("utf-8"))


def _table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = ["", f"## {title}", "", f"| {' | '.join(map(escape, heads))} |", f"|{'---|' * len(heads)}"]
    return lines + [f"| {' | '.join(map(escape, row))} |" for row in rows]
