"""If these fail, routing is said to know more, or less, than the tokens do."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from numpy.typing import NDArray

from ride_eval.analysis.categories.baselines import load_balanced, permuted_assignment, token_identity
from ride_eval.analysis.categories.classify import classify, paired
from ride_eval.analysis.categories.matrix import Signatures
from ride_eval.analysis.categories.nulls import baselines, headline
from ride_eval.analysis.categories.tokens import Routes, overlap, tf_idf

LAYERS, EXPERTS, K = 3, 8, 2


def routes_of(
    tokens: list[list[int]], experts_of: dict[tuple[int, int], NDArray[np.int64]] | None = None, seed: int = 0
) -> Routes:
    """Routes of documents given as token ids; `experts_of` (document, position) -> (L, k), random otherwise."""
    rng = np.random.default_rng(seed)
    rows = [
        (experts_of or {}).get((i, j), np.stack([rng.permutation(EXPERTS)[:K] for _ in range(LAYERS)]))
        for i, own in enumerate(tokens)
        for j in range(len(own))
    ]
    return Routes(
        lengths=np.array([len(own) for own in tokens]),
        token_ids=np.array([token for own in tokens for token in own]),
        experts=np.array(rows, dtype=np.uint16),
        n_experts=EXPERTS,
    )


def signatures_of(routes: Routes, labels: NDArray[np.int64]) -> Signatures:
    return Signatures(
        values=routes.signatures(routes.experts),
        labels=labels,
        categories=tuple(f"c{i}" for i in range(labels.max() + 1)),
        n_tokens=routes.lengths,
        experts_per_token=K,
        documents=tuple(("t", str(i)) for i in range(len(labels))),
    )


def test_load_balance_keeps_each_prompts_counts_and_draws_distinct_experts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawn tokens are looked at one by one: k distinct experts each; and each layer has n k selections."""
    drawn: list[NDArray[np.intp]] = []
    real = np.argpartition

    def spy(*args: object, **kwargs: object) -> NDArray[np.intp]:
        found = real(*args, **kwargs)  # type: ignore[call-overload]
        drawn.append(found[..., :K])
        return found

    monkeypatch.setattr(np, "argpartition", spy)
    tokens = np.array([1, 7, 40])
    found = load_balanced(tokens, LAYERS, EXPERTS, K, seed=3)
    assert len(drawn) == 3
    for prompt, (n, chosen) in enumerate(zip(tokens, drawn, strict=True)):
        assert chosen.shape == (n, LAYERS, K)
        assert all(len(set(chosen[t, layer])) == K for t in range(n) for layer in range(LAYERS))
        counts = found[prompt] * n * K
        np.testing.assert_allclose(counts, counts.round(), atol=1e-9)
        np.testing.assert_allclose(counts.sum(1), n * K)
        for layer in range(LAYERS):
            assert counts[layer].round().tolist() == np.bincount(chosen[:, layer].ravel(), minlength=EXPERTS).tolist()


def test_load_balance_is_at_chance_over_draws_however_unequal_the_lengths() -> None:
    """Twice as long prompts in every next category: a draw may lie off chance, their mean may not (3 standard errors)."""
    labels = np.repeat(np.arange(4), 15)
    tokens = 6 * 2**labels
    found = [classify(load_balanced(tokens, LAYERS, EXPERTS, K, seed=i).reshape(60, -1), labels).accuracy for i in range(30)]
    assert abs(np.mean(found) - 0.25) < 3 * max(np.std(found), 0.056) / np.sqrt(30)


def test_permuted_assignment_exchanges_whole_tokens() -> None:
    routes = routes_of([[1, 2, 3], [4], [5, 6, 7, 8]])
    found = permuted_assignment(routes, seed=1)
    counts = found * (routes.lengths * K)[:, None, None]
    np.testing.assert_allclose(counts.sum(2), (routes.lengths * K)[:, None].repeat(LAYERS, 1))
    # The corpus keeps its experts, layer by layer.
    np.testing.assert_allclose(counts.sum(0), (routes.signatures(routes.experts) * (routes.lengths * K)[:, None, None]).sum(0))
    assert not np.allclose(found, routes.signatures(routes.experts))


def test_token_identity_is_what_a_plain_reading_gives() -> None:
    tokens = [[1, 2, 1, 9], [2, 1], [3, 2, 2], [1, 3]]
    routes = routes_of(tokens, seed=4)
    rows = np.array([0, 2, 3])
    found, unseen = token_identity(routes, rows)
    assert unseen == pytest.approx(1 / 9), "token 9 is in one document only"
    owner = np.repeat(np.arange(4), routes.lengths)
    one_hot = np.zeros((len(owner), LAYERS, EXPERTS))
    for t, layer in np.ndindex(len(owner), LAYERS):
        one_hot[t, layer, routes.experts[t, layer]] = 1 / K
    for place, document in enumerate(rows.tolist()):
        others: dict[int, list[NDArray[np.float64]]] = defaultdict(list)
        for t in np.flatnonzero(owner != document):
            others[int(routes.token_ids[t])].append(one_hot[t])
        average = one_hot[owner != document].mean(0)
        expected = np.mean([np.mean(others[token], 0) if token in others else average for token in tokens[document]], 0)
        np.testing.assert_allclose(found[place], expected, atol=1e-6)
        np.testing.assert_allclose(found[place].sum(1), 1, atol=1e-6)


