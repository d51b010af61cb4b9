"""Sample entropies, lexical variation and PRR against LM-Polygraph's own numbers on the same samples and clusters.

The fixture holds inputs and outputs; fixtures/make_lm_polygraph.py made it, where that package is installed.
"""

from __future__ import annotations

import json
import math
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ride_eval.metrics.knowing import prediction_rejection_ratio
from ride_eval.metrics.rouge import rouge_l
from ride_eval.metrics.samples import (
    cluster_entropy,
    lexical_variation,
    normalized_sequence_entropy,
    semantic_entropy,
    sequence_entropy,
)

FIXTURE = json.loads((Path(__file__).parent / "fixtures" / "lm_polygraph.json").read_text(encoding="utf-8"))
CASES: list[dict[str, Any]] = FIXTURE["cases"]
SAME = {"abs": 1e-6, "rel": 0}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{len(case['classes'])} samples, {len(set(case['classes']))} classes")
def test_estimators_agree_where_the_definition_is_the_same(case: dict[str, Any]) -> None:
    theirs, classes = case["estimates"], case["classes"]
    totals, lengths = [math.fsum(tokens) for tokens in case["token_logprobs"]], [len(t) for t in case["token_logprobs"]]
    assert sequence_entropy(totals) == pytest.approx(theirs["MonteCarloSequenceEntropy"], **SAME)
    per_token = normalized_sequence_entropy(totals, lengths)
    assert per_token == pytest.approx(theirs["MonteCarloNormalizedSequenceEntropy"], **SAME)
    if len(classes) < 2:
        assert math.isnan(cluster_entropy(classes)) and theirs["SemanticEntropyEmpirical"] == 0, "one sample: NaN, not certain"
        return
    assert cluster_entropy(classes) == pytest.approx(theirs["SemanticEntropyEmpirical"], **SAME)
    ours = semantic_entropy(classes, totals, lengths)
    assert ours == pytest.approx(theirs["SemanticEntropy, normalised and weighted"], **SAME)
    likenesses = rouge_l(case["texts"])
    pairs = [float(likenesses[i, j]) for i, j in combinations(range(len(classes)), 2)]
    assert lexical_variation(pairs) == pytest.approx(1 + theirs["LexicalSimilarity_rougeL"], **SAME)


def test_their_semantic_entropy_is_another_number() -> None:
    """It neither divides by length nor makes class probabilities sum to 1: it can exceed ln N, and be negative."""
    several = [case for case in CASES if len(case["classes"]) == 10]
    for case in several:
        totals, classes = [math.fsum(tokens) for tokens in case["token_logprobs"]], case["classes"]
        masses = {c: sum(math.exp(t) for t, own in zip(totals, classes, strict=True) if own == c) for c in classes}
        default = -sum(math.log(masses[c]) for c in classes) / len(totals)
        assert case["estimates"]["SemanticEntropy"] == pytest.approx(default, **SAME)
    assert max(case["estimates"]["SemanticEntropy"] for case in several) > math.log(10)
    assert min(case["estimates"]["SemanticEntropy"] for case in several) < 0


@pytest.mark.parametrize("case", FIXTURE["rejection"], ids=lambda case: f"{len(case['wrong'])} documents")
def test_prediction_rejection_ratio_is_of_their_areas(case: dict[str, Any]) -> None:
    """Their random score is a mean over 1,000 shuffles; its expectation is the share of right answers."""
    wrong = np.array(case["wrong"])
    chance = 1 - wrong.mean()
    expected = (case["area"] - chance) / (case["oracle"] - chance)
    assert float(prediction_rejection_ratio(np.array(case["uncertainty"]), wrong)[0]) == pytest.approx(expected, **SAME)
