"""Sampled answers that do not depend on who else is sampled.

One uniform number per (document, sample, step) from a counter-based generator, the same in every arm; the token is found by
the inverse cumulative distribution. So batch order, batch size, ranks and resuming cannot change a sample, and the arms of a
document are compared under common random numbers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from ride_eval.metrics.blocks import rows_at_once
from ride_eval.store import Key

BLOCK = 256
"""Tokens whose probabilities are summed at once."""


def uniforms(seed: int, key: Key, n_samples: int, n_steps: int) -> NDArray[np.float64]:
    """(n_samples, n_steps) numbers in [0, 1) of a prompt, its arm and wording aside."""
    name = f"{seed}:{key.task}:{key.document}:{key.occurrence}:{key.prompt}"
    word = int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:8], "big")
    return np.stack(
        [np.random.Generator(np.random.Philox(key=[word, sample])).random(n_steps) for sample in range(n_samples)]
        or [np.empty(n_steps)]
    )[:n_samples]


def draw(logprobs: torch.Tensor, uniform: torch.Tensor) -> torch.Tensor:
    """Tokens by inverse cumulative distribution at temperature 1: (R, V) log-probabilities, (R,) -> (R,) int64."""
    size = rows_at_once(logprobs)
    return torch.cat([_draw(*part) for part in zip(torch.split(logprobs, size), torch.split(uniform, size), strict=True)])


def _draw(logprobs: torch.Tensor, uniform: torch.Tensor) -> torch.Tensor:
    """First a block of tokens, then a token in it, so that only a block is accumulated.

    In float64: over 150,000 entries float32 would lose the tail.
    """
    probabilities, size = logprobs.exp(), logprobs.shape[-1]
    whole = size - size % BLOCK
    parts = [probabilities[:, :whole].reshape(len(logprobs), -1, BLOCK), probabilities[:, None, whole:]]
    blocks = torch.cat([part.sum(-1, dtype=torch.float64) for part in parts], -1).cumsum(-1)
    # The last entry is 1 within rounding. Below it, so that a number next to 1 falls into a block that holds something: the
    # last ones may be empty, or masked.
    total = blocks[:, -1:]
    wanted = torch.minimum(uniform.to(blocks)[:, None] * total, torch.nextafter(total, torch.zeros_like(total)))
    block = torch.searchsorted(blocks, wanted, right=True)
    before = torch.where(block > 0, blocks.gather(-1, (block - 1).clamp_min(0)), 0.0)
    tokens = block * BLOCK + torch.arange(BLOCK, device=block.device)
    inside = torch.where(tokens < size, probabilities.gather(-1, tokens.clamp_max(size - 1)), 0.0)
    found = torch.searchsorted(before + inside.cumsum(-1, dtype=torch.float64), wanted, right=True)
    # By rounding a block's sum can exceed its accumulated tokens: then it is its last token that can be drawn.
    last = torch.where(inside > 0, tokens - block * BLOCK, 0).amax(-1, keepdim=True)
    return (block * BLOCK + torch.minimum(found, last)).squeeze(-1)


class Chooser:
    """A logits processor that leaves one token a row: the greedy one, or a sample's.

    Rows come in groups of 1 + N, the greedy answer first, as long as none has left. Greedy rows follow the processed scores, as
    plain generation does; samples follow the model's raw distribution.
    """

    def __init__(self, uniform: torch.Tensor, raw: Sequence[torch.Tensor]) -> None:
        """`uniform` (B, N, steps); `raw` a list whose only member is always the last log-probabilities (rows, V)."""
        self._raw = raw
        self.step = 1
        """The next token's; the first is chosen after the prefill."""
        n_prompts, n_samples, n_steps = uniform.shape
        unused = uniform.new_zeros((n_prompts, 1, n_steps))
        self._uniform = torch.cat([unused, uniform], 1).flatten(0, 1)
        self._set(torch.arange(len(self._uniform)) % (1 + n_samples) == 0)

    def keep(self, places: torch.Tensor) -> None:
        """From now on only some of the rows are there: (n,) int64."""
        self._uniform = self._uniform[places.to(self._uniform.device)]
        self._set(self._is_greedy[places])

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        greedy = scores.index_select(0, self._greedy).argmax(-1)
        if len(self._greedy) == len(scores):
            chosen = greedy
        else:
            # For the greedy rows too, and in place: other copies of all rows' vocabularies take more memory than time.
            chosen = draw(self._raw[0], self._uniform[:, self.step]).to(scores.device)
            chosen[self._greedy] = greedy
        self.step += 1
        return scores.fill_(-torch.inf).scatter_(1, chosen[:, None], 0.0)

    def _set(self, is_greedy: torch.Tensor) -> None:
        self._is_greedy = is_greedy
        self._greedy = is_greedy.nonzero()[:, 0].to(self._uniform.device)
