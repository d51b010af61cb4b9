"""Every formula against plain Python, its bounds, and the cases whose value is known without computing."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ride_eval.continuation import _Reader
from ride_eval.metrics.bands import bands, early_and_middle
from ride_eval.metrics.choices import choice_brier, choice_entropy, choice_margin, choice_probabilities
from ride_eval.metrics.embedding import prefix_cosines
from ride_eval.metrics.entropy import logprob_entropy
from ride_eval.metrics.samples import (
    answer_agreement,
    cluster_entropy,
    lexical_variation,
    normalized_sequence_entropy,
    semantic_entropy,
    semantic_variation,
    sequence_entropy,
)

LOGITS = st.lists(st.floats(-30, 30), min_size=1, max_size=20)
LOGLIKELIHOODS = st.lists(st.floats(-300, 0), min_size=2, max_size=6)


def slow_entropy(logits: list[float]) -> float:
    weights = [math.exp(value - max(logits)) for value in logits]
    return -math.fsum(w / math.fsum(weights) * math.log(w / math.fsum(weights)) for w in weights if w > 0)


@given(st.integers(1, 200))
def test_bands_are_the_layers_in_order(n: int) -> None:
    layers = list(range(n))
    found = bands(n)
    assert [layer for name in ("early", "middle", "late") for layer in layers[found[name]]] == layers
    assert len(layers[found["early"]]) == len(layers[found["late"]]) == n // 3
    assert layers[early_and_middle(n)] == layers[found["early"]] + layers[found["middle"]] != []


def token_entropy(logits: torch.Tensor) -> torch.Tensor:
    return logprob_entropy(torch.log_softmax(logits, -1))


@given(LOGITS, st.floats(-50, 50))
def test_token_entropy_equals_its_formula(logits: list[float], shift: float) -> None:
    entropy = float(token_entropy(torch.tensor(logits, dtype=torch.float64)))
    assert entropy == pytest.approx(slow_entropy(logits), abs=1e-4)
    assert -1e-6 <= entropy <= math.log(len(logits)) + 1e-5
    assert float(token_entropy(torch.tensor(logits) + shift)) == pytest.approx(entropy, abs=1e-4)


@given(LOGITS, st.randoms(use_true_random=False))
def test_in_float64_entropies_equal_their_formula_to_a_millionth(logits: list[float], random: object) -> None:
    """In any order of the vocabulary."""
    shuffled = list(logits)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    given_logits = torch.tensor([logits, shuffled], dtype=torch.float64)
    wanted = [pytest.approx(slow_entropy(logits), rel=1e-6, abs=1e-9)] * 2
    assert token_entropy(given_logits).tolist() == wanted


def test_token_entropy_of_known_distributions() -> None:
    logits = torch.tensor([[0.0] * 4, [0.0, -torch.inf, -torch.inf, 0.0], [1e4, 0.0, 0.0, 0.0]])
    assert token_entropy(logits).tolist() == pytest.approx([math.log(4), math.log(2), 0.0])


@given(LOGITS, st.data())
def test_what_is_read_of_a_continuation_equals_its_formulas(logits: list[float], data: st.DataObject) -> None:
    token = data.draw(st.integers(0, len(logits) - 1))
    read = _Reader(torch.tensor([[token]]), entropies=True)
    read(torch.tensor([[logits]], dtype=torch.float64))
    (found,) = read.results([1])
    expected = logits[token] - max(logits) - math.log(math.fsum(math.exp(value - max(logits)) for value in logits))
    assert found.logprobs.tolist() == [pytest.approx(expected, rel=1e-6, abs=1e-9)]
    assert found.entropies.tolist() == [pytest.approx(slow_entropy(logits), rel=1e-6, abs=1e-9)]
    assert found.greedy == (logits.index(max(logits)) == token)


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


@given(st.lists(st.floats(0, 1), min_size=2, max_size=6).filter(lambda w: sum(w) > 1e-3), st.data())
def test_the_brier_score_equals_its_formula(weights: list[float], data: st.DataObject) -> None:
    p = np.array(weights) / sum(weights)
    gold = data.draw(st.integers(0, len(p) - 1))
    score = choice_brier(p, gold)
    assert score == pytest.approx(math.fsum((x - (i == gold)) ** 2 for i, x in enumerate(p.tolist())), rel=1e-9)
    assert 0 <= score <= 2 + 1e-9
    turned = np.roll(p, 1)
    assert choice_brier(turned, (gold + 1) % len(p)) == pytest.approx(score), "the order of choices means nothing"


def test_brier_scores_of_known_choices() -> None:
    one_hot, flat = np.array([1.0, 0.0, 0.0]), np.full(3, 1 / 3)
    assert [choice_brier(one_hot, gold) for gold in (0, 1)] == [0.0, 2.0]
    assert choice_brier(flat, 2) == pytest.approx(2 / 3)
    assert choice_brier(np.array([0.75, 0.25]), 0) == pytest.approx(2 * 0.25**2), "with two choices twice the binary score"
    assert math.isnan(choice_brier(choice_probabilities([-1.0, -math.inf], [1, 1]), 0))


@pytest.mark.parametrize("loglikelihoods", [[-1.0], [-1.0, -math.inf], [-1.0, math.nan]])
def test_choices_without_a_distribution_are_missing(loglikelihoods: list[float]) -> None:
    p = choice_probabilities(loglikelihoods, [1] * len(loglikelihoods))
    assert math.isnan(choice_entropy(p)) and math.isnan(choice_margin(p))


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


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(-500, 0), st.integers(1, 40)), min_size=2, max_size=10))
def test_semantic_entropy_weighs_answers_by_their_likelihood(samples: list[tuple[str, float, int]]) -> None:
    answers, logprobs, lengths = ([sample[i] for sample in samples] for i in range(3))
    best = max(p / n for p, n in zip(logprobs, lengths, strict=True))
    likelihoods = [math.exp(p / n - best) for p, n in zip(logprobs, lengths, strict=True)]
    masses = [math.fsum(w for w, a in zip(likelihoods, answers, strict=True) if a == label) for label in set(answers)]
    shares = [mass / math.fsum(likelihoods) for mass in masses if mass]
    entropy = semantic_entropy(answers, logprobs, lengths)
    assert entropy == pytest.approx(-math.fsum(p * math.log(p) for p in shares), abs=1e-9)
    assert 0 <= entropy <= math.log(len(set(answers))) + 1e-9
    alike = semantic_entropy(answers, [-2.0] * len(answers), [3] * len(answers))
    assert alike == pytest.approx(cluster_entropy(answers)), "with equal likelihoods it is the discrete form"


def test_semantic_entropy_of_known_answers() -> None:
    """Likelihoods per token of 1/2 and 1/4 for one answer, 1/4 for another: shares 3/4 and 1/4."""
    logs = [2 * math.log(0.5), math.log(0.25), 3 * math.log(0.25)]
    assert semantic_entropy(["a", "a", "b"], logs, [2, 1, 3]) == pytest.approx(-0.75 * math.log(0.75) - 0.25 * math.log(0.25))
    assert math.isnan(semantic_entropy(["a"], [-1.0], [1])) and math.isnan(semantic_entropy("ab", [-1.0, 0.0], [1, 0]))


def test_identical_different_and_single_samples() -> None:
    alike, apart = ["a"] * 5, list("abcde")
    logprobs, lengths = [-6.0] * 5, [3] * 5
    assert (sequence_entropy(logprobs), normalized_sequence_entropy(logprobs, lengths)) == (6.0, 2.0)
    assert (answer_agreement(alike), cluster_entropy(alike), semantic_entropy(alike, logprobs, lengths)) == (1.0, 0.0, 0.0)
    assert answer_agreement(apart) == pytest.approx(1 / 5)
    for value in (cluster_entropy(apart), semantic_entropy(apart, logprobs, lengths)):
        assert value == pytest.approx(math.log(5)), "the most there can be"
    assert (semantic_variation([1.0] * 10), lexical_variation([1.0] * 10)) == (0.0, 0.0)
    assert (semantic_variation([-1.0]), lexical_variation([0.0] * 10)) == (2.0, 1.0)
    assert sequence_entropy([-6.0]) == 6.0, "one sample has a log-probability"
    for value in (semantic_entropy(["a"], [-6.0], [3]), semantic_variation([]), lexical_variation([])):
        assert math.isnan(value), "and nothing to be compared with"


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.floats(-50, 0), st.integers(1, 9)), min_size=2, max_size=8),
    st.randoms(use_true_random=False),
)
def test_the_order_of_samples_does_not_matter(samples: list[tuple[str, float, int]], random: object) -> None:
    shuffled = list(samples)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    values = []
    for own in (samples, shuffled):
        answers, logprobs, lengths = ([sample[i] for sample in own] for i in range(3))
        values.append(
            [
                sequence_entropy(logprobs),
                normalized_sequence_entropy(logprobs, lengths),
                semantic_entropy(answers, logprobs, lengths),
                cluster_entropy(answers),
                answer_agreement(answers),
            ]
        )
    assert values[0] == pytest.approx(values[1], rel=1e-9, abs=1e-12)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(-50, 0), st.integers(1, 9)), min_size=2, max_size=8))
def test_semantic_entropy_depends_on_relative_likelihood_only(samples: list[tuple[str, float, int]]) -> None:
    """Every token less likely by the same factor: the classes' shares stay."""
    answers, logprobs, lengths = ([sample[i] for sample in samples] for i in range(3))
    less = [p - 0.7 * n for p, n in zip(logprobs, lengths, strict=True)]
    expected = semantic_entropy(answers, logprobs, lengths)
    assert semantic_entropy(answers, less, lengths) == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_samples_without_a_value_are_missing() -> None:
    for value in (answer_agreement(["a"]), cluster_entropy(["a"]), sequence_entropy([]), semantic_variation([math.nan])):
        assert math.isnan(value)
    assert math.isnan(normalized_sequence_entropy([-1.0, -2.0], [3, 0]))
    for variation in (semantic_variation, lexical_variation):
        assert variation([1.0, math.nan, 0.0]) == pytest.approx(0.5)


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


