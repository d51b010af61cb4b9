"""Runs prompts once, with a cache, and any continuations after them: choices to score, or a forced answer.

Continuations of similar length run together, whatever prompts they follow. They are fed in chunks, so that at most LOGITS_BYTES
of logits exist at a time: 1,280 tokens times a vocabulary of 150,000 would be 768 MB a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ride_eval.caches import branch, has_states, new_cache
from ride_eval.metrics.blocks import rows_at_once
from ride_eval.metrics.entropy import logprob_entropy
from ride_eval.metrics.precision import at_least_float32

LOGITS_BYTES = 32 * 1024**2
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
        if has_states(cache):
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
        rows, wanted = logits.reshape(-1, logits.shape[-1]), tokens.reshape(-1)
        size = rows_at_once(rows)
        parts = [self._values(*part) for part in zip(torch.split(rows, size), torch.split(wanted, size), strict=True)]
        self._parts.append(torch.cat(parts, -1).reshape(-1, *tokens.shape))
        self._at += logits.shape[1]

    def _values(self, logits: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        """(2 or 3, n) of logits (n, V) and the tokens (n,) they predict."""
        logprobs = torch.log_softmax(at_least_float32(logits), -1)
        values = [logprobs.gather(-1, tokens[:, None])[:, 0], (logits.argmax(-1) == tokens).float()]
        return torch.stack([*values, logprob_entropy(logprobs)] if self._entropies else values)

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
