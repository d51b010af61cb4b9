"""b. Probes on against off: the same prompts, answers and batches of `ride`.

Off means no hook but the one that sampling needs: no routing, density, attention, entropies, hidden states or forced answers.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any

from benchmarks.against_harness import PEAKS, workloads
from benchmarks.jobs import Job, Run, call, harness, requests
from benchmarks.measuring import peak, peak_row, prepared, ratio_row, take_turns
from ride_eval.model import RideLM
from ride_eval.probes.bundle import Bundle, Reading
from ride_eval.probes.layout import Layout

PART = "b"
TIME_TARGET, PEAK_TARGET = 1.08, 1.05
AGAINST = "probes off"


class NoProbes(Bundle):
    """Attaches nothing but what sampling reads."""

    def __init__(self, model: Any) -> None:
        super().__init__(model, ())

    def attached(self, layout: Layout, *, decoding: bool, states: bool = False) -> AbstractContextManager[Reading]:
        return super().attached(layout, decoding=decoding, states=False)


def prepare(side: str, job: Job) -> Run:
    hf, asked = harness(job.model, job.batch), requests(job)

    def run() -> float:
        with tempfile.TemporaryDirectory() as folder:
            lm = RideLM(
                hf.model, tokenizer=hf.tokenizer, run_dir=f"{folder}/run", num_samples=job.samples, batch_size=job.batch
            )
            if side == "off":
                lm.bundle = NoProbes(lm.model)
                lm._shared._cosines = lambda *_: None  # type: ignore[method-assign,assignment,return-value]
            seconds = call(lm, asked.items())
            lm.recorder.close()
        return seconds

    return run


def rows(models: Mapping[str, str], data: str | None, *, quick: bool) -> Iterator[dict[str, Any]]:
    for name, folder in models.items():
        todo = workloads(data, quick=quick)
        chosen = [what for what in todo if "HellaSwag" not in what and "5-shot" not in what]
        for what in chosen:
            changes, _, repeats = todo[what]
            job = Job(model=folder, data=data, **changes)
            found = take_turns(
                {side: prepared("probes_off", side, job) for side in ("on", "off")}, repeats if quick else 2 * repeats + 1
            )
            yield ratio_row(PART, name, what, found["on"], found["off"], TIME_TARGET, AGAINST)
            if quick or what in PEAKS:
                peaks = [peak("probes_off", side, job, here=quick) for side in ("on", "off")]
                yield peak_row(PART, name, what, *peaks, PEAK_TARGET, AGAINST)
