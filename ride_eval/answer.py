"""Where a generated answer ends, in tokens and in text, and why."""

from __future__ import annotations

from bisect import bisect_left
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


def through_end(tokens: Sequence[int], end_ids: Collection[int]) -> list[int]:
    """The tokens up to and with the first end token; all of them if there is none."""
    end = next((i for i, token in enumerate(tokens) if token in end_ids), len(tokens))
    return list(tokens[: end + 1])


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
    found = [(text.find(stop), stop) for stop in stops if stop and stop in text]
    if found:
        return Answer(n_tokens=_tokens_before(*min(found), written, decode), finish="stop")
    if end is not None:
        return Answer(n_tokens=end + 1, finish="eos")
    return Answer(n_tokens=len(written), finish="length")


def _tokens_before(cut: int, stop: str, tokens: Sequence[int], decode: Callable[[Sequence[int]], str]) -> int:
    """The most leading tokens whose text ends at or before `cut`, where `stop` begins.

    Bisection for the token that completes the stop string, then back over its tokens. Text length itself cannot be bisected:
    a tokenizer that falls back on bytes shows an unfinished character as several, so the length falls when it is finished.
    """
    n = bisect_left(range(len(tokens)), True, key=lambda n: decode(tokens[: n + 1]).startswith(stop, cut))
    while n and len(decode(tokens[:n])) > cut:
        n -= 1
    return n
