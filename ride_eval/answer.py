"""Where a generated answer ends, in tokens and in text, and why."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Literal

Finish = Literal["eos", "stop", "length"]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A generated answer."""

    n_tokens: int
    """Tokens of the answer: its end token included, the tokens of a stop string not."""
    finish: Finish


def find_end(
    tokens: Sequence[int], *, end_ids: Collection[int], stops: Sequence[str], decode: Callable[[Sequence[int]], str]
) -> Answer:
    """The end of an answer in the tokens a batched generation returned, which go on after it with padding or more text.

    A stop string is looked for in the decoded text, as the harness does; a token that holds both answer and stop text counts
    as the stop's.
    """
    end = next((i for i, token in enumerate(tokens) if token in end_ids), None)
    written = list(tokens if end is None else tokens[:end])
    text = decode(written)
    cuts = [text.find(stop) for stop in stops if stop and stop in text]
    if cuts:
        return Answer(n_tokens=_tokens_before(min(cuts), written, decode), finish="stop")
    if end is not None:
        return Answer(n_tokens=end + 1, finish="eos")
    return Answer(n_tokens=len(written), finish="length")


def _tokens_before(cut: int, tokens: Sequence[int], decode: Callable[[Sequence[int]], str]) -> int:
    """The most leading tokens whose text ends at or before `cut`; text length never falls as tokens are added."""
    low, high = 0, len(tokens)
    while low < high:
        middle = (low + high + 1) // 2
        if len(decode(tokens[:middle])) <= cut:
            low = middle
        else:
            high = middle - 1
    return low
