"""Transfer and rank correlation: recovered where planted, uniform p where not."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import kstest, spearmanr

from ride_eval.analysis.categories.association import association
from ride_eval.analysis.categories.baselines import load_balanced
from ride_eval.analysis.categories.mantel import _drawn, partial_mantel, without_prompt_effects
from ride_eval.analysis.categories.similarity import normalized

Floats = NDArray[np.float64]


def alike(rng: np.random.Generator, *parts: Floats, n: int = 40, noise: float = 1.0) -> Floats:
    """Cosines of prompts that have these latent features in common, and some of their own."""
    values = np.hstack([*parts, noise * rng.normal(size=(n, 4))])
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    return np.asarray(values @ values.T)


def slow_partial(x: Floats, y: Floats, controls: list[Floats]) -> float:
    upper = np.triu_indices(len(x), 1)
    design = np.column_stack([np.ones(len(upper[0])), *(each[upper] for each in controls)])
    left, right = (each[upper] - design @ np.linalg.lstsq(design, each[upper], rcond=None)[0] for each in (x, y))
    return float(np.corrcoef(left, right)[0, 1])


def lengths_of(n: int = 40) -> NDArray[np.int64]:
    return np.random.default_rng(n).integers(8, 60, size=n)


def effects_of(n: int) -> list[Floats]:
    """One indicator matrix a prompt but the last: its row and column."""
    found = []
    for i in range(n - 1):
        each = np.zeros((n, n))
        each[i] = each[:, i] = 1
        found.append(each)
    return found


def test_correlations_are_those_of_residuals() -> None:
    rng = np.random.default_rng(0)
    x, y, z, w = (alike(rng) for _ in range(4))
    found = partial_mantel(x, y, [z, w], lengths_of(), draws=20, permutations=20)
    upper = np.triu_indices(40, 1)
    assert found.plain == pytest.approx(np.corrcoef(x[upper], y[upper])[0, 1])
    assert found.partial == pytest.approx(slow_partial(x, y, [z, w]), abs=1e-12)
    assert found.beyond.value == pytest.approx(slow_partial(x, y, [z, w, *effects_of(40)]), abs=1e-10)
    assert found.beyond.n == 40


def test_every_draw_is_what_its_copies_give() -> None:
    rng = np.random.default_rng(1)
    x, y, z = (without_prompt_effects(alike(rng, n=12)) for _ in range(3))
    drawn = _drawn([x, y, z], 4, np.random.default_rng(5))
    weights = np.random.default_rng(5).multinomial(12, np.full(12, 1 / 12), size=4)
    for value, row in zip(drawn, weights, strict=True):
        copies = np.repeat(np.arange(12), row)
        pairs = [(i, j) for a, i in enumerate(copies) for j in copies[a + 1 :] if i != j]
        columns = np.array([[1.0, x[p], y[p], z[p]] for p in pairs])
        design = columns[:, [0, 3]]
        left, right = (columns[:, c] - design @ np.linalg.lstsq(design, columns[:, c], rcond=None)[0] for c in (1, 2))
        assert value == pytest.approx(np.corrcoef(left, right)[0, 1], abs=1e-9)


def test_what_both_have_beyond_the_tokens_is_found_and_tokens_alone_are_not() -> None:
    rng = np.random.default_rng(2)
    overlap, meaning = (alike(rng, 2 * rng.normal(size=(40, 3)), noise=0.01) for _ in range(2))
    only_tokens = partial_mantel(overlap + alike(rng), overlap + alike(rng), [overlap], lengths_of(), permutations=500)
    assert only_tokens.plain > 0.4 and only_tokens.beyond.low < 0 < only_tokens.beyond.high and only_tokens.p > 0.01
    one, other = (overlap + meaning + alike(rng) for _ in range(2))
    both = partial_mantel(one, other, [overlap], lengths_of(), permutations=500)
    assert both.beyond.low > 0.2 and both.p < 0.01


def test_p_is_uniform_where_only_tokens_are_shared() -> None:
    """Both similarities follow the token overlap, and nothing else: 200 experiments."""
    found = []
    for seed in range(200):
        rng = np.random.default_rng([seed, 3])
        overlap = alike(rng, 2 * rng.normal(size=(24, 3)), n=24, noise=0.01)
        first, second = (overlap + alike(rng, n=24) for _ in range(2))
        found.append(partial_mantel(first, second, [overlap], lengths_of(24), draws=1, permutations=99, seed=seed).p)
    assert abs(np.mean(np.array(found) <= 0.05) - 0.05) < 3 * math.sqrt(0.05 * 0.95 / 200)
    assert kstest(found, "uniform").pvalue > 0.005


def test_prompts_of_equal_length_are_no_transfer_between_random_routers() -> None:
    """Given the tokens alone two load-balanced routers agree, r about 0.9; beyond length they do not (100 experiments)."""
    partial, beyond, rejected, outside = [], [], 0, 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        lengths = rng.integers(8, 60, size=48)
        first, second = (normalized(load_balanced(lengths, 6, 16, 4, seed=100 * seed + i)) for i in range(2))
        overlap = alike(rng, n=48)
        found = partial_mantel(first @ first.T, second @ second.T, [overlap], lengths, draws=200, permutations=99, seed=seed)
        partial.append(found.partial)
        beyond.append(found.beyond.value)
        rejected += found.p <= 0.05
        outside += not found.beyond.low <= 0 <= found.beyond.high
    assert np.mean(partial) > 0.8 and abs(np.mean(beyond)) < 0.03
    assert rejected / 100 < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 100)
    assert outside / 100 < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 100)


def test_too_few_or_constant() -> None:
    rng = np.random.default_rng(0)
    few = partial_mantel(alike(rng, n=5), alike(rng, n=5), [], lengths_of(5))
    assert math.isnan(few.beyond.value) and "5 common prompts" in str(few.beyond.reason)
    assert math.isnan(partial_mantel(np.ones((20, 20)), alike(rng, n=20), [], lengths_of(20)).beyond.value)


# Rank correlation ---------------------------------------------------------------------------------------------------------


def test_one_stratum_is_spearman_with_ties() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.integers(6, size=50).astype(float), rng.integers(5, size=50).astype(float)
    found = association(x, y, np.zeros(50, dtype=np.int64), draws=50)
    assert found.rho.value == pytest.approx(spearmanr(x, y)[0]) and found.rho.n == 50


def test_levels_of_strata_make_no_correlation_and_a_planted_one_is_found() -> None:
    rng = np.random.default_rng(1)
    strata = np.repeat(np.arange(4), 25)
    x, y = rng.normal(size=100) + 9 * strata, rng.normal(size=100) + 9 * strata
    assert spearmanr(x, y)[0] > 0.8
    apart = association(x, y, strata, draws=400)
    assert apart.rho.low < 0 < apart.rho.high and apart.p > 0.01
    linked = association(x, y + 2 * x, strata, draws=400)
    assert linked.rho.low > 0.5 and linked.p < 0.002


def test_p_is_uniform_without_a_link() -> None:
    rng = np.random.default_rng(2)
    strata = np.repeat(np.arange(3), 10)
    found = [association(rng.normal(size=30), rng.normal(size=30), strata, draws=2, seed=i).p for i in range(100)]
    assert kstest(found, "uniform").pvalue > 0.005


def test_what_does_not_vary_has_no_correlation() -> None:
    nan = np.full(30, np.nan)
    assert "not measured" in str(association(nan, nan, np.zeros(30, dtype=np.int64)).rho.reason)
    flat = association(np.arange(30.0), np.zeros(30), np.zeros(30, dtype=np.int64))
    assert math.isnan(flat.rho.value) and "does not vary" in str(flat.rho.reason)
    few = association(np.arange(6.0), np.arange(6.0), np.zeros(6, dtype=np.int64))
    assert few.rho.value == 1.0 and not few.rho.has_interval
