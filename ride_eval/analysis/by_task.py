"""Effects within one task: what the pooled ones are the mean of, each with an interval of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from ride_eval.analysis.contrasts import Contrast, Effect, effects
from ride_eval.analysis.grid import Grid


@dataclass(frozen=True, kw_only=True)
class TaskEffect:
    """Exploratory: described, never tested."""

    task: str
    effect: Effect


def task_effects(
    documents: pd.DataFrame, tasks: Sequence[str], asked: Mapping[Contrast, Sequence[str]], *, seed: int = 0
) -> tuple[TaskEffect, ...]:
    """Task by task, the quantities asked for of each contrast, where it has them; none of a run with a single task, whose
    pooled effects they would be."""
    if len(tasks) < 2:
        return ()
    found = []
    for task in tasks:
        rows = documents[documents["task"] == task]
        names = list(dict.fromkeys(name for own in asked.values() for name in own if rows[name].notna().any()))
        if names:
            of_task = effects(Grid(rows, names), names, list(asked), seed=seed, tested=False)
            found += [
                TaskEffect(task=task, effect=effect)
                for effect in of_task
                if effect.estimate.n and effect.quantity in asked[effect.contrast]
            ]
    return tuple(found)
