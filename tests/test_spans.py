"""Spans and alignment: wrong here, and the token statistics of two arms are taken over different words."""

from __future__ import annotations

from itertools import pairwise
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ride_eval.spans import (
    MIN_COVERAGE,
    Encoding,
    Rendering,
    Span,
    align,
    aligned_positions,
    keyword_spans,
    locate,
    positions_in,
    positions_in_any,
)

TEXTS = st.text("ab ?\n", max_size=12)
QUESTIONS = st.text("abc ", min_size=1, max_size=14).filter(str.strip).map(str.strip)


def encode(text: str, cuts: set[int] | None = None, *, begin: bool = False) -> Encoding:
    """A toy tokenizer: cuts where it is told, else after every letter; equal texts get equal ids. `begin` adds a token."""
    wanted = set(range(len(text))) if cuts is None else cuts
    edges = [0, *sorted(cut for cut in wanted if 0 < cut < len(text)), len(text)]
    spans = [Span(*pair) for pair in pairwise(edges)]
    ids = [crc32(text[span.start : span.end].encode()) for span in spans]
    return Encoding(ids=(0, *ids), offsets=(Span(0, 0), *spans)) if begin else Encoding(ids=tuple(ids), offsets=tuple(spans))


@given(before=TEXTS, question=TEXTS.filter(str.strip), after=st.text("xy:", max_size=6))
def test_locate_finds_the_last_occurrence_whatever_the_white_space_around(before: str, question: str, after: str) -> None:
    """Few-shot examples stand before the question, and templates trim it."""
    trimmed = question.strip()
    found = locate(before + trimmed + after, question)
    assert found.question == Span(len(before), len(before) + len(trimmed))


@given(before=st.text("xy ", max_size=6), meta=st.text("ab ", min_size=1, max_size=6).filter(str.strip), after=TEXTS)
def test_locate_finds_the_arm_s_text_first(before: str, meta: str, after: str) -> None:
    """What comes after it, few-shot examples included, may hold the same words."""
    trimmed = meta.strip()
    assert locate(before + trimmed + after, "?", meta + "\n").meta == Span(len(before), len(before) + len(trimmed))


def test_none_has_no_text_of_its_own() -> None:
    assert locate("Q: what is it?", "what is it?", "").meta is None
    assert positions_in(encode("abc"), None) == []


def test_a_question_the_template_changed_is_not_found() -> None:
    assert locate("Q: WHAT IS IT?", "what is it?").question is None
    assert locate("Q: ", "").question is None
    assert locate("Q: \n", " \n").question is None, "a blank question has no place"


@given(text=st.text("ab", min_size=1, max_size=20), cuts=st.sets(st.integers(0, 20)), data=st.data(), begin=st.booleans())
def test_a_token_is_the_question_s_when_they_share_a_character(
    text: str, cuts: set[int], data: st.DataObject, begin: bool
) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    question = Span(start, data.draw(st.integers(start + 1, len(text))))
    encoding = encode(text, cuts, begin=begin)
    sharing = [i for i, offset in enumerate(encoding.offsets) if set(range(*offset)) & set(range(*question))]
    assert positions_in(encoding, question) == sharing


@given(
    question=QUESTIONS,
    arms=st.lists(st.tuples(st.text("xy ", max_size=5), st.sets(st.integers(0, 30)), st.booleans()), min_size=1, max_size=4),
    after=st.text("z.", max_size=3),
)
def test_alignment_is_what_all_arms_share(question: str, arms: list[tuple[str, set[int], bool]], after: str) -> None:
    """Against a reference that compares tokens one by one: same id, same place in the question, not a first token."""
    renderings = [locate(before + question + after, question) for before, _, _ in arms]
    tokenized = zip(renderings, arms, strict=True)
    encodings = [encode(rendering.text, cuts, begin=begin) for rendering, (_, cuts, begin) in tokenized]

    def comparable(arm: int) -> list[tuple[int, int, int, int]]:
        """Position, place in the question, and id."""
        found, seen = [], 0
        start, end = len(arms[arm][0]), len(arms[arm][0]) + len(question)
        for position, (left, right) in enumerate(encodings[arm].offsets):
            if not any(start <= character < end for character in range(left, right)):
                continue
            seen += 1
            if seen > 1 and position > 0:
                found.append((position, left - start, right - start, encodings[arm].ids[position]))
        return found

    own = [comparable(arm) for arm in range(len(arms))]
    everywhere = [{token[1:] for token in tokens} for tokens in own]
    expected = [[token[0] for token in tokens if all(token[1:] in others for others in everywhere)] for tokens in own]
    # One arm without enough of them ends the comparison in all: a difference has two sides.
    enough = all(tokens and len(found) >= MIN_COVERAGE * len(tokens) for tokens, found in zip(own, expected, strict=True))
    alignment = align(renderings, encodings)
    assert alignment.longest == max(len(encoding.ids) for encoding in encodings)
    for arm, (rendering, encoding) in enumerate(zip(renderings, encodings, strict=True)):
        positions, reason = aligned_positions(encoding, rendering, alignment)
        if own[arm]:
            assert positions == expected[arm]
        assert (reason is None) == enough


