"""A check on a terminal: the verdict, what it rests on, and the changes."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ride_eval.analysis.regression.check import Check
from ride_eval.analysis.regression.measures import MEASURES
from ride_eval.baselines import Entry
from ride_eval.noise import Noise
from ride_eval.report import check_sections as sections
from ride_eval.report.text import visible

_STYLES = {"fine": "bold green", "regression": "bold red", "not comparable": "bold yellow"}


def show(check: Check, console: Console) -> None:
    """Print a check. Text from the data can neither style nor move anything: see `report.text.visible`."""
    verdict = check.verdict
    console.print(Text(f"ride_eval check: {verdict.word}", style=_STYLES[verdict.word]))
    console.print(Text(visible(verdict.sentence)))
    console.print()
    for line in sections.about(check):
        console.print(Text(visible(line)))
    for level, text in sections.notes(check):
        console.print(Text(f"{level}: ", style="bold yellow").append(visible(text), style="default not bold"))
    rows = sections.changed(check)
    if rows:
        _table("What changed by more than matters", sections.SHORT, sections.short(rows), console)
    if check.rows:
        _table("All comparisons, by metric", sections.OVERVIEW, sections.overview(check), console)
        console.print()
        for line in sections.legend():
            console.print(Text(line, style="dim"))


def _table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], console: Console) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for head in heads:
        table.add_column(head, overflow="fold")
    for row in rows:
        table.add_row(*(Text(visible(cell), overflow="fold") for cell in row))
    console.print()
    console.print(Text(title, style="bold underline"))
    console.print(table)


def show_noise(noise: Noise, console: Console) -> None:
    """Print a model's noise floors, the largest of its tasks."""
    flips = f"{noise.self_flips:.2%}" if math.isfinite(noise.self_flips) else "not measured"
    console.print(Text(f"{visible(noise.model)} against itself ({', '.join(noise.variants)}), {noise.documents} documents"))
    console.print(Text(f"answers of `none` that change: {flips}"))
    rows = [
        (f"{MEASURES[metric].label} ({MEASURES[metric].unit})", f"{value:.3g}")
        for (metric, task), value in noise.floors.items()
        if not task and metric in MEASURES
    ]
    _table("Largest mean change of any variant, task, domain and arm", ("metric", "noise floor"), rows, console)


def show_baselines(entries: Sequence[Entry], console: Console) -> None:
    """Print a list of baselines."""
    rows = [(own.name, own.model, own.created, f"{own.documents:,}", f"{own.size / 1e6:.2f} MB") for own in entries]
    _table("Baselines", ("name", "model", "measured", "documents", "size"), rows, console)
