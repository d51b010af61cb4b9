"""The doctor's table on a terminal."""

from __future__ import annotations

import math

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ride_eval.doctor import Diagnosis
from ride_eval.doctor.checks import Check
from ride_eval.report.text import NOTHING, visible

_STYLES = {"pass": "green", "fail": "bold red", "not applicable": "dim"}


def show(diagnosis: Diagnosis, console: Console) -> None:
    """One line a check, and in a sentence whether all is well."""
    versions = ", ".join(f"{name} {version}" for name, version in diagnosis.versions.items())
    console.print(Text(visible(f"{diagnosis.model}: {diagnosis.architecture}"), style="bold"))
    console.print(Text(visible(f"{diagnosis.dtype}, attention {diagnosis.attention}; {versions}"), style="dim"))
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 2, 0, 0), pad_edge=False, show_edge=False)
    table.add_column("probe", no_wrap=True)
    table.add_column("check", overflow="fold")
    table.add_column("", no_wrap=True)
    table.add_column("largest\ndifference", justify="right", no_wrap=True)
    table.add_column("tolerance", justify="right", no_wrap=True)
    table.add_column("where, or why", overflow="fold")
    for check in diagnosis.checks:
        status = Text(check.status, style=_STYLES[check.status])
        numbers = (_number(check.difference), _number(check.tolerance))
        table.add_row(check.probe, Text(check.what), status, *numbers, Text(visible(check.detail)))
    console.print(table)
    failed = [check for check in diagnosis.checks if check.status == "fail"]
    console.print()
    console.print(Text(_summary(diagnosis, failed), style="bold red" if failed else "bold green"))


def _summary(diagnosis: Diagnosis, failed: list[Check]) -> str:
    passed = sum(check.status == "pass" for check in diagnosis.checks)
    if failed:
        probes = ", ".join(dict.fromkeys(check.probe for check in failed))
        return f"{len(failed)} of {len(failed) + passed} checks failed ({probes}): do not trust what these measure here."
    skipped = len(diagnosis.checks) - passed
    return f"All {passed} checks passed" + (f"; {skipped} not applicable." if skipped else ".")


def _number(value: float) -> str:
    return NOTHING if math.isnan(value) else f"{value:.0f}" if value.is_integer() else f"{value:.1e}"
