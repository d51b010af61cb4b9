"""The five measures of density against plain Python, their bounds, and the cases whose value is known without computing."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ride_eval.metrics.density import (
    SORTED,
    UNSORTED,
    gini,
    hoyer,
    near_zero,
    participation,
    sorted_measures,
    top10_energy,
    unsorted_and_peaks,
    unsorted_measures,
)
from ride_eval.probes.layout import SORTED_TOKENS, Layout, MeasuredRow, spaced

ROUNDING = 2e-5
"""Of float32 sums over a few dozen values."""
VALUES = st.floats(-100, 100, width=32).map(lambda x: 0.0 if abs(x) < 1e-3 else x)
VECTORS = st.lists(VALUES, min_size=2, max_size=40).filter(any)
SCALES = st.sampled_from([1e-30, 1e-10, 3.0, -1.0, 1e10, 1e30])
Measure = Callable[[torch.Tensor], torch.Tensor]
MEASURES: dict[str, Measure] = {
    "hoyer": hoyer,
    "participation": participation,
    "near_zero": near_zero,
    "gini": gini,
    "top10_energy": top10_energy,
}


def slow_hoyer(x: list[float]) -> float:
    root = math.sqrt(len(x))
    return max(0.0, (root - math.fsum(map(abs, x)) / math.sqrt(math.fsum(v * v for v in x))) / (root - 1))


def slow_participation(x: list[float]) -> float:
    return math.fsum(v**2 for v in x) ** 2 / (len(x) * math.fsum(v**4 for v in x))


def slow_gini(x: list[float]) -> float:
    n, ordered = len(x), sorted(map(abs, x))
    return 2 * math.fsum(i * v for i, v in enumerate(ordered, 1)) / (n * math.fsum(ordered)) - (n + 1) / n


def slow_top10_energy(x: list[float]) -> float:
    squares = sorted((v * v for v in x), reverse=True)
    return math.fsum(squares[: math.ceil(len(x) / 10)]) / math.fsum(squares)


def slow_near_zero(x: list[float], times: float = 1.0) -> float:
    threshold = times * 0.1 * math.sqrt(math.fsum(v * v for v in x) / len(x))
    return sum(abs(v) < threshold for v in x) / len(x)


@given(VECTORS)
def test_measures_equal_their_formulas_and_keep_their_bounds(x: list[float]) -> None:
    n, tensor = len(x), torch.tensor(x)
    assert float(hoyer(tensor)) == pytest.approx(slow_hoyer(x), abs=ROUNDING)
    assert float(participation(tensor)) == pytest.approx(slow_participation(x), rel=1e-4)
    assert float(gini(tensor)) == pytest.approx(slow_gini(x), abs=ROUNDING)
    assert float(top10_energy(tensor)) == pytest.approx(slow_top10_energy(x), abs=ROUNDING)
    # A value at the threshold falls on either side by rounding.
    assert slow_near_zero(x, 1 - 1e-5) - 1e-6 <= float(near_zero(tensor)) <= slow_near_zero(x, 1 + 1e-5) + 1e-6
    assert 0 <= float(hoyer(tensor)) <= 1 + ROUNDING
    assert (1 - ROUNDING) / n <= float(participation(tensor)) <= 1 + ROUNDING
    assert 0 <= float(gini(tensor)) <= (n - 1) / n + ROUNDING
    assert 0.1 - ROUNDING <= float(top10_energy(tensor)) <= 1 + ROUNDING
    assert 0 <= float(near_zero(tensor)) < 1, "not all values are below a tenth of their own root mean square"


@given(VECTORS)
def test_in_float64_measures_equal_their_formulas_to_a_millionth(x: list[float]) -> None:
    tensor = torch.tensor(x, dtype=torch.float64)
    slow = {
        "hoyer": slow_hoyer,
        "participation": slow_participation,
        "gini": slow_gini,
        "top10_energy": slow_top10_energy,
        "near_zero": slow_near_zero,
    }
    for name, formula in slow.items():
        value = MEASURES[name](tensor)
        assert value.dtype == torch.float64
        if name == "near_zero" and slow_near_zero(x, 1 - 1e-9) != slow_near_zero(x, 1 + 1e-9):
            continue  # a value at the threshold
        assert float(value) == pytest.approx(formula(x), rel=1e-6, abs=1e-12), name


@given(VECTORS, SCALES, st.randoms(use_true_random=False))
def test_measures_depend_on_neither_scale_sign_nor_order(x: list[float], scale: float, random: object) -> None:
    """At 1e30 a square overflows float32, and at 1e-30 it vanishes."""
    shuffled = list(x)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    for name, measure in MEASURES.items():
        if name == "near_zero" and slow_near_zero(x, 1 - 1e-5) != slow_near_zero(x, 1 + 1e-5):
            continue  # a value at the threshold
        expected = float(measure(torch.tensor(x)))
        assert float(measure(torch.tensor(shuffled, dtype=torch.float64) * scale)) == pytest.approx(expected, abs=ROUNDING)


@pytest.mark.parametrize("n", [2, 7, 1024, 14336])
def test_one_hot_and_flat_vectors(n: int) -> None:
    one_hot, flat = torch.zeros(n), torch.full((n,), -0.3)
    one_hot[n // 2] = 4.0
    assert {name: float(measure(one_hot)) for name, measure in MEASURES.items()} == pytest.approx(
        {"hoyer": 1.0, "participation": 1 / n, "near_zero": (n - 1) / n, "gini": (n - 1) / n, "top10_energy": 1.0}
    )
    assert {name: float(measure(flat)) for name, measure in MEASURES.items()} == pytest.approx(
        {"hoyer": 0.0, "participation": 1.0, "near_zero": 0.0, "gini": 0.0, "top10_energy": math.ceil(n / 10) / n},
        abs=ROUNDING,
    )


@pytest.mark.parametrize("n", [4, 20, 1024])
def test_two_point_vectors(n: int) -> None:
    two = torch.zeros(n, dtype=torch.float64)
    two[0], two[n - 1] = 5.0, -5.0
    assert {name: float(measure(two)) for name, measure in MEASURES.items()} == pytest.approx(
        {
            "hoyer": (math.sqrt(n) - math.sqrt(2)) / (math.sqrt(n) - 1),
            "participation": 2 / n,
            "near_zero": (n - 2) / n,
            "gini": (n - 2) / n,
            "top10_energy": min(1.0, math.ceil(n / 10) / 2),
        }
    )


def test_a_vector_of_known_values() -> None:
    """1 to 20: sum 210, sum of squares 2870; the two largest hold 400 + 361."""
    x = torch.arange(1.0, 21.0)
    assert float(gini(x)) == pytest.approx(19 / 60)
    assert float(top10_energy(x)) == pytest.approx(761 / 2870)
    assert float(near_zero(x)) == pytest.approx(0.05), "the root mean square is 11.98, so 1 alone is near zero"


def test_what_measures_share_is_what_each_gives() -> None:
    x = torch.randn(3, 4, 50, generator=torch.Generator().manual_seed(0))
    for names, together in ((UNSORTED, unsorted_measures(x)), (SORTED, sorted_measures(x))):
        assert together.shape == (len(names), 3, 4)
        for name, values in zip(names, together, strict=True):
            assert torch.equal(values, MEASURES[name](x)), name
    assert {*UNSORTED, *SORTED} == set(MEASURES)


def test_no_vectors_have_no_measures() -> None:
    """A prompt whose question cannot be aligned."""
    assert unsorted_and_peaks(torch.empty(1, 0, 5)).shape == (len(UNSORTED) + 1, 1, 0)
    assert sorted_measures(torch.empty(1, 0, 5)).shape == (len(SORTED), 1, 0)


@pytest.mark.parametrize("name", MEASURES)
def test_a_zero_vector_is_missing_and_its_neighbours_are_not(name: str) -> None:
    rows = torch.tensor([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    values = MEASURES[name](rows)
    assert values.shape == (2,)
    assert values.isnan().tolist() == [True, False], "a zero vector is not sparse, it is no vector"
    assert MEASURES[name](rows.reshape(1, 2, 1, 3)).shape == (1, 2, 1)


@pytest.mark.parametrize("name", MEASURES)
def test_half_precision_is_computed_in_float32(name: str) -> None:
    """Sums of thousands of squares in bfloat16 keep two digits."""
    x = torch.randn(8192, generator=torch.Generator().manual_seed(0)).bfloat16()
    assert MEASURES[name](x).dtype == torch.float32
    assert float(MEASURES[name](x)) == pytest.approx(float(MEASURES[name](x.double())), abs=ROUNDING)


@given(st.integers(0, 3000))
def test_sorting_is_limited_to_evenly_spaced_tokens(n: int) -> None:
    places = spaced(n).tolist()
    assert len(places) == len(set(places)) == min(n, SORTED_TOKENS)
    if n:
        assert (places[0], places[-1]) == (0, n - 1)
    gaps = {b - a for a, b in pairwise(places)}
    assert max(gaps, default=1) - min(gaps, default=1) <= 1


def test_the_spaced_tokens_of_several_prompts() -> None:
    """Places among all question tokens, row by row; a row without tokens has none."""
    lengths = [100, 0, 3]
    layout = Layout((3, 200), [MeasuredRow(row=i, start=0, n_tokens=150, question=range(n)) for i, n in enumerate(lengths)])
    assert layout.spaced_index.tolist() == [*spaced(100).tolist(), 100, 101, 102]
    parts = layout.split_spaced(layout.spaced_index[None])
    assert [part.shape for part in parts] == [(1, SORTED_TOKENS), (1, 0), (1, 3)]
    assert Layout((1, 5), []).spaced_index.tolist() == []
