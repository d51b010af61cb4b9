"""d. How time and memory grow: with documents, arms, prompt tokens and layers; and the memory of 50,000 requests.

A slope is that of log(seconds) over log(size), by least squares over the medians: 1 is linear.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from transformers import AutoTokenizer

from benchmarks import random_models as architectures
from benchmarks.against_script import ride
from benchmarks.jobs import Job, Run, call, harness, requests
from benchmarks.measuring import MEGABYTE, peak, prepared, row, take_turns
from ride_eval.model import RideLM
from ride_eval.probes.bundle import Bundle

PART = "d"
SLOPE_TARGET = 1.05
REQUESTS, MEGABYTES = 50_000, 300.0
CHOICES = 4


def prepare(side: str, job: Job) -> Run:
    if side in ("tokens", "layers"):
        return _pass(side, job)
    hf = harness(job.model, job.batch)
    asked = requests(job) if side != "memory" else None

    def run() -> float:
        # For memory the requests count too: a benchmark's are built before the first is answered.
        found = asked or requests(job)
        with tempfile.TemporaryDirectory() as folder:
            lm = RideLM(hf.model, tokenizer=hf.tokenizer, run_dir=f"{folder}/run", num_samples=0, batch_size=job.batch)
            seconds = call(lm, found.items())
            lm.recorder.close()
        return seconds

    return run


def _pass(side: str, job: Job) -> Run:
    if side == "tokens":
        return prepared("against_script", "ride", job)
    tokenizer = AutoTokenizer.from_pretrained(job.model)
    bundle = Bundle(architectures.model(Path(job.model).name, tokenizer, job.layers, 64).eval(), None)

    def run() -> float:
        start = time.perf_counter()
        ride(bundle, list(range(5, 5 + job.tokens)))
        return time.perf_counter() - start

    return run


def rows(models: Mapping[str, str], data: str | None, *, quick: bool) -> Iterator[dict[str, Any]]:
    tasks = "ride_arc_challenge_*" if data else "ride_demo_commonsense_*"
    grows: dict[str, tuple[Sequence[int], dict[str, Any], float | None]] = {
        "documents": ((1, 2) if quick else (2, 4, 8, 16), {"tasks": tasks, "arms": 2}, SLOPE_TARGET),
        "arms": ((1, 2) if quick else (1, 2, 4, 7), {"tasks": tasks, "documents": 1 if quick else 6}, SLOPE_TARGET),
        "tokens": ((32, 64) if quick else (256, 512, 1024, 2048), {}, None),
        "layers": ((1, 2) if quick else (4, 8, 16, 32), {"tokens": 32 if quick else 512}, None),
    }
    for name, folder in models.items():
        for what, (sizes, changes, target) in grows.items():
            job = Job(model=folder, data=data, **changes)
            runs = {str(size): prepared("growth", what, job.but(**{what: size})) for size in sizes}
            take_turns(runs, 1)
            found = take_turns(runs, 2 if quick else 3)
            slopes = [_slope(sizes, [found[str(size)][turn] for size in sizes]) for turn in range(len(found[str(sizes[0])]))]
            medians = [statistics.median(found[str(size)]) for size in sizes]
            title = f"{what}, {sizes[0]} to {sizes[-1]}"
            yield row(
                PART, name, title, "slope of time", medians[-1], medians[0], "s", _slope(sizes, medians), target,
                f"{sizes[0]} {what}", spread=(min(slopes), max(slopes)), n=len(slopes),
            )  # fmt: skip
    yield _memory(quick=quick)


def _slope(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def _memory(*, quick: bool) -> dict[str, Any]:
    """Of so many requests, built and answered: short questions on a tiny model, since it is rows that could pile up."""
    n = 40 if quick else -(-REQUESTS // (7 * CHOICES))
    with tempfile.TemporaryDirectory() as work:
        (folder := Path(work) / "arc_challenge").mkdir()
        labels = ["A", "B", "C", "D"]
        documents = [
            {
                "id": f"q{i}",
                "question": f"Shelf {i} has {i % 7 + 2} rows of books. Which word of these means the most?",
                "choices": {"text": ["few", "none", "many", f"some {i}"], "label": labels},
                "answerKey": labels[i % 4],
            }
            for i in range(n)
        ]
        (folder / "validation.jsonl").write_text("".join(json.dumps(each) + "\n" for each in documents))
        saved = architectures.build(Path(work), None, quick=True)["qwen3"]
        job = Job(model=str(saved), data=work, tasks="ride_arc_challenge_*", documents=n, batch=64)
        found = peak("growth", "memory", job, here=quick)
        few = peak("growth", "memory", job.but(documents=max(1, n // 8)), here=quick)
    above, above_few = ((one.peak - one.before) / MEGABYTE for one in (found, few))
    title = f"{n * 7 * CHOICES:,} requests"
    return row(
        PART, "qwen3, tiny", title, "MB above the model", above, above_few, "MB", above, MEGABYTES, "an eighth of them"
    )  # fmt: skip
