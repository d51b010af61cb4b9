"""Runs prompts once, with a cache, and any continuations after them: choices to score, or a forced answer.

Continuations of similar length run together, whatever prompts they follow. They are fed in chunks, so that at most LOGITS_BYTES
of logits exist at a time: 1,280 tokens times a vocabulary of 150,000 would be 768 MB a row. Keys and values are branched, never
copied: selecting rows makes new tensors, and a layer's update replaces its tensors instead of writing into them. The states of
linear attention and state-space layers are written into, so those, which are small and do not grow with the prompt, are copied.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import DynamicCache

from ride_eval.errors import UsageError
from ride_eval.metrics.entropy import token_entropy, token_logprob

LOGITS_BYTES = 256 * 1024**2
PASS_TOKENS = 64
"""What a pass costs beside its tokens, in tokens: to run two lengths apart must save more padding than this."""


@dataclass(frozen=True, kw_only=True)
class Prefilled:
    """B prompts that a model has read."""

    cache: Any
    mask: torch.Tensor
    """(B, L) int64, 0 at the left padding."""
    logits: torch.Tensor
    """(B, V) after each prompt's last token; log-probabilities do as well."""


@dataclass(frozen=True, kw_only=True)
class Followed:
    """What a model thought of a continuation of n tokens."""

    entropies: NDArray[np.float32]
    """(n,) nats, of the distribution each token was drawn from; empty where they were not asked for."""
    logprobs: NDArray[np.float32]
    """(n,) nats."""
    greedy: bool
    """Whether every token was the likeliest."""


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
    return new


def repeat(cache: Any, times: int) -> None:
    """Each row becomes `times` rows, in place."""
    for layer in cache.layers:
        _map_states(layer, lambda state: state.repeat_interleave(times, 0))
        if hasattr(layer, "batch_repeat_interleave"):
            layer.batch_repeat_interleave(times)


def _has_states(cache: Any) -> bool:
    notes = [values for layer in cache.layers for values in vars(layer).values() if isinstance(values, dict)]
    return any(isinstance(value, torch.Tensor) for values in notes for value in values.values())


def _map_states(layer: Any, change: Callable[[torch.Tensor], torch.Tensor]) -> None:
    """Replace the states, and what is noted of them, of a layer that has any: dictionaries by number of the state."""
    for name, values in list(vars(layer).items()):
        if isinstance(values, dict):
            changed = {key: change(value) if isinstance(value, torch.Tensor) else value for key, value in values.items()}
            setattr(layer, name, changed)


@torch.no_grad()
def prefill(
    model: Any, prompts: Sequence[Sequence[int]], *, pad_id: int, device: torch.device, cache: Any = None, before: int = 0
) -> Prefilled:
    """Run B token-id prompts, padded left, masked and with explicit positions; `before` columns are in the cache already."""
    ids, mask = pad(prompts, pad_id, left=True)
    ids, mask = ids.to(device), mask.to(device)
    cache = new_cache(model) if cache is None else cache
    output = model(
        input_ids=ids[:, before:],
        attention_mask=mask,
        position_ids=positions(mask)[:, before:],
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=1,
    )
    return Prefilled(cache=cache, mask=mask, logits=output.logits[:, -1])


@torch.no_grad()
def follow(
    model: Any,
    prefilled: Prefilled,
    rows: Sequence[int],
    continuations: Sequence[Sequence[int]],
    *,
    pad_id: int,
    entropies: bool = True,
) -> list[Followed]:
    """Read non-empty continuations (token ids), each after the prompt in its row; the prefilled prompts stay as they are."""
    order = sorted(range(len(rows)), key=lambda i: -len(continuations[i]))
    found: dict[int, Followed] = {}
    for start, end in _parts([len(continuations[i]) for i in order]):
        part = order[start:end]
        read = _read(model, prefilled, [rows[i] for i in part], [continuations[i] for i in part], pad_id, entropies)
        found |= zip(part, read, strict=True)
    return [found[i] for i in range(len(rows))]