def corpus(context: bool) -> tuple[Signatures, Routes]:
    """80 documents of 30 tokens. Either words differ by category and routing follows the word; or all have the same "
    "words, and
    routing follows the category."""
    rng = np.random.default_rng(1)
    labels = np.repeat(np.arange(4), 20)
    tables = np.stack([[rng.permutation(EXPERTS)[:K] for _ in range(LAYERS)] for _ in range(40)])
    tokens, experts = [], {}
    for i, label in enumerate(labels.tolist()):
        own = (
            rng.integers(40, size=30)
            if context
            else np.where(rng.random(30) < 0.5, 10 * label + rng.integers(10, size=30), rng.integers(40, size=30))
        )
        tokens.append(own.tolist())
        for j, token in enumerate(tokens[-1]):
            favoured = context and rng.random() < 0.3
            experts[i, j] = np.tile([2 * label, 2 * label + 1], (LAYERS, 1)) if favoured else tables[token]
    routes = routes_of(tokens, experts)
    return signatures_of(routes, labels), routes


def test_routing_that_follows_the_token_knows_no_more() -> None:
    own, routes = corpus(context=False)
    rows = {row.name: row for row in baselines(own, routes, (routes, np.arange(80)))}
    identity = rows["token_identity"]
    assert rows["routing"].accuracy.value > 0.8
    np.testing.assert_allclose(token_identity(routes, np.arange(80))[0], own.values, atol=1e-6)
    assert identity.paired is not None and identity.paired.difference.value == 0 and identity.paired.p == 1
    assert identity.within.mean == pytest.approx(rows["routing"].within.mean, abs=1e-6)
    assert "not shown to know more" in headline(list(rows.values()))
    for name in ("permuted_labels", "permuted_assignment", "load_balance"):
        assert rows[name].draws == 10 and rows[name].accuracy.value == pytest.approx(0.25, abs=0.06)
        assert rows[name].paired is None


def test_routing_that_knows_the_context_knows_more() -> None:
    own, routes = corpus(context=True)
    rows = {row.name: row for row in baselines(own, routes, (routes, np.arange(80)))}
    assert rows["routing"].accuracy.value > 0.8 and rows["token_ids"].accuracy.value < 0.5
    gap = rows["token_identity"].paired
    assert gap is not None and gap.difference.low > 0.1 and gap.p < 0.001
    assert "So routing knows more than the tokens' usual experts do (" in headline(list(rows.values()))


def test_what_cannot_be_compared_says_why() -> None:
    own, _ = corpus(context=True)
    rows = baselines(own, "no routes stored", "no routes stored")
    assert "cannot be said: no routes stored" in headline(rows)
    few = own.rows(np.array([0, 1, 20, 21, 40, 60]))
    part = baselines(few, "no routes", "no routes")
    assert np.isnan(part[0].accuracy.value) and np.isfinite(part[0].within.mean)
    assert headline(part).startswith("No classifier: too few")
    nothing_known = signatures_of(routes_of([[1, 2, 3]] * 40, seed=2), np.repeat(np.arange(4), 10))
    assert "not shown to know the category" in headline(baselines(nothing_known, "none", "none"))


def test_pairs_of_classifiers() -> None:
    first = np.array([True] * 30 + [False] * 10)
    found = paired(first, ~first)
    assert (found.only_first, found.only_second, found.difference.value) == (30, 10, 0.5)
    assert found.p == pytest.approx(0.0022, abs=1e-4), "McNemar's exact test: binomial of 30 among 40"
    # A difference of 1 and -1 with shares 3/4 and 1/4: variance 3/4, standard error 0.137.
    assert found.difference.high - found.difference.low == pytest.approx(2 * 1.96 * 0.137, rel=0.1)
    same = paired(first, first)
    assert same.difference.value == 0 and not same.difference.has_interval and same.p == 1


def test_tf_idf_is_its_formula() -> None:
    documents = [np.array([1, 1, 2]), np.array([2, 3]), np.array([4])]
    idf = {1: np.log(4 / 2) + 1, 2: np.log(4 / 3) + 1, 3: np.log(4 / 2) + 1, 4: np.log(4 / 2) + 1}
    vectors = np.zeros((3, 5))
    for row, own in enumerate(documents):
        for token in own.tolist():
            vectors[row, token] += idf[token]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    np.testing.assert_allclose(overlap(documents), vectors @ vectors.T, atol=1e-12)
    assert tf_idf(np.array([3, 2, 1]), np.concatenate(documents)).shape == (3, 4)
