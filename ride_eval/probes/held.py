"""Readings of several layers, reduced together.

A step of work costs something however few values it has: a launch on a GPU, some 20 microseconds on a CPU. Short prompts
through narrow layers are mostly that, so their readings wait for those of other layers.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

VALUES = 1 << 20
"""Four megabytes of float32. Of 1 << 18 values, a step's own cost still shows; of more than these, nothing is won."""
Reduce = Callable[..., tuple[torch.Tensor, ...]]
"""Given tensors of G layers each, (G, ...), what is kept of them, (G, ...) each."""


class Held:
    """Tensors added layer by layer, and what a function makes of them, which makes `grows` values of one of the first tensor's.

    What is added must be the caller's own, or what the model leaves as it is.
    """

    def __init__(self, reduce: Reduce, *, grows: int = 1) -> None:
        self._reduce, self._most = reduce, max(1, VALUES // grows)
        self.layers: list[int] = []
        """Whose tensors were added, one by one."""
        self._waiting: list[tuple[torch.Tensor, ...]] = []
        self._reduced: list[tuple[torch.Tensor, ...]] = []

    def add(self, layer: int, *tensors: torch.Tensor) -> None:
        """One layer's tensors."""
        if self._waiting and not (self._like_those(tensors) and self._room_for(tensors)):
            self._flush()
        self.layers.append(layer)
        self._waiting.append(tensors)
        if not self._room_for(tensors):
            self._flush()

    def parts(self) -> list[tuple[torch.Tensor, ...]]:
        """What was made of the tensors, in parts of as many layers as came together."""
        self._flush()
        return self._reduced

    def _like_those(self, tensors: tuple[torch.Tensor, ...]) -> bool:
        return list(map(_kind, tensors)) == list(map(_kind, self._waiting[0]))

    def _room_for(self, tensors: tuple[torch.Tensor, ...]) -> bool:
        return (len(self._waiting) + 1) * tensors[0].numel() <= self._most

    def _flush(self) -> None:
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            # Now inside a forward pass, now after it: in the same precision, and without gradients, either way.
            with torch.no_grad(), torch.autocast(waiting[0][0].device.type, enabled=False):
                together = (one[0][None] if len(one) == 1 else torch.stack(one) for one in zip(*waiting, strict=True))
                self._reduced.append(self._reduce(*together))


def by_layer(*held: Held) -> list[torch.Tensor]:
    """What was made of all layers' tensors, (L, ...) each by rising layer, on one device."""
    parts = [part for one in held for part in one.parts()]
    together = [torch.cat([part.to(kind[0].device) for part in kind]) for kind in zip(*parts, strict=True)]
    layers = [layer for one in held for layer in one.layers]
    order = sorted(range(len(layers)), key=layers.__getitem__)
    return together if order == list(range(len(layers))) else [tensor[order] for tensor in together]


def _kind(tensor: torch.Tensor) -> tuple[torch.Size, torch.dtype, torch.device]:
    return tensor.shape, tensor.dtype, tensor.device
