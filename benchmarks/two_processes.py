"""scale. `torchrun --nproc_per_node 2 -m lm_eval` against one process, one thread each; and whether their rows are equal.

Whole command lines are timed, with the harness's start, which two processes do twice. What they lose is told apart by one
process that has half of the documents, as each of the two has: beyond its time is what they take from each other, and wait for.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.measuring import ratio_row, row, take_turns
from ride_eval.store import KEYS, MEASURED, read_table

PART = "scale"
TIME_TARGET, ROWS_TARGET = 0.65, 1e-5
AGAINST = "one process"


def rows(models: Mapping[str, str], data: str | None, *, quick: bool) -> Iterator[dict[str, Any]]:
    name, folder = next(iter(models.items()))
    tasks = "ride_gsm8k_*" if data else "ride_demo_math_*"
    documents = 2 if quick else 8
    arguments = ["--tasks", tasks, "--device", "cpu", "--batch_size", "4"]
    arguments += ["--gen_kwargs", f"max_gen_toks={4 if quick else 64}"]
    arguments += ["--metadata", f'{{"data_dir": "{data}"}}'] if data else []
    with tempfile.TemporaryDirectory() as work:

        def run_directory(processes: int, limit: int) -> Path:
            return Path(work) / f"{processes}-{limit}"

        def command(processes: int, limit: int) -> float:
            run = run_directory(processes, limit)
            model = f"pretrained={folder},run_dir={run},num_samples={2 if quick else 10}"
            start = (
                [sys.executable]
                if processes == 1
                else [str(Path(sys.executable).with_name("torchrun")), "--standalone", "--nproc_per_node", str(processes)]
            )
            begun = time.perf_counter()
            done = subprocess.run(  # noqa: S603 - our own command
                [*start, "-m", "lm_eval", "--model", "ride", "--model_args", model, *arguments, "--limit", str(limit)],
                env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, check=False,
            )  # fmt: skip
            if done.returncode:
                raise RuntimeError(done.stderr[-2000:])
            return time.perf_counter() - begun

        half = documents // 2
        found = take_turns(
            {
                "two": lambda: command(2, documents),
                "one": lambda: command(1, documents),
                "half": lambda: command(1, half),
            },
            repeats=1,
        )
        what = f"{tasks}, {documents} documents"
        yield ratio_row(PART, name, what, found["two"], found["one"], TIME_TARGET, AGAINST)
        yield ratio_row(PART, name, what, found["two"], found["half"], None, f"one process with {half} of them")
        apart = largest_difference(run_directory(2, documents), run_directory(1, documents))
        yield row(PART, name, what, "largest difference of rows", apart, None, "", apart, ROWS_TARGET, AGAINST)


def largest_difference(one: Path, other: Path) -> float:
    """Of all floats of two runs, relative where above 1; infinite where rows or anything else differ."""
    worst = 0.0
    for table in MEASURED:
        first, second = (_indexed(read_table(run, table), table) for run in (one, other))
        if not first.index.equals(second.index):
            return float("inf")
        for column in first:
            for left, right in zip(first[column], second[column], strict=True):
                worst = max(worst, _apart(left, right))
    return worst


def _indexed(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    return frame.set_index(list(KEYS[table])).sort_index()


def _apart(left: Any, right: Any) -> float:
    if left is None or right is None or isinstance(left, str):
        return 0.0 if left is right or left == right else float("inf")
    a, b = np.asarray(left), np.asarray(right)
    if a.shape != b.shape:
        return float("inf")
    if a.dtype.kind != "f":
        return 0.0 if np.array_equal(a, b) else float("inf")
    if not np.array_equal(np.isnan(a), np.isnan(b)):
        return float("inf")
    return float(np.nan_to_num(np.abs(a - b) / np.maximum(1, np.abs(b))).max(initial=0))
