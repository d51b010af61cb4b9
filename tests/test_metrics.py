"""Every formula against plain Python, its bounds, and the cases whose value is known without computing."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ride_eval.metrics.bands import bands, early_and_middle
from ride_eval.metrics.choices import choice_entropy, choice_margin, choice_probabilities
from ride_eval.metrics.density import hoyer, participation
from ride_eval.metrics.embedding import prefix_cosines
from ride_eval.metrics.entropy import token_entropy, token_logprob
from ride_eval.metrics.routing import overlap_shift, selection_counts, signature
from ride_eval.metrics.samples import (
    answer_agreement,
    cluster_entropy,
    normalized_sequence_entropy,
    semantic_variation,
    sequence_entropy,
)

ROUNDING = 2e-5
"""Of float32 sums over a few dozen values."""
VALUES = st.floats(-100, 100, width=32).map(lambda x: 0.0 if abs(x) < 1e-3 else x)
VECTORS = st.lists(VALUES, min_size=2, max_size=40).filter(any)
SCALES = st.sampled_from([1e-30, 1e-10, 3.0, -1.0, 1e10, 1e30])
LOGITS = st.lists(st.floats(-30, 30), min_size=1, max_size=20)
LOGLIKELIHOODS = st.lists(st.floats(-300, 0), min_size=2, max_size=6)


def slow_hoyer(x: list[float]) -> float:
    root = math.sqrt(len(x))
    return (root - math.fsum(map(abs, x)) / math.sqrt(math.fsum(v * v for v in x))) / (root - 1)


def slow_participation(x: list[float]) -> float:
    return math.fsum(v**2 for v in x) ** 2 / (len(x) * math.fsum(v**4 for v in x))


def slow_entropy(logits: list[float]) -> float:
    weights = [math.exp(value - max(logits)) for value in logits]
    return -math.fsum(w / math.fsum(weights) * math.log(w / math.fsum(weights)) for w in weights if w > 0)


@given(VECTORS)
def test_density_equals_its_formulas_and_keeps_its_bounds(x: list[float]) -> None:
    tensor = torch.tensor(x)
    assert float(hoyer(tensor)) == pytest.approx(max(0.0, slow_hoyer(x)), abs=ROUNDING)
    assert float(participation(tensor)) == pytest.approx(slow_participation(x), rel=1e-4)
    assert 0 <= float(hoyer(tensor)) <= 1 + ROUNDING
    assert (1 - ROUNDING) / len(x) <= float(participation(tensor)) <= 1 + ROUNDING


@given(VECTORS, SCALES, st.randoms(use_true_random=False))
def test_density_depends_on_neither_scale_sign_nor_order(x: list[float], scale: float, random: object) -> None:
    """At 1e30 a square overflows float32, and at 1e-30 it vanishes."""
    shuffled = list(x)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    for measure in (hoyer, participation):
        expected = float(measure(torch.tensor(x)))
        assert float(measure(torch.tensor(shuffled, dtype=torch.float64) * scale)) == pytest.approx(expected, abs=ROUNDING)


@pytest.mark.parametrize("n", [2, 7, 1024, 14336])
def test_density_of_one_hot_and_of_flat_vectors(n: int) -> None:
    one_hot, flat = torch.zeros(n), torch.full((n,), -0.3)
    one_hot[n // 2] = 4.0
    assert float(hoyer(one_hot)) == pytest.approx(1.0)
    assert float(participation(one_hot)) == pytest.approx(1 / n)
    assert float(hoyer(flat)) == pytest.approx(0.0, abs=ROUNDING)
    assert float(participation(flat)) == pytest.approx(1.0, abs=ROUNDING)


def test_density_of_a_zero_vector_is_missing_and_of_its_neighbours_is_not() -> None:
    rows = torch.tensor([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    for measure in (hoyer, participation):
        values = measure(rows)
        assert values.shape == (2,)
        assert values.isnan().tolist() == [True, False], "a zero vector is not sparse, it is no vector"
        assert measure(rows.reshape(1, 2, 1, 3)).shape == (1, 2, 1)


def test_density_of_half_precision_is_computed_in_float32() -> None:
    """Sums of thousands of squares in bfloat16 keep two digits."""
    x = torch.randn(8192, generator=torch.Generator().manual_seed(0)).bfloat16()
    for measure in (hoyer, participation):
        assert measure(x).dtype == torch.float32
        assert float(measure(x)) == pytest.approx(float(measure(x.double())), abs=ROUNDING)


@given(st.integers(1, 200))
def test_bands_are_the_layers_in_order(n: int) -> None:
    layers = list(range(n))
    found = bands(n)
    assert [layer for name in ("early", "middle", "late") for layer in layers[found[name]]] == layers
    assert len(layers[found["early"]]) == len(layers[found["late"]]) == n // 3
    assert layers[early_and_middle(n)] == layers[found["early"]] + layers[found["middle"]] != []


@given(LOGITS, st.floats(-50, 50))
def test_token_entropy_equals_its_formula(logits: list[float], shift: float) -> None:
    entropy = float(token_entropy(torch.tensor(logits, dtype=torch.float64)))
    assert entropy == pytest.approx(slow_entropy(logits), abs=1e-4)
    assert -1e-6 <= entropy <= math.log(len(logits)) + 1e-5
    assert float(token_entropy(torch.tensor(logits) + shift)) == pytest.approx(entropy, abs=1e-4)


def test_token_entropy_of_known_distributions() -> None:
    logits = torch.tensor([[0.0] * 4, [0.0, -torch.inf, -torch.inf, 0.0], [1e4, 0.0, 0.0, 0.0]])
    assert token_entropy(logits).tolist() == pytest.approx([math.log(4), math.log(2), 0.0])


@given(LOGITS, st.data())
def test_token_logprob_equals_its_formula(logits: list[float], data: st.DataObject) -> None:
    token = data.draw(st.integers(0, len(logits) - 1))
    expected = logits[token] - max(logits) - math.log(math.fsum(math.exp(value - max(logits)) for value in logits))
    assert float(token_logprob(torch.tensor([logits]), torch.tensor([token]))) == pytest.approx(expected, abs=1e-4)


@given(LOGLIKELIHOODS, st.data())
def test_choices_equal_their_formulas(loglikelihoods: list[float], data: st.DataObject) -> None:
    n = len(loglikelihoods)
    sizes = data.draw(st.lists(st.integers(0, 60), min_size=n, max_size=n))
    p = choice_probabilities(loglikelihoods, sizes)
    scores = [value / max(size, 1) for value, size in zip(loglikelihoods, sizes, strict=True)]
    weights = [math.exp(score - max(scores)) for score in scores]
    assert p.tolist() == pytest.approx([weight / math.fsum(weights) for weight in weights])
    assert choice_entropy(p) == pytest.approx(slow_entropy(scores) / math.log(n), abs=1e-9)
    assert 0 <= choice_entropy(p) <= 1 + 1e-12
    assert choice_margin(p) == pytest.approx(sorted(p)[-1] - sorted(p)[-2])
    assert 0 <= choice_margin(p) <= 1


@given(LOGLIKELIHOODS, st.randoms(use_true_random=False))
def test_the_order_of_choices_does_not_matter(loglikelihoods: list[float], random: object) -> None:
    shuffled = list(loglikelihoods)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    p, q = (choice_probabilities(values, [9] * len(values)) for values in (loglikelihoods, shuffled))
    assert choice_entropy(p) == pytest.approx(choice_entropy(q), abs=1e-12)
    assert choice_margin(p) == pytest.approx(choice_margin(q), abs=1e-12)


def test_choices_of_known_distributions() -> None:
    assert choice_entropy(choice_probabilities([-5.0] * 3, [7] * 3)) == pytest.approx(1.0)
    assert choice_margin(choice_probabilities([-5.0] * 3, [7] * 3)) == pytest.approx(0.0)
    certain = choice_probabilities([0.0, -1e6], [1, 1])
    assert (choice_entropy(certain), choice_margin(certain)) == (0.0, 1.0)
    assert choice_probabilities([-10.0, -20.0], [5, 10]).tolist() == [0.5, 0.5], "per byte, not summed"


@pytest.mark.parametrize("loglikelihoods", [[-1.0], [-1.0, -math.inf], [-1.0, math.nan]])
def test_choices_without_a_distribution_are_missing(loglikelihoods: list[float]) -> None:
    p = choice_probabilities(loglikelihoods, [1] * len(loglikelihoods))
    assert math.isnan(choice_entropy(p)) and math.isnan(choice_margin(p))


@st.composite
def routes(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, int]:
    """Expert ids of two arms, (T, L, k) uint8, and how many experts there are."""
    n, k = draw(st.sampled_from([(4, 1), (8, 2), (64, 8), (256, 3)]))
    tokens, layers = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    all_experts = np.broadcast_to(np.arange(n, dtype=np.uint8), (2, tokens, layers, n))
    first, second = rng.permuted(all_experts, axis=-1)[..., :k]
    return first, second, n


@given(routes())
def test_routing_equals_its_formulas(given_routes: tuple[np.ndarray, np.ndarray, int]) -> None:
    experts, reference, n = given_routes
    n_tokens, n_layers, k = experts.shape
    counts = selection_counts(experts, n)
    assert counts.shape == (n_layers, n)
    assert counts.sum(1).tolist() == [n_tokens * k] * n_layers, "each token selects k experts in each layer"
    for layer in range(n_layers):
        for expert in range(n):
            assert counts[layer, expert] == sum(expert in experts[token, layer] for token in range(n_tokens))
    shares = signature(counts)
    assert shares.sum(1).tolist() == pytest.approx([1.0] * n_layers)
    assert (shares * n_tokens * k == pytest.approx(counts)) and (shares >= 0).all()
    common = [
        len(set(experts[token, layer].tolist()) & set(reference[token, layer].tolist())) / k
        for token in range(n_tokens)
        for layer in range(n_layers)
    ]
    shift = overlap_shift(experts, reference)
    assert shift == pytest.approx(1 - sum(common) / len(common))
    assert 0 <= shift <= 1
    assert overlap_shift(reference, experts) == pytest.approx(shift)
    assert overlap_shift(experts, experts[..., ::-1]) == 0.0, "the order of a token's experts means nothing"


def test_disjoint_routes_and_missing_tokens() -> None:
    experts = np.array([[[0, 1]], [[2, 3]]], dtype=np.uint8)
    assert overlap_shift(experts, experts + 4) == 1.0
    assert math.isnan(overlap_shift(experts[:0], experts[:0]))
    assert np.isnan(signature(selection_counts(experts[:0], 4))).all()
    with pytest.raises(ValueError, match=r"\(2, 1, 2\) and \(1, 1, 2\)"):
        overlap_shift(experts, experts[:1])


@given(st.lists(st.sampled_from("abcd"), min_size=2, max_size=12))
def test_agreement_of_samples(answers: list[str]) -> None:
    shares = [answers.count(answer) / len(answers) for answer in set(answers)]
    assert answer_agreement(answers) == max(shares)
    assert cluster_entropy(answers) == pytest.approx(-math.fsum(p * math.log(p) for p in shares), abs=1e-12)
    assert 0 <= cluster_entropy(answers) <= math.log(len(answers)) + 1e-12


@given(st.lists(st.tuples(st.floats(-500, 0), st.integers(1, 40)), min_size=1, max_size=10))
def test_sequence_entropies(samples: list[tuple[float, int]]) -> None:
    logprobs, lengths = [p for p, _ in samples], [n for _, n in samples]
    assert sequence_entropy(logprobs) == pytest.approx(-math.fsum(logprobs) / len(samples))
    expected = -math.fsum(p / n for p, n in samples) / len(samples)
    assert normalized_sequence_entropy(logprobs, lengths) == pytest.approx(expected)


def test_samples_without_a_value_are_missing() -> None:
    for value in (answer_agreement(["a"]), cluster_entropy(["a"]), sequence_entropy([]), semantic_variation([math.nan])):
        assert math.isnan(value)
    assert math.isnan(normalized_sequence_entropy([-1.0, -2.0], [3, 0]))
    assert semantic_variation([1.0, math.nan, 0.0]) == pytest.approx(0.5)


def test_cosines_are_of_each_pair_s_first_common_tokens() -> None:
    rng = torch.Generator().manual_seed(1)
    states, centre, lengths = torch.randn(4, 6, 5, generator=rng), torch.randn(5, generator=rng), [6, 2, 4, 0]
    cosines = prefix_cosines(states, lengths, centre)
    for i, j in combinations(range(4), 2):
        n = min(lengths[i], lengths[j])
        assert cosines[i, j].isnan() == (n == 0)
        if n:
            a, b = states[i, :n].mean(0) - centre, states[j, :n].mean(0) - centre
            assert float(cosines[i, j]) == pytest.approx(float(a @ b / a.norm() / b.norm()), abs=1e-5)
