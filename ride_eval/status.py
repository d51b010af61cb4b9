"""status.json, the last file of a run: how it ended, what is there, and what is missing and why."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq

from ride_eval.errors import RunError
from ride_eval.progress import progress
from ride_eval.shards import set_aside_before
from ride_eval.soundness import is_failed
from ride_eval.store import MEASURED, read_table, shards, write_json


def write_status(run: Path, state: str, error: str | None) -> None:
    """Count what lies in a run directory, and write it. Raises RunError."""
    rows = {table: sum(pq.read_metadata(run / name).num_rows for name in shards(run, table)) for table in MEASURED}
    reasons: Counter[str] = Counter()
    for table in ("prompts", "generations", "choices"):
        reasons.update(read_table(run, table, ["reason"])["reason"].dropna())
    measured, asked = progress(run)
    content = {
        "state": state,
        "rows": rows,
        "documents": {"asked": asked, "measured": measured},
        "reasons": dict(reasons),
        "failed_checks": sum(n for reason, n in reasons.items() if is_failed(reason)),
        "set_aside": set_aside_before(run),
        "error": error,
    }
    try:
        write_json(run / "status.json", content)
    except OSError as problem:
        raise RunError(f"Cannot write {run / 'status.json'}: {problem.strerror}. The shards are safe.") from None
