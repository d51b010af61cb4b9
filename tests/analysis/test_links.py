"""If these fail, the report claims that density and stability go together, or do not, without grounds."""

from __future__ import annotations

import dataclasses
import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ride_eval.analysis.contrasts import CONTROL_CONTRASTS, Contrast
from ride_eval.analysis.frames import COLUMNS
from ride_eval.analysis.grid import Grid
from ride_eval.analysis.intervals import Estimate
from ride_eval.analysis.links import (
    COVARIATES,
    NEAR_ZERO,
    PULL_CONTRASTS,
    Link,
    Pairs,
    corrected,
    direction,
    link,
    no_link,
    paired,
    permutation_p,
    rank_correlation,
)
from ride_eval.arms import STANDARD_ARMS
from tests.analysis import slow

INDEX = [(STANDARD_ARMS.index(c.arm), STANDARD_ARMS.index(c.control)) for c in CONTROL_CONTRASTS]


def simulated(
    n: int, rho: float, seed: int = 0, *, strata: int = 1, shift: float = 0, ties: float = 0, missing: float = 0
) -> Pairs:
    """Five differences a document, made from arms' own normal numbers whose ranks correlate by rho; strata that differ in
    both."""
    rng = np.random.default_rng(seed)
    pearson = 2 * math.sin(math.pi * rho / 6)
    arms = rng.multivariate_normal([0, 0], [[1, pearson], [pearson, 1]], (n, len(STANDARD_ARMS)))
    stratum = np.arange(n) % strata
    moved = shift * rng.standard_normal((strata, len(STANDARD_ARMS), 1))[stratum]
    x, y = (np.stack([(arms + moved)[:, a, i] - (arms + moved)[:, b, i] for a, b in INDEX], 1) for i in (0, 1))
    if ties:
        x, y = np.round(x / ties) * ties, np.round(y / ties) * ties
    gone = rng.random(x.shape) < missing
    x[gone] = y[gone] = np.nan
    return Pairs(x, y, stratum, rng.standard_normal((n, 2)))


def plain(pairs: Pairs) -> float:
    strata: dict[str, list[list[tuple[float, float] | None]]] = {
        str(stratum): [
            [None if math.isnan(a) else (a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)]
            for x, y in zip(pairs.quantity[own].T, pairs.stability[own].T, strict=True)
        ]
        for stratum in range(int(pairs.stratum.max()) + 1)
        for own in [pairs.stratum == stratum]
    }
    return slow.correlation(strata)


@pytest.mark.parametrize(("n", "strata"), [(2000, 1), (2000, 150)])
@pytest.mark.parametrize("rho", [-0.8, 0.0, 0.4])
def test_a_planted_correlation_is_recovered_whatever_the_strata(n: int, strata: int, rho: float) -> None:
    found = rank_correlation(simulated(n, rho, 1, strata=strata, shift=3.0))
    assert found.value == pytest.approx(rho, abs=0.03)
    assert found.low < rho < found.high
    assert found.n == n


@pytest.mark.parametrize(("n", "strata"), [(60, 1), (60, 15)])
def test_an_interval_covers_the_planted_correlation_as_often_as_it_says(n: int, strata: int) -> None:
    rho, trials = 0.4, 400
    found = [rank_correlation(simulated(n, rho, seed, strata=strata)) for seed in range(trials)]
    hits = sum(estimate.low <= rho <= estimate.high for estimate in found)
    assert 0.92 * trials <= hits <= 0.98 * trials


def test_p_is_that_of_every_swap() -> None:
    """Two strata of three and four documents: 3! 4! swaps, all taken."""
    pairs = simulated(7, 0.5, 3, strata=2)
    observed = products(pairs, np.arange(7))
    first, second = np.flatnonzero(pairs.stratum == 0), np.flatnonzero(pairs.stratum == 1)
    reached = []
    for a in itertools.permutations(first):
        for b in itertools.permutations(second):
            order = np.empty(7, dtype=int)
            order[first], order[second] = a, b
            reached.append(abs(products(pairs, order)) >= abs(observed) - 1e-9)
    assert permutation_p(pairs, np.random.default_rng(0), 20_000) == pytest.approx(np.mean(reached), abs=0.012)


