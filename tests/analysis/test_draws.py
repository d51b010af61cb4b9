"""If these fail, a p-value or an interval is of draws that are not what they are called."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ride_eval.analysis.draws import EXACT, bootstrap_t, flip_p, two_sided_p
from ride_eval.analysis.spread import spread


def mean_of_task_means(values: np.ndarray, task: np.ndarray) -> float:
    return float(np.mean([values[task == t].mean() for t in np.unique(task)]))


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=8), st.integers(1, 3))
def test_few_documents_have_every_pattern_of_signs(values: list[int], tasks: int) -> None:
    """Whole numbers, so that ties must be counted and rounding must not break them."""
    x, task = np.array(values, dtype=float), np.arange(len(values)) % tasks
    effect = mean_of_task_means(x, task)
    reached = [
        abs(mean_of_task_means(x * np.array(signs), task)) >= abs(effect) - 1e-12
        for signs in itertools.product((1, -1), repeat=len(values))
    ]
    found = flip_p(x[:, None], task, np.array([effect]), np.random.default_rng(0))
    assert found[0] == pytest.approx(np.mean(reached))


def test_many_documents_agree_with_scipys_permutation_test() -> None:
    rng = np.random.default_rng(2)
    x = rng.standard_normal((40, 3)) + np.array([0.0, 0.25, 0.5])
    found = flip_p(x, np.zeros(40, dtype=np.intp), x.mean(0), rng)
    for column in range(3):
        expected = stats.permutation_test(
            (x[:, column],), np.mean, permutation_type="samples", n_resamples=20_000, rng=np.random.default_rng(column)
        )
        assert found[column] == pytest.approx(expected.pvalue, abs=0.015)
    assert flip_p(np.full((40, 1), 9.0), np.zeros(40, dtype=np.intp), np.array([9.0]), rng)[0] == 1 / 10_001


def test_gaps_are_left_out_and_no_document_has_no_p() -> None:
    x = np.full((EXACT + 9, 2), np.nan)
    x[:3, 0] = [1.0, 2.0, 3.0]
    found = flip_p(x, np.zeros(len(x), dtype=np.intp), np.array([2.0, np.nan]), np.random.default_rng(0))
    assert found[0] == 2 / 8
    assert np.isnan(found[1])


def test_a_draw_of_t_is_what_its_sample_written_out_gives() -> None:
    rng = np.random.default_rng(0)
    task, wording = np.repeat([0, 1], [14, 9]), rng.integers(3, size=23)
    x = rng.exponential(size=(23, 2)) + task[:, None]
    x[[2, 5], 1] = np.nan
    found = spread(x, task, wording, np.arange(23))
    draws = 5
    drawn = bootstrap_t(x, task, wording, found, np.random.default_rng(9), draws)
    again = np.random.default_rng(9)
    chosen = [np.flatnonzero(task == t)[again.integers(n, size=(draws, n))] for t, n in ((0, 14), (1, 9))]
    expected = np.full((draws, 2), np.nan)
    for draw, column in itertools.product(range(draws), range(2)):
        sample = np.concatenate([part[draw] for part in chosen])
        values = x[sample, column] - found.task_effects[task, column]  # place i has the value of document sample[i]
        there = np.isfinite(values)
        means, scores = [], np.zeros(3)
        for t in (0, 1):
            own = there & (task == t)
            means.append(values[own].mean())
            for w in range(3):
                scores[w] += (values[own & (wording == w)] - means[-1]).sum() / (2 * own.sum())
        expected[draw, column] = np.mean(means) / np.sqrt(found.null_factor[column] * (scores**2).sum())
    assert drawn == pytest.approx(np.sort(expected, axis=0), rel=1e-4)


def test_a_bootstrap_of_t_in_a_balanced_design_is_students() -> None:
    task, wording = np.zeros(300, dtype=np.intp), np.tile(np.arange(5), 60)
    x = np.random.default_rng(0).standard_normal((300, 1))
    drawn = bootstrap_t(x, task, wording, spread(x, task, wording, np.arange(300)), np.random.default_rng(1), 20_000)[:, 0]
    for level in (0.025, 0.25, 0.75, 0.975):
        assert np.quantile(drawn, level) == pytest.approx(stats.t.ppf(level, 4), rel=0.06)


def test_p_counts_the_draws_beyond_and_is_never_below_students() -> None:
    drawn = np.array([[-9.0, -9.0], [-1.0, -1.0], [0.0, 0.0], [2.0, np.nan]])
    t, freedom = np.array([1.5, 1.5]), np.array([1e6, 1e6])
    assert two_sided_p(t, freedom, drawn) == pytest.approx([2 * 2 / 5, 2 * 1 / 4])
    student = 2 * stats.t.sf(1.5, 4)
    assert two_sided_p(t, np.array([4.0, 4.0])) == pytest.approx([student] * 2)
    assert two_sided_p(t[:1], np.array([1.0]), np.full((999, 1), -1.0)) == pytest.approx(2 * stats.t.sf(1.5, 1))
