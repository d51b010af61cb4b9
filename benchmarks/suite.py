"""`python -m benchmarks.suite`: what `configs/suite_small.yaml` can find, and how long it takes. Writes docs/suite.md.

Power is simulated with the package's own statistics, as in `benchmarks.calibration`, with an effect planted. Time is arithmetic
from the assumptions below; it was not measured, since no GPU is at hand where this page is made.
"""

from __future__ import annotations

import argparse
import math
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks.calibration import BATCH, Design, share, tested
from ride_eval.arms import STANDARD_ARMS, data_folder

PAGE = Path(__file__).parents[1] / "docs" / "suite.md"
CONFIG = "suite_small.yaml"
WORDINGS = 6
SIZES = (0.1, 0.2, 0.3, 0.4)
"""Planted differences, in standard deviations of a document's paired difference (d_z)."""
DECISION = 0.01
"""The p an effect needs where a fifth of a family of 25 is real: 0.05 x 5/25."""

PREFILL = 8_000
"""Prompt tokens a second: 8B in bfloat16 has 16 GFLOP a token, so this is an eighth of 10^15 FLOP/s."""
STEP = 0.045
"""Seconds a decoding step of a batch: the weights (16 GB) take 5 ms at 3 TB/s, transformers' own overhead most of the rest."""
PROBES = 1.5
"""Factor for all probes and the forced answer."""
CHOICE_TOKENS = 10
SETUP = 300
"""Seconds of loading the model and building prompts."""


@dataclass(frozen=True)
class Load:
    """What a document of a benchmark costs under one arm."""

    prompt: int
    """Tokens, with the task's own few-shot examples."""
    prompts: int = 1
    choices: int = 0
    """0: an answer is generated."""
    answer: int = 0
    """Tokens generated at most, where less than the config's limit."""


LOADS = {
    "ride_gsm8k": Load(1000),
    "ride_math": Load(900),
    "ride_ifeval": Load(80),
    "ride_arc_challenge": Load(60, choices=4),
    "ride_hellaswag": Load(110, choices=4),
    "ride_winogrande": Load(40, prompts=2, choices=1),
    "ride_truthfulqa": Load(160, choices=5),
    "ride_mmlu": Load(160, choices=4),
    "ride_mmlu_pro": Load(1500, choices=10),
    "ride_bbh": Load(900, choices=6),
    "ride_musr": Load(1300, choices=4),
    "ride_signatures": Load(40, answer=32),
}
"""Rounded up from the benchmarks' usual lengths."""

TEXT = """# The small suite

`lm_eval run --config configs/{config}`: {benchmarks} benchmarks, the first {limit} documents of each, seven arms, answers of at
most {answer} tokens, {samples} samples a prompt. Written by `python -m benchmarks.suite`.

The documents are the same in every arm and run. Of MMLU, BBH and MuSR the first are a random sample over all their tasks; of
the others they are the data set's first. Few-shot examples are as many as each task's own default. Longer answers are cut, so
the scores of IFEval, MATH and GSM8K can lie below published ones, in every arm alike. GPQA needs a login, and is left out.

## What it can find

Share of {n} simulated experiments in which a planted difference is found (p < {decision}, which q < 0.05 asks for when a fifth
of the 25 effects of a family is real), by the package's own statistics. Sizes are in standard deviations of a document's paired
difference (d_z). "Wordings" is the SD of what a wording does to all its documents, in the same unit. ± is one binomial standard
error.

| quantity of | documents | wordings | {sizes} |
|---|---:|---:|{rule}
{rows}

Other sample sizes, for comparison:

| quantity of | documents | wordings | {sizes} |
|---|---:|---:|{rule}
{alternatives}

Why {limit}: with wordings of 0.1, a d_z of 0.3 of choices is found in {choices_now}; half as many documents would find it in
{choices_half}, twice as many, for two hours, in {choices_twice}. Of answers, which take most of the time, a d_z of 0.4 is found
in {answers_now}.

The error of a mean has two parts: documents' noise over their number, and wordings' over six. So where wordings differ much,
more documents help little: only more wordings would.

## How long it takes

**Computed, not measured**: {total} minutes for an 8B model in bfloat16. Assumed are {prefill:,} prompt tokens a second, {step}
ms a decoding step of a batch of {batch} prompts with their samples, every answer as long as it may be, {probes} times that for
probes and forced answers, and {setup} minutes for loading. Prompt lengths are the benchmarks' usual ones.

| benchmark | tokens a prompt | choices | minutes |
|---|---:|---:|---:|
{times}
| together, with loading | | | {total} |
"""


