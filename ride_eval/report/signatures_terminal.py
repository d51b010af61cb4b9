"""Routing signatures on a terminal. Text from the data can neither style nor move anything: see `report.text.visible`."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from ride_eval.analysis.categories.findings import SignatureFindings
from ride_eval.report import signatures
from ride_eval.report.signatures import Table
from ride_eval.report.text import visible


def show(findings: SignatureFindings, console: Console) -> None:
    """Print everything; a run without signatures gets a sentence."""
    for run in findings.runs:
        console.print(Text(visible(run.name), style="bold"))
        console.print(Padding(Text(visible(run.headline)), (0, 0, 0, 2)))
        console.print(Padding(Text(visible(signatures.about(run)), style="dim"), (0, 0, 0, 2)))
        for note in run.notes:
            console.print(Padding(Text("note: ", style="cyan").append(visible(note), style="default"), (0, 0, 0, 2)))
        console.print()
        for table in signatures.tables(run):
            _print(table, console)
    for other in findings.without:
        console.print(Text(visible(other.name), style="bold"))
        console.print(Padding(Text(visible(other.reason)), (0, 0, 1, 2)))
    transfer = signatures.transfer(findings)
    if transfer.rows:
        _print(transfer, console)


def _print(table: Table, console: Console) -> None:
    console.print(Text(table.title, style="bold underline"))
    shown = RichTable(box=box.SIMPLE_HEAD, padding=(0, 2, 0, 0), pad_edge=False, show_edge=False)
    for name in table.columns:
        shown.add_column(Text(visible(name)), overflow="fold")
    for row in table.rows:
        shown.add_row(*(Text(visible(cell)) for cell in row))
    console.print(shown)
    console.print(Padding(Text(visible(table.caption), style="dim"), (0, 0, 1, 0)))
