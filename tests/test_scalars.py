"""From stored rows to the numbers in the harness's table: a missing value is NaN under every name, and never 0."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from ride_eval.scalars import (
    ALL_SCALARS,
    ANSWER_SCALARS,
    LENGTH_SCALARS,
    PROMPT_SCALARS,
    answer_values,
    forced_value,
    names,
    prompt_values,
    sample_values,
)

ANSWER: dict[str, Any] = {
    "entropies": [2.0, 1.0, 0.0],
    "logprobs": [-1.0, -2.0, -3.0],
    "token_ids": [5, 6, 7],
    "finish": "stop",
}


def test_density_is_the_mean_of_the_early_and_middle_layers() -> None:
    row = {
        "mlp_hoyer": [0.1, 0.2, 0.3, 0.4, 0.5, 9.0, 9.0],
        "resid_participation": [0.5, 0.7],
        "router_entropy": [1.0, 2.0, 6.0],
    }
    values = prompt_values(row)
    assert values["hoyer_mlp"] == pytest.approx(0.3), "the last third of seven layers is two"
    assert values["participation_resid"] == pytest.approx(0.6), "with less than three layers all are middle"
    assert values["router_entropy"] == pytest.approx(3.0), "routing is averaged over all layers"
    assert math.isnan(values["participation_mlp"])


def test_keyword_share_is_a_mean_over_layers_of_the_heads_that_count() -> None:
    """Two layers of three heads; a head without mass on the question is NaN and left out."""
    shares = [0.2, math.nan, 0.4, math.nan, math.nan, 0.9]
    row = {"keyword_share": shares, "keyword_mass": [0.1, 0.1], "meta_mass": [0.25, 0.75]}
    assert prompt_values(row)["keyword_share"] == pytest.approx((0.3 + 0.9) / 2)
    assert prompt_values(row)["meta_mass"] == pytest.approx(0.5)
    assert math.isnan(prompt_values({**row, "keyword_share": [math.nan] * 6})["keyword_share"])
    lift = prompt_values({**row, "keyword_tokens": 2, "aligned_tokens": 10})["keyword_lift"]
    assert lift == pytest.approx((0.3 + 0.9) / 2 / 0.2)
    assert math.isnan(prompt_values({**row, "keyword_tokens": 0, "aligned_tokens": 10})["keyword_lift"])


def test_a_prompt_without_measurements_has_every_name_and_no_value() -> None:
    for row in ({}, {"mlp_hoyer": None, "router_entropy": []}):
        values = prompt_values(row)
        assert set(values) == {name for table in PROMPT_SCALARS.values() for name in table}
        assert all(math.isnan(value) for value in values.values()), values


def test_an_answer_s_entropies() -> None:
    values = answer_values(ANSWER)
    assert (values["token_entropy"], values["first_token_entropy"], values["answer_tokens"]) == (1.0, 2.0, 3.0)
    assert values["truncated"] == 0.0
    assert answer_values({**ANSWER, "finish": "length"})["truncated"] == 1.0
    assert forced_value(ANSWER) == 1.0
    assert math.isnan(forced_value(None)) and math.isnan(forced_value({"entropies": None}))


def test_an_empty_answer_has_no_entropy_but_a_length() -> None:
    values = answer_values({"entropies": [], "token_ids": [], "finish": "stop"})
    assert math.isnan(values["token_entropy"]) and math.isnan(values["first_token_entropy"])
    assert values["answer_tokens"] == 0.0


def test_an_answer_whose_entropies_were_not_measured_is_not_an_empty_one() -> None:
    values = answer_values({**ANSWER, "entropies": None})
    assert math.isnan(values["token_entropy"])
    assert values["answer_tokens"] == 3.0


def test_samples() -> None:
    rows = [
        {"logprobs": [-1.0, -1.0], "cosines": [], "finish": "eos"},
        {"logprobs": [-4.0], "cosines": [0.5], "finish": "eos"},
        {"logprobs": [-3.0], "cosines": [0.1, math.nan], "finish": "eos"},
    ]
    values = sample_values(rows)
    assert values["sequence_entropy"] == pytest.approx(3.0)
    assert values["normalized_sequence_entropy"] == pytest.approx((1 + 4 + 3) / 3)
    assert values["semantic_variation"] == pytest.approx(1 - 0.3)
    assert all(math.isnan(value) for value in sample_values([]).values())
    unmeasured = sample_values([{**rows[0], "logprobs": None}, rows[1]])
    assert math.isnan(unmeasured["sequence_entropy"]), "the entropy of the samples that happen to be measured is another one"


def test_fresh_and_stored_rows_give_the_same() -> None:
    """A resumed run reports the numbers of an uninterrupted one: lists come back as arrays, null as None."""
    fresh = {"mlp_hoyer": np.float32([0.1, 0.2, 0.3]), "keyword_share": None, "meta_mass": np.float32([0.5])}
    stored = {**fresh, "mlp_hoyer": fresh["mlp_hoyer"].tolist(), "keyword_mass": None}  # type: ignore[union-attr]
    assert prompt_values(fresh) == pytest.approx(prompt_values(stored), nan_ok=True)


def test_names_are_those_of_the_probes_that_were_on() -> None:
    assert names(["density", "entropy"], generated=False) == PROMPT_SCALARS["density"]
    generated = {*PROMPT_SCALARS["density"], *ANSWER_SCALARS["entropy"], *LENGTH_SCALARS}
    assert set(names(["density", "entropy"], generated=True)) == generated
    assert set(names(list(PROMPT_SCALARS), generated=True)) <= set(ALL_SCALARS)
    assert len(ALL_SCALARS) == len(set(ALL_SCALARS))
    assert not any("," in name or "_stderr" in name for name in ALL_SCALARS), "the harness splits its keys there"
