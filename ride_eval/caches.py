"""Caches of keys and values: made, branched for other rows, and shared by a prompt's answers.

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
"""Tokens that fit before an answer's keys and values are copied to a larger place."""


class Desk:
    """Where a layer's keys and values lie while its attention reads them; the next layer's take their place."""

    def __init__(self) -> None:
        self._places: dict[tuple[Any, ...], torch.Tensor] = {}

    def place(self, name: str, like: torch.Tensor, tokens: int) -> torch.Tensor:
        """(rows, heads, tokens, width), of `like`'s sizes but for the tokens; holds anything."""
        key = (name, like.device, like.dtype, like.shape[:-2], like.shape[-1])
        if key not in self._places or self._places[key].shape[-2] < tokens:
            self._places[key] = like.new_empty((*like.shape[:-2], tokens + ROOM, like.shape[-1]))
        return self._places[key][..., :tokens, :]


class AnswersLayer(DynamicLayer):  # type: ignore[misc]
    """A layer in which each of B prompts is gone on with by `times` answers, in rows of their own.

    A prompt's keys and values are held once, not once an answer, and laid before each answer's where attention reads them. The
    library's own layer would hold all of them, and make them anew each step.
    """

    def __init__(self, layer: DynamicLayer, times: int, desk: Desk) -> None:
        super().__init__()
        self.__dict__.update(vars(layer))
        self.keys: Any
        self.values: Any
        self._desk = desk
        self._prompts = torch.arange(len(layer.keys)).repeat_interleave(times).to(layer.keys.device)
        """Of each answer its prompt's row."""
        self._answers: tuple[torch.Tensor, ...] | None = None
        self._n_tokens = 0

    def get_seq_length(self) -> int:
        return int(self.keys.shape[-2]) + self._n_tokens

    def update(self, key_states: torch.Tensor, value_states: torch.Tensor, *_: Any, **__: Any) -> Any:
        """Keys and values, (B * times, heads, tokens, width) each, the new tokens' among them; good until the next layer's."""
        states, before = (key_states, value_states), self._n_tokens
        self._n_tokens += key_states.shape[-2]
        if self._answers is None or self._answers[0].shape[-2] < self._n_tokens:
            self._answers = tuple(self._roomier(index, part) for index, part in enumerate(states))
        read = []
        for name, prompt, answers, new in zip(("keys", "values"), (self.keys, self.values), self._answers, states, strict=True):
            answers[..., before : self._n_tokens, :] = new
            place = self._desk.place(name, answers, self.get_seq_length())
            there = prompt.shape[-2]
            torch.index_select(prompt, 0, self._prompts, out=place[..., :there, :])
            place[..., there:, :] = answers[..., : self._n_tokens, :]
            read.append(place)
        return tuple(read)

    def batch_select_indices(self, indices: torch.Tensor) -> None:
        """Only some answers go on: (n,) int64."""
        indices = indices.to(self._prompts.device)
        self._prompts = self._prompts[indices]
        if self._answers is not None:
            self._answers = tuple(part[indices] for part in self._answers)

    def _roomier(self, index: int, new: torch.Tensor) -> torch.Tensor:
        larger = new.new_empty((*new.shape[:-2], self._n_tokens + ROOM, new.shape[-1]))
        if self._answers is not None:
            there = self._answers[index]
            larger[..., : there.shape[-2], :] = there
        return larger


def new_cache(model: Any) -> Any:
    """An empty cache of the kind the model's layers need."""
    # Mamba and its like take `cache_params` instead.
    if model._supports_default_dynamic_cache() and "cache_params" not in inspect.signature(model.forward).parameters:
        return DynamicCache(config=model.config)
    raise UsageError(
        f"{type(model).__name__} keeps what it has read in a cache of its own, which one prefill cannot share. Give "
        "share_prefill=False in --model_args (no samples then)."
    )


def branch(cache: Any, rows: torch.Tensor) -> Any:
    """A cache with the given rows of another, which stays as it is."""
    new = _copy(cache)
    for layer in new.layers:
        _map_states(layer, lambda state: state[rows])
        if hasattr(layer, "batch_select_indices"):
            layer.batch_select_indices(rows)
    return new


def for_answers(cache: Any, times: int) -> Any:
    """A cache in which each row is `times` rows, ready for one token after another; the other stays as it is."""
    new, desk = _copy(cache), Desk()
    for index, layer in enumerate(new.layers):
        _map_states(layer, lambda state: state.repeat_interleave(times, 0))
        if type(layer) is DynamicLayer and layer.get_seq_length():
            new.layers[index] = AnswersLayer(layer, times, desk)
        elif hasattr(layer, "batch_repeat_interleave"):
            layer.batch_repeat_interleave(times)
    return new


def _copy(cache: Any) -> Any:
    new = copy.copy(cache)
    new.layers = [copy.copy(layer) for layer in cache.layers]
    return new


def has_states(cache: Any) -> bool:
    notes = [values for layer in cache.layers for values in vars(layer).values() if isinstance(values, dict)]
    return any(isinstance(value, torch.Tensor) for values in notes for value in values.values())


def _map_states(layer: Any, change: Callable[[torch.Tensor], torch.Tensor]) -> None:
    """Replace the states, and what is noted of them, of a layer that has any: dictionaries by number of the state."""
    for name, values in list(vars(layer).items()):
        if isinstance(values, dict):
            changed = {key: change(value) if isinstance(value, torch.Tensor) else value for key, value in values.items()}
            setattr(layer, name, changed)
