"""POSIX of a run that forced answers across arms (posix=True in --model_args): one number a document and wording.

It is of four arms together, so no arm has one, and no contrast.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ride_eval.analysis.batches import batches, flat, keys
from ride_eval.analysis.intervals import Estimate, estimate
from ride_eval.analysis.units import PROMPT_KEY
from ride_eval.metrics.sensitivity import POSIX_ARMS, posix
from ride_eval.store import forced_kind

NOT_ASKED = "not measured: give posix=True in --model_args"
_PROMPT = [field for field in PROMPT_KEY if field != "arm"]


@dataclass(frozen=True, kw_only=True)
class Sensitivity:
    """POSIX of a task: nats a token, at least 0."""

    task: str
    estimate: Estimate
    """n counts documents."""


def prompt_sensitivity(run: Path) -> pd.DataFrame:
    """Per prompt, its arm aside: its key and `posix`, NaN where one of the twelve forced answers is missing.

    Empty for a run that forced none but `none`'s answers.
    """
    source = {"greedy": None, **{forced_kind(arm): arm for arm in POSIX_ARMS}}
    wanted = [("arm", "in", list(POSIX_ARMS)), ("answer", "in", list(source))]
    logprobs: dict[tuple[object, ...], dict[tuple[str, str], float]] = defaultdict(dict)
    lengths: dict[tuple[object, ...], dict[str, int]] = defaultdict(dict)
    crossed: set[tuple[object, ...]] = set()
    for batch in batches(run, "generations", ["logprobs"], wanted):
        key, (sizes, values) = keys(batch, "generations"), flat(batch["logprobs"])
        row = np.repeat(np.arange(len(sizes)), np.maximum(sizes, 0))
        sums = np.where(sizes >= 0, np.bincount(row, weights=values, minlength=len(sizes)), np.nan)
        prompts = key[_PROMPT].itertuples(index=False, name=None)
        for prompt, arm, kind, total, size in zip(prompts, key["arm"], key["answer"], sums.tolist(), sizes, strict=True):
            of = source[kind] or arm
            logprobs[prompt][arm, of] = total
            if kind == "greedy":
                lengths[prompt][arm] = max(int(size), 0)
            elif of != "none":
                crossed.add(prompt)
    found = [_value(logprobs[prompt], lengths[prompt]) for prompt in sorted(crossed, key=str)]
    return pd.DataFrame(sorted(crossed, key=str), columns=_PROMPT).assign(posix=np.asarray(found, dtype=np.float64))


def sensitivities(run: Path, tasks: Mapping[str, int]) -> tuple[Sensitivity, ...]:
    """One entry a task that has it, with an interval over documents; a document's wordings and prompts are averaged."""
    prompts = prompt_sensitivity(run).dropna(subset=["posix"])
    documents = prompts.groupby(["task", "document"])["posix"].mean()
    found = {str(task): values.to_numpy(np.float64) for task, values in documents.groupby("task")}
    return tuple(Sensitivity(task=task, estimate=estimate({task: found[task]})) for task in tasks if task in found)


def _value(logprobs: Mapping[tuple[str, str], float], lengths: Mapping[str, int]) -> float:
    return posix(logprobs, lengths) if len(lengths) == len(POSIX_ARMS) else float("nan")
