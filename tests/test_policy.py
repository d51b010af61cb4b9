"""A policy that says something else than its author meant is worse than none: every slip is an error that names its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from ride_eval.analysis.regression.measures import DISTANCES, MEASURES
from ride_eval.errors import PromptFileError
from ride_eval.policy import default_policy, load_policy

ONE = "metrics: {correct: {better: higher, minimum: 1, level: fail}}\n"


def test_the_default_names_known_metrics_and_lets_no_drift_fail() -> None:
    policy = default_policy()
    assert set(policy.metrics) <= set(MEASURES) and set(DISTANCES) <= set(policy.metrics)
    for rule in policy.metrics.values():
        assert rule.level == "warn" or rule.better != "neither"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("metrics: {corect: {better: higher, minimum: 1, level: fail}}", ["line 1", "metrics.corect", "Did you mean correct?"]),
        ("metrics: {correct: {better: up, minimum: 1, level: fail}}", ["correct.better", "higher, lower, neither", "'up'"]),
        ("metrics: {correct: {better: higher, minimum: 0, level: fail}}", ["above 0", "'0'"]),
        ("metrics: {correct: {better: higher, minimum: .nan, level: fail}}", ["above 0"]),
        ("metrics: {correct: {better: higher, minimum: much, level: fail}}", ["above 0", "'much'"]),
        ("metrics: {correct: {better: higher, minimum: 1}}", ["lacks the key `level`"]),
        ("metrics: {correct: {better: higher, minimum: 1, level: fail, alpha: 1}}", ["unknown key"]),
        ("metrics: {version_shift: {better: lower, minimum: 1, level: fail}}", ["distance from the baseline", "neither"]),
        ("metrics: {}", ["names no metric"]),
        ("metric: {}", ["unknown key"]),
        ("", ["is empty"]),
        ("metrics: [", ["not valid YAML"]),
        (ONE + "overrides: [{level: warn}]", ["neither metric, task nor arm"]),
        (ONE + "overrides: [{arm: tag}]", ["changes nothing"]),
        (ONE + "overrides: [{metric: flip, level: warn}]", ["not among"]),
    ],
)  # fmt: skip
def test_a_slip_is_named_with_its_place(content: str, words: list[str], tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(content)
    with pytest.raises(PromptFileError) as error:
        load_policy(tmp_path / "policy.yaml")
    for word in [str(tmp_path / "policy.yaml"), *words]:
        assert word in str(error.value)


def test_a_file_too_large_is_not_parsed(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text("#" * (4 * 1024 * 1024 + 1))
    with pytest.raises(PromptFileError, match="hand-written"):
        load_policy(tmp_path / "policy.yaml")


def test_later_overrides_win(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(
        "metrics: {correct: {better: higher, minimum: 0.1, level: fail}}\n"
        "overrides: [{task: a, minimum: 0.2}, {task: a, arm: tag, level: warn}, {arm: tag, minimum: 0.3}]"
    )
    policy = load_policy(tmp_path / "policy.yaml")
    rules = {place: policy.rule("correct", *place) for place in (("a", "none"), ("a", "tag"), ("b", "tag"), ("b", "none"))}
    assert [(rule.minimum, rule.level) for rule in rules.values()] == [
        (0.2, "fail"),
        (0.3, "warn"),
        (0.3, "fail"),
        (0.1, "fail"),
    ]
