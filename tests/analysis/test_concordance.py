"""If these fail, a correlation between two numbers is not the one that was there."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ride_eval.analysis import concordance
from ride_eval.analysis.concordance import correlations, scores, triples
from tests.analysis import slow

VALUES = st.lists(st.tuples(st.integers(-4, 4), st.integers(-4, 4)), min_size=3, max_size=9)


@given(VALUES)
def test_sums_are_those_over_all_triples_with_and_without_each_document(values: list[tuple[int, int]]) -> None:
    columns = [[float(x) for x in column] for column in zip(*values, strict=True)]
    whole, without = triples(np.array(columns))
    for i in range(2):
        for j in range(2):
            assert whole[i, j] == pytest.approx(slow.triples(columns[i], columns[j]), abs=1e-9)
            for left_out in range(len(values) if len(values) > 3 else 0):
                x, y = (column[:left_out] + column[left_out + 1 :] for column in (columns[i], columns[j]))
                assert without[left_out, i, j] == pytest.approx(slow.triples(x, y), abs=1e-9)


def test_it_is_spearmans_r_without_its_bias() -> None:
    """Kendall: E r = ((n - 2) rho + 3 tau) / (n + 1)."""
    x, y = np.random.default_rng(0).standard_normal((2, 12))
    whole, _ = triples(np.stack([x, y]))
    r, tau = stats.spearmanr(x, y).statistic, stats.kendalltau(x, y).statistic
    assert whole[0, 1] == pytest.approx(13 * r - 3 * tau)
    assert (whole[0, 0], whole[1, 1]) == pytest.approx((10, 10))


@pytest.mark.parametrize("n", [4, 13])
def test_small_strata_do_not_shrink_a_planted_correlation(n: int) -> None:
    rng = np.random.default_rng(n)
    planted, strata = 0.4, 4000
    total, plain = np.zeros((1, 2, 2)), []
    for _ in range(strata):
        x, z = rng.standard_normal((2, n))
        pearson = 2 * math.sin(math.pi * planted / 6)
        y = pearson * x + math.sqrt(1 - pearson**2) * z
        total += triples(np.stack([x, y]))[0]
        plain.append(stats.spearmanr(x, y).statistic)
    assert float(correlations(total)) == pytest.approx(planted, abs=0.02)
    tau = 2 / math.pi * math.asin(2 * math.sin(math.pi * planted / 6))
    assert np.mean(plain) == pytest.approx(((n - 2) * planted + 3 * tau) / (n + 1), abs=0.02), "Kendall's bias is not there"


def test_many_documents_are_counted_as_few_are(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = np.random.default_rng(0).integers(0, 30, (3, 2, 100)).astype(float)
    direct = triples(columns)
    monkeypatch.setattr(concordance, "_DIRECT", 1)
    by_sorting = triples(columns)
    assert (direct[0] == by_sorting[0]).all()
    assert (direct[1] == by_sorting[1]).all()


def test_scores_are_midranks() -> None:
    values = np.random.default_rng(0).integers(0, 5, (2, 9)).astype(float)
    assert scores(values) == pytest.approx(2 * stats.rankdata(values, axis=1) - 10)


def test_the_partial_correlation_is_that_of_the_residuals() -> None:
    rng = np.random.default_rng(0)
    matrix = np.corrcoef(rng.standard_normal((4, 30)) + rng.standard_normal(30))
    inverse = np.linalg.inv(matrix)
    expected = -inverse[0, 1] / math.sqrt(inverse[0, 0] * inverse[1, 1])
    assert float(correlations(matrix[None])) == pytest.approx(expected)
    constant = matrix.copy()
    constant[3], constant[:, 3] = 0.0, 0.0
    assert float(correlations(constant[None])) == pytest.approx(float(correlations(matrix[None, :3, :3])))
    nothing = matrix.copy()
    nothing[0], nothing[:, 0] = 0.0, 0.0
    assert math.isnan(float(correlations(nothing[None])))


def test_what_a_covariate_explains_may_differ_from_group_to_group() -> None:
    """x and y follow z up in one group and down in the other: pooled first, z would explain nothing."""
    rng = np.random.default_rng(0)
    groups = []
    for slope in (2.0, -2.0):
        z, x, y = rng.standard_normal((3, 400))
        groups.append(triples(np.stack([x + slope * z, y + slope * z, z]))[0])
    sums = np.stack(groups)
    assert float(correlations(sums[:, :2, :2])) > 0.6
    assert abs(float(correlations(sums))) < 0.15
    assert float(correlations(sums.sum(0, keepdims=True))) > 0.6, "the trap is not there, so nothing was tested"
