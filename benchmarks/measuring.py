"""Times side by side in one process, and peak memory of each side in a process of its own.

An absolute time on a shared machine says little, so sides take turns and ratios of neighbours count. A peak is the kernel's
high-water mark of resident memory, set back when model and requests are there (`/proc/self/clear_refs`), so that loading does
not hide what the work needs.
"""

from __future__ import annotations

import gc
import json
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.jobs import Job, Run

MEGABYTE = 2**20


@dataclass(frozen=True, kw_only=True)
class Peak:
    """Resident memory, bytes."""

    before: int
    """With model and requests, before the work."""
    peak: int


def take_turns(sides: Mapping[str, Run], repeats: int) -> dict[str, list[float]]:
    """Seconds of each side's runs; the order turns round each time, since the second finds warmer caches."""
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(repeats):
        gc.collect()
        for name in list(sides) if turn % 2 == 0 else reversed(list(sides)):
            seconds[name].append(sides[name]())
    return seconds


def prepared(part: str, side: str, job: Job) -> Run:
    run: Run = import_module(f"benchmarks.{part}").prepare(side, job)
    return run


def peak(part: str, side: str, job: Job, *, here: bool = False) -> Peak:
    """The peak of one side, in a fresh process; `here` in this one, which is quicker and less exact."""
    if here:
        return _peak(part, side, job)
    given = json.dumps([part, side, asdict(job)])
    done = subprocess.run(  # noqa: S603 - our own module, our own arguments
        [sys.executable, "-m", "benchmarks.measuring", given], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{part}, {side}: {done.stderr[-2000:]}")
    return Peak(**json.loads(done.stdout.splitlines()[-1]))


def _peak(part: str, side: str, job: Job) -> Peak:
    run = prepared(part, side, job)
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    before = _status("VmRSS")
    run()
    return Peak(before=before, peak=_status("VmHWM"))


def _status(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


def ratio_row(
    part: str, model: str, what: str, ours: Sequence[float], theirs: Sequence[float], target: float | None, against: str
) -> dict[str, Any]:
    """A row of times: medians, and the median and range of the ratios of neighbours."""
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    return row(
        part, model, what, "time", statistics.median(ours), statistics.median(theirs), "s", statistics.median(ratios), target,
        against, spread=(min(ratios), max(ratios)), n=len(ratios),
    )  # fmt: skip


def row(
    part: str, model: str, what: str, quantity: str, ours: float, theirs: float | None, unit: str, value: float,
    target: float | None, against: str, *, spread: tuple[float, float] | None = None, n: int = 1,
) -> dict[str, Any]:  # fmt: skip
    """A row of the table: `value` (mostly ours / theirs) is what the target is about."""
    return {
        "part": part, "model": model, "what": what, "quantity": quantity, "ours": ours, "theirs": theirs, "unit": unit,
        "against": against, "value": value, "low": spread[0] if spread else None, "high": spread[1] if spread else None,
        "n": n, "target": target, "met": None if target is None else value <= target,
    }  # fmt: skip


def peak_row(part: str, model: str, what: str, ours: Peak, theirs: Peak, target: float | None, against: str) -> dict[str, Any]:
    a, b = ours.peak / MEGABYTE, theirs.peak / MEGABYTE
    above, their_above = ((side.peak - side.before) / MEGABYTE for side in (ours, theirs))
    against = f"{against} (above the loaded model: {above:.0f} and {their_above:.0f} MB)"
    return row(part, model, what, "peak memory", a, b, "MB", a / b, target, against)


def main() -> None:
    part, side, job = json.loads(sys.argv[1])
    print(json.dumps(asdict(_peak(part, side, Job(**job)))))


if __name__ == "__main__":
    main()