def config() -> dict[str, Any]:
    return dict(yaml.safe_load((data_folder("configs") / CONFIG).read_text(encoding="utf-8")))


def seconds(load: Load, given: dict[str, Any]) -> float:
    """Of one benchmark under seven arms."""
    asked = len(STANDARD_ARMS) * given["limit"] * load.prompts
    tokens = asked * (load.prompt + load.choices * CHOICE_TOKENS)
    steps = 0
    if not load.choices:
        steps = math.ceil(asked / given["batch_size"]) * (load.answer or given["gen_kwargs"]["max_gen_toks"])
    return (tokens / PREFILL + steps * STEP) * PROBES


def power(tasks: int, documents: int, size: float, between: float, n: int, seed: int = 0) -> float:
    """Share of n experiments with an effect of that size in which p falls below DECISION."""
    rng = np.random.default_rng(seed)
    design = Design(tasks=(documents,) * tasks, wordings=WORDINGS)
    found = []
    for first in range(0, n, BATCH):
        width = min(BATCH, n - first)
        task, wording = design.draw(rng)
        values = size + rng.standard_normal((len(task), width)) + between * rng.standard_normal((WORDINGS, width))[wording]
        found.append(tested(values, task, wording, rng)[1])
    return float((np.concatenate(found) < DECISION).mean())


def page(n: int, processes: int) -> str:
    given = config()
    spent = {task: seconds(LOADS[task], given) for task in given["tasks"]}
    total = sum(spent.values()) + SETUP
    generated = [task for task in given["tasks"] if not LOADS[task].choices and task != "ride_signatures"]
    chosen = [task for task in given["tasks"] if LOADS[task].choices]
    limit = given["limit"]
    designs = [
        (name, len(tasks), limit, between)
        for name, tasks in (("answers", generated), ("choices", chosen), ("one benchmark", chosen[:1]))
        for between in (0.0, 0.1, 0.3)
    ]
    others = [("choices", len(chosen), documents, 0.1) for documents in (25, 50, 200)]
    cells = [(tasks, documents, size, between, n) for _, tasks, documents, between in (*designs, *others) for size in SIZES]
    with ProcessPoolExecutor(processes) as pool:
        found = dict(zip(cells, pool.map(power, *zip(*cells, strict=True)), strict=True))
    powers = iter(found.values())

    def likely(tasks: int, documents: int, size: float) -> str:
        return f"{found[tasks, documents, size, 0.1, n]:.0%}"

    rows, alternatives = (
        [
            f"| {name} | {tasks} x {documents} | {between:.1f} | " + " | ".join(share(next(powers), n) for _ in SIZES) + " |"
            for name, tasks, documents, between in table
        ]
        for table in (designs, others)
    )
    times = [
        f"| `{task}` | {LOADS[task].prompt} | {LOADS[task].choices or 'answer'} | {spent[task] / 60:.1f} |"
        for task in given["tasks"]
    ]
    return TEXT.format(
        config=CONFIG,
        benchmarks=len(given["tasks"]),
        limit=limit,
        answer=given["gen_kwargs"]["max_gen_toks"],
        samples=given["model_args"]["num_samples"],
        n=n,
        decision=DECISION,
        sizes=" | ".join(f"d_z = {size}" for size in SIZES),
        rule="---:|" * len(SIZES),
        rows="\n".join(rows),
        alternatives="\n".join(alternatives),
        choices_now=likely(len(chosen), limit, 0.3),
        choices_half=likely(len(chosen), limit // 2, 0.3),
        choices_twice=likely(len(chosen), 2 * limit, 0.3),
        answers_now=likely(len(generated), limit, 0.4),
        total=round(total / 60),
        prefill=PREFILL,
        step=round(STEP * 1000),
        batch=given["batch_size"],
        probes=PROBES,
        setup=SETUP // 60,
        times="\n".join(times),
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.suite", description=__doc__)
    parser.add_argument("--experiments", type=int, default=400)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    PAGE.write_text(page(options.experiments, options.processes), encoding="utf-8")
    print(PAGE)


if __name__ == "__main__":
    main()