def _parts(lengths: Sequence[int]) -> list[tuple[int, int]]:
    """Where to cut falling lengths into passes, each padded to its longest, so that the fewest tokens run.

    A continuation's last token predicts nothing that is asked, and is not fed.
    """
    ends = [*(i for i in range(1, len(lengths)) if lengths[i] != lengths[i - 1]), len(lengths)]
    best: dict[int, tuple[int, list[tuple[int, int]]]] = {0: (0, [])}
    for end in ends:
        ways = []
        for start, (cost, _) in best.items():
            width = lengths[start] - 1
            ways.append((cost + (PASS_TOKENS + (end - start) * width if width else 0), start))
        cost, start = min(ways)
        best[end] = (cost, [*best[start][1], (start, end)])
    return best[len(lengths)][1]


def _read(
    model: Any,
    prefilled: Prefilled,
    rows: Sequence[int],
    continuations: Sequence[Sequence[int]],
    pad_id: int,
    entropies: bool,
) -> list[Followed]:
    device = prefilled.mask.device
    index = torch.tensor(list(rows), device=device)
    answer, answer_mask = (part.to(device) for part in pad(continuations, pad_id, left=False))
    mask = torch.cat([prefilled.mask[index], answer_mask], 1)
    place = positions(mask)
    width, length = prefilled.mask.shape[1], answer.shape[1]
    read = _Reader(answer, entropies)
    read(prefilled.logits.to(device)[index][:, None])
    if length > 1:
        # An index on the CPU selects from layers on any device.
        cache = branch(prefilled.cache, index.cpu())
        step = max(1, LOGITS_BYTES // (4 * prefilled.logits.shape[-1] * len(rows)))
        if _has_states(cache):
            # Several tokens at once restart a state-space layer's state in some architectures; one token never does.
            step = 1
        for start in range(0, length - 1, step):
            end = min(start + step, length - 1)
            output = model(
                input_ids=answer[:, start:end],
                attention_mask=mask[:, : width + end],
                position_ids=place[:, width + start : width + end],
                past_key_values=cache,
                use_cache=True,
            )
            read(output.logits)
    return read.results([len(ids) for ids in continuations])


class _Reader:
    """Takes the logits that predict a continuation's tokens, in order, and keeps one number a token and quantity."""

    def __init__(self, answer: torch.Tensor, entropies: bool) -> None:
        self._answer, self._entropies = answer, entropies
        self._at = 0
        self._parts: list[torch.Tensor] = []

    def __call__(self, logits: torch.Tensor) -> None:
        tokens = self._answer[:, self._at : self._at + logits.shape[1]].to(logits.device)
        likeliest = (logits.argmax(-1) == tokens).float()
        values = [token_logprob(logits, tokens), likeliest]
        self._parts.append(torch.stack([*values, token_entropy(logits)] if self._entropies else values))
        self._at += logits.shape[1]

    def results(self, lengths: Sequence[int]) -> list[Followed]:
        logprobs, likeliest, *rest = torch.cat(self._parts, -1).cpu().numpy()
        entropies = rest[0] if rest else np.empty((len(lengths), 0), dtype=np.float32)
        return [
            Followed(entropies=entropies[i, :n], logprobs=logprobs[i, :n], greedy=bool(likeliest[i, :n].all()))
            for i, n in enumerate(lengths)
        ]


def positions(mask: torch.Tensor) -> torch.Tensor:
    """Position ids of a mask's tokens, from 0 at the first real one."""
    return (mask.cumsum(1) - 1).clamp_min(0)


def pad(rows: Sequence[Sequence[int]], pad_id: int, *, left: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids (B, longest) int64 and their mask, padded on one side."""
    width = max(len(row) for row in rows)
    ids = torch.full((len(rows), width), pad_id, dtype=torch.long)
    mask = torch.zeros((len(rows), width), dtype=torch.long)
    for i, row in enumerate(rows):
        place = slice(width - len(row), width) if left else slice(0, len(row))
        ids[i, place] = torch.tensor(row, dtype=torch.long)
        mask[i, place] = 1
    return ids, mask
