"""Leading tokens that several prompts share (a system prompt, few-shot examples, an arm's text) are read once.

Their keys and values are laid out in a batch's cache exactly where a pass over whole prompts would leave them: each prompt ends
in the last column, padding comes before it, so columns, masks, positions and windows are those of a batch without reuse. Only
the columns from `before` on are fed. A row takes as much of its prefix as lies left of that, and reads the rest of it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer

from ride_eval.caches import new_cache
from ride_eval.continuation import prefill
from ride_eval.probes.layout import Routed

MIN_SHARED = 64
"""Leading tokens that must be equal: with fewer, laying out the cache costs what it saves."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Prefix:
    """Token ids that several prompts begin with."""

    ids: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Started:
    """What a batch's prompts already have in common with passes made before."""

    cache: Any
    before: int
    """Columns the cache holds."""
    reused: tuple[int, ...]
    """Of each prompt, the leading tokens among them."""
    routed: tuple[Routed | None, ...]
    """Where each prompt's prefix was sent, for models with routers."""


@dataclass(frozen=True, kw_only=True)
class _Read:
    """A prefix that was read: per layer its keys and values, (heads, tokens, width) each."""

    layers: list[tuple[torch.Tensor, torch.Tensor]]
    routed: Routed | None


class Prefixes:
    """Plans and reads the prefixes of one model's prompts; holds those of the batch at hand only."""

    def __init__(self, lm: Any, pad_id: int, *, wanted: bool) -> None:
        self._lm, self._pad = lm, pad_id
        self._wanted = wanted and reusable(lm.model)
        self._held: dict[Prefix, _Read] = {}

    def plan(self, leading: Sequence[Sequence[int]]) -> list[Prefix | None]:
        """For each prompt the prefix it shares with others, if any, from those leading tokens that it may share."""
        self._held = {}
        return common_prefixes(leading) if self._wanted else [None] * len(leading)

    def start(self, prompts: Sequence[Sequence[int]], planned: Sequence[Prefix | None]) -> Started:
        """The cache that a batch of prompts (token ids), padded left to the longest, starts from."""
        model, lengths = self._lm.model, list(map(len, prompts))
        width = max(lengths)
        shared = [0 if prefix is None else len(prefix.ids) for prefix in planned]
        before = min(width - own + common for own, common in zip(lengths, shared, strict=True))
        reused = [max(0, before - (width - own)) for own in lengths]
        cache = new_cache(model)
        if max(reused) < MIN_SHARED:
            nothing = len(prompts)
            return Started(cache=cache, before=0, reused=(0,) * nothing, routed=(None,) * nothing)
        needed = list(dict.fromkeys(p for p, n in zip(planned, reused, strict=True) if p is not None and n))
        self._held = {prefix: self._held[prefix] for prefix in needed if prefix in self._held}
        if missing := [prefix for prefix in needed if prefix not in self._held]:
            self._held |= dict(zip(missing, self._read(missing), strict=True))
        rows = [self._held[p] if p is not None and n else None for p, n in zip(planned, reused, strict=True)]
        _fill(cache, before, rows, reused)
        routed = tuple(None if row is None else row.routed for row in rows)
        return Started(cache=cache, before=before, reused=tuple(reused), routed=routed)

    def _read(self, prefixes: Sequence[Prefix]) -> list[_Read]:
        ids = [prefix.ids for prefix in prefixes]
        # Without a config, a cache keeps all columns of a sliding layer too: rows take windows that end elsewhere.
        cache = DynamicCache()
        with self._lm.bundle.routes_only() as probe:
            prefill(self._lm.model, ids, pad_id=self._pad, device=self._lm.device, cache=cache)
        width = max(map(len, ids))
        starts = [width - len(own) for own in ids]
        routed = [None] * len(ids) if probe is None else probe.routed(starts, width)
        return [
            _Read(
                layers=[(layer.keys[i, :, start:], layer.values[i, :, start:]) for layer in cache.layers],
                routed=routed[i],
            )
            for i, start in enumerate(starts)
        ]


def reusable(model: Any) -> bool:
    """Whether a prefix's keys and values are all that a later token needs of it, and do not depend on what follows.

    Not so for recurrent layers, caches of other kinds, attention by chunks, and rotary embeddings that change with length.
    """
    config = model.config.get_text_config() if hasattr(model.config, "get_text_config") else model.config
    kinds = set(getattr(config, "layer_types", None) or ())
    if not kinds <= {"full_attention", "sliding_attention"} or getattr(config, "attention_chunk_size", None):
        return False
    rotary = str(getattr(config, "rope_parameters", None) or getattr(config, "rope_scaling", None))
    if "dynamic" in rotary or "longrope" in rotary:
        return False
    return all(type(layer) in (DynamicLayer, DynamicSlidingWindowLayer) for layer in new_cache(model).layers)


def _fill(cache: Any, before: int, rows: Sequence[_Read | None], reused: Sequence[int]) -> None:
    """Write each row's first `reused` tokens into the last of `before` columns, with zeros, which are masked, at their left."""
    layers = next(row.layers for row in rows if row is not None)
    for index, layer in enumerate(cache.layers):
        both = []
        for part in (0, 1):
            like = layers[index][part]
            whole = like.new_zeros((len(rows), like.shape[0], before, like.shape[2]))
            for i, (row, n) in enumerate(zip(rows, reused, strict=True)):
                if row is not None:
                    whole[i, :, before - n :] = row.layers[index][part][:, :n]
            both.append(whole)
        layer.update(*both)  # a window's layer keeps the columns it needs


def common_prefixes(prompts: Sequence[Sequence[int]]) -> list[Prefix | None]:
    """For each sequence of token ids the prefix to share, None where it saves nothing.

    Sorted, prompts that share much are neighbours; they are cut into runs so that the runs, each sharing what all of it has in
    common, save the most tokens.
    """
    order = sorted(range(len(prompts)), key=lambda i: tuple(prompts[i]))
    common = [_common(prompts[one], prompts[other]) for one, other in pairwise(order)]
    # Of the first `end` prompts: the tokens saved at best, and the last run's start and what it shares.
    best = [(0, 0, 0)]
    for end in range(1, len(order) + 1):
        found = (best[end - 1][0], end - 1, 0)
        depth = len(prompts[order[end - 1]])
        for start in range(end - 2, -1, -1):
            depth = min(depth, common[start])
            if depth < MIN_SHARED:
                break
            found = max(found, (best[start][0] + (end - start - 1) * depth, start, depth))
        best.append(found)
    planned: list[Prefix | None] = [None] * len(prompts)
    end = len(order)
    while end:
        _, start, depth = best[end]
        if depth:
            prefix = Prefix(ids=tuple(prompts[order[start]][:depth]))
            for place in order[start:end]:
                planned[place] = prefix
        end = start
    return planned


def _common(one: Sequence[int], other: Sequence[int]) -> int:
    """How many leading tokens are equal."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
