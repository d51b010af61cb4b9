"""If these fail, experts are said to specialise that do not."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ride_eval.analysis import specialization
from ride_eval.analysis.specialization import (
    coactivations,
    domain_specialization,
    saturation,
    vocabulary_specialization,
)
from ride_eval.errors import RunError
from ride_eval.store import TableWriter
from tests import synthetic_run
from tests.analysis import slow
from tests.synthetic_run import write_run

LAYERS, EXPERTS, K = synthetic_run.MOE_LAYERS, synthetic_run.EXPERTS, synthetic_run.TOP_K


def tokens_of(run: Path, arm: str = "none") -> list[tuple[tuple[Any, ...], int, list[list[int]]]]:
    """(prompt, token id, experts of each layer), of each document's first wording and occurrence."""
    found, seen = [], set()
    for row in slow.rows(run, "routes"):
        key = (*slow.unit_of(row), row["prompt"])
        if row["arm"] == arm and row["occurrence"] == row["wording"] == 0 and key not in seen:
            seen.add(key)
            for i, token in enumerate(row["token_ids"]):
                ids = row["experts"][i * LAYERS * K : (i + 1) * LAYERS * K]
                prompt = (row["task"], row["document"], row["prompt"])
                found.append((prompt, token, [ids[layer * K : (layer + 1) * K] for layer in range(LAYERS)]))
    return found


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """In several shards and pieces, some of it twice, as after a kill."""
    monkeypatch.setattr("ride_eval.store.ROWS_PER_SHARD", 7)
    monkeypatch.setattr(specialization, "_ROWS", 10)
    path = write_run(tmp_path / "run", n=6, wordings=2, repeats=2, samples=1, arms=["none", "tag"])
    for shard in path.glob("routes-r0-00003-*"):
        (path / shard.name.replace("-r0-", "-r1-")).write_bytes(shard.read_bytes())
    return path


@pytest.mark.parametrize("arm", ["none", "tag"])
def test_coactivation_and_domains_are_what_a_plain_reading_gives(run: Path, arm: str) -> None:
    tokens = tokens_of(run, arm)
    found = coactivations(run, arm=arm)
    for layer in range(LAYERS):
        for i in range(EXPERTS):
            own = [set(experts[layer]) for _, _, experts in tokens if i in experts[layer]]
            assert found[layer, i] == pytest.approx([np.mean([j in chosen for chosen in own]) for j in range(EXPERTS)])
    domains = {(r["task"], r["document"], r["prompt"]): r["domain"] for r in slow.rows(run, "prompts")}
    by_domain = domain_specialization(run, arm=arm)
    assert set(by_domain) == set(domains.values())
    for domain, shares in by_domain.items():
        own_tokens = [experts for prompt, _, experts in tokens if domains[prompt] == domain]
        for layer in range(LAYERS):
            expected = [np.mean([e in experts[layer] for experts in own_tokens]) for e in range(EXPERTS)]
            assert shares[layer] == pytest.approx(expected)
            assert shares[layer].sum() == pytest.approx(K)


def test_vocabulary_is_what_a_plain_reading_gives(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(specialization, "MIN_OCCURRENCES", 2)
    seen: dict[int, list[list[list[int]]]] = defaultdict(list)
    for _, token, experts in tokens_of(run):
        seen[token].append(experts)
    expected = {
        token: [max(Counter(own[layer][0] for own in all_own).values()) / len(all_own) for layer in range(LAYERS)]
        for token, all_own in seen.items()
        if len(all_own) >= 2
    }
    found = vocabulary_specialization(run)
    assert expected, "the synthetic run has no token twice"
    assert found.token_ids.tolist() == sorted(expected)
    for token, share in zip(found.token_ids.tolist(), found.share.tolist(), strict=True):
        assert share == pytest.approx(expected[token])
    assert found.occurrences.tolist() == [len(seen[int(token)]) for token in found.token_ids]


def write_routes(run: Path, token_ids: list[int], experts: list[list[list[int]]]) -> Path:
    """One document whose tokens have these experts of each layer."""
    writer = TableWriter(run, "routes")
    key = {"task": "t", "document": "d", "occurrence": 0, "arm": "none", "wording": 0, "prompt": 0}
    writer.append({**key, "token_ids": token_ids, "experts": np.array(experts).ravel().tolist()})
    writer.flush()
    return run


def test_a_token_tied_to_one_expert_in_one_layer(tmp_path: Path) -> None:
    """Ten times the same token: in layer 0 always expert 3 first, in layer 1 five experts twice each."""
    experts = [[[3, i % 3], [i // 2, 7]] for i in range(10)]
    run = write_routes(write_run(tmp_path, n=0), [11] * 10 + [12], [*experts, [[0, 1], [0, 1]]])
    found = vocabulary_specialization(run)
    assert found.token_ids.tolist() == [11], "the other token occurs once"
    assert found.share.tolist() == [[1.0, 0.2]]


def test_saturation(tmp_path: Path, run: Path) -> None:
    own = [[[0, 1], [2, 3]], [[4, 5], [6, 7]]]
    later = [[[1, 0], [2, 4]], [[5, 6], [0, 1]]]
    first = write_routes(write_run(tmp_path / "a", n=0), [5, 6], own)
    second = write_routes(write_run(tmp_path / "b", n=0), [5, 6], later)
    between = saturation(first, second)
    assert between.share.tolist() == [0.75, 0.25] and between.n_tokens == 2
    assert saturation(second, first).share.tolist() == [0.75, 0.25]
    itself = saturation(run, run)
    assert itself.share.tolist() == [1.0] * LAYERS and itself.n_tokens == len(tokens_of(run))
    elsewhere = write_routes(write_run(tmp_path / "c", n=0), [5, 9], own)
    assert np.isnan(saturation(first, elsewhere).share).all(), "other tokens are not compared"


def test_what_cannot_be_looked_at(tmp_path: Path) -> None:
    dense = write_run(tmp_path / "dense", n=2, moe=False)
    with pytest.raises(RunError, match="dense model"):
        coactivations(dense)
    empty = write_run(tmp_path / "empty", n=0)
    assert domain_specialization(empty) == {}
    assert len(vocabulary_specialization(empty).token_ids) == 0
    assert saturation(empty, empty).n_tokens == 0 and math.isnan(saturation(empty, empty).share[0])
    assert np.isnan(coactivations(empty)).all()
