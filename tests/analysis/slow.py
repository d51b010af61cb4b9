"""The numbers of a run again: row by row, in plain Python, straight from the Parquet files and the metrics' definitions.

Nothing of ride_eval.analysis is used, so an error would have to be made twice to pass unseen.
"""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from scipy import stats

Unit = tuple[str, str, int, str, int]
"""task, document, occurrence, arm, wording."""
NAN = math.nan


def rows(run: Path, table: str) -> list[dict[str, Any]]:
    return [row for file in sorted(run.glob(f"{table}-*.parquet")) for row in pq.read_table(file).to_pylist()]


def unit_of(row: dict[str, Any]) -> Unit:
    return row["task"], row["document"], row["occurrence"], row["arm"], row["wording"]


def mean(values: Iterable[float | None]) -> float:
    """NaN without values, and where one is NaN or null."""
    known = [NAN if value is None else value for value in values]
    return sum(known) / len(known) if known else NAN


def documents(run: Path, k: int) -> dict[Unit, dict[str, float]]:
    """Every quantity of every unit."""
    prompts: dict[Unit, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in rows(run, "prompts"):
        values = prompts[unit_of(row)]
        values["density"].append(1 - early_middle(row["mlp_hoyer"]))
        values["density_resid"].append(1 - early_middle(row["resid_hoyer"]))
        values["participation_mlp"].append(early_middle(row["mlp_participation"]))
        values["router_entropy"].append(mean(row["router_entropy"] or []))
    for row in rows(run, "generations"):
        values, entropies = prompts[unit_of(row)], row["entropies"] or []
        if row["answer"] == "greedy":
            values["token_entropy"].append(mean(entropies))
            values["first_token_entropy"].append(entropies[0] if entropies else NAN)
            values["answer_tokens"].append(len(entropies))
        if row["answer"] == ("greedy" if row["arm"] == "none" else "forced"):
            values["forced_entropy"].append(mean(entropies))
    for row in rows(run, "scores"):
        prompts[unit_of(row)]["correct"].append(row["correct"])
    if k:
        routes = {(*unit_of(row), row["prompt"]): row["experts"] for row in rows(run, "routes")}
        for (task, document, occurrence, arm, wording, prompt), experts in sorted(routes.items()):
            none = routes.get((task, document, occurrence, "none", wording, prompt))
            if arm != "none" and none is not None:
                prompts[task, document, occurrence, arm, wording]["routing_shift"].append(shift(experts, none, k))
    found = {unit: {name: mean(values) for name, values in columns.items()} for unit, columns in prompts.items()}
    choices: dict[Unit, list[float]] = defaultdict(list)
    for row in rows(run, "choices"):
        choices[unit_of(row)].append(row["loglikelihood"] / row["bytes"])
    for unit, scores in choices.items():
        weights = [math.exp(score) for score in scores]
        shares = sorted(weight / sum(weights) for weight in weights)
        found[unit]["choice_entropy"] = -sum(p * math.log(p) for p in shares) / math.log(len(shares))
        found[unit]["choice_margin"] = shares[-1] - shares[-2]
    for row in rows(run, "prompts"):
        if str(row["reason"]).startswith("truncated"):
            found[unit_of(row)] = {"correct": found[unit_of(row)]["correct"]}
    return found


def early_middle(layers: list[float] | None) -> float:
    return mean(layers[: len(layers) - len(layers) // 3]) if layers else NAN


def shift(experts: list[int], none: list[int], k: int) -> float:
    places = range(0, len(experts), k)
    return 1 - mean(len(set(experts[i : i + k]) & set(none[i : i + k])) / k for i in places)


def differences(found: dict[Unit, dict[str, float]], quantity: str, arm: str, control: str) -> dict[str, list[float]]:
    """Task -> one difference a document, over its wordings and occurrences."""
    parts: dict[tuple[str, str], list[float]] = defaultdict(list)
    for (task, document, occurrence, this, wording), values in found.items():
        other = found.get((task, document, occurrence, control, wording), {})
        difference = values.get(quantity, NAN) - other.get(quantity, NAN)
        if this == arm and not math.isnan(difference):
            parts[task, document].append(difference)
    return by_task(parts)


def levels(found: dict[Unit, dict[str, float]], quantity: str, arm: str) -> dict[str, list[float]]:
    parts: dict[tuple[str, str], list[float]] = defaultdict(list)
    for (task, document, _, this, _), values in found.items():
        if this == arm and not math.isnan(values.get(quantity, NAN)):
            parts[task, document].append(values[quantity])
    return by_task(parts)


def by_task(parts: dict[tuple[str, str], list[float]]) -> dict[str, list[float]]:
    tasks: dict[str, list[float]] = defaultdict(list)
    for (task, _), values in parts.items():
        tasks[task].append(mean(values))
    return dict(tasks)


def t_interval(tasks: dict[str, list[float]]) -> tuple[float, float, float]:
    """Mean of task means with its interval, by the formulas of the module `intervals` and Welch's degrees of freedom."""
    center = mean(statistics.fmean(values) for values in tasks.values())
    terms = [statistics.variance(values) / len(values) for values in tasks.values()]
    error = math.sqrt(sum(terms)) / len(tasks)
    freedom = sum(terms) ** 2 / sum(term**2 / (len(v) - 1) for term, v in zip(terms, tasks.values(), strict=True))
    half = float(stats.t.ppf(0.975, freedom)) * error
    return center, center - half, center + half
