"""Two runs with a planted change: what is said of it, in which direction, and what is never said."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from ride_eval.analysis.regression.check import Check, check
from ride_eval.analysis.regression.comparison import Comparison
from ride_eval.analysis.regression.measures import ALL_ARMS
from ride_eval.analysis.regression.snapshot import Snapshot, load_snapshot
from ride_eval.errors import UsageError
from ride_eval.policy import Policy, default_policy, load_policy
from tests.synthetic_run import write_run

METRICS = """
metrics:
  correct: {better: higher, minimum: 0.02, level: fail}
  forced_entropy: {better: lower, minimum: 0.05, level: fail}
  density: {better: neither, minimum: 0.01, level: warn}
  answer_change: {better: neither, minimum: 0.05, level: warn}
  version_shift: {better: neither, minimum: 0.05, level: warn}
  signature_change: {better: neither, minimum: 0.01, level: warn}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def sides(folder: Path) -> dict[str, Snapshot]:
    """A run, the same run with `tag` less dense and less certain, and one of a model that shares nothing with it."""
    specs: dict[str, dict[str, Any]] = {"before": {}, "worse": {"effects": {"tag": -0.1, "expert": 0.05}}, "other": {"seed": 7}}
    return {name: load_snapshot(write_run(folder / name, **{"samples": 0, **spec})) for name, spec in specs.items()}


@pytest.fixture(scope="module")
def policy(folder: Path) -> Policy:
    (folder / "policy.yaml").write_text(METRICS)
    return load_policy(folder / "policy.yaml")


def row(found: Check, metric: str, arm: str, task: str = "arith") -> Comparison:
    (own,) = [row for row in found.rows if (row.metric, row.arm, row.task) == (metric, arm, task)]
    return own


def test_a_run_against_itself_is_identical(sides: dict[str, Snapshot]) -> None:
    found = check(sides["before"], sides["before"], default_policy())
    assert (found.verdict.word, found.verdict.exit_code) == ("fine", 0)
    assert {row.status for row in found.rows if row.metric != "keyword_share"} == {"identical"}
    assert row(found, "keyword_share", "tag").status == "too few documents", "only 18 have a keyword"
    assert found.saturation == (1.0, 1.0)
    assert found.differences == () and found.warnings == () and found.models == ()


def test_a_planted_change_is_found_where_it_is_and_nowhere_else(sides: dict[str, Snapshot], policy: Policy) -> None:
    found = check(sides["before"], sides["worse"], policy)
    assert found.verdict.exit_code == 1
    assert "forced entropy in arith" in found.verdict.sentence and "tag" in found.verdict.sentence
    entropy = row(found, "forced_entropy", "tag")
    assert entropy.status == "regression" and entropy.change.value == pytest.approx(0.12, abs=1e-3)
    assert row(found, "density", "tag").status == "drift"
    changed = {(row.metric, row.arm) for row in found.rows if row.status in ("regression", "drift")}
    assert changed == {("forced_entropy", "tag"), ("density", "tag"), ("density", ALL_ARMS)}
    assert {row.status for row in found.rows if row.arm == "none"} == {"identical"}


def test_the_other_way_round_it_is_an_improvement(sides: dict[str, Snapshot], policy: Policy) -> None:
    there, back = (check(*pair, policy) for pair in ((sides["before"], sides["worse"]), (sides["worse"], sides["before"])))
    assert back.verdict.exit_code == 0 and "Better: forced entropy in arith." in back.verdict.sentence
    mirror = {"regression": "improvement", "improvement": "regression"}
    for one, other in zip(there.rows, back.rows, strict=True):
        assert (one.metric, one.arm, mirror.get(one.status, one.status)) == (other.metric, other.arm, other.status)
        sign = 1 if one.is_distance else -1
        assert one.change.value == sign * other.change.value and one.p == other.p


def test_drift_fails_only_if_the_policy_says_so(sides: dict[str, Snapshot], folder: Path) -> None:
    for level, code in (("warn", 0), ("fail", 1)):
        file = folder / f"{level}.yaml"
        file.write_text(f"metrics:\n  density: {{better: neither, minimum: 0.01, level: {level}}}\n")
        found = check(sides["before"], sides["worse"], load_policy(file))
        assert found.verdict.exit_code == code
        assert row(found, "density", "tag").status == "drift"


def test_a_change_below_the_minimum_never_fails(sides: dict[str, Snapshot], folder: Path) -> None:
    (folder / "wide.yaml").write_text("metrics:\n  forced_entropy: {better: lower, minimum: 0.2, level: fail}\n")
    found = check(sides["before"], sides["worse"], load_policy(folder / "wide.yaml"))
    assert found.verdict.exit_code == 0
    entropy = row(found, "forced_entropy", "tag")
    assert entropy.q < 0.05 and entropy.status == "no change", "certain, and too small to matter"


def test_overrides_hold_for_their_task_and_arm_only(sides: dict[str, Snapshot], folder: Path) -> None:
    (folder / "over.yaml").write_text(METRICS + "overrides:\n  - {metric: forced_entropy, arm: tag, level: warn}\n")
    found = check(sides["before"], sides["worse"], load_policy(folder / "over.yaml"))
    assert found.verdict.exit_code == 0 and row(found, "forced_entropy", "tag").level == "warn"
    assert row(found, "forced_entropy", "expert").level == "fail"
    for override, name in (("task: arit", "arith"), ("arm: tga", "tag")):
        (folder / "over.yaml").write_text(f"{METRICS}overrides:\n  - {{{override}, level: warn}}\n")
        with pytest.raises(UsageError, match=f"Did you mean .*{name}"):
            check(sides["before"], sides["worse"], load_policy(folder / "over.yaml"))


