"""The passes on which the doctor compares: the same prompts padded left, padded right without a mask, and alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from ride_eval.continuation import pad, positions
from ride_eval.doctor.prompts import Asked
from ride_eval.probes.layout import Layout, MeasuredRow


@dataclass(frozen=True, kw_only=True)
class Pass:
    """One batch of prompts, ready to run."""

    name: str
    prompts: tuple[Asked, ...]
    starts: tuple[int, ...]
    """Column of each prompt's first token."""
    ids: torch.Tensor
    mask: torch.Tensor | None
    """None where the harness gives none."""

    @property
    def width(self) -> int:
        return self.ids.shape[1]

    def layout(self, *, whole: bool = False) -> Layout:
        """Of every prompt; `whole` counts every token to every span."""
        make: Callable[[Asked, int, int], MeasuredRow] = Asked.whole if whole else Asked.row
        rows = [make(prompt, row, start) for row, (prompt, start) in enumerate(zip(self.prompts, self.starts, strict=True))]
        return Layout((len(self.prompts), self.width), rows)

    def flat(self, row: int, tokens: Sequence[int]) -> list[int]:
        """Positions among the batch's rows x columns."""
        return [row * self.width + self.starts[row] + token for token in tokens]

    @torch.no_grad()
    def run(self, lm: Any) -> torch.Tensor:
        """(rows, columns, V) logits, by the harness's own call where it would make this pass."""
        if self.mask is None:
            logits: torch.Tensor = lm._model_call(self.ids)
        else:
            place = positions(self.mask)
            logits = lm.model(input_ids=self.ids, attention_mask=self.mask, position_ids=place, use_cache=False).logits
        return logits


def passes(lm: Any, prompts: Sequence[Asked]) -> Iterator[Pass]:
    """All prompts in a batch, padded on either side, and the longest and the shortest of them alone."""
    ids = [prompt.ids for prompt in prompts]
    left, mask = (part.to(lm.device) for part in pad(ids, int(lm.tokenizer.pad_token_id), left=True))
    right, _ = (part.to(lm.device) for part in pad(ids, 0, left=False))
    width = left.shape[1]
    starts = tuple(width - len(own) for own in ids)
    everyone = tuple(prompts)
    yield Pass(name="padded left", prompts=everyone, starts=starts, ids=left, mask=mask)
    yield Pass(name="padded right", prompts=everyone, starts=(0,) * len(ids), ids=right, mask=None)
    for kind, choose in (("longest alone", max), ("shortest alone", min)):
        own = choose(prompts, key=lambda prompt: len(prompt.ids))
        single = torch.tensor([list(own.ids)], device=lm.device)
        yield Pass(name=kind, prompts=(own,), starts=(0,), ids=single, mask=None)
