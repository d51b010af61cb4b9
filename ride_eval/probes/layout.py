"""Which positions of a padded batch the probes read.

Shapes: B rows, L columns, T = B * L flat positions (row-major), R measured rows, Q selected question tokens of all of them,
P prompt tokens of all of them, S of the question tokens for what is too costly to take on all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

FLAW = "flaw"
"""A probe's row has this key alone, a sentence, where what the probe saw of the row cannot be."""
SORTED_TOKENS = 64
"""Question tokens a prompt, at most, on which a measure that sorts is taken."""


@dataclass(frozen=True, kw_only=True)
class Routed:
    """Where T tokens were sent: (T, Lm, k) each, a token's experts by falling gate weight."""

    experts: NDArray[np.uint16]
    weights: NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class MeasuredRow:
    """A row of the batch that is measured."""

    row: int
    start: int
    """Column of the prompt's first token: the width of the left padding."""
    n_tokens: int
    """Prompt tokens; what follows is a continuation or right padding."""
    question: Sequence[int]
    """Aligned question tokens, as positions in the prompt; likewise below."""
    keywords: Sequence[int] = ()
    """Those of them that carry a keyword of the document's domain."""
    meta: Sequence[int] = ()
    """Tokens of the arm's text."""
    routed: Routed | None = None
    """Where its leading tokens were sent, if another pass read them."""


class Layout:
    """The measured positions of one forward pass, as index tensors made once and copied once per device.

    A pass may feed the last columns of a batch only, its cache holding those `before` them; then L counts the columns fed, and
    W = before + L all of them. No question token lies before.
    """

    def __init__(self, shape: tuple[int, int], rows: Sequence[MeasuredRow], before: int = 0) -> None:
        self.shape = shape
        self.before = before
        self.rows = tuple(rows)
        self._on: dict[tuple[str, torch.device], torch.Tensor] = {}

    @property
    def n_positions(self) -> int:
        return self.shape[0] * self.shape[1]

    @cached_property
    def question_index(self) -> NDArray[np.int64]:
        """(Q,) flat positions of the aligned question tokens, row by row."""
        return self._flat([[row.start + position for position in row.question] for row in self.rows])

    @cached_property
    def spaced_index(self) -> NDArray[np.int64]:
        """(S,) which of the Q question tokens are among the at most SORTED_TOKENS evenly spaced ones of their prompt."""
        ends = np.cumsum([len(row.question) for row in self.rows])
        parts = [end - len(row.question) + spaced(len(row.question)) for row, end in zip(self.rows, ends, strict=True)]
        return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)

    @cached_property
    def prompt_index(self) -> NDArray[np.int64]:
        """(P,) flat positions of all prompt tokens fed, row by row."""
        return self._flat([range(row.start + self.reused(row), row.start + row.n_tokens) for row in self.rows])

    @cached_property
    def prompt_row(self) -> NDArray[np.int64]:
        """(P,) which measured row each prompt token belongs to."""
        return np.repeat(np.arange(len(self.rows)), [row.n_tokens - self.reused(row) for row in self.rows])

    def reused(self, row: MeasuredRow) -> int:
        """How many of a prompt's leading tokens lie before the columns fed."""
        return min(row.n_tokens, max(0, self.before - row.start))

    @cached_property
    def row_index(self) -> NDArray[np.int64]:
        """(R,) row of each measured prompt."""
        return np.asarray([row.row for row in self.rows], dtype=np.int64)

    @property
    def measures_all(self) -> bool:
        """Whether the measured rows are the batch's, each once and in its order."""
        return [row.row for row in self.rows] == list(range(self.shape[0]))

    @cached_property
    def last_index(self) -> NDArray[np.int64]:
        """(R,) column, of those fed, of each prompt's last token, which predicts the first answer token; any column for one
        that is not measured, which may have no token at all."""
        width = self.before + self.shape[1]
        last = [max(min(row.start + max(row.n_tokens, 1), width) - 1 - self.before, 0) for row in self.rows]
        return np.asarray(last, dtype=np.int64)

    @cached_property
    def span_masks(self) -> NDArray[np.float32]:
        """(R, 3, W) ones at each prompt's keywords, question and meta text."""
        masks = np.zeros((len(self.rows), 3, self.before + self.shape[1]), dtype=np.float32)
        for mask, row in zip(masks, self.rows, strict=True):
            for span, positions in enumerate((row.keywords, row.question, row.meta)):
                mask[span, [row.start + position for position in positions]] = 1.0
        return masks

    def split_question(self, values: NDArray[Any]) -> list[NDArray[Any]]:
        """Cut the last axis, of length Q, into the measured rows' parts."""
        ends = np.cumsum([len(row.question) for row in self.rows])[:-1]
        return np.split(values, ends, axis=-1)

    def split_prompt(self, values: NDArray[Any]) -> list[NDArray[Any]]:
        """Cut the last axis, of length P, into the measured rows' parts."""
        ends = np.cumsum([row.n_tokens - self.reused(row) for row in self.rows])[:-1]
        return np.split(values, ends, axis=-1)

    def split_spaced(self, values: NDArray[Any]) -> list[NDArray[Any]]:
        """Cut the last axis, of length S, into the measured rows' parts."""
        ends = np.cumsum([min(len(row.question), SORTED_TOKENS) for row in self.rows])[:-1]
        return np.split(values, ends, axis=-1)

    def on(self, name: str, device: torch.device) -> torch.Tensor:
        """One of the index arrays above as a tensor on a device."""
        if (name, device) not in self._on:
            array: NDArray[np.generic] = getattr(self, name)
            self._on[name, device] = torch.from_numpy(array).to(device, non_blocking=True)
        return self._on[name, device]

    def _flat(self, columns: Sequence[Sequence[int]]) -> NDArray[np.int64]:
        parts = [
            row.row * self.shape[1] - self.before + np.asarray(c, dtype=np.int64)
            for row, c in zip(self.rows, columns, strict=True)
        ]
        return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)


def spaced(n: int) -> NDArray[np.int64]:
    """At most SORTED_TOKENS of the places 0 to n - 1, evenly spaced, the first and the last among them."""
    if n <= SORTED_TOKENS:
        return np.arange(n, dtype=np.int64)
    return np.arange(SORTED_TOKENS, dtype=np.int64) * (n - 1) // (SORTED_TOKENS - 1)
