"""If these fail, the report claims that density and stability go together, or do not, without grounds."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ride_eval.analysis.contrasts import CONTROL_CONTRASTS
from ride_eval.analysis.frames import COLUMNS
from ride_eval.analysis.intervals import Estimate
from ride_eval.analysis.links import NEAR_ZERO, Pairs, direction, link, no_link, paired, rank_correlation
from ride_eval.arms import STANDARD_ARMS
from tests.analysis import slow


def simulated(
    n: int, rho: float, seed: int = 0, *, shift: tuple[float, float] = (0, 0), ties: float = 0, missing: float = 0
) -> Pairs:
    """One task's five differences a document, made from arms' own normal numbers that correlate by rho."""
    rng = np.random.default_rng(seed)
    cov = [[1, rho], [rho, 1]]
    arms = rng.multivariate_normal([0, 0], cov, (n, len(STANDARD_ARMS)))
    index = [(STANDARD_ARMS.index(c.arm), STANDARD_ARMS.index(c.control)) for c in CONTROL_CONTRASTS]
    x, y = (np.stack([arms[:, a, i] - arms[:, b, i] for a, b in index], 1) + shift[i] for i in (0, 1))
    if ties:
        x, y = np.round(x / ties) * ties, np.round(y / ties) * ties
    x[rng.random(x.shape) < missing] = np.nan
    return Pairs(x, y)


def plain(tasks: dict[str, Pairs]) -> float:
    columns: dict[str, list[list[tuple[float, float] | None]]] = {
        task: [
            [None if math.isnan(a + b) else (round(a, 12), round(b, 12)) for a, b in zip(x.tolist(), y.tolist(), strict=True)]
            for x, y in zip(pairs.quantity.T, pairs.stability.T, strict=True)
        ]
        for task, pairs in tasks.items()
    }
    return slow.correlation(columns)


@pytest.mark.parametrize("rho", [-0.8, 0.0, 0.3, 0.9])
def test_a_planted_correlation_is_recovered(rho: float) -> None:
    found = rank_correlation({"a": simulated(1500, rho), "b": simulated(500, rho, 1)}, draws=300)
    planted = 6 / math.pi * math.asin(rho / 2)  # of ranks, for a bivariate normal
    assert found.value == pytest.approx(planted, abs=0.04)
    assert found.low < planted < found.high
    assert found.n == 2000


def test_an_interval_covers_the_planted_correlation_as_often_as_it_says() -> None:
    rho, trials = 0.5, 200
    planted = 6 / math.pi * math.asin(rho / 2)
    found = [rank_correlation({"a": simulated(60, rho, seed)}, draws=300) for seed in range(trials)]
    hits = sum(estimate.low <= planted <= estimate.high for estimate in found)
    assert 0.90 * trials <= hits <= 0.99 * trials


def test_what_tasks_and_contrasts_have_in_common_is_no_link() -> None:
    """Tasks that differ in both numbers, and arms that do, would give a correlation near 1."""
    tasks = {str(i): simulated(60, 0.0, i, shift=(9.0 * i, 9.0 * i)) for i in range(5)}
    arms = np.arange(5) * 9.0
    tasks = {task: Pairs(pairs.quantity + arms, pairs.stability + arms) for task, pairs in tasks.items()}
    assert abs(rank_correlation(tasks, draws=200).value) < 0.08


def test_what_a_wording_does_to_both_is_no_link() -> None:
    """Wordings that move both numbers, differently in each contrast, would link documents that only share a wording."""
    rng = np.random.default_rng(5)
    density, entropy = rng.standard_normal((2, 240, len(STANDARD_ARMS)))
    wording = np.arange(240) % 6
    moved = 3 * rng.standard_normal((6, len(STANDARD_ARMS)))
    density, entropy = density + moved[wording], entropy - moved[wording]
    documents = frame(240, density, entropy)
    assert link(documents, "density", draws=200).direction == "positive", "the trap is not there, so nothing was tested"
    documents["wording"] = np.repeat(wording, len(STANDARD_ARMS))
    assert abs(link(documents, "density", draws=200).estimate.value) < 0.1


def frame(n: int, density: NDArray[np.float64], entropy: NDArray[np.float64], task: str = "arith") -> pd.DataFrame:
    """Documents with (n, arms) densities and entropies."""
    rows = []
    for i in range(n):
        for a, arm in enumerate(STANDARD_ARMS):
            row: dict[str, object] = dict.fromkeys(COLUMNS, math.nan)
            row |= {"task": task, "document": f"d{i:04}", "occurrence": 0, "arm": arm, "wording": 0}
            row |= {"density": density[i, a], "forced_entropy": entropy[i, a], "keyword_tokens": 1.0}
            rows.append(row | {"meta_length": 5.0, "meta_unit": "tokens", "reason": None})
    return pd.DataFrame(rows)


def test_noise_that_all_arms_share_through_none_is_no_link() -> None:
    """Subtracting one noisy `none` from every arm gives rho = 0.24 and more out of nothing; the control contrasts do not."""
    rng = np.random.default_rng(3)
    density, entropy = rng.standard_normal((2, 300, len(STANDARD_ARMS)))
    none = STANDARD_ARMS.index("none")
    entropy[:, none] = -density[:, none]
    found = link(frame(300, density, entropy), "density", draws=300)
    assert found.direction in ("near zero", "not distinguishable")
    others = [i for i in range(len(STANDARD_ARMS)) if i != none]
    through_none = Pairs(density[:, others] - density[:, [none]], -(entropy[:, others] - entropy[:, [none]]))
    assert rank_correlation({"arith": through_none}, draws=100).low > 0.2, "the trap is not there, so nothing was tested"


def test_denser_and_more_certain_is_positive() -> None:
    rng = np.random.default_rng(0)
    density = rng.standard_normal((60, len(STANDARD_ARMS)))
    assert link(frame(60, density, -density), "density", draws=200).direction == "positive"
    assert link(frame(60, density, density), "density", draws=200).direction == "negative"


def test_pairs_are_of_the_control_contrasts_and_of_the_tasks_own_entropy() -> None:
    rng = np.random.default_rng(0)
    density, entropy = rng.standard_normal((2, 3, len(STANDARD_ARMS)))
    choice = frame(3, density, entropy, task="colours").rename(
        columns={"forced_entropy": "choice_entropy", "choice_entropy": "forced_entropy"}
    )
    documents = pd.concat([frame(3, density, entropy), choice], ignore_index=True)
    found = paired(documents, "density")
    arm, control = (STANDARD_ARMS.index(name) for name in CONTROL_CONTRASTS[2])
    for task in ("arith", "colours"):
        own = found[f"{task}, wording 0"]
        assert own.quantity[:, 2] == pytest.approx(density[:, arm] - density[:, control])
        assert own.stability[:, 2] == pytest.approx(entropy[:, control] - entropy[:, arm])
    fewer = paired(documents[documents["arm"] != "filler"], "density")
    assert fewer["arith, wording 0"].quantity.shape == (3, 4)
    assert paired(documents[documents["arm"] == "tag"], "density") == {}


@given(st.integers(2, 15), st.integers(0, 2**16), st.sampled_from([0.0, 0.5]), st.sampled_from([0.0, 0.3]))
def test_ranks_with_ties_and_gaps_are_those_of_a_plain_recomputation(n: int, seed: int, ties: float, missing: float) -> None:
    tasks = {"a": simulated(n, 0.4, seed, ties=ties, missing=missing), "b": simulated(n + 3, 0.4, seed + 1, ties=ties)}
    assert rank_correlation(tasks, draws=2).value == pytest.approx(plain(tasks), abs=1e-9)


def test_a_draw_is_ranked_anew() -> None:
    """A weighted sample and the same sample written out must rank alike, else intervals are those of something else."""
    tasks = {"a": simulated(40, 0.6, ties=0.5)}
    rng = np.random.default_rng(7)
    width = 11
    chosen = rng.integers(40, size=(40, width))
    written_out = [plain({"a": Pairs(*(side[chosen[:, i]] for side in tasks["a"]))}) for i in range(width)]
    found = rank_correlation(tasks, draws=width, seed=7)
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(written_out, [0.025, 0.975])), abs=1e-9)


def test_the_order_of_the_rows_does_not_matter_and_a_seed_repeats() -> None:
    rng = np.random.default_rng(0)
    density, entropy = rng.standard_normal((2, 30, len(STANDARD_ARMS)))
    documents = frame(30, density, entropy)
    shuffled = documents.sample(frac=1, random_state=np.random.default_rng(1))
    assert link(documents, "density", draws=50) == link(shuffled, "density", draws=50)


@pytest.mark.parametrize(
    ("tasks", "n", "reason"),
    [
        ({}, 0, "not measured"),
        ({"a": Pairs(np.ones((1, 5)), np.ones((1, 5)))}, 1, "1 documents"),
        ({"a": Pairs(np.ones((30, 5)), simulated(30, 0).stability)}, 30, "one of the two does not vary"),
        ({"a": simulated(19, 0.5)}, 19, "19 of the 20 documents"),
        ({str(i): simulated(1, 0.5, i) for i in range(30)}, 30, "one of the two does not vary"),
    ],
)
def test_odd_inputs_have_a_reason_and_no_interval(tasks: dict[str, Pairs], n: int, reason: str) -> None:
    found = rank_correlation(tasks, draws=50)
    assert (found.n, found.has_interval) == (n, False)
    assert found.reason is not None
    assert found.reason.startswith(reason)


def test_nothing_that_hardly_varies_has_an_interval() -> None:
    x = np.zeros((40, 5))
    x[0] = 1.0
    assert rank_correlation({"a": Pairs(x, simulated(40, 0).stability)}, draws=400).reason == (
        "too little variation between documents"
    )


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
    assert direction(Estimate(value=(low + high) / 2, low=low, high=high, n=n)) == words
    assert no_link("density", "dense").direction == "not measured"
