"""A check as JSON, complete: every row with its numbers, null where there is none."""

from __future__ import annotations

import json
from pathlib import Path

from ride_eval.analysis.regression.check import Check
from ride_eval.store import write_atomic


def render(check: Check) -> str:
    """Strict JSON (no NaN), one object, a newline at the end, ASCII."""
    return json.dumps(check.to_dict(), indent=2, allow_nan=False) + "\n"


def write(check: Check, file: Path) -> None:
    """Render into a file, whole or not at all. Raises OSError."""
    write_atomic(file, render(check).encode("ascii"))