def test_numbers_are_those_of_a_paired_t_test_and_a_permutation(sides: dict[str, Snapshot], policy: Policy) -> None:
    found = row(check(sides["before"], sides["other"], policy), "forced_entropy", "filler")
    columns = ["task", "document", "forced_entropy"]
    pairs = [side.rows[side.rows["arm"] == "filler"][columns].dropna() for side in (sides["before"], sides["other"])]
    before, after = (own.sort_values("document")["forced_entropy"].to_numpy() for own in pairs)
    difference = after - before
    reference = stats.ttest_rel(after, before)
    assert found.change.n == len(difference) == 24
    assert found.change.value == pytest.approx(difference.mean())
    interval = reference.confidence_interval()
    assert (found.change.low, found.change.high) == pytest.approx((interval.low, interval.high))
    assert found.d_z == pytest.approx(difference.mean() / difference.std(ddof=1))
    assert (found.before, found.after) == pytest.approx((before.mean(), after.mean()))
    lower = stats.ttest_1samp(difference, -0.05, alternative="greater").pvalue
    upper = stats.ttest_1samp(difference, 0.05, alternative="less").pvalue
    assert found.equivalence == pytest.approx(max(lower, upper))
    signs = np.random.default_rng(3).choice([-1.0, 1.0], size=(20_000, len(difference)))
    p = np.mean(np.abs(signs @ difference) >= abs(difference.sum()) - 1e-12)
    assert found.p == pytest.approx(p, abs=4 * math.sqrt(p * (1 - p) / 10_000) + 1e-3)


def test_distances_between_versions_are_those_counted_one_by_one(sides: dict[str, Snapshot], policy: Policy) -> None:
    """Another model on the same documents, with the expert ids read and compared in a plain loop."""
    from ride_eval.store import read_table
    from tests.synthetic_run import EXPERTS, MOE_LAYERS, TOP_K

    found = check(sides["before"], sides["worse"], policy)
    assert row(found, "version_shift", "none").change.value == 0
    runs = [read_table(side.path, "routes", None, [("arm", "==", "none")]) for side in (sides["before"], sides["other"])]
    runs[1]["token_ids"] = list(runs[0].sort_values("document")["token_ids"])[: len(runs[1])]
    pairs = runs[0].merge(runs[1], on=["task", "document"])
    shared = [
        len(set(a) & set(b)) / TOP_K
        for one, other in zip(pairs["experts_x"], pairs["experts_y"], strict=True)
        for a, b in zip(one.reshape(-1, TOP_K), other.reshape(-1, TOP_K), strict=True)
    ]
    assert np.mean(shared) == pytest.approx(TOP_K / EXPERTS, abs=0.1)
    signature = row(check(sides["before"], sides["other"], policy), "signature_change", "none")
    values = []
    for one, other in zip(pairs["experts_x"][:24], pairs["experts_y"][:24], strict=True):
        cosines = []
        for layer in range(MOE_LAYERS):
            counts = [
                np.bincount(ids.reshape(-1, MOE_LAYERS, TOP_K)[:, layer].ravel(), minlength=EXPERTS) for ids in (one, other)
            ]
            cosines.append(counts[0] @ counts[1] / np.linalg.norm(counts[0]) / np.linalg.norm(counts[1]))
        values.append(1 - np.mean(cosines))
    arith = pairs["task"][:24] == "arith"
    assert arith.all()
    assert signature.change.value == pytest.approx(np.mean(values), abs=1e-3)
    assert signature.status == "drift"


def test_small_samples_get_no_verdict(folder: Path, policy: Policy) -> None:
    sides = [load_snapshot(write_run(folder / f"small{i}", n=8, samples=0, effects={"tag": -0.5 * i})) for i in range(2)]
    found = check(*sides, policy)
    assert {row.status for row in found.rows} == {"too few documents"}
    assert found.verdict.exit_code == 2 and "enough documents" in found.verdict.sentence


def test_domains_of_a_task_are_named(folder: Path, policy: Policy) -> None:
    sides = [
        load_snapshot(
            write_run(folder / f"domains{i}", n=63, samples=0, tasks={"arith": "generation"}, effects={"tag": -0.2 * i})
        )
        for i in range(2)
    ]
    found = check(*sides, policy)
    assert {row.domain for row in found.rows} == {"law", "math", "rare"}
    assert "arith, law (tag" in found.verdict.sentence


def test_documents_that_one_side_could_not_measure_are_left_out(
    folder: Path, sides: dict[str, Snapshot], policy: Policy
) -> None:
    reasons = {(i, arm): "truncated" for i in range(3) for arm in ("none", "tag")}
    run = load_snapshot(write_run(folder / "cut", samples=0, reasons=reasons))
    found = check(sides["before"], run, policy)
    density = row(found, "density", "tag")
    assert density.change.n == 21 and density.status == "identical"
    assert found.verdict.exit_code == 0
