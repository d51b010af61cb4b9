"""Signature analysis against pairs formed one by one, closed forms, and planted structure."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ride_eval.analysis.categories.baselines import load_balanced
from ride_eval.analysis.categories.classify import classify
from ride_eval.analysis.categories.matrix import load_signatures
from ride_eval.analysis.categories.similarity import (
    Pairs,
    cohens_d,
    difference_interval,
    normalized,
    permutation_p,
    similarity,
)
from ride_eval.errors import RunError
from ride_eval.store import read_table
from tests.conftest import Evaluate


def planted(strength: float, n: int = 24, categories: int = 4, seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """(n * C, 3, 8) signatures whose categories prefer experts of their own by `strength`."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(categories), n)
    raw = rng.random((len(labels), 3, 8))
    raw[np.arange(len(labels)), :, labels] += strength
    return raw / raw.sum(-1, keepdims=True), labels


@pytest.mark.parametrize("sizes", [(5, 3, 4), (1, 6), (2, 1, 1)])
def test_moments_equal_all_pairs(sizes: tuple[int, ...]) -> None:
    rng = np.random.default_rng(1)
    labels = np.repeat(np.arange(len(sizes)), sizes)
    units = normalized(rng.random((len(labels), 2, 3)))
    values: dict[bool, list[float]] = {True: [], False: []}
    by_category: dict[tuple[int, int], list[float]] = {}
    for i, j in itertools.combinations(range(len(labels)), 2):
        cosine = float(units[i] @ units[j])
        values[bool(labels[i] == labels[j])].append(cosine)
        a, b = sorted((int(labels[i]), int(labels[j])))
        by_category.setdefault((a, b), []).append(cosine)
    found = similarity(units, labels)
    for pairs, expected in ((found.within, values[True]), (found.across, values[False])):
        assert pairs.n == len(expected)
        assert pairs.mean == pytest.approx(np.mean(expected), rel=1e-12)
        assert pairs.sd == pytest.approx(np.std(expected), rel=1e-6, abs=1e-9)
    for (a, b), expected in by_category.items():
        assert found.matrix[a, b] == found.matrix[b, a] == pytest.approx(np.mean(expected), rel=1e-12)
    for c, size in enumerate(sizes):
        assert math.isnan(found.matrix[c, c]) == (size == 1)


def test_the_papers_effect_size_from_its_means() -> None:
    """0.8435 +- 0.0879 within 760 pairs, 0.6225 +- 0.1687 across 2,400: Cohen's d 1.44 pooled by pair count (2603.11114)."""
    within, across = Pairs(mean=0.8435, sd=0.0879, n=760), Pairs(mean=0.6225, sd=0.1687, n=2400)
    assert cohens_d(within, across) == pytest.approx(1.44, abs=0.005)
    assert math.isnan(cohens_d(within, Pairs(mean=math.nan, sd=math.nan, n=0)))


def test_a_zero_signature_is_refused() -> None:
    with pytest.raises(ValueError, match="no direction"):
        normalized(np.zeros((2, 4)))


def test_planted_categories_are_found_and_noise_is_not() -> None:
    values, labels = planted(1.5)
    units = normalized(values)
    low, high = difference_interval(units, labels, draws=300)
    found = similarity(units, labels)
    assert 0 < low < found.within.mean - found.across.mean < high
    assert permutation_p(units, labels, draws=999) == 1 / 1000
    assert classify(values.reshape(len(labels), -1), labels).accuracy > 0.95

    noise, labels = planted(0.0)
    units = normalized(noise)
    low, high = difference_interval(units, labels, draws=300)
    assert low < 0.005
    assert permutation_p(units, labels, draws=999) > 0.01
    result = classify(noise.reshape(len(labels), -1), labels)
    assert result.low < 0.25 < result.high
    assert result.confusion.sum() == result.n == len(labels)


def test_permutation_p_is_uniform_under_the_null() -> None:
    """Binomial error of 200 experiments at 5 %: 0.05 +- 3 * 0.0154."""
    rejected = 0
    for seed in range(200):
        values, labels = planted(0.0, n=6, categories=3, seed=seed)
        rejected += permutation_p(normalized(values), labels, draws=99, seed=seed) <= 0.05
    assert 0.004 < rejected / 200 < 0.096


def test_bootstrap_drops_pairs_of_a_prompt_with_its_own_copy() -> None:
    """Two prompts a category, orthogonal to all others: with copies kept, within would be well above its true 0."""
    units, labels = np.eye(8), np.repeat(np.arange(4), 2)
    assert difference_interval(units, labels, draws=200) == (0.0, 0.0)


def test_load_balance_keeps_counts_and_spreads_evenly() -> None:
    tokens = np.array([3, 50, 2000])
    found = load_balanced(tokens, 2, 8, 3)
    assert found.shape == (3, 2, 8)
    np.testing.assert_allclose(found.sum(-1), 1.0)
    # k distinct experts a token: none can have more than 1/k of a prompt's selections.
    assert found.max() <= 1 / 3 + 1e-12
    np.testing.assert_allclose(found * tokens[:, None, None] * 3, np.round(found * tokens[:, None, None] * 3), atol=1e-9)
    np.testing.assert_allclose(found[2], 1 / 8, atol=0.03)
    assert classify(load_balanced(np.full(80, 20), 4, 8, 2).reshape(80, -1), np.repeat(np.arange(4), 20)).low < 0.25


def test_too_few_prompts_for_five_folds() -> None:
    with pytest.raises(ValueError, match="the smallest has 4"):
        classify(np.random.default_rng(0).random((14, 3)), np.repeat([0, 1], [10, 4]))


def test_signatures_of_a_run_are_those_of_its_stored_routes(tmp_path: Path, evaluate: Evaluate) -> None:
    """Against expert ids that were stored token by token, counted one by one."""
    arguments = {"pretrained": "zoo-olmoe", "run_dir": str(tmp_path), "num_samples": 0}
    evaluate("ride", ["ride_signatures_none"], model_args=arguments, apply_chat_template=True, limit=6)
    found = load_signatures(tmp_path)
    routes = read_table(tmp_path, "routes").sort_values(["task", "document"])
    assert found.values.shape == (6, 6, 16) == (len(routes), 6, 16)
    for values, n_tokens, (_, row) in zip(found.values, found.n_tokens, routes.iterrows(), strict=True):
        experts = np.asarray(row["experts"]).reshape(len(row["token_ids"]), 6, 4)
        assert n_tokens == len(experts) > 0
        for layer, expert in itertools.product(range(6), range(16)):
            assert values[layer, expert] == pytest.approx(np.sum(experts[:, layer] == expert) / (4 * n_tokens))
    assert found.categories == ("code",)
    with pytest.raises(RunError, match="no routing of arm 'tag'"):
        load_signatures(tmp_path, arm="tag")
