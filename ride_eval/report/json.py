"""Findings as JSON, complete: every number with its count, and null where there is none."""

from __future__ import annotations

import json
from pathlib import Path

from ride_eval.analysis.findings import Findings
from ride_eval.store import write_atomic


def render(findings: Findings) -> str:
    """The findings as strict JSON (no NaN), one object, a newline at the end."""
    # ASCII: lone surrogates and control characters from the data stay harmless whatever reads the file.
    return json.dumps(findings.to_dict(), indent=2, allow_nan=False) + "\n"


def write(findings: Findings, file: Path) -> None:
    """Render into a file, whole or not at all. Raises OSError."""
    write_atomic(file, render(findings).encode("ascii"))
