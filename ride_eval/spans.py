"""Where a rendered prompt's meta text and question lie, and which question tokens are the same in every arm.

Character spans are half open. A token belongs to a span when its offsets overlap it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MIN_COVERAGE = 0.90
"""Below this share of comparable question tokens, a document's token statistics are NaN."""


class Span(NamedTuple):
    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Rendering:
    """A prompt as the model gets it, template and few-shot examples included."""

    text: str
    question: Span | None
    """None when the template changed the question's text, so that it cannot be found."""
    meta: Span | None = None
    """The arm's text; None where there is none."""


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """A rendering's tokens under the model's tokenizer."""

    ids: tuple[int, ...]
    offsets: tuple[Span, ...]


class QuestionToken(NamedTuple):
    """A question token as alignment compares it: equal id at equal offsets relative to the question."""

    start: int
    end: int
    id: int


@dataclass(frozen=True, kw_only=True)
class Alignment:
    """The question tokens that are equal in every arm of a document and wording."""

    tokens: NDArray[np.int64]
    """(n, 3) start, end and id; an array, since one is kept for every document of a run."""
    longest: int
    """Tokens of the longest of the arms' prompts."""
    coverage: float = 0.0
    """The smallest share of an arm's comparable question tokens that are common: one arm that falls short ends the document's
    comparison in all of them."""
    problem: str | None = None
    """Why there is no alignment; then `tokens` is empty."""


def locate(text: str, question: str, meta: str = "") -> Rendering:
    """Find the document's question and the arm's text in a rendered prompt.

    The question is the last occurrence of its text, since few-shot examples come before it; the arm's text the first.
    White space around them is ignored: templates trim it.
    """
    spans = []
    for wanted, find in ((question.strip(), text.rfind), (meta.strip(), text.find)):
        start = find(wanted) if wanted else -1
        spans.append(None if start < 0 else Span(start, start + len(wanted)))
    return Rendering(text=text, question=spans[0], meta=spans[1])


def positions_in(encoding: Encoding, span: Span | None) -> list[int]:
    """Positions of the tokens that overlap a span; none for None."""
    if span is None:
        return []
    return [i for i, (start, end) in enumerate(encoding.offsets) if start < span.end and end > span.start]


def positions_in_any(encoding: Encoding, spans: Sequence[Span]) -> set[int]:
    """Positions of the tokens that overlap one of many spans, which are in order and apart, as keywords are."""
    ends = [span.end for span in spans]
    # Of the spans that end behind a token's start, the first begins first.
    nearest = (bisect_right(ends, start) for start, _ in encoding.offsets)
    return {
        i
        for i, (span, (_, end)) in enumerate(zip(nearest, encoding.offsets, strict=True))
        if span < len(spans) and spans[span].start < end
    }


def keyword_spans(text: str, question: Span, keywords: Sequence[str]) -> list[Span]:
    """Where a question holds one of the keywords as a whole word, whatever its case; the longest keyword at a place."""
    if not keywords:
        return []
    words = "|".join(re.escape(word) for word in sorted(keywords, key=len, reverse=True))
    found = re.finditer(rf"(?<!\w)(?:{words})(?!\w)", text[question.start : question.end], re.IGNORECASE)
    return [Span(question.start + match.start(), question.start + match.end()) for match in found]


def eligible(encoding: Encoding, question: Span) -> dict[QuestionToken, int]:
    """The question tokens that statistics may use, with their positions.

    Not the first token of the sequence or of the question: attention sinks live there.
    """
    return {
        QuestionToken(encoding.offsets[i].start - question.start, encoding.offsets[i].end - question.start, encoding.ids[i]): i
        for i in positions_in(encoding, question)[1:]
        if i > 0
    }


def align(renderings: Sequence[Rendering], encodings: Sequence[Encoding]) -> Alignment:
    """The tokens common to all renderings of one document at one wording index."""
    longest = max(len(encoding.ids) for encoding in encodings)
    arms: list[set[QuestionToken]] = []
    for rendering, encoding in zip(renderings, encodings, strict=True):
        if rendering.question is None:
            return Alignment(tokens=_table(()), longest=longest, problem="question not found in the rendered prompt")
        arms.append(set(eligible(encoding, rendering.question)))
    common = set.intersection(*arms)
    coverage = min(len(common) / len(own) if own else 0.0 for own in arms)
    return Alignment(tokens=_table(common), longest=longest, coverage=coverage)


def _table(tokens: Iterable[QuestionToken]) -> NDArray[np.int64]:
    return np.array(sorted(tokens), dtype=np.int64).reshape(-1, 3)


def aligned_positions(encoding: Encoding, rendering: Rendering, alignment: Alignment) -> tuple[list[int], str | None]:
    """Positions of the aligned tokens in one arm, in order, and why they cannot be used (None if they can)."""
    problem = alignment.problem
    if problem is None and rendering.question is None:
        problem = "question not found in the rendered prompt"
    if problem is not None or rendering.question is None:
        return [], problem
    own = eligible(encoding, rendering.question)
    common = set(map(tuple, alignment.tokens.tolist()))
    positions = sorted(position for token, position in own.items() if token in common)
    if not own:
        return [], "question has no token beside its first"
    coverage = min(alignment.coverage, len(positions) / len(own))
    if coverage < MIN_COVERAGE:
        return positions, f"alignment coverage {coverage:.2f} below {MIN_COVERAGE:.2f}"
    return positions, None
