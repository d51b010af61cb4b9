"""If these fail, an interval is wider or narrower than its name says."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ride_eval.analysis.intervals import estimate

VALUES = st.lists(st.floats(-10, 10, width=32), min_size=5, max_size=30)


def test_one_task_is_the_ordinary_paired_t_interval() -> None:
    values = np.random.default_rng(0).normal(0.3, 1.0, 17)
    found = estimate({"a": values})
    expected = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=1e-12)
    assert found.value == pytest.approx(values.mean())
    assert (found.n, found.reason) == (17, None)


def test_two_tasks_with_equal_weight_by_hand() -> None:
    a, b = [1.0, 2.0, 3.0, 4.0], [10.0, 20.0, 60.0]
    found = estimate({"a": np.array(a), "b": np.array(b)})
    parts = [statistics.variance(a) / 4, statistics.variance(b) / 3]
    freedom = sum(parts) ** 2 / (parts[0] ** 2 / 3 + parts[1] ** 2 / 2)
    half = stats.t.ppf(0.975, freedom) * math.sqrt(sum(parts)) / 2
    assert found.value == pytest.approx((2.5 + 30) / 2)
    assert found.high - found.value == pytest.approx(half, rel=1e-12)
    assert found.n == 7


def test_the_difference_of_two_tasks_has_welchs_interval() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.normal(0, 1, 12), rng.normal(0, 4, 7)
    expected = stats.ttest_ind(a, -b, equal_var=False).confidence_interval(0.95)
    found = estimate({"a": a, "b": b})
    assert (found.low * 2, found.high * 2) == pytest.approx((expected.low, expected.high), rel=1e-12)


@pytest.mark.parametrize("n_tasks", [1, 3])
def test_95_percent_of_intervals_cover_the_truth(n_tasks: int) -> None:
    rng = np.random.default_rng(1)
    draws = 2000
    covered = 0
    for _ in range(draws):
        found = estimate({str(task): rng.normal(0.5, 1.0 + task, 15) for task in range(n_tasks)})
        covered += found.low <= 0.5 <= found.high
    # Four binomial standard errors of 0.95 over 2,000 draws.
    assert covered / draws == pytest.approx(0.95, abs=4 * math.sqrt(0.95 * 0.05 / draws))


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({}, "no value"),
        ({"a": []}, "no value"),
        ({"a": [0.1]}, "1 of the 5 documents an interval needs"),
        ({"a": [0.1, 0.2], "b": [0.1, 0.3]}, "4 of the 5 documents an interval needs"),
        ({"a": [0.1, 0.2, 0.3, 0.4], "b": [0.5]}, "a single document in b, so its spread is unknown"),
        ({"a": [0.1] * 6}, "no variation between documents"),
        ({"a": [0.1 + 0.2, 0.3] * 3}, "no variation between documents"),
        ({"a": [0.0] * 6}, "no variation between documents"),
    ],
)
def test_no_interval_has_a_reason(values: dict[str, list[float]], reason: str) -> None:
    found = estimate({task: np.array(sample, dtype=float) for task, sample in values.items()})
    assert not found.has_interval
    assert found.reason == reason
    assert found.n == sum(map(len, values.values()))
    assert math.isnan(found.value) == (found.n == 0)


def test_an_empty_task_does_not_count() -> None:
    values = np.arange(6.0)
    assert estimate({"a": values, "b": np.empty(0)}) == estimate({"a": values})


@given(VALUES, st.floats(-5, 5, width=32))
def test_a_shift_moves_the_interval_and_keeps_its_width(values: list[float], shift: float) -> None:
    before, after = estimate({"a": np.array(values)}), estimate({"a": np.array(values) + shift})
    assert after.value == pytest.approx(before.value + shift, abs=1e-9)
    if before.has_interval and after.has_interval:
        assert after.high - after.low == pytest.approx(before.high - before.low, rel=1e-4, abs=1e-9)
