"""Ranking and calibration against plain Python over expanded documents, and where the value is known."""

from __future__ import annotations

import math
from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from ride_eval.metrics.knowing import auroc, expected_calibration_error, prediction_rejection_ratio, weighted_mean

VALUES = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0])
DOCUMENTS = st.lists(st.tuples(VALUES, st.sampled_from([0.0, 1.0]), st.integers(0, 3)), min_size=1, max_size=12)


def columns(documents: list[tuple[float, float, int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    values, marks, weights = (np.array([d[i] for d in documents], dtype=float) for i in range(3))
    return values, marks, weights[:, None]


def expanded(documents: list[tuple[float, float, int]]) -> list[tuple[float, float]]:
    return [(value, mark) for value, mark, count in documents for _ in range(count)]


def area(right: list[float]) -> float:
    return math.fsum(sum(right[:k]) / k for k in range(1, len(right) + 1)) / len(right)


def slow_prr(documents: list[tuple[float, float]]) -> float:
    """Ties count as the mean of their group: the expected curve over all their orders."""
    ordered = sorted(documents)
    same = {value: [1 - wrong for other, wrong in ordered if other == value] for value, _ in ordered}
    expected = [sum(same[value]) / len(same[value]) for value, _ in ordered]
    right = [1 - wrong for _, wrong in documents]
    chance = sum(right) / len(right)
    return (area(expected) - chance) / (area(sorted(right, reverse=True)) - chance)


@given(DOCUMENTS)
def test_ranking_equals_its_formulas(documents: list[tuple[float, float, int]]) -> None:
    found = [float(measure(*columns(documents))[0]) for measure in (auroc, prediction_rejection_ratio)]
    copies = expanded(documents)
    wrong, right = [v for v, mark in copies if mark], [v for v, mark in copies if not mark]
    if not wrong or not right:
        assert all(map(math.isnan, found)), "nothing to tell apart"
        return
    wins = [1.0 if a > b else 0.5 if a == b else 0.0 for a, b in product(wrong, right)]
    assert found[0] == pytest.approx(sum(wins) / len(wins))
    assert found[0] == pytest.approx(roc_auc_score([m for _, m in copies], [v for v, _ in copies]))
    assert found[1] == pytest.approx(slow_prr(copies), abs=1e-9)
    assert 0 <= found[0] <= 1 and found[1] <= 1 + 1e-9


def test_ties_of_the_rejection_curve_are_the_mean_over_their_orders() -> None:
    documents = [(0.5, 1.0), (0.5, 0.0), (0.5, 0.0), (0.9, 1.0)]
    right = [1 - wrong for _, wrong in documents]
    areas = [area([*order, right[3]]) for order in permutations(right[:3])]
    chance, best = sum(right) / 4, area(sorted(right, reverse=True))
    values, wrong = np.array(documents).T
    expected = (sum(areas) / len(areas) - chance) / (best - chance)
    assert float(prediction_rejection_ratio(values, wrong)[0]) == pytest.approx(expected)


def test_uncertainties_that_know_all_nothing_or_the_opposite() -> None:
    wrong = np.array([0.0, 0.0, 1.0, 1.0, 0.0])
    measures = (auroc, prediction_rejection_ratio)
    assert [float(m(wrong, wrong)[0]) for m in measures] == pytest.approx([1.0, 1.0])
    assert [float(m(np.full(5, 0.3), wrong)[0]) for m in measures] == pytest.approx([0.5, 0.0])
    assert float(auroc(-wrong, wrong)[0]) == 0.0
    assert float(prediction_rejection_ratio(-wrong, wrong)[0]) < 0


def slow_ece(documents: list[tuple[float, float]], bins: int) -> float:
    """Each document in `bins` equal pieces, ties averaged, so that bins hold whole pieces."""
    same = {value: [mark for other, mark in documents if other == value] for value, _ in documents}
    pieces = [value - sum(same[value]) / len(same[value]) for value, _ in sorted(documents) for _ in range(bins)]
    n = len(documents)
    return math.fsum(abs(math.fsum(pieces[b * n : (b + 1) * n])) for b in range(bins)) / len(pieces)


@given(DOCUMENTS, st.integers(1, 15))
def test_calibration_equals_its_formulas(documents: list[tuple[float, float, int]], bins: int) -> None:
    copies = expanded(documents)
    error = float(expected_calibration_error(*columns(documents), bins=bins)[0])
    values, _, weights = columns(documents)
    mean = float(weighted_mean(values, weights)[0])
    if not copies:
        assert math.isnan(error) and math.isnan(mean)
        return
    assert error == pytest.approx(slow_ece(copies, bins), abs=1e-9)
    assert mean == pytest.approx(sum(value for value, _ in copies) / len(copies))
    assert 0 <= error <= 1 + 1e-9


def test_calibration_of_known_models() -> None:
    """150 documents, 60 % right: sure of it and right so often, or twenty points too sure."""
    right = np.array([1.0, 1.0, 1.0, 0.0, 0.0] * 30)
    assert float(expected_calibration_error(np.full(150, 0.6), right)[0]) == pytest.approx(0.0, abs=1e-12)
    assert float(expected_calibration_error(np.full(150, 0.8), right)[0]) == pytest.approx(0.2)
    opposite = np.where(np.arange(150) < 50, 0.2, 0.8)
    marks = np.where(np.arange(150) < 50, 0.0, 1.0)
    assert float(expected_calibration_error(opposite, marks)[0]) == pytest.approx(0.2), "errors of two bins do not cancel"


@given(DOCUMENTS, st.randoms(use_true_random=False))
def test_the_order_of_documents_does_not_matter(documents: list[tuple[float, float, int]], random: object) -> None:
    shuffled = list(documents)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    for measure in (auroc, prediction_rejection_ratio, expected_calibration_error):
        first, second = (float(measure(*columns(given_order))[0]) for given_order in (documents, shuffled))
        assert first == pytest.approx(second, nan_ok=True, abs=1e-9)


def test_draws_are_columns() -> None:
    rng = np.random.default_rng(0)
    values, marks = rng.random(30).round(1), rng.integers(0, 2, 30).astype(float)
    weights = rng.integers(0, 4, (30, 5)).astype(float)
    for measure in (auroc, prediction_rejection_ratio, expected_calibration_error):
        one_by_one = [float(measure(values, marks, weights[:, [i]])[0]) for i in range(5)]
        assert measure(values, marks, weights) == pytest.approx(one_by_one)
        assert measure(values, marks).shape == (1,)
        assert np.isnan(measure(values[:0], marks[:0])).all()


@given(DOCUMENTS)
def test_ranking_depends_on_the_order_of_uncertainties_only(documents: list[tuple[float, float, int]]) -> None:
    """Nats or bits, summed or squared: a rising function changes nothing."""
    values, marks, weights = columns(documents)
    for measure in (auroc, prediction_rejection_ratio):
        expected = float(measure(values, marks, weights)[0])
        assert float(measure(7 * values**3 - 2, marks, weights)[0]) == pytest.approx(expected, nan_ok=True, abs=1e-9)
    turned = float(auroc(-values, marks, weights)[0])
    assert turned == pytest.approx(1 - float(auroc(values, marks, weights)[0]), nan_ok=True, abs=1e-9)
