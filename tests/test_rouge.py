"""ROUGE-L against the package rouge_score, against a table of n x m steps, and where its value is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from ride_eval.metrics.rouge import lcs_length, rouge_l, words

SEQUENCES = st.lists(st.sampled_from("abcd"), max_size=90)
ASCII = st.lists(
    st.sampled_from(["The", "the", "cat", "sat", "42", "x1", ",", "a-b", "it's", "\n", "under_score"]), max_size=30
)


def slow_lcs(first: list[str], second: list[str]) -> int:
    table = [[0] * (len(second) + 1) for _ in range(len(first) + 1)]
    for i, a in enumerate(first):
        for j, b in enumerate(second):
            table[i + 1][j + 1] = table[i][j] + 1 if a == b else max(table[i][j + 1], table[i + 1][j])
    return table[-1][-1]


@given(SEQUENCES, SEQUENCES)
def test_the_longest_common_subsequence_is_the_table_s(first: list[str], second: list[str]) -> None:
    """Up to 90 words: more than the 64 bits of a machine word."""
    assert lcs_length(first, second) == slow_lcs(first, second) == lcs_length(second, first)
    assert lcs_length(first, first) == len(first)


@given(ASCII, ASCII)
def test_f1_is_the_package_s(first: list[str], second: list[str]) -> None:
    texts = [" ".join(first), " ".join(second)]
    expected = RougeScorer(["rougeL"]).score(*texts)["rougeL"].fmeasure
    if any(words(text) for text in texts):
        assert float(rouge_l(texts)[0, 1]) == pytest.approx(expected, abs=1e-6)
    else:
        assert math.isnan(rouge_l(texts)[0, 1]) and expected == 0, "two texts without a word are not unlike"


def test_pairs_of_known_texts() -> None:
    values = rouge_l(["The cat sat.", "the CAT sat", "sat cat the", "", "dog", "..."])
    assert values[0, 1] == values[0, 0] == 1.0
    assert values[0, 2] == pytest.approx(1 / 3), "in the other order one word is in common"
    assert values[0, 3] == values[0, 4] == 0.0
    assert np.isnan(values[3, 5]) and np.isnan(values[3, 3])
    assert np.array_equal(values, values.T, equal_nan=True)
    assert rouge_l([]).shape == (0, 0)


def test_letters_of_any_script_are_words() -> None:
    assert words("Größe: 4,5 \u0434\u0430!") == ("größe", "4", "5", "\u0434\u0430")
