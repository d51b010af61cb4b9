"""A growing layer holds what the library's own would, and writes into no one else's keys."""

from __future__ import annotations

from typing import Any

import torch
from transformers import DynamicCache

from ride_eval.caches import ROOM, GrowingLayer, branch, repeat


def states(tokens: int, rows: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    made = torch.Generator().manual_seed(seed)
    keys, values = torch.randn((2, rows, 2, tokens, 4), generator=made)
    return keys, values


def cached(rows: int = 2, tokens: int = 5) -> Any:
    cache = DynamicCache()
    for layer in range(2):
        cache.update(*states(tokens, rows, layer), layer)
    return cache


def equal(one: Any, other: Any) -> bool:
    return all(
        torch.equal(a.keys, b.keys) and torch.equal(a.values, b.values) for a, b in zip(one.layers, other.layers, strict=True)
    )


def test_a_growing_layer_equals_the_library_s() -> None:
    """Over more steps than there is room for at first, so that it moves to a larger place on the way."""
    ours, theirs = cached(), cached()
    repeat(ours, 3)
    theirs.batch_repeat_interleave(3)
    assert all(isinstance(layer, GrowingLayer) for layer in ours.layers)
    for step in range(2 * ROOM + 3):
        for layer in range(2):
            new = states(1 + step % 2, 6, 100 + step)
            found, expected = ours.update(*new, layer), theirs.update(*new, layer)
            assert torch.equal(found[0], expected[0]) and torch.equal(found[1], expected[1])
    assert ours.get_seq_length() == theirs.get_seq_length()
    assert equal(ours, theirs)


def test_branches_of_a_growing_cache_do_not_meet() -> None:
    """Two branches go on with other tokens, one with other rows; neither changes the other or what they come from."""
    whole, theirs = cached(), cached()
    repeat(whole, 2)
    theirs.batch_repeat_interleave(2)
    before, expected = branch(theirs), branch(theirs)
    same, some = branch(whole), branch(whole, torch.tensor([3, 0]))
    expected_some = branch(theirs, torch.tensor([3, 0]))
    for layer in range(2):
        whole.update(*states(1, 4, 7), layer)
        theirs.update(*states(1, 4, 7), layer)
        assert torch.equal(same.layers[layer].keys, before.layers[layer].keys)
        for one, other, rows in ((same, expected, 4), (some, expected_some, 2)):
            one.update(*states(1, rows, 8), layer)
            other.update(*states(1, rows, 8), layer)
    assert equal(whole, theirs)
    assert equal(same, expected)
    assert equal(some, expected_some)
