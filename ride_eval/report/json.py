"""Findings as JSON, complete: every number with its count, and null where there is none."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from ride_eval.analysis.categories.findings import SignatureFindings
from ride_eval.analysis.evidence import Evidence
from ride_eval.analysis.findings import Findings, plain
from ride_eval.store import write_atomic


def render(findings: Findings, evidence: Sequence[Evidence] = (), signatures: SignatureFindings | None = None) -> str:
    """The findings as strict JSON (no NaN), one object, a newline at the end; with `evidence` of each model, but for the texts
    of single documents, and `signatures`, where they are given."""
    content = findings.to_dict()
    if evidence:
        content["evidence"] = plain(tuple(evidence))
    if signatures is not None:
        content["signatures"] = signatures.to_dict()
    # ASCII: lone surrogates and control characters from the data stay harmless whatever reads the file.
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def write(findings: Findings, evidence: Sequence[Evidence], signatures: SignatureFindings | None, file: Path) -> None:
    """Render into a file, whole or not at all. Raises OSError."""
    write_atomic(file, render(findings, evidence, signatures).encode("ascii"))
