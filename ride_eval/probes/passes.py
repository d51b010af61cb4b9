"""Counts a model's forward passes, so that a probe tells the prefill from the decoding steps, and what rows those run."""

from __future__ import annotations

from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any

import torch
from torch import nn


class Passes(AbstractContextManager["Passes"]):
    """While entered, `current` is the index of the running forward pass of `model`: 0 is the prefill, -1 before it."""

    def __init__(self, model: nn.Module, n_prompts: int) -> None:
        self.model = model
        self.current = -1
        self._handle: Any = None
        self._n_prompts = n_prompts
        self.branch(1)

    def __enter__(self) -> Passes:
        self._handle = self.model.register_forward_pre_hook(self._count)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._handle.remove()

    def branch(self, group: int) -> None:
        """From the next pass on, each prompt's row is `group` rows of answers."""
        self.group = group
        self.n_rows = self._n_prompts * group
        """Rows of answers, those that have left among them."""
        self._set(torch.arange(self.n_rows))

    def keep(self, places: torch.Tensor) -> None:
        """From the next pass on, only those of the present rows are run: (n,) int64."""
        self._set(self.rows[places])

    def first_places(self, device: torch.device) -> torch.Tensor:
        """Where in the running pass each prompt's first answer is: (n,) int64 on a device."""
        if device not in self._first:
            self._first[device] = (self.rows % self.group == 0).nonzero()[:, 0].to(device)
        return self._first[device]

    @property
    def first_prompts(self) -> torch.Tensor:
        """The prompts of those answers, (n,) int64 on the host."""
        return self.rows[self.first_places(self.rows.device)] // self.group

    def _set(self, rows: torch.Tensor) -> None:
        self.rows = rows
        """Which rows of answers a pass runs, in its order: (n,) int64 on the host."""
        self._first: dict[torch.device, torch.Tensor] = {}
        self.first_places(rows.device)

    def _count(self, _: nn.Module, __: Any) -> None:
        self.current += 1
