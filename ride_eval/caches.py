"""Caches of keys and values: made, branched for other rows, repeated for samples, and grown without copying all of it.

Keys and values are branched, never copied: selecting rows makes new tensors, and a layer's update replaces its tensors instead
of writing into them. The states of linear attention and state-space layers are written into, so those, which are small and do
not grow with the prompt, are copied.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from typing import Any

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from ride_eval.errors import UsageError

ROOM = 64
"""Tokens that fit before a growing layer is copied again."""


class GrowingLayer(DynamicLayer):  # type: ignore[misc]
    """A layer of which each row answers for itself: a step writes its token behind the others.

    The library's own layer makes all keys and values anew each step, a little larger than before, which memory allocators
    cannot put where the last ones were.
    """

    def __init__(self, layer: DynamicLayer) -> None:
        super().__init__()
        self.__dict__.update(vars(layer))
        self.keys: Any
        self.values: Any
        self._whole: tuple[torch.Tensor, ...] | None = None

    def update(self, key_states: torch.Tensor, value_states: torch.Tensor, *_: Any, **__: Any) -> Any:
        """Keys and values, (rows, heads, tokens, width) each, with those of the new tokens behind them."""
        states, there = (key_states, value_states), self.get_seq_length()
        tokens = there + key_states.shape[-2]
        if self._whole is None or self._whole[0].shape[-2] < tokens:
            self._whole = tuple(_roomier(part, tokens + ROOM) for part in (self.keys, self.values))
        for whole, new in zip(self._whole, states, strict=True):
            whole[..., there:tokens, :] = new
        self.keys, self.values = (whole[..., :tokens, :] for whole in self._whole)
        return self.keys, self.values

    def separate(self) -> None:
        """Its keys and values are another's too, or were replaced: the next step copies them."""
        self._whole = None


def _roomier(states: torch.Tensor, tokens: int) -> torch.Tensor:
    whole = states.new_empty((*states.shape[:-2], tokens, states.shape[-1]))
    whole[..., : states.shape[-2], :] = states
    return whole


def new_cache(model: Any) -> Any:
    """An empty cache of the kind the model's layers need."""
    # Mamba and its like take `cache_params` instead.
    if model._supports_default_dynamic_cache() and "cache_params" not in inspect.signature(model.forward).parameters:
        return DynamicCache(config=model.config)
    raise UsageError(
        f"{type(model).__name__} keeps what it has read in a cache of its own, which one prefill cannot share. Give "
        "share_prefill=False in --model_args (no samples then)."
    )


def branch(cache: Any, rows: torch.Tensor | None = None) -> Any:
    """A cache with the given rows (all by default) of another, which stays as it is."""
    new = copy.copy(cache)
    new.layers = [copy.copy(layer) for layer in cache.layers]
    for layer in new.layers:
        _map_states(layer, torch.clone if rows is None else lambda state: state[rows])
        if rows is not None and hasattr(layer, "batch_select_indices"):
            layer.batch_select_indices(rows)
        if isinstance(layer, GrowingLayer):
            layer.separate()
    return new


def repeat(cache: Any, times: int) -> None:
    """Each row becomes `times` rows, in place, ready for one token after another."""
    for index, layer in enumerate(cache.layers):
        _map_states(layer, lambda state: state.repeat_interleave(times, 0))
        if hasattr(layer, "batch_repeat_interleave"):
            layer.batch_repeat_interleave(times)
        if type(layer) is DynamicLayer:
            cache.layers[index] = GrowingLayer(layer)


def has_states(cache: Any) -> bool:
    notes = [values for layer in cache.layers for values in vars(layer).values() if isinstance(values, dict)]
    return any(isinstance(value, torch.Tensor) for values in notes for value in values.values())


def _map_states(layer: Any, change: Callable[[torch.Tensor], torch.Tensor]) -> None:
    """Replace the states, and what is noted of them, of a layer that has any: dictionaries by number of the state."""
    for name, values in list(vars(layer).items()):
        if isinstance(values, dict):
            changed = {key: change(value) if isinstance(value, torch.Tensor) else value for key, value in values.items()}
            setattr(layer, name, changed)
