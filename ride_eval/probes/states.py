"""Last hidden states (after the final norm) of the tokens a model decodes: what its answers are embedded with."""

from __future__ import annotations

from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any

import torch
from torch import nn

from ride_eval.errors import ProbeError
from ride_eval.probes.passes import Passes


class StatesProbe(AbstractContextManager["StatesProbe"]):
    """Keeps the input of the output head for each token fed back after the prefill, in the model's own precision."""

    def __init__(self, model: Any) -> None:
        head = model.get_output_embeddings()
        if head is None:
            raise ProbeError(f"{type(model).__name__} has no output head, so answers cannot be embedded. Give num_samples=0.")
        self._head: nn.Module = head

    def read(self, passes: Passes) -> StatesProbe:
        """The probe set up for one generation; enter it around it."""
        self._passes = passes
        self._states: list[tuple[torch.Tensor, torch.Tensor]] = []
        return self

    def __enter__(self) -> StatesProbe:
        self._handle = self._head.register_forward_pre_hook(self._before)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._handle.remove()

    def states(self) -> torch.Tensor:
        """(rows, tokens fed back, D); zeros behind an answer that left the batch."""
        like = self._states[0][1]
        states = like.new_zeros((self._passes.n_rows, len(self._states), like.shape[-1]))
        for step, (rows, values) in enumerate(self._states):
            states[rows.to(states.device), step] = values
        return states

    def _before(self, _: nn.Module, inputs: Any) -> None:
        if self._passes.current > 0:
            self._states.append((self._passes.rows, inputs[0][:, -1]))


@torch.no_grad()
def mean_state(model: Any, ids: list[int], device: torch.device) -> torch.Tensor:
    """(D,) float32 mean of the last hidden states over a text: what answers' embeddings are measured from."""
    kept: list[torch.Tensor] = []
    handle = model.get_output_embeddings().register_forward_pre_hook(lambda _, inputs: kept.append(inputs[0][0]))
    try:
        model(input_ids=torch.tensor([ids], device=device), use_cache=False)
    finally:
        handle.remove()
    return kept[0].float().mean(0)
