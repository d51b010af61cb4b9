"""A whole check: two snapshots and a policy in, everything a report shows out."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ride_eval.analysis.regression import comparability
from ride_eval.analysis.regression.comparability import Difference
from ride_eval.analysis.regression.comparison import Comparison, compare
from ride_eval.analysis.regression.pairs import blocks
from ride_eval.analysis.regression.snapshot import PLACE, Snapshot
from ride_eval.analysis.regression.verdict import Verdict, judge
from ride_eval.analysis.regression.versions import RoutingChange, routing_change
from ride_eval.noise import Noise
from ride_eval.policy import Policy

FORMAT_VERSION = 1
SEED = 0
"""Of the permutations, so that a check repeated gives the same numbers."""


@dataclass(frozen=True, kw_only=True)
class Side:
    """A run, for the reader."""

    path: str
    name: str
    created: str | None


@dataclass(frozen=True, kw_only=True)
class Check:
    """What a check found."""

    baseline: Side
    run: Side
    alpha: float
    policy: str
    noise: str | None
    verdict: Verdict
    differences: tuple[Difference, ...]
    """That must not be there, and those that were allowed."""
    models: tuple[str, ...]
    """What is being compared."""
    warnings: tuple[str, ...]
    rows: tuple[Comparison, ...]
    """None if the runs are not comparable."""
    saturation: tuple[float, ...]
    """Per routed layer, share of the question tokens' experts in `none` that both versions chose; empty without expert ids."""
    saturation_tokens: int
    self_flips: float
    """Share of `none`'s greedy answers that differ when the model is measured twice; NaN without a noise file."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: NaN and infinities as null."""
        content = {"format": FORMAT_VERSION, "exit_code": self.verdict.exit_code, **dataclasses.asdict(self)}
        plain: dict[str, Any] = _plain(content)
        return plain


def check(
    baseline: Snapshot,
    run: Snapshot,
    policy: Policy,
    *,
    alpha: float = 0.05,
    allowed: Collection[str] = (),
    noise: Noise | None = None,
) -> Check:
    """Compare a run with its baseline. Raises UsageError for a policy that names tasks or arms the runs do not have."""
    rows = pd.concat([snapshot.rows[["task", "arm"]] for snapshot in (baseline, run)])
    policy.check_names(set(rows["task"]), set(rows["arm"]))
    differences = comparability.differences(baseline, run, allowed)
    comparable = all(difference.allowed for difference in differences)
    warnings = [*comparability.machine(baseline, run)]
    found: tuple[Comparison, ...] = ()
    moved = RoutingChange(documents=pd.DataFrame(columns=PLACE), saturation=(), tokens=0)
    if comparable:
        moved = routing_change(baseline, run)
        warnings += moved.missing
        if noise is not None:
            warnings += noise.warnings(baseline, run)
        parts = list(blocks(baseline, run, list(policy.metrics), moved.documents))
        found = compare(parts, policy, alpha=alpha, floors=noise.floors if noise else None, seed=SEED)
    return Check(
        baseline=_side(baseline),
        run=_side(run),
        alpha=alpha,
        policy=policy.source,
        noise=noise.source if noise else None,
        verdict=judge(differences, found),
        differences=differences,
        models=comparability.model(baseline, run),
        warnings=tuple(warnings),
        rows=found,
        saturation=moved.saturation,
        saturation_tokens=moved.tokens,
        self_flips=noise.self_flips if noise else float("nan"),
    )


def _side(snapshot: Snapshot) -> Side:
    return Side(path=str(snapshot.path), name=snapshot.name, created=snapshot.manifest.get("created"))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