def test_cosines_of_known_answers() -> None:
    """The same, the opposite, at a right angle, and one whose mean is the centre: a zero vector has no direction."""
    centre = torch.tensor([1.0, 2.0])
    means = torch.tensor([[4.0, 2.0], [-2.0, 2.0], [1.0, 5.0], [1.0, 2.0]])
    cosines = prefix_cosines(means[:, None], [1] * 4, centre)
    assert cosines[0, :3].tolist() == pytest.approx([1.0, -1.0, 0.0], abs=1e-6)
    assert cosines[3].isnan().all() and cosines[:, 3].isnan().all()


def test_cosines_depend_on_neither_scale_nor_order() -> None:
    rng = torch.Generator().manual_seed(2)
    states, centre = torch.randn(5, 4, 6, generator=rng).double(), torch.randn(6, generator=rng).double()
    lengths, order = [4, 1, 3, 2, 4], [3, 0, 4, 1, 2]
    expected = prefix_cosines(states, lengths, centre)
    assert prefix_cosines(states * 1e4, lengths, centre * 1e4).tolist() == [pytest.approx(row) for row in expected.tolist()]
    turned = prefix_cosines(states[order], [lengths[i] for i in order], centre)
    assert torch.allclose(turned, expected[order][:, order])
    for i, j in combinations(range(5), 2):
        n = min(lengths[i], lengths[j])
        a, b = states[i, :n].mean(0) - centre, states[j, :n].mean(0) - centre
        assert float(expected[i, j]) == pytest.approx(float(a @ b / a.norm() / b.norm()), rel=1e-6)
