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
from ride_eval.probes.passes import Passes
from ride_eval.probes.transfer import to_host

Read = tuple[torch.Tensor, torch.Tensor]
"""Of one pass: rows of answers (n,) on the host, and a value of each (n,)."""


class DecodingProbe(AbstractContextManager["DecodingProbe"]):
    """Reads the last position's logits of every forward pass of a generation, before any logits processor.

    One vocabulary row a sequence is held until the next pass tells which token was chosen.
    """

    def __init__(self, model: nn.Module) -> None:
        self.model = model

    def read(self, passes: Passes) -> DecodingProbe:
        """The probe set up for one generation; enter it around it."""
        self._passes = passes
        self._entropies: list[Read] = []
        self._logprobs: list[Read] = []
        self._knows_chosen = True
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
        self._entropies = [(self._passes.rows, part.repeat_interleave(group, 0)) for _, part in self._entropies]

    def keep(self, places: torch.Tensor, chosen: torch.Tensor) -> None:
        """From the next pass on, only some of the rows (n,) are run; `chosen`: the last token of each that was there."""
        self._see_chosen(chosen)
        self.last[0] = self.last[0][places.to(self.last[0].device)]

    def steps(self, generated: torch.Tensor) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Entropies and log-probabilities, (rows, S) float32 nats each, of the S generated tokens (rows, S).

        NaN behind an answer that left the batch. Raises ProbeError where the model did not run once for each token.
        """
        n_steps, rows = generated.shape[1], self._passes.rows
        seen, fits = len(self._entropies), len(generated) == self._passes.n_rows
        if seen != n_steps or not fits or any(values.shape != row.shape for row, values in (*self._entropies, *self._logprobs)):
            shapes = sorted({tuple(values.shape) for _, values in (*self._entropies, *self._logprobs)})
            raise ProbeError(
                f"The output head was seen {seen} times for {n_steps} tokens, with rows {shapes}, expected once a token with "
                f"{len(generated)} rows: its entropies cannot be told apart."
            )
        if not self._knows_chosen:
            self._see_chosen(generated[rows.to(generated.device), -1])
        values = iter(to_host([values for _, values in (*self._entropies, *self._logprobs)]))
        tables = []
        for reads in (self._entropies, self._logprobs):
            table = np.full((len(generated), n_steps), np.nan, dtype=np.float32)
            for step, (rows, _) in enumerate(reads):
                table[rows.numpy(), step] = next(values)
            tables.append(table)
        return tables[0], tables[1]

    def _after(self, _: nn.Module, args: Any, kwargs: dict[str, Any], output: Any) -> None:
        if not self._knows_chosen:
            self._see_chosen(kwargs["input_ids"][:, -1])
        # One softmax serves entropy, log-probability and sampling.
        self.last[:] = [torch.log_softmax(output.logits[:, -1].float(), -1)]
        self._entropies.append((self._passes.rows, logprob_entropy(self.last[0])))
        self._knows_chosen = False

    def _see_chosen(self, tokens: torch.Tensor) -> None:
        """What was chosen after the last pass."""
        self._logprobs.append((self._passes.rows, self._of(tokens)))
        self._knows_chosen = True

    def _of(self, tokens: torch.Tensor) -> torch.Tensor:
        """(rows,) log-probabilities of one token a row after the last pass."""
        return self.last[0].gather(-1, tokens.to(self.last[0].device)[:, None])[:, 0]
