"""What a complete run's numbers come to, kept beside its shards, so that a check need not read and reduce every row again.

    <run>/summary/      as a baseline, and the names and sizes of the shards it was made of

A shard's name tells its content. A summary of other shards, of another version of ride_eval, or one that is damaged, is as
none: the shards are read. It can be deleted at any time.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import subprocess
import sys
from collections.abc import Collection
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from ride_eval.analysis.frames import COLUMNS
from ride_eval.analysis.regression.snapshot import Snapshot, load_snapshot
from ride_eval.baselines import is_baseline, keep, load_baseline, made_of
from ride_eval.errors import RideError
from ride_eval.store import METRIC_VERSION, TABLES, read_manifest, read_status, shards

log = logging.getLogger(__name__)

WORTH = 5_000
"""Prompts; the shards of fewer are read in a few seconds, which a short run need not spend at its end."""
_NONE_KEPT = "No summary of %s was kept (%s). Nothing is lost; a check of it takes longer."
_NAME = "summary"
_QUICK = 3
"""Level of zstd."""


def summarize(run: Path) -> None:
    """Keep the summary of a complete run, if it is large. Never raises for what is on the disk or for want of room: a run is
    complete without a summary."""
    try:
        if _is_worth_it(run):
            keep(load_snapshot(run, COLUMNS), run, _NAME, of=_made_of(run), level=_QUICK)
    except (RideError, OSError, MemoryError) as error:
        log.warning(_NONE_KEPT, run, error)


def summarize_apart(run: Path) -> None:
    """The same in a process of its own: reducing 140,000 prompts takes 1 GB, and the model's process may have none to spare."""
    if _is_worth_it(run):
        # This interpreter and a module of ours; a run directory's name is one argument, whatever is in it.
        command = [sys.executable, "-m", "ride_eval.summaries", str(run)]
        try:
            subprocess.run(command, check=False, stdin=subprocess.DEVNULL)  # noqa: S603 - no shell
        except OSError as error:  # no room for another process
            log.warning(_NONE_KEPT, run, error)


def _is_worth_it(run: Path) -> bool:
    status = read_status(run)
    return status["state"] == "complete" and int(status.get("rows", {}).get("prompts", 0)) >= WORTH


def load_side(path: Path, quantities: Collection[str]) -> Snapshot:
    """One side of a check: a baseline, or a run directory, from its summary or of what these quantities need. Raises RunError
    if it is neither."""
    if is_baseline(path):
        return load_baseline(path)
    kept = _summary(path)
    return load_snapshot(path, quantities) if kept is None else kept


def _summary(run: Path) -> Snapshot | None:
    """The summary of what lies in the run directory now; None if there is none."""
    folder = run / _NAME
    try:
        if not is_baseline(folder) or made_of(folder) != _made_of(run):
            return None
        kept, manifest = load_baseline(folder), read_manifest(run)
    except (RideError, OSError) as error:
        log.info("The summary of %s is not used: %s", run, error)
        return None
    name, routed = str(manifest["model"].get("name") or run.name), bool(manifest["model"].get("experts_per_token"))
    return replace(kept, path=run, name=name, manifest=manifest, status=read_status(run), routes=run if routed else None)


def _made_of(run: Path) -> str:
    """A hash of everything a summary follows from."""
    files = [(name, (run / name).stat().st_size) for table in TABLES for name in shards(run, table)]
    made = [version("ride_eval"), METRIC_VERSION, COLUMNS, files]
    return hashlib.sha256(json.dumps(made).encode()).hexdigest()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):  # the run's own process says what Ctrl-C means
        summarize(Path(sys.argv[1]))
