"""Findings as JSON, complete: every number with its count, and null where there is none."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from ride_eval.analysis.evidence import Evidence
from ride_eval.analysis.findings import Findings, plain
from ride_eval.store import write_atomic


def render(findings: Findings, evidence: Sequence[Evidence] = ()) -> str:
    """The findings as strict JSON (no NaN), one object, a newline at the end; `evidence` of each model without the texts of
    single documents."""
    content = findings.to_dict() | ({"evidence": plain(tuple(evidence))} if evidence else {})
    # ASCII: lone surrogates and control characters from the data stay harmless whatever reads the file.
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def write(findings: Findings, evidence: Sequence[Evidence], file: Path) -> None:
    """Render into a file, whole or not at all. Raises OSError."""
    write_atomic(file, render(findings, evidence).encode("ascii"))
