"""POSIX: how much the likelihood of a model's answers hangs on the wording of a prompt that means the same.

Source: Chatterjee et al., "POSIX: A Prompt Sensitivity Index for Large Language Models", EMNLP Findings 2024, arXiv
2410.02185.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

POSIX_ARMS = ("none", "tag", "expert", "filler")
"""The arms whose texts mean to ask the same: neither a wrong domain nor a label without meaning."""


def posix(logprobs: Mapping[tuple[str, str], float], lengths: Mapping[str, int]) -> float:
    """Mean over ordered pairs of prompts (i, j) of |ln p(y_j | x_i) - ln p(y_j | x_j)| / |y_j|: at least 0, nats a token.

    `logprobs` by (prompt, whose answer), for all M x M pairs; `lengths` of the M answers in tokens. NaN where a pair is missing
    or NaN, where an answer is empty, and below two prompts.
    """
    names = list(lengths)
    pairs = [(i, j) for i in names for j in names if i != j]
    if not pairs or min(lengths.values()) == 0:
        return math.nan
    terms = [abs(logprobs.get((i, j), math.nan) - logprobs.get((j, j), math.nan)) / lengths[j] for i, j in pairs]
    return sum(terms) / len(terms)
