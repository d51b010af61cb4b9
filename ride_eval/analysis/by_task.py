"""Effects within one task: what the pooled ones are the mean of, each with an interval of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from ride_eval.analysis.contrasts import Contrast, Effect, effects


@dataclass(frozen=True, kw_only=True)
class TaskEffect:
    """Exploratory: described, never tested."""

    task: str
    effect: Effect


def task_effects(
    documents: pd.DataFrame, tasks: Sequence[str], quantities: Sequence[str], contrasts: Sequence[Contrast]
) -> tuple[TaskEffect, ...]:
    """Task by task, of the quantities it has; none of a run with a single task, whose pooled effects they would be."""
    if len(tasks) < 2:
        return ()
    found = []
    for task in tasks:
        rows = documents[documents["task"] == task]
        names = [name for name in quantities if rows[name].notna().any()]
        for contrast in contrasts:
            of_contrast = effects(rows, names, contrast)
            found += [TaskEffect(task=task, effect=effect) for effect in of_contrast if effect.estimate.n]
    return tuple(found)
