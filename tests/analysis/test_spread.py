"""If these fail, a number is claimed of prompts in general that holds for these wordings and documents only."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from ride_eval.analysis.spread import Spread, spread
from tests.analysis import slow


def nested(values: NDArray[np.float64], task: NDArray[np.intp], wording: NDArray[np.intp]) -> Spread:
    """One cell a document."""
    return spread(values, task, wording, np.arange(len(values)))


def design(n: int, tasks: int, wordings: int, seed: int) -> tuple[NDArray[np.intp], NDArray[np.intp], np.random.Generator]:
    rng = np.random.default_rng(seed)
    return np.sort(rng.integers(tasks, size=n)), rng.integers(wordings, size=n), rng


def test_a_balanced_design_is_the_t_test_of_the_wordings_means() -> None:
    task, wording = np.repeat([0, 1, 2], 20), np.tile(np.arange(5), 12)
    values = np.random.default_rng(0).standard_normal((60, 3)) * [[1.0, 5.0, 0.1]] + np.linspace(0, 3, 5)[wording][:, None]
    found = nested(values, task, wording)
    for column in range(3):
        means = [values[wording == w, column].mean() for w in range(5)]
        expected = stats.ttest_1samp(means, 0.0)
        assert found.effect[column] / found.error[column] == pytest.approx(expected.statistic)
        assert found.freedom[column] == pytest.approx(4)
        assert found.wording_effects[:, column] == pytest.approx(means)


@given(st.integers(12, 40), st.integers(1, 3), st.integers(2, 6), st.integers(0, 2**16), st.sampled_from([0.0, 2.0]))
@settings(max_examples=50)
def test_every_design_is_what_covariances_written_out_give(
    n: int, tasks: int, wordings: int, seed: int, between: float
) -> None:
    task, wording, rng = design(n, tasks, wordings, seed)
    values = rng.standard_normal(n) + between * rng.standard_normal(wordings)[wording] + task
    found = nested(values[:, None], task, wording)
    if not math.isfinite(found.error[0]):
        alone = min(np.bincount(task)[np.bincount(task) > 0]) == 1
        assert alone or all(len(set(wording[task == t])) < 2 for t in range(tasks))
        return
    rows = [(str(t), int(w), float(x)) for t, w, x in zip(task, wording, values, strict=True)]
    left = n - len({(t, w) for t, w, _ in rows})
    if left:
        expected = slow.over_wordings(rows)
        for name, value in expected.items():
            assert getattr(found, name)[0] == pytest.approx(value, rel=1e-6, abs=1e-9), name


def test_columns_do_not_see_each_other_and_gaps_are_their_own() -> None:
    task, wording, rng = design(50, 2, 4, 3)
    values = rng.standard_normal((50, 3))
    values[rng.random((50, 3)) < 0.3] = np.nan
    together = nested(values, task, wording)
    for column in range(3):
        there = np.isfinite(values[:, column])
        alone = nested(values[there, column : column + 1], task[there], wording[there])
        for name in ("effect", "error", "freedom", "wording_deviation", "deviation", "document_error", "n", "wordings"):
            assert getattr(together, name)[column] == pytest.approx(getattr(alone, name)[0]), name


def test_documents_alone_have_welchs_error() -> None:
    task, wording, rng = design(30, 2, 1, 0)
    values = rng.standard_normal((30, 1))
    found = nested(values, task, wording)
    expected = slow.t_interval({str(t): values[task == t, 0].tolist() for t in (0, 1)})
    half = float(stats.t.ppf(0.975, found.document_freedom[0])) * found.document_error[0]
    assert (found.effect[0], found.effect[0] - half, found.effect[0] + half) == pytest.approx(expected)
    assert math.isnan(found.error[0]), "one wording says nothing about others"
    assert math.isnan(found.wording_deviation[0])


def test_wordings_that_are_tasks_cannot_be_told_from_them() -> None:
    task = np.repeat([0, 1, 2], 10)
    assert math.isnan(nested(np.random.default_rng(0).standard_normal((30, 1)), task, task).error[0])


@pytest.mark.parametrize("between", [0.0, 0.3, 3.0])
@pytest.mark.parametrize("repeated", [False, True])
def test_a_null_is_rejected_as_often_as_5_percent(between: float, repeated: bool) -> None:
    """Also where each document is put under every wording: then its own noise does not cancel between wordings."""
    trials, documents, wordings = 4000, 30, 5
    rng = np.random.default_rng(5)
    document = np.repeat(np.arange(documents), wordings) if repeated else np.arange(documents)
    wording = np.tile(np.arange(wordings), documents) if repeated else rng.integers(wordings, size=documents)
    noise = rng.standard_normal((documents, trials))[document] + 0.5 * rng.standard_normal((len(document), trials))
    values = noise + between * rng.standard_normal((wordings, trials))[wording]
    found = spread(values, document // 15, wording, document)
    p = 2 * stats.t.sf(np.abs(found.effect / found.error), found.freedom)
    # Three binomial standard errors, and half a percent for what is an approximation in designs that are not balanced.
    assert (p < 0.05).mean() == pytest.approx(0.05, abs=0.005 + 3 * math.sqrt(0.05 * 0.95 / trials))


def test_the_spread_between_wordings_is_recovered_without_sampling_noise() -> None:
    rng = np.random.default_rng(1)
    task, wording = np.repeat([0, 1], 600), np.tile(np.arange(12), 100)
    for planted in (0.0, 0.5):
        values = 2 * rng.standard_normal((1200, 400)) + planted * rng.standard_normal((12, 400))[wording]
        found = nested(values, task, wording)
        if planted:
            assert np.mean(found.wording_deviation**2) == pytest.approx(planted**2, rel=0.08)
        else:
            assert np.mean(found.wording_deviation == 0) > 0.4
            assert np.max(found.wording_deviation) < 0.3
