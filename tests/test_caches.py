"""Answers read the keys and values that the library's own cache would give them, and write into no one else's."""

from __future__ import annotations

from typing import Any

import torch
from transformers import DynamicCache

from ride_eval.caches import ROOM, AnswersLayer, branch, for_answers


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


def test_answers_have_the_library_s_keys() -> None:
    """Of the prompt and their own, over more steps than there is room for at first, so that they move to a larger place."""
    prompts, theirs = cached(), cached()
    ours = for_answers(prompts, 3)
    theirs.batch_repeat_interleave(3)
    assert all(isinstance(layer, AnswersLayer) for layer in ours.layers)
    for step in range(2 * ROOM + 3):
        for layer in range(2):
            new = states(1 + step % 2, 6, 100 + step)
            found, expected = ours.update(*new, layer), theirs.update(*new, layer)
            assert torch.equal(found[0], expected[0]) and torch.equal(found[1], expected[1])
        assert ours.get_seq_length() == theirs.get_seq_length()
    assert equal(prompts, cached())


def test_one_layer_s_heads_differ_from_the_next_s() -> None:
    """Layers of other sizes lie elsewhere on the desk."""
    prompts, theirs = cached(), cached()
    for cache in (prompts, theirs):
        cache.update(*(part.repeat(1, 2, 1, 1) for part in states(5, 2, 9)), 2)
    ours = for_answers(prompts, 2)
    theirs.batch_repeat_interleave(2)
    for layer, heads in ((0, 1), (2, 2), (1, 1)):
        new = [part.repeat(1, heads, 1, 1) for part in states(1, 4, 3)]
        found, expected = ours.update(*new, layer), theirs.update(*new, layer)
        assert torch.equal(found[0], expected[0]) and torch.equal(found[1], expected[1])


def test_answers_of_one_prompt_do_not_meet_another_s() -> None:
    """Two sets of answers go on from the same prompts."""
    prompts, theirs = cached(), cached()
    one, other = for_answers(prompts, 2), for_answers(prompts, 2)
    theirs.batch_repeat_interleave(2)
    one.update(*states(1, 4, 7), 0)
    assert torch.equal(other.update(*states(1, 4, 8), 0)[0], theirs.update(*states(1, 4, 8), 0)[0])


def test_a_branch_leaves_what_it_comes_from() -> None:
    whole = cached()
    some = branch(whole, torch.tensor([1]))
    some.update(*states(1, 1, 8), 0)
    assert torch.equal(some.layers[0].keys[..., :5, :], whole.layers[0].keys[1:])
    assert equal(whole, cached())
