"""How many prompts a batch holds, and what happens where memory does not suffice: half of it is tried, and the rest goes on."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import torch

from ride_eval.caches import new_cache
from ride_eval.errors import UsageError

_T = TypeVar("_T")
HOST_TOKENS = 8192
DEVICE_TOKENS = 2**18
TRIAL_LENGTH = 1024
_SIGNS = ("out of memory", "can't allocate memory", "not enough memory", "CUBLAS_STATUS_ALLOC_FAILED")
"""Of the allocators' plain RuntimeErrors: CUDA's libraries, and the host's (DefaultCPUAllocator)."""


class Batches:
    """Cuts items into batches of so many rows, or of so many tokens; smaller ones once one did not fit."""

    def __init__(self, *, rows: int | None = None, tokens: int | None = None) -> None:
        """`tokens`: at most this many, or else one item; `rows`: at most so many items."""
        self.rows, self.tokens = rows, tokens

    def run(self, items: Sequence[_T], cost: Callable[[_T], int], work: Callable[[Sequence[_T]], int]) -> Iterator[int]:
        """Work through items in order; yields what each batch gave back. `cost` is an item's tokens, padding aside.

        Where memory runs out, `work` is called again with the first half of the items. So it must write nothing before it has
        computed everything, or not mind being called twice. Raises UsageError where a single item does not fit.
        """
        start = 0
        while start < len(items):
            batch = items[start : start + self._fitting(items[start:], cost)]
            try:
                done = work(batch)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                if len(batch) == 1:
                    raise UsageError(
                        f"One prompt with all that is asked of it, {cost(batch[0])} tokens, does not fit into memory "
                        f"({type(error).__name__}). Give a smaller num_samples or max_gen_toks, a lower dtype, or a larger "
                        "device."
                    ) from error
                self._halve(batch, cost)
            else:
                yield done
                start += len(batch)
                continue
            _clear()  # only here: the error is gone, and with it the frames that hold the failed pass's tensors

    def _fitting(self, items: Sequence[_T], cost: Callable[[_T], int]) -> int:
        """How many of the first items make a batch, each padded to the dearest."""
        most = len(items) if self.rows is None else min(self.rows, len(items))
        if self.tokens is None:
            return most
        dearest = 0
        for n, item in enumerate(items[:most], start=1):
            dearest = max(dearest, cost(item))
            if n > 1 and n * dearest > self.tokens:
                return n - 1
        return most

    def _halve(self, batch: Sequence[_T], cost: Callable[[_T], int]) -> None:
        half = len(batch) // 2
        if self.tokens is None:
            self.rows = half
        else:
            self.tokens = half * max(map(cost, batch))


def find_budget(model: Any, max_length: int, device: torch.device) -> int:
    """Tokens a batch may hold: on a GPU as many as a trial pass leaves room for, halved until one fits.

    On a CPU there is no trial: a larger batch gains nothing there, and the first batch, the longest, tells as much.
    """
    if device.type == "cpu":
        return HOST_TOKENS
    return largest(DEVICE_TOKENS, lambda tokens: trial(model, tokens, max_length, device))


def largest(tokens: int, attempt: Callable[[int], None]) -> int:
    """The first of `tokens`, half of them, a quarter ... for which an attempt does not run out of memory; 1 if none."""
    while tokens > 1:
        try:
            attempt(tokens)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            tokens //= 2
        else:
            break
        _clear()
    _clear()
    return tokens


@torch.no_grad()
def trial(model: Any, tokens: int, max_length: int, device: torch.device) -> None:
    """A pass over that many tokens, with its cache, and one token a row after it, as decoding has it."""
    length = max(1, min(max_length - 1, TRIAL_LENGTH, tokens))
    ids = torch.ones((max(1, tokens // length), length), dtype=torch.long, device=device)
    cache = new_cache(model)
    for fed in (ids, ids[:, :1]):
        model(input_ids=fed, past_key_values=cache, use_cache=True, logits_to_keep=1)


def _clear() -> None:
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a device or the host had no memory left."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error) for sign in _SIGNS)
