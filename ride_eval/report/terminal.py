"""Findings on a terminal: models side by side, on one line a cell where the width allows, else on three.

A number is never cut: where even that does not fit, the models are spread over several tables.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ride_eval.analysis.findings import Findings
from ride_eval.report import certainty, sections
from ride_eval.report.sections import Cell, Row, Section
from ride_eval.report.text import visible

MAX_LABEL = 26
"""Longer labels (a user's arms and tasks) are folded."""
MIN_CELL = 20
GAP = 2
"""Spaces between columns."""
INDENT = "  "


def show(findings: Findings, console: Console) -> None:
    """Print the report. Text from the data can neither style nor move anything: see `report.text.visible`."""
    n = len(findings.models)
    if (partial := sections.partial(findings)) is not None:
        console.print(Text(visible(partial), style="bold yellow"))
    console.print(Text(f"ride_eval: {n} model{'' if n == 1 else 's'}", style="bold"))
    for model in findings.models:
        qualified, clauses = sections.verdict(model)
        console.print()
        console.print(Text(visible(model.name), style="bold").append(f" ({qualified})" if qualified else "", style="not bold"))
        for clause in (*clauses, *sections.found(model)):
            console.print(Padding(Text(visible(clause)), (0, 0, 0, len(INDENT))))
    console.print()
    for model in findings.models:
        for note in model.notes:
            console.print(_note(note.level, f"{model.name}: {note.text}"))
    for note in findings.notes:
        console.print(_note(note.level, f"side by side: {note.text}"))
    names = [visible(model.name) for model in findings.models]
    tables = (
        sections.correctness(findings),
        sections.control_contrasts(findings, primary=True),
        sections.links(findings),
        sections.flips(findings),
        sections.against_none(findings, primary=True),
        *(section for section in certainty.tables(findings, brief=True) if section.rows),
    )
    if names:
        setup = sections.setup(findings)
        _print(setup, names, console, _words(setup, len(names), console.width))
        layout = _numbers([row for table in tables for row in table.rows], len(names), console.width)
        for table in tables:
            _print(table, names, console, layout)
    console.print()
    for line in (*sections.legend(findings), *certainty.legend(findings)):
        console.print(Text(visible(line), style="dim"))
    console.print(Text("Exploratory quantities are in the Markdown and JSON reports.", style="dim"))


def _note(level: str, text: str) -> Text:
    line = Text(f"{level}: ", style="bold yellow" if level == "warning" else "cyan")
    return line.append(visible(text), style="default not bold")


@dataclass(frozen=True, kw_only=True)
class _Layout:
    """The widths of the columns, the same in all tables of numbers, so that they stand under each other."""

    label: int
    cell: int
    lines: int
    """On which a cell is written: 1 or 3."""
    together: int
    """Models in one table."""


def _words(section: Section, n: int, width: int) -> _Layout:
    """For cells of words, which may be folded."""
    label = _label(section.rows)
    cell = max(MIN_CELL, min(60, (width - label - GAP) // n - GAP))
    return _Layout(label=label, cell=cell, lines=1, together=_together(width, label, cell))


def _numbers(rows: Sequence[Row], n: int, width: int) -> _Layout:
    """For cells of numbers, which may not: on one line if all models then fit, else on three."""
    label = _label(rows)
    cell = _width(rows, 1)
    if _together(width, label, cell) >= n:
        return _Layout(label=label, cell=cell, lines=1, together=n)
    cell = _width(rows, 3)
    return _Layout(label=label, cell=cell, lines=3, together=_together(width, label, cell))


def _together(width: int, label: int, cell: int) -> int:
    return max(1, (width - label - GAP) // (cell + GAP))


def _label(rows: Sequence[Row]) -> int:
    return min(MAX_LABEL, max((cell_len(visible(row.label)) + len(INDENT) for row in rows), default=0))


def _width(rows: Sequence[Row], lines: int) -> int:
    texts = [_text(cell, lines).plain for row in rows for cell in row.cells]
    return max([MIN_CELL, *(cell_len(line) for text in texts for line in text.split("\n"))])


def _print(section: Section, names: Sequence[str], console: Console, layout: _Layout) -> None:
    console.print()
    console.print(Text(section.title, style="bold underline"))
    if not section.rows:
        console.print(Text(sections.NO_VALUES))
    for first in range(0, len(names) if section.rows else 0, layout.together):
        console.print(_table(section, names, slice(first, first + layout.together), layout))


def _table(section: Section, names: Sequence[str], models: slice, layout: _Layout) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, GAP, 0, 0), pad_edge=False, show_edge=False)
    table.add_column("", width=layout.label, overflow="fold")
    for name in names[models]:
        header = "\n".join(textwrap.wrap(name, layout.cell)) or name
        table.add_column(Text(header, overflow="fold"), width=layout.cell, overflow="fold")
    indent = INDENT if any(not row.cells for row in section.rows) else ""
    for row, before_heading in _spaced(section.rows):
        if row.cells:
            cells = [_text(cell, layout.lines) for cell in row.cells[models]]
            table.add_row(Text(indent + visible(row.label), overflow="fold"), *cells)
        else:
            table.add_row(Text(visible(row.label), style="bold", overflow="fold"))
        if before_heading:
            table.add_row()
    return table


def _spaced(rows: Sequence[Row]) -> Iterator[tuple[Row, bool]]:
    """Each row, and whether a heading follows it."""
    for i, row in enumerate(rows):
        yield row, i + 1 < len(rows) and not rows[i + 1].cells


def _text(cell: Cell, lines: int) -> Text:
    """`-0.012 [-0.020, -0.004] p=0.004 q=0.03 n=120`, or interval and test each on a line under the value."""
    text = Text(visible(cell.value), style="bold" if cell.strong else "", overflow="fold")
    parts = [("interval", cell.interval), ("test", cell.test)]
    parts = [("n", cell.n), *parts] if lines > 1 else [*parts, ("n", cell.n)]
    for kind, part in parts:
        if part:
            text.append("\n" if lines > 1 and kind != "n" else " ")
            text.append(part, style="dim not bold" if kind == "n" else "")
    return text
