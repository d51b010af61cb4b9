"""A policy: which metrics a check compares, which way is worse, how much matters, and what fails.

A file is complete in itself: a metric it does not name is not compared. The default, `configs/policy.yaml`, is meant to be
copied and edited.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

from ride_eval.analysis.regression.measures import ALL_ARMS, DISTANCES, MEASURES, Better
from ride_eval.arms import data_folder
from ride_eval.errors import UsageError
from ride_eval.yaml_lines import Located, load_located

Level = Literal["fail", "warn"]
_RULE = ("better", "minimum", "level")


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What holds for one metric."""

    better: Better
    """`neither`: a change in any direction is drift."""
    minimum: float
    """The smallest change that matters, in the metric's unit, above 0."""
    level: Level
    """What a change does to the exit code."""


@dataclass(frozen=True, kw_only=True)
class Override:
    """Changes to the rules of a metric, a task or an arm; null means any."""

    metric: str | None
    task: str | None
    arm: str | None
    changes: Mapping[str, Any]

    def concerns(self, metric: str, task: str, arm: str) -> bool:
        own = (self.metric, self.task, self.arm)
        return all(wanted in (None, given) for wanted, given in zip(own, (metric, task, arm), strict=True))


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The rules of a check."""

    source: str
    metrics: Mapping[str, Rule]
    overrides: tuple[Override, ...]
    """Later ones win."""

    def rule(self, metric: str, task: str, arm: str) -> Rule:
        """Of a metric that `metrics` has."""
        rule = self.metrics[metric]
        for override in self.overrides:
            if override.concerns(metric, task, arm):
                rule = replace(rule, **override.changes)
        return rule

    def check_names(self, tasks: Collection[str], arms: Collection[str]) -> None:
        """Raise UsageError for an override that names a task or arm which the runs do not have."""
        for kind, known in (("task", tasks), ("arm", {*arms, ALL_ARMS})):
            for override in self.overrides:
                name = getattr(override, kind)
                if name is not None and name not in known:
                    raise UsageError(f"{self.source}: the runs have no {kind} {name!r}. {suggest(name, known)}")


def default_policy() -> Policy:
    """The policy that comes with ride_eval."""
    return load_policy(data_folder("configs") / "policy.yaml")


def load_policy(file: Path) -> Policy:
    """Read a policy. Raises PromptFileError naming file, line and key; names that a metric cannot have get suggestions."""
    root = load_located(file)
    root.allow("metrics", "overrides")
    metrics = {}
    for name, node in root.get("metrics").entries():
        _check_metric(name, node)
        metrics[name] = Rule(**dict(_settings(node, name, required=True)))
    if not metrics:
        raise root.get("metrics").error("names no metric, so there is nothing to compare")
    overrides = []
    for node in root.get("overrides").items() if root.has("overrides") else []:
        node.allow("metric", "task", "arm", *_RULE)
        place = {kind: node.get(kind).as_str() if node.has(kind) else None for kind in ("metric", "task", "arm")}
        metric = place["metric"]
        if metric is not None:
            _check_metric(metric, node.get("metric"))
            if metric not in metrics:
                raise node.get("metric").error(f"{metric} is not among `metrics`, so it is not compared")
        if not any(place.values()):
            raise node.error("names neither metric, task nor arm")
        changes = dict(_settings(node, metric, required=False))
        if not changes:
            raise node.error(f"changes nothing; expected one of {', '.join(_RULE)}")
        overrides.append(Override(**place, changes=changes))
    return Policy(source=str(file), metrics=metrics, overrides=tuple(overrides))


def suggest(name: str, known: Collection[str]) -> str:
    """A sentence on what may have been meant."""
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
    return f"Did you mean {' or '.join(close)}?" if close else f"There are {', '.join(sorted(known))}."


def _check_metric(name: str, node: Located) -> None:
    if name not in MEASURES:
        raise node.error(f"unknown metric {name!r}. {suggest(name, MEASURES)}".rstrip("."))


def _settings(node: Located, metric: str | None, *, required: bool) -> Iterator[tuple[str, Any]]:
    if required:
        node.allow(*_RULE)
    for key in _RULE:
        if not required and not node.has(key):
            continue
        value = node.get(key)
        text = value.as_str()
        if key == "minimum":
            yield key, _positive(text, value)
            continue
        words = get_args(Better if key == "better" else Level)
        if text not in words:
            raise value.error(f"must be one of {', '.join(words)}, got {text!r}")
        if key == "better" and text != "neither" and metric in (None, *DISTANCES):
            what = f"{metric} is a distance from the baseline, so it" if metric else "an override of several metrics"
            raise value.error(f"{what} can only have `better: neither`")
        yield key, text


def _positive(text: str, node: Located) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number > 0):
        raise node.error(f"must be a number above 0, got {text!r}")
    return number