def products(pairs: Pairs, order: NDArray[np.intp]) -> float:
    """Sum over strata and contrasts of the products of signs, each document with the stability of another."""
    total = 0.0
    for stratum in (0, 1):
        own = np.flatnonzero(pairs.stratum == stratum)
        for x, y in zip(pairs.quantity[own].T, pairs.stability[order[own]].T, strict=True):
            scores = [[sum(slow.sign(v - other) for other in values) for v in values] for values in (x.tolist(), y.tolist())]
            total += 3 * sum(a * b for a, b in zip(*scores, strict=True)) / (len(own) * (len(own) - 1))
    return total


def test_documents_with_other_gaps_are_not_swapped() -> None:
    """A document alone in what it has cannot be swapped, so it adds the same to every draw."""
    pairs = simulated(30, 0.0, 1)
    pairs.quantity[0, 0] = pairs.stability[0, 0] = np.nan
    pairs.quantity[1:], pairs.stability[1:] = pairs.quantity[1:2], pairs.stability[1:2]
    assert permutation_p(pairs, np.random.default_rng(0), 100) == 1.0


def test_what_strata_have_in_common_is_no_link() -> None:
    """Tasks, arms or wordings that differ in both numbers would give a correlation near 1."""
    pairs = simulated(300, 0.0, 0, strata=5, shift=9.0)
    assert abs(rank_correlation(pairs).value) < 0.08
    together = rank_correlation(pairs._replace(stratum=np.zeros(300, dtype=np.intp)))
    assert together.value > 0.5, "the trap is not there, so nothing was tested"


def grid(documents: pd.DataFrame) -> Grid:
    return Grid(documents, [*COLUMNS, "aligned_tokens"])


def frame(n: int, density: NDArray[np.float64], entropy: NDArray[np.float64], task: str = "arith") -> pd.DataFrame:
    """Documents with (n, arms) densities and entropies."""
    rows = []
    for i in range(n):
        for a, arm in enumerate(STANDARD_ARMS):
            row: dict[str, object] = dict.fromkeys(COLUMNS, math.nan)
            row |= {"task": task, "document": f"d{i:04}", "occurrence": 0, "arm": arm, "wording": 0}
            row |= {"density": density[i, a], "forced_entropy": entropy[i, a], "keyword_tokens": 1.0}
            row |= {"aligned_tokens": 10.0 + i % 7, "answer_tokens": 3.0 + i % 5}
            rows.append(row | {"meta_length": 5.0, "meta_unit": "tokens", "reason": None})
    return pd.DataFrame(rows)


def test_what_a_wording_does_to_both_is_no_link() -> None:
    """Wordings that move both numbers, differently in each contrast, would link documents that only share a wording."""
    rng = np.random.default_rng(5)
    density, entropy = rng.standard_normal((2, 240, len(STANDARD_ARMS)))
    wording = np.arange(240) % 6
    moved = 3 * rng.standard_normal((6, len(STANDARD_ARMS)))
    density, entropy = density + moved[wording], entropy - moved[wording]
    documents = frame(240, density, entropy)
    assert link(grid(documents), "density", draws=200).direction == "positive", "the trap is not there, so nothing was tested"
    documents["wording"] = np.repeat(wording, len(STANDARD_ARMS))
    assert abs(link(grid(documents), "density", draws=200).estimate.value) < 0.1


