"""Intervals and AUC against copies of prompts and pairs, formed one by one."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from numpy.typing import NDArray

from ride_eval.analysis.categories import resampling
from ride_eval.analysis.categories.measured import bootstrap_mean, from_draws
from ride_eval.analysis.categories.resampling import _weights, separation
from ride_eval.analysis.categories.similarity import normalized

LABELS = np.repeat(np.arange(3), [6, 4, 5])


def some_units(seed: int = 0, *, coarse: bool = False) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    # Few distinct values make equal cosines.
    values = rng.integers(1, 3, (len(LABELS), 3)) if coarse else rng.random((len(LABELS), 7))
    return normalized(values + 0.7 * (LABELS[:, None] == np.arange(values.shape[1])))


def slow(units: NDArray[np.float64], copies: list[int]) -> tuple[float, float, float]:
    """Difference, Cohen's d and AUC of a sample that holds each prompt so often, pairs of own copies left out."""
    within, across = [], []
    for i, j in itertools.combinations(copies, 2):
        if i != j:
            (within if LABELS[i] == LABELS[j] else across).append(round(float(units[i] @ units[j]), 12))
    w, a = np.array(within), np.array(across)
    pooled = math.sqrt((len(w) * w.var() + len(a) * a.var()) / (len(w) + len(a)))
    auc = np.mean([(one > other) + 0.5 * (one == other) for one in w for other in a])
    return float(w.mean() - a.mean()), float((w.mean() - a.mean()) / pooled), float(auc)


@pytest.mark.parametrize("coarse", [False, True])
def test_every_draw_is_what_its_copies_give(coarse: bool) -> None:
    units = some_units(coarse=coarse)
    groups = [np.flatnonzero(c == LABELS) for c in range(3)]
    weights = resampling._together(groups, next(_weights(groups, 5, seed=3)))
    rows = resampling._fewer_columns(units)
    np.testing.assert_allclose(rows @ rows.T, units @ units.T, atol=1e-12)
    drawn = resampling._drawn_moments(rows, LABELS, 5, 3, squares=True)
    aucs = resampling._Ranked(rows, *np.triu_indices(len(LABELS), 1), LABELS).drawn(LABELS, 5, 3)
    for draw, row in enumerate(weights):
        copies = [i for i, n in enumerate(row.astype(int)) for _ in range(n)]
        expected = slow(units, copies)
        found = drawn.difference()[draw], drawn.cohens_d()[draw], aucs[draw]
        assert found == pytest.approx(expected, abs=1e-10)
    whole = separation(units, LABELS, draws=50, permutations=50)
    assert (whole.difference.value, whole.cohens_d.value, whole.auc.value) == pytest.approx(
        slow(units, list(range(len(LABELS)))), abs=1e-10
    )


def test_structure_known_exactly_is_recovered() -> None:
    """u = cos t c + sin t e with an e of its own: cos^2 t within, 0 across, every pair in order."""
    labels, angle = np.repeat(np.arange(4), 8), 0.6
    units = np.zeros((32, 36))
    units[np.arange(32), labels] = math.cos(angle)
    units[np.arange(32), 4 + np.arange(32)] = math.sin(angle)
    found = separation(units, labels, draws=200, permutations=999)
    assert found.similarity.within.mean == pytest.approx(math.cos(angle) ** 2)
    assert found.difference.value == pytest.approx(math.cos(angle) ** 2) and found.similarity.across.mean == pytest.approx(0)
    assert found.auc.value == found.auc.low == 1.0 and found.p == 1 / 1000


def test_seeded_pairs_and_moments_alone_beyond_many(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    labels = rng.integers(3, size=150)
    units = normalized(rng.random((150, 9)) + (labels[:, None] == np.arange(9)))
    exact = separation(units, labels, draws=400, permutations=10)
    monkeypatch.setattr(resampling, "MANY", 100)
    monkeypatch.setattr(resampling, "SEEDED_PAIRS", 40_000)
    found = separation(units, labels, draws=400)
    assert found.similarity.within == exact.similarity.within and found.difference.value == exact.difference.value
    # Three standard errors of the share of 20,000 pairs in order.
    assert found.auc.value == pytest.approx(exact.auc.value, abs=3 * 0.5 / math.sqrt(20_000))
    assert (found.difference.low, found.difference.high) == (exact.difference.low, exact.difference.high)
    assert not found.auc.has_interval and not found.cohens_d.has_interval and math.isnan(found.p)
    first, second = resampling._seeded_pairs(labels, 1000, 0)
    assert (first != second).all() and (labels[first] == labels[second]).sum() == 500


def test_intervals_cover_the_difference_they_are_of() -> None:
    """200 samples of a population of noisy prompts around three centres: the true difference is inside 95 % of the time."""
    centres = np.random.default_rng(0).random((3, 6))
    labels = np.repeat(np.arange(3), 12)

    def sample(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
        which = np.repeat(np.arange(3), n)
        return normalized(centres[which] + rng.gamma(1.0, 0.4, (3 * n, 6)))

    many = sample(np.random.default_rng(1), 4000)
    truth = resampling.similarity(many, np.repeat(np.arange(3), 4000))
    true = truth.within.mean - truth.across.mean
    inside = 0
    for seed in range(200):
        low, high = resampling.difference_interval(sample(np.random.default_rng([seed, 7]), 12), labels, draws=200, seed=seed)
        inside += low <= true <= high
    # Percentile intervals of 12 prompts a category are somewhat narrow: not below 0.88.
    assert 0.88 <= inside / 200 <= 0.99


def test_one_category_has_no_separation() -> None:
    units = some_units()
    found = separation(units, np.zeros(len(units), dtype=np.int64))
    assert math.isnan(found.difference.value) and "across" in str(found.difference.reason)


def test_a_mean_and_its_interval() -> None:
    assert bootstrap_mean(np.array([np.nan, 1.0, 1.0, 1.0, 1.0, 1.0])).n == 5
    assert not bootstrap_mean(np.array([1.0, 2.0])).has_interval
    assert math.isnan(bootstrap_mean(np.array([np.nan])).value)
    assert not from_draws(1.0, np.array([np.nan, 1.0]), 3).has_interval
    found = bootstrap_mean(np.random.default_rng(0).normal(3, 1, 400))
    assert found.high - found.low == pytest.approx(2 * 1.96 / 20, rel=0.15)
