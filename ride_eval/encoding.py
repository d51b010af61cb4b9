"""Prompts as the harness tokenizes them, with character offsets, and the question tokens that are aligned over the arms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from lm_eval.models.utils import has_bos_prefix

from ride_eval.errors import UsageError
from ride_eval.probes.layout import MeasuredRow, Routed
from ride_eval.prompt import Prompt
from ride_eval.spans import Alignment, Encoding, Span, align, aligned_positions, keyword_spans, positions_in, positions_in_any

Kind = Literal["answer", "choice"]
"""The harness encodes prompts to generate from and prompts to score a continuation after by different rules."""


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A prompt in tokens."""

    encoding: Encoding
    question_tokens: int
    aligned: tuple[int, ...]
    """Positions of the aligned question tokens; empty where `reason` says why."""
    keywords: tuple[int, ...]
    """Those of them that carry a keyword."""
    meta: tuple[int, ...]
    reason: str | None
    truncated: bool
    """The harness cuts this prompt, or the same one under another arm; or it is empty, and the harness puts a token there."""

    @property
    def leading(self) -> tuple[int, ...]:
        """The leading tokens that another pass may have read: no question token that is measured, and never the last."""
        end = min(self.aligned[0] if self.aligned else len(self.encoding.ids), len(self.encoding.ids) - 1)
        return self.encoding.ids[:end]

    def measured_row(self, row: int, start: int, routed: Routed | None = None) -> MeasuredRow:
        """Where the prompt lies in a batch: its row, and the column of its first token."""
        n_tokens = 0 if self.truncated else len(self.encoding.ids)
        return MeasuredRow(
            row=row,
            start=start,
            n_tokens=n_tokens,
            question=self.aligned,
            keywords=self.keywords,
            meta=self.meta,
            routed=routed,
        )


class Encoder:
    """Encodes for one model. Raises UsageError for a tokenizer that cannot tell where its tokens come from."""

    def __init__(self, tokenizer: Any, *, add_bos_token: bool | None, prefix: str) -> None:
        if not getattr(tokenizer, "is_fast", False):
            raise UsageError(
                f"{type(tokenizer).__name__} gives no character offsets, which spans need. Use the model's fast tokenizer "
                "(use_fast_tokenizer=True), or --model hf for text-level metrics only."
            )
        self._tokenizer, self._add_bos, self._prefix = tokenizer, add_bos_token, prefix
        self._alignments: dict[tuple[Any, ...], Alignment] = {}

    def encode(self, text: str, kind: Kind) -> Encoding:
        """Tokens and offsets of a prompt, by the harness's rules for special tokens and trailing spaces."""
        special: dict[str, bool] = {} if self._add_bos is None else {"add_special_tokens": self._add_bos}
        if kind == "choice":
            text = text.rstrip()  # the harness moves trailing spaces to the continuation
            begins = has_bos_prefix(text, self._prefix)
        else:
            begins = has_bos_prefix(text, getattr(self._tokenizer, "bos_token", None))
        if begins:
            special = {"add_special_tokens": False}
        encoded = self._tokenizer(text, return_offsets_mapping=True, **special)
        return Encoding(ids=tuple(encoded["input_ids"]), offsets=tuple(Span(*pair) for pair in encoded["offset_mapping"]))

    def place(self, prompt: Prompt, kind: Kind, room: int) -> Placed:
        """A prompt's tokens and aligned positions.

        `room` is how many tokens a prompt may have: where it, or the same prompt under any standard arm, is longer, the
        harness truncates, and the document is measured in no arm.
        """
        encoding = self.encode(prompt.rendering.text, kind)
        alignment = self._alignment(prompt, kind)
        positions, reason = aligned_positions(encoding, prompt.rendering, alignment)
        question = prompt.rendering.question
        empty = not prompt.rendering.text.strip()
        truncated = empty or max(alignment.longest, len(encoding.ids)) > room
        if empty:
            reason = "the prompt is empty"
        elif truncated:
            reason = f"truncated: more than {room} tokens in some arm"
        aligned = () if reason else tuple(positions)
        spans = keyword_spans(prompt.rendering.text, question, prompt.keywords) if question is not None else []
        carrying = positions_in_any(encoding, spans)
        return Placed(
            encoding=encoding,
            question_tokens=len(positions_in(encoding, question)),
            aligned=aligned,
            keywords=tuple(position for position in aligned if position in carrying),
            meta=() if truncated else tuple(positions_in(encoding, prompt.rendering.meta)),
            reason=reason,
            truncated=truncated,
        )

    def _alignment(self, prompt: Prompt, kind: Kind) -> Alignment:
        """Shared by all arms of a document and wording, so the seven renderings are made once."""
        cell = (*prompt.key._replace(arm=""), kind)
        if cell not in self._alignments:
            siblings = prompt.siblings()
            self._alignments[cell] = align(siblings, [self.encode(sibling.text, kind) for sibling in siblings])
        return self._alignments[cell]
