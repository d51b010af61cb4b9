"""Where an answer ends: wrong here, and entropies are averaged over padding, or over tokens of the stop string."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer

from ride_eval.answer import Answer, find_end, through_end

END = 0
PIECES = ("", "a", "b", "ab", "\n", "\n\n", "b\n", " ", "aa")
"""Token i writes PIECES[i]; the end token writes nothing, as a special token does."""


def decode(tokens: Sequence[int]) -> str:
    return "".join(PIECES[token] for token in tokens)


def decode_bytes(tokens: Sequence[int]) -> str:
    """One byte a token; an unfinished run shows one replacement character a byte, as SentencePiece's byte fallback does."""
    raw = bytes(tokens)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return "\N{REPLACEMENT CHARACTER}" * len(raw)


def slow_end(tokens: list[int], end_ids: set[int], stops: list[str], decode: Any) -> Answer:
    """By trying every prefix."""
    written = []
    for token in tokens:
        if token in end_ids:
            break
        written.append(token)
    text = decode(written)
    cuts = [i for i in range(len(text)) if any(stop and text[i:].startswith(stop) for stop in stops)]
    if cuts:
        return Answer(n_tokens=max(n for n in range(len(written) + 1) if len(decode(written[:n])) <= cuts[0]), finish="stop")
    if len(written) < len(tokens):
        return Answer(n_tokens=len(written) + 1, finish="eos")
    return Answer(n_tokens=len(tokens), finish="length")


@given(
    tokens=st.lists(st.integers(0, len(PIECES) - 1), max_size=12),
    stops=st.lists(st.text("ab\n ", max_size=3), max_size=3),
    end_ids=st.sets(st.sampled_from([END, 7]), max_size=2),
)
def test_is_the_end_found_by_trying_every_prefix(tokens: list[int], stops: list[str], end_ids: set[int]) -> None:
    assert find_end(tokens, end_ids=end_ids, stops=stops, decode=decode) == slow_end(tokens, end_ids, stops, decode)


@given(text=st.text("a🦙é\n", max_size=8), stop=st.sampled_from(["\n", "\n\n", "a", "é"]), cut=st.integers(0, 3))
def test_holds_where_text_gets_shorter_as_tokens_are_added(text: str, stop: str, cut: int) -> None:
    """Bisecting on text length would end the answer inside a character of several byte tokens."""
    tokens = list(text.encode())
    tokens = tokens[: len(tokens) - cut]
    assert find_end(tokens, end_ids=(), stops=[stop], decode=decode_bytes) == slow_end(tokens, set(), [stop], decode_bytes)


@pytest.mark.parametrize(
    ("tokens", "stops", "expected"),
    [
        ([], ["\n"], (0, "length")),
        ([1, 2], [], (2, "length")),
        ([1, 2], [""], (2, "length")),  # an empty stop string stops nothing
        ([1, END, 2], [], (2, "eos")),  # the end token belongs to the answer
        ([END], ["\n"], (1, "eos")),
        ([1, 5, 2], ["\n\n"], (1, "stop")),
        ([4, 4, 1], ["\n\n"], (0, "stop")),  # the stop string is written by two tokens
        ([1, 6, 2], ["\n"], (1, "stop")),  # one token holds answer and stop string: the stop's
        ([1, 2, 4, END], ["\n"], (2, "stop")),  # the stop string comes before the end token
        ([1, END, 4], ["\n"], (2, "eos")),  # what follows the end token is padding
        ([1, 4, 7, 2], ["b", "\n"], (1, "stop")),  # the earliest stop string counts, not the first in the list
    ],
)
def test_ends(tokens: list[int], stops: list[str], expected: tuple[int, str]) -> None:
    answer = find_end(tokens, end_ids={END}, stops=stops, decode=decode)
    assert (answer.n_tokens, answer.finish) == expected


@settings(max_examples=60)
@given(answer=st.text("ab7. 🦙é\n", max_size=10), after=st.text("a🦙\n", max_size=4))
def test_on_a_real_byte_fallback_tokenizer(answer: str, after: str, mistral: Any) -> None:
    tokens = mistral.encode(answer + "Question:" + after, add_special_tokens=False)
    end = find_end(tokens, end_ids={mistral.eos_token_id}, stops=["Question:"], decode=mistral.decode)
    assert end == slow_end(tokens, {mistral.eos_token_id}, ["Question:"], mistral.decode)


@pytest.fixture(scope="module")
def mistral(shared: Path) -> Any:
    return AutoTokenizer.from_pretrained(shared / "tokenizers" / "mistral-7b-instruct-v0.2")


@given(tokens=st.lists(st.integers(0, 5), max_size=8))
def test_through_end_keeps_the_end_token_and_nothing_after(tokens: list[int]) -> None:
    kept = through_end(tokens, {END})
    assert kept == tokens[: len(kept)]
    assert END not in kept[:-1]
    assert len(kept) == len(tokens) or kept[-1] == END
