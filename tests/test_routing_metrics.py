"""Routing's formulas against plain Python, their bounds, and the cases whose value is known without computing."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ride_eval.metrics.router import router_margin
from ride_eval.metrics.routing import (
    coactivation,
    cosine,
    effective_experts,
    gate_shares,
    gate_sums,
    jensen_shannon,
    overlap_shift,
    pair_counts,
    selection_counts,
    signature,
)


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


@given(routes())
def test_gate_weights_and_pairs_equal_their_formulas(given_routes: tuple[np.ndarray, np.ndarray, int]) -> None:
    experts, _, n = given_routes
    n_tokens, n_layers, k = experts.shape
    weights = np.random.default_rng(n_tokens).random(experts.shape).astype(np.float32)
    sums, pairs = gate_sums(experts, weights, n), pair_counts(experts, n)
    tokens = range(n_tokens)
    for layer in range(n_layers):
        chosen = [dict(zip(experts[t, layer].tolist(), weights[t, layer].tolist(), strict=True)) for t in tokens]
        assert sums[layer].tolist() == pytest.approx([math.fsum(token.get(e, 0.0) for token in chosen) for e in range(n)])
        for i in range(0, n, max(1, n // 8)):
            assert pairs[layer, i].tolist() == [sum(i in token and j in token for token in chosen) for j in range(n)]
    assert gate_shares(sums).sum(1).tolist() == pytest.approx([1.0] * n_layers)
    assert gate_shares(selection_counts(experts, n)) == pytest.approx(signature(selection_counts(experts, n))), (
        "with equal weights the weighted signature is the signature"
    )
    assert pairs.sum((1, 2)).tolist() == [n_tokens * k * k] * n_layers
    shares = coactivation(pairs)
    used = np.diagonal(pairs, axis1=1, axis2=2) > 0
    assert (np.diagonal(shares, axis1=1, axis2=2)[used] == 1).all() and np.isnan(shares[~used]).all()
    assert shares[used].sum(-1).tolist() == pytest.approx([float(k)] * int(used.sum()))


def test_coactivation_of_known_tokens() -> None:
    """Expert 0 has two tokens, of which one went to 1 as well, and 1 no other."""
    shares = coactivation(pair_counts(np.array([[[0, 1]], [[2, 0]]]), 4))[0]
    assert shares[0].tolist() == [1.0, 0.5, 0.5, 0.0]
    assert shares[1].tolist() == [1.0, 1.0, 0.0, 0.0]
    assert np.isnan(shares[3]).all()


SIGNATURES = st.lists(st.floats(0, 1), min_size=2, max_size=12).filter(lambda x: sum(x) > 1e-3).map(np.array)


@given(st.data())
def test_distances_of_signatures_equal_their_formulas(data: st.DataObject) -> None:
    raw = data.draw(SIGNATURES)
    other = data.draw(st.lists(st.floats(0, 1), min_size=len(raw), max_size=len(raw)).filter(lambda x: sum(x) > 1e-3))
    p, q = raw / raw.sum(), np.array(other) / sum(other)
    entropy = -math.fsum(x * math.log(x) for x in p if x > 0)
    assert float(effective_experts(p)) == pytest.approx(math.exp(entropy))
    assert 1 - 1e-9 <= float(effective_experts(p)) <= len(p) + 1e-9
    middle = (p + q) / 2
    terms = [x * math.log2(x / m) for xs in (p, q) for x, m in zip(xs, middle, strict=True) if x > 0]
    assert float(jensen_shannon(p, q)) == pytest.approx(math.fsum(terms) / 2, abs=1e-9)
    assert 0 <= float(jensen_shannon(p, q)) <= 1
    assert float(jensen_shannon(p, q)) == pytest.approx(float(jensen_shannon(q, p)), abs=1e-12)
    expected = math.fsum(p * q) / math.sqrt(math.fsum(p * p) * math.fsum(q * q))
    assert float(cosine(p, q)) == pytest.approx(expected, abs=1e-9)


def test_distances_of_known_signatures() -> None:
    p = np.array([[0.5, 0.5, 0.0, 0.0], [0.25] * 4, [1.0, 0.0, 0.0, 0.0], [math.nan] * 4])
    q = np.array([[0.0, 0.0, 0.5, 0.5], [0.25] * 4, [0.5, 0.5, 0.0, 0.0], [0.25] * 4])
    assert effective_experts(p)[:3] == pytest.approx([2.0, 4.0, 1.0])
    assert jensen_shannon(p, q)[:3] == pytest.approx([1.0, 0.0, 1.5 - 0.75 * math.log2(3)])
    assert cosine(p, q)[:3] == pytest.approx([0.0, 1.0, math.sqrt(0.5)])
    assert np.isnan([effective_experts(p)[3], jensen_shannon(p, q)[3], cosine(p, q)[3], cosine(q[0] * 0, q[1])]).all()
    assert np.isnan(gate_shares(gate_sums(np.zeros((0, 2, 1), dtype=int), np.zeros((0, 2, 1)), 3))).all()


@given(st.lists(st.floats(0, 1), min_size=2, max_size=12), st.data())
def test_the_margin_is_the_gap_below_the_last_chosen_expert(values: list[float], data: st.DataObject) -> None:
    k = data.draw(st.integers(1, len(values) - 1))
    ordered = sorted(values, reverse=True)
    assert float(router_margin(torch.tensor(values, dtype=torch.float64), k)) == pytest.approx(ordered[k - 1] - ordered[k])
    assert router_margin(torch.tensor([values]), len(values)).isnan().tolist() == [True], "no expert was left out"


@given(routes(), st.integers(0, 2**32 - 1))
def test_neither_the_order_of_tokens_nor_the_names_of_experts_matter(
    given_routes: tuple[np.ndarray, np.ndarray, int], seed: int
) -> None:
    experts, reference, n = given_routes
    rng = np.random.default_rng(seed)
    names, tokens = rng.permutation(n), rng.permutation(len(experts))
    turned, turned_reference = names[experts[tokens]], names[reference[tokens]]
    assert overlap_shift(turned, turned_reference) == pytest.approx(overlap_shift(experts, reference))
    own, other = (signature(selection_counts(ids, n)) for ids in (experts, reference))
    new, new_other = (signature(selection_counts(ids, n)) for ids in (turned, turned_reference))
    assert new[:, names] == pytest.approx(own)
    assert effective_experts(new) == pytest.approx(effective_experts(own))
    assert jensen_shannon(new, new_other) == pytest.approx(jensen_shannon(own, other), abs=1e-12)
    assert cosine(new, new_other) == pytest.approx(cosine(own, other))
    assert np.allclose(pair_counts(turned, n)[:, names][:, :, names], pair_counts(experts, n))


@given(routes(), st.floats(0.01, 100))
def test_gate_shares_do_not_depend_on_the_weights_scale(given_routes: tuple[np.ndarray, np.ndarray, int], scale: float) -> None:
    """Routers scale their gates by constants of their own."""
    experts, _, n = given_routes
    weights = np.random.default_rng(1).random(experts.shape)
    expected = gate_shares(gate_sums(experts, weights, n))
    assert gate_shares(gate_sums(experts, weights * scale, n)) == pytest.approx(expected, rel=1e-6, abs=1e-9)
    assert ((expected >= 0) & (expected <= 1)).all()


def test_one_token_goes_to_k_experts_alike() -> None:
    counts = selection_counts(np.array([[[0, 3]]]), 4)
    assert signature(counts).tolist() == [[0.5, 0.0, 0.0, 0.5]]
    assert effective_experts(signature(counts)).tolist() == [2.0], "with one token, k"
    assert gate_shares(gate_sums(np.array([[[0, 3]]]), np.array([[[3.0, 1.0]]]), 4)).tolist() == [[0.75, 0.0, 0.0, 0.25]]
