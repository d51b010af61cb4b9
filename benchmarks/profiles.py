"""profile. Where the time of the other parts goes.

The tokens that both sides of part a read, whose ratio no shared prefill can beat; the operators that `ride`'s own time is spent
in; and what each probe alone adds to a pass.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks import against_harness, against_script
from benchmarks.jobs import Job, Run, call, harness, requests, with_samples
from benchmarks.measuring import ratio_row, row, take_turns
from ride_eval.model import RideLM
from ride_eval.probes.bundle import Bundle

PART = "profile"
KINDS = {
    "matrix products": ("mm", "addmm", "bmm", "baddbmm", "_grouped_mm", "mkldnn"),
    "attention": ("scaled_dot_product",),
    "softmax": ("softmax",),
    "copies": ("copy_", "cat", "index", "clone", "gather", "contiguous", "fill_", "scatter"),
    "elementwise and sums": (
        "mul",
        "add",
        "sub",
        "div",
        "exp",
        "sum",
        "mean",
        "abs",
        "amax",
        "sqrt",
        "silu",
        "pow",
        "lt",
        "neg",
    ),
}
LONG = ("GSM8K, greedy and 10 samples", "ARC, 5-shot", "HellaSwag, 5-shot")
"""Whose millions of operators the profiler would take minutes to add up."""
REPEATS = 7


def rows(models: Mapping[str, str], data: str | None, *, quick: bool) -> Iterator[dict[str, Any]]:
    for name, folder in models.items():
        for what, (changes, _, _) in against_harness.workloads(data, quick=quick).items():
            if what in LONG:
                continue
            job = Job(model=folder, data=data, **changes)
            ours, theirs = (_tokens(side, job) for side in ("ride", "hf"))
            yield row(PART, name, what, "tokens read", ours, theirs, "", ours / theirs, None, against_harness.AGAINST)
            yield from _operators(name, what, job)
        for tokens in (32,) if quick else against_script.TIME_TARGETS:
            yield from _probes(name, Job(model=folder, tokens=tokens), 2 if quick else REPEATS)


def _tokens(side: str, job: Job) -> int:
    """That a side's passes read, padding among them."""
    hf, asked, seen = harness(job.model, job.batch), requests(job), Counter[str]()

    def count(_: Any, args: Any, kwargs: Any) -> None:
        ids = kwargs["input_ids"] if "input_ids" in kwargs else args[0]
        seen["tokens"] += ids.numel()

    handle = hf.model.register_forward_pre_hook(count, with_kwargs=True)
    try:
        _run(side, job, hf, asked)
    finally:
        handle.remove()
    return seen["tokens"]


def _run(side: str, job: Job, hf: Any, asked: Any) -> None:
    if side == "hf":
        call(hf, with_samples(asked, job.samples))
        return
    with tempfile.TemporaryDirectory() as run:
        lm = RideLM(hf.model, tokenizer=hf.tokenizer, run_dir=f"{run}/run", num_samples=job.samples, batch_size=job.batch)
        call(lm, asked.items())
        lm.recorder.close()


def _operators(name: str, what: str, job: Job) -> Iterator[dict[str, Any]]:
    """Shares of the processor time inside torch's operators, by kind."""
    hf, asked = harness(job.model, job.batch), requests(job)
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        _run("ride", job, hf, asked)
    times = Counter[str]()
    for event in seen.key_averages():
        operator = event.key.removeprefix("aten::")
        if operator != event.key:
            times[_kind(operator)] += event.self_cpu_time_total
    total = times.total()
    for kind, microseconds in times.most_common(4):
        yield row(PART, name, what, f"in {kind}", microseconds / 1e6, None, "s", microseconds / total, None, "all operators")


def _kind(operator: str) -> str:
    return next((kind for kind, parts in KINDS.items() if any(part in operator for part in parts)), "others")


def _probes(name: str, job: Job, repeats: int) -> Iterator[dict[str, Any]]:
    ids = torch.randint(5, 900, (job.tokens,), generator=torch.Generator().manual_seed(0)).tolist()
    model = against_script.load(job.model, "sdpa")
    model.config.output_router_logits = False
    every = Bundle(model, None)
    probes = [probe for probe in every.names if probe != "entropy"]
    bundles = {probe: Bundle(model, (probe,)) for probe in probes} | {"all probes": every}

    def timed(work: Callable[[], Any]) -> Run:
        def run() -> float:
            start = time.perf_counter()
            work()
            return time.perf_counter() - start

        return run

    sides = {side: timed(lambda bundle=bundle: against_script.ride(bundle, ids)) for side, bundle in bundles.items()}  # type: ignore[misc]
    sides["plain"] = timed(lambda: against_script.plain(model, ids))
    take_turns(sides, 1)
    found = take_turns(sides, repeats)
    for side in bundles:
        yield ratio_row(PART, name, f"{job.tokens} tokens, {side}", found[side], found["plain"], None, "the plain pass")
