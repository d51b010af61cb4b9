"""C3: predictive entropy and log-probability of the tokens a model decodes, read off its own raw logits step by step."""

from __future__ import annotations

from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ride_eval.errors import ProbeError
from ride_eval.metrics.entropy import logprob_entropy
from ride_eval.probes.transfer import to_host


class DecodingProbe(AbstractContextManager["DecodingProbe"]):
    """Reads the last position's logits of every forward pass of a generation, before any logits processor.

    One vocabulary row a sequence is held until the next pass tells which token was chosen.
    """

    def __init__(self, model: nn.Module) -> None:
        self.model = model

    def read(self) -> DecodingProbe:
        """The probe set up for one generation; enter it around it."""
        self._entropies: list[torch.Tensor] = []
        self._logprobs: list[torch.Tensor] = []
        self.last: list[torch.Tensor] = []
        """Empty before the first pass; then its only member is the last pass's log-probabilities, (rows, V) float32."""
        return self

    def __enter__(self) -> DecodingProbe:
        self._handle = self.model.register_forward_hook(self._after, with_kwargs=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._handle.remove()

    def branch(self, group: int) -> None:
        """From the next pass on, each row is `group` rows that share what was seen so far."""
        self.last[0] = self.last[0].repeat_interleave(group, 0)
        self._entropies = [part.repeat_interleave(group, 0) for part in self._entropies]

    def steps(self, generated: torch.Tensor) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Entropies and log-probabilities, (rows, S) float32 nats each, of the S generated tokens (rows, S).

        Raises ProbeError where the model did not run once for each token.
        """
        shapes = {tuple(part.shape) for part in (*self._entropies, *self._logprobs)}
        if len(self._entropies) != generated.shape[1] or shapes != {generated.shape[:1]}:
            raise ProbeError(
                f"The output head was seen {len(self._entropies)} times for {generated.shape[1]} tokens, with rows "
                f"{sorted(shapes)}, expected once a token with {generated.shape[0]} rows: its entropies cannot be told apart."
            )
        last = self._of(generated[:, -1])
        entropies, logprobs = to_host([torch.stack(self._entropies, 1), torch.stack([*self._logprobs, last], 1)])
        return entropies, logprobs

    def _after(self, _: nn.Module, args: Any, kwargs: dict[str, Any], output: Any) -> None:
        if self.last:
            self._logprobs.append(self._of(kwargs["input_ids"][:, -1]))
        # One softmax serves entropy, log-probability and sampling.
        self.last[:] = [torch.log_softmax(output.logits[:, -1].float(), -1)]
        self._entropies.append(logprob_entropy(self.last[0]))

    def _of(self, tokens: torch.Tensor) -> torch.Tensor:
        """(rows,) log-probabilities of one token a row after the last pass."""
        return self.last[0].gather(-1, tokens.to(self.last[0].device)[:, None])[:, 0]
