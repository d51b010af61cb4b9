"""If these fail, the first sentence a reader sees is not what the numbers below it say."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from ride_eval.analysis.contrasts import Effect
from ride_eval.analysis.findings import find
from ride_eval.analysis.frames import load_run
from ride_eval.analysis.intervals import Estimate
from ride_eval.analysis.links import Link
from ride_eval.analysis.verdict import EXPERT, Verdict, lacks, verdict
from tests.synthetic_run import write_run


def number(value: float, half: float = math.nan, n: int = 40) -> Estimate:
    return Estimate(value=value, low=value - half, high=value + half, n=n)


def effect(quantity: str, estimate: Estimate, **changes: Any) -> Effect:
    """One that fulfils the rule if its interval excludes 0."""
    found = math.isfinite(estimate.low) and (estimate.low > 0 or estimate.high < 0)
    given = {"q": 0.01 if found else 0.5, "same_sign": 1.0, "noise_floor": 0.02, "family": "primary", **changes}
    return Effect(quantity=quantity, contrast=EXPERT, estimate=estimate, tasks=(), missing={}, length_matched=1.0, **given)


def judged(density: Estimate, forced: Estimate, choice: Estimate, *, untrained: bool = False, **changes: Any) -> Verdict:
    estimates = {"density": density, "forced_entropy": forced, "choice_entropy": choice}
    effects = {name: effect(name, estimate, **changes) for name, estimate in estimates.items()}
    link = Link(quantity="density", estimate=number(0.0, 0.05), pairs=200, direction="near zero", p=0.9, q=0.9)
    return verdict(effects, link, untrained=untrained)


ABSENT = number(math.nan, n=0)


@pytest.mark.parametrize(
    ("estimate", "density", "outputs"),
    [
        (number(0.1, 0.05), "densify", "less stable"),
        (number(-0.1, 0.05), "sparsify", "more stable"),
        (number(0.1, 0.2), "no change seen", "not measurably more stable"),
        (number(0.1), "no change seen", "not measurably more stable"),
        (number(0.1, 0.05, n=19), "too few documents", "too few documents"),
        (ABSENT, "not measured", "not measured"),
    ],
)
def test_words_follow_the_rule(estimate: Estimate, density: str, outputs: str) -> None:
    found = judged(estimate, estimate, ABSENT)
    assert [clause.says for clause in found.clauses] == [density, outputs, "near zero"]
    assert [clause.estimate for clause in found.clauses] == [estimate, estimate, number(0.0, 0.05)]


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({}, []),
        ({"q": 0.05}, ["q below 0.05"]),
        ({"q": math.nan}, ["q below 0.05"]),
        ({"same_sign": 0.79}, ["the same sign in 80% of the wordings"]),
        ({"same_sign": 0.8}, []),
        ({"noise_floor": 0.1}, ["a size above the noise floor"]),
        ({"noise_floor": math.nan}, ["a noise floor (filler and none under two wordings or more)"]),
        ({"q": 0.2, "same_sign": 0.5}, ["q below 0.05", "the same sign in 80% of the wordings"]),
    ],
)
def test_each_part_of_the_rule_can_refuse_a_claim_and_is_named(changes: dict[str, float], missing: list[str]) -> None:
    """An effect of -0.1 whose interval excludes 0."""
    assert list(lacks(effect("density", number(-0.1, 0.05), **changes))) == missing
    clause = judged(number(-0.1, 0.05), ABSENT, ABSENT, **changes).clauses[0]
    assert clause.says == ("no change seen" if missing else "sparsify")
    assert list(clause.lacks) == missing


def test_both_kinds_of_output_are_said_apart() -> None:
    """Nats and a share of ln C have no common mean; an effect in one must not hide the other's."""
    found = judged(number(0.1, 0.05), number(-0.1, 0.05), number(0.1, 0.05), untrained=True)
    assert found.sentence == (
        "expert prompts: densify; outputs in generation: more stable; outputs in multiple choice: less stable; "
        "density-stability link: near zero"
    )
    assert found.untrained
    assert judged(ABSENT, ABSENT, number(0.1, 0.05)).clauses[1].subject == "outputs in multiple choice"


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"n": 40, "effects": {"expert": 0.2}}, ["densify", "more stable"]),
        ({"n": 40, "effects": {"expert": -0.2}}, ["sparsify", "less stable"]),
        ({"n": 3}, ["too few documents", "too few documents"]),
        ({"n": 30, "arms": ["none", "tag"]}, ["not measured", "not measured"]),
        ({"n": 30, "density": False}, ["not measured"]),
        ({"n": 0}, ["not measured", "not measured"]),
    ],
)
def test_a_planted_effect_reaches_the_verdict(tmp_path: Path, spec: dict[str, Any], words: list[str]) -> None:
    run = load_run(write_run(tmp_path, tasks={"arith": "generation"}, one_of=5, **spec))
    model = find([run]).models[0]
    assert [clause.says for clause in model.verdict.clauses][: len(words)] == words
    assert model.verdict.clauses[-1].says == model.links[0].direction
    for clause in model.verdict.clauses[:-1]:
        found = model.contrast(str(clause.quantity), EXPERT)
        assert found is not None
        assert repr((clause.estimate, clause.q, clause.noise_floor)) == repr((found.estimate, found.q, found.noise_floor))
