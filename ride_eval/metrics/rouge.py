"""ROUGE-L F1 between answers: how much of their word order they share. Source: Lin 2004, "ROUGE", section 3.1.

Words are runs of letters and digits, lower case, unstemmed: on ASCII text those of the package rouge_score, which drops all
other letters. Its table of n x m Python steps takes 10 ms for two answers of 200 words, 45 pairs a prompt; here a row of the
table is one integer, a bit a word (Hyyro 2004, "Bit-parallel LCS-length computation revisited"), which takes less than 0.1 ms.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

_WORD = re.compile(r"[^\W_]+")


def words(text: str) -> tuple[str, ...]:
    """The words of a text, lower case."""
    return tuple(_WORD.findall(text.lower()))


def lcs_length(first: Sequence[str], second: Sequence[str]) -> int:
    """Length of the longest common subsequence of two sequences of words: 0 to the shorter one's length."""
    places: dict[str, int] = {}
    for i, word in enumerate(first):
        places[word] = places.get(word, 0) | 1 << i
    full = (1 << len(first)) - 1
    row = full  # a zero bit where the length grows by one
    for word in second:
        matches = row & places.get(word, 0)
        row = ((row + matches) | (row - matches)) & full
    return len(first) - row.bit_count()


def rouge_l(texts: Sequence[str]) -> NDArray[np.float32]:
    """ROUGE-L F1 of every pair of N texts: (N, N) float32, symmetric, 0 (no common word) to 1.

    2 LCS / (n + m) for n and m words, the harmonic mean of LCS / n and LCS / m; NaN where neither text has a word, and on
    the diagonal of such a text.
    """
    parts = [words(text) for text in texts]

    @cache
    def f1(first: tuple[str, ...], second: tuple[str, ...]) -> float:
        total = len(first) + len(second)
        return 2 * lcs_length(first, second) / total if total else float("nan")

    values = np.empty((len(parts), len(parts)), dtype=np.float32)
    for i, first in enumerate(parts):
        for j, second in enumerate(parts[: i + 1]):
            values[i, j] = values[j, i] = f1(first, second)
    return values
