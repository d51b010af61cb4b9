"""Decodes the answers of a batch of prompts by the harness's own generation call; answers that ended leave the batch.

The call runs all its rows until the last one ends. So it is asked for a few tokens at a time, and goes on with the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from lm_eval.models.huggingface import HFLM
from transformers import LogitsProcessorList, MinNewTokensLengthLogitsProcessor

from ride_eval.caches import branch
from ride_eval.continuation import positions
from ride_eval.errors import UsageError
from ride_eval.probes.bundle import Reading
from ride_eval.sampling import Chooser

STAGE = 8
"""Tokens between two looks at what has ended: fewer would let answers leave earlier, and start the call more often."""
UNSHARED = ("exponential_decay_length_penalty", "begin_suppress_tokens", "forced_eos_token_id", "max_time")
"""Generation arguments that count from a call's own beginning or end."""


def refuse_unshared(arguments: Mapping[str, Any], where: str) -> None:
    """Raises UsageError where an answer made by several calls would not be the one of a single call."""
    if given := [f"{name}={arguments[name]}" for name in UNSHARED if arguments.get(name) is not None]:
        raise UsageError(
            f"{where} sets {', '.join(given)}, which a shared prefill cannot keep. Give share_prefill=False in --model_args "
            "(no samples then), or take it out."
        )


class Answers:
    """The answers of B prompts, `group` rows each, from their first tokens on."""

    def __init__(
        self, lm: Any, reading: Reading, cache: Any, context: torch.Tensor, mask: torch.Tensor, first: torch.Tensor
    ) -> None:
        """`cache` of B x group rows; the prompts' `context` and `mask` (B, L); `first` tokens (B x group,)."""
        group = len(first) // len(context)
        self._lm, self._reading, self._cache = lm, reading, cache
        self._width = context.shape[1]
        self._tokens = torch.cat([context.repeat_interleave(group, 0), first[:, None]], 1)
        self._mask = torch.cat([mask, torch.ones_like(mask[:, :1])], 1).repeat_interleave(group, 0)
        self._rows = torch.arange(len(first))
        self._whole = first[:, None]

    @property
    def tokens(self) -> torch.Tensor:
        """(B x group, S) int64: of each answer all its tokens, and padding behind those that left."""
        return self._whole

    def run(
        self,
        chooser: Chooser,
        n_new: int,
        stop: list[str],
        ended: Callable[[Sequence[int], int], bool],
        arguments: Mapping[str, Any],
    ) -> None:
        """Go on to `n_new` tokens, or until all have ended by what `ended` says of an answer's tokens and its latest ones."""
        given = dict(arguments)
        processors = LogitsProcessorList([chooser])
        least, end_ids = given.pop("min_new_tokens", None), self._lm.model.generation_config.eos_token_id
        if least and end_ids is not None:
            ends = torch.as_tensor(end_ids, device=self._lm.device).reshape(-1)
            processors.insert(0, MinNewTokensLengthLogitsProcessor(self._width, least, ends))
        while self._tokens.shape[1] < self._width + n_new:
            going = [i for i, ids in enumerate(self._tokens[:, self._width :].tolist()) if not ended(ids, STAGE)]
            if not going:
                return
            if len(going) < len(self._rows):
                places = torch.tensor(going)
                self._keep(places)
                chooser.keep(places)
            end = min(self._tokens.shape[1] + STAGE, self._width + n_new)
            self._tokens = HFLM._model_generate(
                self._lm, context=self._tokens, max_length=end, stop=stop, attention_mask=self._mask,
                past_key_values=self._cache, logits_processor=processors, **given,
            )  # fmt: skip
            self._add(self._tokens[:, self._width + self._whole.shape[1] :])

    def feed_last(self) -> None:
        """Let the model read the last tokens as well, for their states, of the answers that are still there."""
        with torch.no_grad():
            self._lm.model(
                input_ids=self._tokens[:, -1:],
                attention_mask=self._mask,
                position_ids=positions(self._mask)[:, -1:],
                past_key_values=self._cache,
                use_cache=True,
            )

    def _keep(self, places: torch.Tensor) -> None:
        self._reading.keep(places, self._tokens[:, -1])
        self._cache = branch(self._cache, places)
        there = places.to(self._tokens.device)
        self._tokens, self._mask, self._rows = self._tokens[there], self._mask[there], self._rows[places]

    def _add(self, new: torch.Tensor) -> None:
        padding = int(self._lm.tokenizer.pad_token_id)
        whole = new.new_full((len(self._whole), new.shape[1]), padding)
        whole[self._rows.to(new.device)] = new
        self._whole = torch.cat([self._whole, whole], 1)
        self._mask = torch.cat([self._mask, torch.ones_like(new)], 1)
