"""Counts a model's forward passes, so that a probe tells the prefill from the decoding steps."""

from __future__ import annotations

from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any

from torch import nn


class Passes(AbstractContextManager["Passes"]):
    """While entered, `current` is the index of the running forward pass of `model`: 0 is the prefill, -1 before it."""

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.current = -1
        self._handle: Any = None

    def __enter__(self) -> Passes:
        self._handle = self.model.register_forward_pre_hook(self._count)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._handle.remove()

    def _count(self, _: nn.Module, __: Any) -> None:
        self.current += 1
