"""Readings of layers that wait for one another."""

from __future__ import annotations

import pytest
import torch

from ride_eval.probes import held
from ride_eval.probes.held import Held, by_layer


class Sums:
    """Sums of the last axis and twice that, of as many layers as come together, which it notes."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, ...]] = []

    def __call__(self, first: torch.Tensor, second: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        self.calls.append(tuple(first.shape))
        return first.sum(-1), 2 * second.sum(-1)


def layers(*widths: int, tokens: int = 3) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(tokens, width, generator=generator) for width in widths]


@pytest.mark.parametrize(
    ("widths", "room", "calls"),
    [
        ([4, 4, 4, 4], 1000, [(4, 3, 4)]),
        ([4, 4, 4, 4], 36, [(3, 3, 4), (1, 3, 4)]),
        ([4, 4, 4, 4], 35, [(2, 3, 4), (2, 3, 4)]),
        ([4, 4], 11, [(1, 3, 4), (1, 3, 4)]),
        ([4, 5, 5, 4], 1000, [(1, 3, 4), (2, 3, 5), (1, 3, 4)]),
    ],
    ids=["all at once", "three fit", "two fit", "none fits with another", "widths that differ"],
)
@pytest.mark.parametrize("grows", [1, 3])
def test_layers_that_fit_come_together(
    widths: list[int], room: int, calls: list[tuple[int, ...]], grows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held, "VALUES", room * grows)
    given, sums = layers(*widths), Sums()
    own = Held(sums, grows=grows)
    for i, layer in enumerate(given):
        own.add(i, layer, layer[:2])
    first, second = by_layer(own)
    assert sums.calls == calls
    assert own.layers == list(range(len(given)))
    assert torch.equal(first, torch.stack([layer.sum(-1) for layer in given]))
    assert torch.equal(second, torch.stack([2 * layer[:2].sum(-1) for layer in given]))


def test_a_layer_that_fills_the_room_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be large, and what it was read from is the model's to give back."""
    monkeypatch.setattr(held, "VALUES", 12)
    (layer,), sums = layers(4), Sums()
    Held(sums).add(0, layer, layer)
    assert sums.calls == [(1, 3, 4)]


def test_another_precision_is_not_mixed_in() -> None:
    (layer,), sums = layers(4), Sums()
    own = Held(sums)
    for i, dtype in enumerate((torch.float32, torch.bfloat16, torch.bfloat16)):
        own.add(i, layer.to(dtype), layer)
    by_layer(own)
    assert sums.calls == [(1, 3, 4), (2, 3, 4)]


def test_layers_of_two_kinds_take_turns() -> None:
    """As local and global attention do: each kind comes together, and the layers come back in the model's order."""
    given, kinds = layers(4, 4, 4, 4, 4), (Sums(), Sums())
    own = [Held(sums) for sums in kinds]
    for i, layer in enumerate(given):
        own[i % 2].add(i, layer, layer)
    first, _ = by_layer(*own)
    assert [sums.calls for sums in kinds] == [[(3, 3, 4)], [(2, 3, 4)]]
    assert torch.equal(first, torch.stack([layer.sum(-1) for layer in given]))


def test_no_tokens_at_all() -> None:
    own = Held(Sums())
    for i, layer in enumerate(layers(4, 4, tokens=0)):
        own.add(i, layer, layer)
    assert [tuple(part.shape) for part in by_layer(own)] == [(2, 0), (2, 0)]


def test_what_is_made_does_not_depend_on_where_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside a pass under autocast, which multiplies in half precision, or after it."""
    weights = torch.nn.Parameter(torch.randn(8, 8, generator=torch.Generator().manual_seed(0)))
    (layer,) = layers(8)

    def product(x: torch.Tensor, w: torch.Tensor) -> tuple[torch.Tensor]:
        return (x @ w,)

    found = []
    for room in (1, 1 << 20):
        monkeypatch.setattr(held, "VALUES", room)
        own = Held(product)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            own.add(0, layer, weights)
        found += by_layer(own)
    inside, after = found
    assert inside.dtype == torch.float32
    assert torch.equal(inside, after)
    assert not inside.requires_grad
    assert not after.requires_grad
