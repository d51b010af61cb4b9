"""The doctor's own prompts: of unequal lengths, with and without a text in front, with and without keywords."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ride_eval.probes.layout import MeasuredRow
from ride_eval.spans import keyword_spans, locate, positions_in, positions_in_any

QUESTIONS = (
    ("", "What is the sum of 17 and 25, and is the number even or odd?"),
    ("You are an expert in mathematics.", "A box holds 12 rows of 8 eggs. What number of eggs is left when 9 break?"),
    ("[domain: cooking]", "Name one thing that you can bake from flour, and say in a few words how long it takes."),
    ("Please read the following.", "Count the letters of the word water, then add three to that number."),
)
KEYWORDS = ("sum", "number", "count", "add")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A prompt in tokens, and where what is measured lies in it."""

    ids: tuple[int, ...]
    question: tuple[int, ...]
    """All question tokens but the first; likewise positions in the prompt below."""
    keywords: tuple[int, ...]
    meta: tuple[int, ...]

    def row(self, row: int, start: int) -> MeasuredRow:
        return MeasuredRow(
            row=row, start=start, n_tokens=len(self.ids), question=self.question, keywords=self.keywords, meta=self.meta
        )

    def whole(self, row: int, start: int) -> MeasuredRow:
        """With every token in every span: what is measured of it must be everything."""
        everything = range(len(self.ids))
        return MeasuredRow(
            row=row, start=start, n_tokens=len(self.ids), question=everything, keywords=everything, meta=everything
        )


def asked(encoder: Any) -> list[Asked]:
    """The prompts under a model's tokenizer (an `encoding.Encoder`)."""
    found = []
    for meta, question in QUESTIONS:
        rendering = locate(f"{meta}\n\n{question}" if meta else question, question, meta)
        encoding = encoder.encode(rendering.text, "answer")
        inside = [position for position in positions_in(encoding, rendering.question)[1:] if position > 0]
        spans = keyword_spans(rendering.text, rendering.question, KEYWORDS) if rendering.question else []
        carrying = positions_in_any(encoding, spans)
        found.append(
            Asked(
                ids=encoding.ids,
                question=tuple(inside),
                keywords=tuple(position for position in inside if position in carrying),
                meta=tuple(positions_in(encoding, rendering.meta)),
            )
        )
    return found
