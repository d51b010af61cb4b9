"""Signature analysis against pairs formed one by one, closed forms, and planted structure."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import kstest

from ride_eval.analysis.categories.baselines import load_balanced
from ride_eval.analysis.categories.classify import classify, judged, wilson
from ride_eval.analysis.categories.matrix import category_tasks, known_origins, load_signatures
from ride_eval.analysis.categories.resampling import difference_interval, permutation_p
from ride_eval.analysis.categories.similarity import (
    Pairs,
    cohens_d,
    normalized,
    similarity,
    similarity_of_pairs,
)
from ride_eval.errors import RunError
from ride_eval.perturbations import KINDS, PERTURBED
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
    assert cohens_d(within, across) == pytest.approx(1.442, abs=5e-4)
    assert cohens_d(within, across, weighted=False) == pytest.approx(1.643, abs=5e-4)
    assert math.isnan(cohens_d(within, Pairs(mean=math.nan, sd=math.nan, n=0)))


def test_the_papers_accuracy_from_its_folds() -> None:
    """92.5 % +- 6.1 % is 74 of 80, in folds of 16 with 13, 15, 15, 15 and 16 right; Wilson 84.6 to 96.5 %."""
    labels = np.tile(np.repeat(np.arange(4), 4), 5)
    folds = np.repeat(np.arange(5), 16)
    predicted = labels.copy()
    for fold, wrong in enumerate((3, 1, 1, 1, 0)):
        rows = np.flatnonzero(folds == fold)[:wrong]
        predicted[rows] = (labels[rows] + 1) % 4
    found = judged(labels, predicted, folds)
    assert found.accuracy == 0.925 and round(100 * found.fold_sd, 1) == 6.1
    assert (round(100 * found.low, 1), round(100 * found.high, 1)) == (84.6, 96.5)
    assert wilson(74, 80) == (found.low, found.high)


def test_moments_equal_all_pairs_of_500_prompts_to_ten_digits() -> None:
    rng = np.random.default_rng(5)
    labels = rng.integers(4, size=500)
    for columns in (40, 700):
        units = normalized(rng.random((500, columns)) + 3 * (labels[:, None] == np.arange(columns)))
        found, slow = similarity(units, labels), similarity_of_pairs(units @ units.T, labels)
        for one, other in ((found.within, slow.within), (found.across, slow.across)):
            assert one.n == other.n
            assert one.mean == pytest.approx(other.mean, abs=1e-10) and one.sd == pytest.approx(other.sd, abs=1e-10)
        assert found.cohens_d == pytest.approx(slow.cohens_d, abs=1e-10)
        np.testing.assert_allclose(found.matrix, slow.matrix, atol=1e-10)


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
    """Binomial error of 400 experiments at 5 %: 0.05 +- 3 * 0.0109; the whole distribution by Kolmogorov and Smirnov."""
    found = []
    for seed in range(400):
        values, labels = planted(0.0, n=6, categories=3, seed=seed)
        found.append(permutation_p(normalized(values), labels, draws=199, seed=seed))
    assert 0.05 - 0.033 < np.mean(np.array(found) <= 0.05) < 0.05 + 0.033
    assert kstest(found, "uniform").pvalue > 0.01


def test_accuracy_is_at_chance_under_the_null() -> None:
    """Mean over 20 data sets of 48 prompts: 0.25, within three standard errors of 960 prompts."""
    accuracies = [
        classify(planted(0.0, n=12, seed=seed)[0].reshape(48, -1), np.repeat(np.arange(4), 12)).accuracy for seed in range(20)
    ]
    assert abs(np.mean(accuracies) - 0.25) < 3 * math.sqrt(0.25 * 0.75 / 960)


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
    tasks = ["ride_signatures_none", "ride_signatures_perturbed_none"]
    evaluate("ride", tasks, model_args=arguments, apply_chat_template=True, limit=6)
    found = load_signatures(tmp_path, tasks=["signatures"])
    routes = read_table(tmp_path, "routes", None, [("task", "=", "signatures")]).sort_values(["task", "document"])
    assert found.values.shape == (6, 6, 16) == (len(routes), 6, 16)
    for values, n_tokens, (_, row) in zip(found.values, found.n_tokens, routes.iterrows(), strict=True):
        experts = np.asarray(row["experts"]).reshape(len(row["token_ids"]), 6, 4)
        assert n_tokens == len(experts) > 0
        for layer, expert in itertools.product(range(6), range(16)):
            assert values[layer, expert] == pytest.approx(np.sum(experts[:, layer] == expert) / (4 * n_tokens))
    assert found.categories == ("code",)
    changed = load_signatures(tmp_path, tasks=[PERTURBED])
    known = known_origins(changed)
    assert len(known) == len(changed.documents) == 6, "the documents that the harness saw are the shipped ones"
    assert {original for original, _ in known.values()} <= {document for _, document in found.documents}
    assert {kind for _, kind in known.values()} == set(KINDS)
    assert category_tasks(tmp_path) == (("signatures",), False)
    answers = load_signatures(tmp_path, "generated", tasks=["signatures"])
    both = load_signatures(tmp_path, "both", tasks=["signatures"])
    assert both.values.shape == (len(answers.labels), 12, 16) and both.documents == answers.documents
    np.testing.assert_array_equal(both.values[:, 6:], answers.values)
    with pytest.raises(RunError, match="no routing of arm 'tag'"):
        load_signatures(tmp_path, arm="tag")