def test_noise_that_all_arms_share_through_none_is_no_link() -> None:
    """Subtracting one noisy `none` from every arm gives rho = 0.24 and more out of nothing; the control contrasts do not."""
    rng = np.random.default_rng(3)
    density, entropy = rng.standard_normal((2, 300, len(STANDARD_ARMS)))
    none = STANDARD_ARMS.index("none")
    entropy[:, none] = -density[:, none]
    found = link(grid(frame(300, density, entropy)), "density", draws=300)
    assert found.direction in ("near zero", "not distinguishable")
    others = [i for i in range(len(STANDARD_ARMS)) if i != none]
    through_none = Pairs(
        density[:, others] - density[:, [none]],
        -(entropy[:, others] - entropy[:, [none]]),
        np.zeros(300, dtype=np.intp),
        np.zeros((300, 2)),
    )
    assert rank_correlation(through_none).low > 0.2, "the trap is not there, so nothing was tested"


def test_denser_and_more_certain_is_positive() -> None:
    rng = np.random.default_rng(0)
    density = rng.standard_normal((60, len(STANDARD_ARMS)))
    assert link(grid(frame(60, density, -density)), "density", draws=200).direction == "positive"
    assert link(grid(frame(60, density, density)), "density", draws=200).direction == "negative"


def test_pairs_are_of_the_control_contrasts_and_of_the_tasks_own_entropy() -> None:
    rng = np.random.default_rng(0)
    density, entropy = rng.standard_normal((2, 3, len(STANDARD_ARMS)))
    choice = frame(3, density, entropy, task="colours").rename(
        columns={"forced_entropy": "choice_entropy", "choice_entropy": "forced_entropy"}
    )
    choice["answer_tokens"] = math.nan
    documents = pd.concat([frame(3, density, entropy), choice], ignore_index=True)
    found = paired(grid(documents), "density")
    arm, control = (STANDARD_ARMS.index(name) for name in CONTROL_CONTRASTS[2])
    assert found.stratum.tolist() == [0, 0, 0, 1, 1, 1]
    for own in (slice(0, 3), slice(3, 6)):
        assert found.quantity[own, 2] == pytest.approx(density[:, arm] - density[:, control])
        assert found.stability[own, 2] == pytest.approx(entropy[:, control] - entropy[:, arm])
    assert found.covariates[:, 0].tolist() == [10.0, 11.0, 12.0] * 2
    assert found.covariates[:, 1] == pytest.approx([*np.log([3.0, 4.0, 5.0]), 0, 0, 0])
    fewer = paired(grid(documents[documents["arm"] != "filler"]), "density")
    assert fewer.quantity.shape == (6, 4)
    assert paired(grid(documents[documents["arm"] == "tag"]), "density").quantity.shape == (0, 0)


def test_routing_pull_is_of_the_right_word_against_the_wrong_one() -> None:
    assert set(PULL_CONTRASTS) == {Contrast("tag", "tag_wrong"), Contrast("expert", "expert_wrong")}
    rng = np.random.default_rng(0)
    distance, entropy = rng.standard_normal((2, 40, len(STANDARD_ARMS)))
    documents = frame(40, entropy, entropy).assign(wrong_domain_distance=distance.ravel())
    found = link(grid(documents), "routing_pull", draws=50)
    assert found.pairs == 80
    x, y = (
        [(values[:, STANDARD_ARMS.index(c.arm)] - values[:, STANDARD_ARMS.index(c.control)]).tolist() for c in PULL_CONTRASTS]
        for values in (distance, -entropy)
    )
    assert found.estimate.value == pytest.approx(
        slow.correlation({"": [list(zip(a, b, strict=True)) for a, b in zip(x, y, strict=True)]})
    )


def test_a_length_that_moves_both_is_taken_out_by_the_partial_link() -> None:
    rng = np.random.default_rng(2)
    length = rng.integers(5, 60, 300).astype(float)
    density, entropy = rng.standard_normal((2, 300, len(STANDARD_ARMS)))
    expert = STANDARD_ARMS.index("expert")
    density[:, expert] += length / 10
    entropy[:, expert] -= length / 10
    documents = frame(300, density, entropy).assign(aligned_tokens=np.repeat(length, len(STANDARD_ARMS)))
    found = link(grid(documents), "density", draws=200)
    assert found.partial is not None
    assert found.estimate.value > 0.25, "the trap is not there, so nothing was tested"
    assert abs(found.partial.value) < 0.1
    assert set(COVARIATES) == {"aligned_tokens", "answer_tokens"}


