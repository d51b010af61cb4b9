"""a. `ride` with all probes against the harness's `hf` doing the same requests with none.

The same requests: one greedy answer, N sampled ones (requests of their own under `hf`), all choices. Ours adds the forced
answer.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.jobs import Job, Run, call, harness, requests, with_samples
from benchmarks.measuring import peak, peak_row, prepared, ratio_row, take_turns
from ride_eval.model import RideLM

PART = "a"
PEAK_TARGET = 1.15
PEAKS = ("generation", "GSM8K, greedy and 10 samples", "ARC, 5-shot")
"""Workloads whose memory is measured: with one document, whose seven prompts are nearly a batch."""
AGAINST = "hf, no probes"


def prepare(side: str, job: Job) -> Run:
    hf, asked = harness(job.model, job.batch), requests(job)

    def ours() -> float:
        with tempfile.TemporaryDirectory() as run:
            lm = RideLM(hf.model, tokenizer=hf.tokenizer, run_dir=f"{run}/run", num_samples=job.samples, batch_size=job.batch)
            seconds = call(lm, asked.items())
            lm.recorder.close()
        return seconds

    return ours if side == "ride" else lambda: call(hf, with_samples(asked, job.samples))


def workloads(data: str | None, *, quick: bool) -> dict[str, tuple[dict[str, Any], float, int]]:
    """By name: changes of a job, the target of the time ratio, and repeats."""
    if quick or data is None:
        few = {"documents": 1, "arms": 2, "new_tokens": 4, "samples": 2} if quick else {"documents": 3}
        return {
            "generation": ({"tasks": "ride_demo_math_*", **few}, 0.40, 1 if quick else 3),
            "choices": ({"tasks": "ride_demo_commonsense_*", **few}, 0.40, 1 if quick else 3),
        }
    return {
        "GSM8K, greedy and 10 samples": ({"tasks": "ride_gsm8k_*", "documents": 1}, 0.40, 2),
        "ARC, 0-shot": ({"tasks": "ride_arc_challenge_*", "documents": 4}, 0.40, 3),
        "HellaSwag, 0-shot": ({"tasks": "ride_hellaswag_*", "documents": 4}, 0.40, 3),
        "ARC, 5-shot": ({"tasks": "ride_arc_challenge_*", "documents": 2, "shots": 5}, 0.25, 2),
        "HellaSwag, 5-shot": ({"tasks": "ride_hellaswag_*", "documents": 1, "shots": 5}, 0.25, 2),
    }


def rows(models: Mapping[str, str], data: str | None, *, quick: bool) -> Iterator[dict[str, Any]]:
    for name, folder in models.items():
        for what, (changes, target, repeats) in workloads(data, quick=quick).items():
            job = Job(model=folder, data=data, **changes)
            found = take_turns({side: prepared("against_harness", side, job) for side in ("ride", "hf")}, repeats)
            yield ratio_row(PART, name, what, found["ride"], found["hf"], target, AGAINST)
            if quick or what in PEAKS:
                job = job.but(documents=1)
                peaks = [peak("against_harness", side, job, here=quick) for side in ("ride", "hf")]
                yield peak_row(PART, name, what, *peaks, PEAK_TARGET, AGAINST)
