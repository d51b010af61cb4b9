"""C3 from N sampled answers: entropies in nats of what a model says, and how far its answers agree.

Sequence entropies as in LM-Polygraph; semantic entropy and its discrete form, cluster entropy, by Farquhar et al. 2024.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

import numpy as np


def sequence_entropy(logprobs: Sequence[float]) -> float:
    """-(1/N) sum ln p(s) over N samples' log-probabilities: at least 0; NaN without samples."""
    return float(-np.mean(logprobs)) if len(logprobs) else float("nan")


def normalized_sequence_entropy(logprobs: Sequence[float], lengths: Sequence[int]) -> float:
    """-(1/N) sum ln p(s) / |s|: at least 0; NaN without samples, or if one has no token."""
    if not len(logprobs) or min(lengths) == 0:
        return float("nan")
    return float(-np.mean(np.asarray(logprobs, dtype=np.float64) / np.asarray(lengths)))


def answer_agreement(answers: Sequence[Hashable]) -> float:
    """Share of the N answers that are the most frequent one: 1/N to 1; NaN below two answers."""
    return Counter(answers).most_common(1)[0][1] / len(answers) if len(answers) > 1 else float("nan")


def cluster_entropy(answers: Sequence[Hashable]) -> float:
    """Entropy of the shares of equal answers: 0 to ln N; NaN below two answers."""
    if len(answers) < 2:
        return float("nan")
    shares = np.asarray(list(Counter(answers).values()), dtype=np.float64) / len(answers)
    return float(-(shares * np.log(shares)).sum()) + 0.0


def semantic_entropy(answers: Sequence[Hashable], logprobs: Sequence[float], lengths: Sequence[int]) -> float:
    """Entropy over classes of equal answers, a class's probability being its members' share of the length-normalised
    likelihoods exp(ln p(s) / |s|): 0 to ln N, nats; NaN below two answers, or if one has no token.

    The Rao form of Farquhar et al. 2024, where `cluster_entropy` is the discrete one.
    """
    if len(answers) < 2 or min(lengths) == 0:
        return float("nan")
    per_token = np.asarray(logprobs, dtype=np.float64) / np.asarray(lengths)
    likelihoods = np.exp(per_token - per_token.max())
    masses: dict[Hashable, float] = {}
    for answer, likelihood in zip(answers, likelihoods.tolist(), strict=True):
        masses[answer] = masses.get(answer, 0.0) + likelihood
    shares = np.asarray(list(masses.values())) / likelihoods.sum()
    positive = shares[shares > 0]
    return abs(float(-(positive * np.log(positive)).sum()))


def semantic_variation(cosines: Sequence[float]) -> float:
    """1 - mean pairwise cosine: 0 (all alike) to 2; pairs without a cosine left out, NaN without any."""
    return _one_minus_mean(cosines)


def lexical_variation(overlaps: Sequence[float]) -> float:
    """1 - mean pairwise ROUGE-L F1: 0 (all alike) to 1; pairs without a word left out, NaN without any."""
    return _one_minus_mean(overlaps)


def _one_minus_mean(likenesses: Sequence[float]) -> float:
    known = [likeness for likeness in likenesses if not np.isnan(likeness)]
    return float(1.0 - np.mean(known)) if known else float("nan")