@given(question=QUESTIONS, before=st.lists(st.text("xy", max_size=6), min_size=2, max_size=7))
def test_a_prefix_that_moves_no_token_leaves_all_but_the_first_aligned(question: str, before: list[str]) -> None:
    renderings = [locate(prefix + question, question) for prefix in before]
    encodings = [encode(rendering.text, begin=True) for rendering in renderings]
    alignment = align(renderings, encodings)
    for prefix, rendering, encoding in zip(before, renderings, encodings, strict=True):
        positions, reason = aligned_positions(encoding, rendering, alignment)
        assert [position - 1 - len(prefix) for position in positions] == list(range(1, len(question)))
        assert reason == (None if len(question) > 1 else "question has no token beside its first")


def test_the_first_token_of_the_sequence_is_never_used() -> None:
    """Attention sinks live there: neither when it is the question's first, nor when a later question token."""
    rendering = Rendering(text="abcdef", question=Span(0, 6))
    encoding = encode(rendering.text)
    assert aligned_positions(encoding, rendering, align([rendering], [encoding]))[0] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("merged", "reason"),
    [
        (0, None),
        (1, None),  # 18 of 20 comparable tokens are left: 0.90 is enough
        (2, "alignment coverage 0.80 below 0.90"),
        (10, "alignment coverage 0.00 below 0.90"),
    ],
)
def test_too_few_comparable_tokens_are_a_reason(merged: int, reason: str | None) -> None:
    """The other arm's tokenizer merges pairs of letters at the question's end."""
    question = "abcdefghijklmnopqrstu"
    renderings = [locate(question, question), locate("x" + question, question)]
    pairs = {22 - 1 - 2 * i for i in range(merged)}
    encodings = [encode(renderings[0].text), encode(renderings[1].text, set(range(22)) - pairs)]
    positions, found = aligned_positions(encodings[0], renderings[0], align(renderings, encodings))
    assert (len(positions), found) == (20 - 2 * merged, reason)


def test_one_arm_without_the_question_leaves_no_arm_aligned() -> None:
    """Else the arms that have it would be compared over another set of tokens than the seven share."""
    renderings = [locate("what is it", "what is it"), locate("WHAT IS IT", "what is it")]
    encodings = [encode(rendering.text) for rendering in renderings]
    alignment = align(renderings, encodings)
    for rendering, encoding in zip(renderings, encodings, strict=True):
        assert aligned_positions(encoding, rendering, alignment) == ([], "question not found in the rendered prompt")


def test_an_arm_of_the_user_s_own_without_the_question_is_not_measured() -> None:
    rendering = locate("what is it", "what is it")
    alignment = align([rendering], [encode(rendering.text)])
    own = locate("WHAT IS IT", "what is it")
    assert aligned_positions(encode(own.text), own, alignment) == ([], "question not found in the rendered prompt")


@given(text=st.text("ab +_1", max_size=16), words=st.lists(st.text("abA+ ", min_size=1, max_size=4), min_size=1, max_size=4))
def test_keywords_are_whole_words_the_longest_at_each_place(text: str, words: list[str]) -> None:
    """Against a reference that tries every place and every keyword. `cost` in `costume` is no talk of money."""
    words = [word for word in (word.strip() for word in words) if word]
    expected, place = [], 3
    text = "Q: " + text
    while place < len(text):
        ends = [place + len(word) for word in words if text[place:].lower().startswith(word.lower())]
        whole = [end for end in ends if not _is_word(text[end : end + 1]) and not (place > 3 and _is_word(text[place - 1]))]
        expected += [Span(place, max(whole))] if whole else []
        place = max(whole, default=place + 1)
    assert keyword_spans(text, Span(3, len(text)), words) == expected


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def test_keywords_outside_the_question_do_not_count() -> None:
    """Few-shot examples and the arm's own text are full of the domain's words."""
    text = "how many? How many eggs? how many?"
    assert keyword_spans(text, Span(10, 24), ("how many", "many", "c++")) == [Span(10, 18)]
    assert keyword_spans(text, Span(10, 24), ()) == []


def test_one_arm_that_falls_short_ends_the_comparison_in_all() -> None:
    """An arm with more tokens of its own has the lower coverage; the others must not be compared without it."""
    texts = ["abcdefghijkl", "abcdefghijkl", "abcdefghijkl"]
    renderings = [locate(text, text) for text in texts]
    whole = Encoding(ids=tuple(range(12)), offsets=tuple(Span(i, i + 1) for i in range(12)))
    merged = Encoding(ids=(*range(8), 99, 11), offsets=(*whole.offsets[:8], Span(8, 11), Span(11, 12)))
    alignment = align(renderings, [whole, whole, merged])
    assert alignment.coverage == pytest.approx(8 / 11)
    for encoding in (whole, merged):
        assert aligned_positions(encoding, renderings[0], alignment)[1] == "alignment coverage 0.73 below 0.90"


@given(
    edges=st.sets(st.integers(0, 40), max_size=16),
    starts=st.lists(st.integers(0, 40), max_size=20),
    lengths=st.lists(st.integers(0, 6), min_size=20, max_size=20),
)
def test_tokens_of_many_spans_are_those_of_each(edges: set[int], starts: list[int], lengths: list[int]) -> None:
    ordered = sorted(edges)
    spans = [Span(*pair) for pair in zip(ordered[::2], ordered[1::2], strict=False)]
    offsets = tuple(Span(start, start + n) for start, n in zip(starts, lengths, strict=False))
    encoding = Encoding(ids=tuple(range(len(offsets))), offsets=offsets)
    assert positions_in_any(encoding, spans) == {i for span in spans for i in positions_in(encoding, span)}