@given(st.integers(6, 20), st.integers(0, 2**16), st.integers(1, 2), st.sampled_from([0.0, 0.5]), st.sampled_from([0.0, 0.3]))
@settings(max_examples=50)
def test_ranks_with_ties_and_gaps_are_those_of_a_plain_recomputation(
    n: int, seed: int, strata: int, ties: float, missing: float
) -> None:
    pairs = simulated(n, 0.4, seed, strata=strata, ties=ties, missing=missing)
    found = rank_correlation(pairs).value
    try:
        assert found == pytest.approx(max(-1.0, min(1.0, plain(pairs))), abs=1e-9)
    except ZeroDivisionError:
        assert math.isnan(found)


def test_the_order_of_the_rows_does_not_matter_and_a_seed_repeats() -> None:
    rng = np.random.default_rng(0)
    density, entropy = rng.standard_normal((2, 30, len(STANDARD_ARMS)))
    documents = frame(30, density, entropy)
    shuffled = documents.sample(frac=1, random_state=np.random.default_rng(1))
    assert repr(link(grid(documents), "density", draws=50)) == repr(link(grid(shuffled), "density", draws=50))


@pytest.mark.parametrize(
    ("pairs", "n", "reason"),
    [
        (simulated(0, 0), 0, "not measured"),
        (simulated(1, 0), 1, "fewer than three documents share"),
        (simulated(30, 0.5, strata=30), 30, "fewer than three documents share"),
        (simulated(30, 0.5)._replace(quantity=np.ones((30, 5))), 30, "one of the two does not vary"),
        (simulated(19, 0.5), 19, "19 of the 20 documents"),
        (simulated(22, 0.5)._replace(stratum=np.maximum(np.arange(22) - 2, 0)), 22, "too few documents share"),
    ],
)
def test_odd_inputs_have_a_reason_and_no_interval(pairs: Pairs, n: int, reason: str) -> None:
    found, partial = rank_correlation(pairs), rank_correlation(pairs, partial=True)
    assert (found.n, found.has_interval) == (n, False)
    assert found.reason is not None
    assert found.reason.startswith(reason)
    assert (partial.n, partial.has_interval, partial.reason is None) == (n, False, False)


def test_a_claim_needs_q_beside_the_interval() -> None:
    found = Link(
        quantity="density", estimate=Estimate(value=0.3, low=0.01, high=0.5, n=40), pairs=9, direction="positive", p=0.04
    )
    assert [entry.direction for entry in corrected([found])] == ["positive"]
    others = [dataclasses.replace(found, p=p) for p in (0.9, 0.8)]
    assert corrected([found, *others])[0].q == pytest.approx(0.12)
    assert corrected([found, *others])[0].direction == "not distinguishable"
    assert corrected([no_link("density", "dense")])[0].direction == "not measured"


@pytest.mark.parametrize(
    ("low", "high", "n", "words"),
    [
        (0.02, 0.3, 40, "positive"),
        (-0.3, -0.02, 40, "negative"),
        (-0.2, 0.05, 40, "not distinguishable"),
        (-NEAR_ZERO, NEAR_ZERO, 40, "near zero"),
        (0.01, 0.09, 40, "near zero"),
        (0.2, 0.4, 19, "too few documents"),
        (math.nan, math.nan, 40, "not distinguishable"),
        (math.nan, math.nan, 0, "not measured"),
    ],
)
def test_a_link_is_named_by_its_interval(low: float, high: float, n: int, words: str) -> None:
    assert direction(Estimate(value=(low + high) / 2, low=low, high=high, n=n), 0.01) == words
    assert no_link("density", "dense").direction == "not measured"
