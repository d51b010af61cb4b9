"""If these fail, sampled quantities are called stable that are not, or the other way round."""

from __future__ import annotations

import math
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ride_eval.analysis.contrasts import CONTROL_CONTRASTS
from ride_eval.analysis.frames import load_run
from ride_eval.analysis.reliability import QUANTITIES, Reliability, split_half
from ride_eval.analysis.samples import JUDGED
from ride_eval.metrics import samples as metrics
from ride_eval.store import TableWriter
from tests.analysis import slow
from tests.synthetic_run import write_run


def by_name(run: Path) -> dict[str, Reliability]:
    return {entry.quantity: entry for entry in split_half(load_run(run).halves)}


def of_half(answers: list[dict[str, Any]], labels: list[str], half: int) -> dict[str, float]:
    """The quantities of every second sample, one by one."""
    own = [i for i in range(len(answers)) if i % 2 == half]
    logprobs, lengths = [sum(answers[i]["logprobs"]) for i in own], [len(answers[i]["logprobs"]) for i in own]
    pairs = [(i, j) for i in own for j in own if j < i]
    return {
        "sequence_entropy": metrics.sequence_entropy(logprobs),
        "normalized_sequence_entropy": metrics.normalized_sequence_entropy(logprobs, lengths),
        "semantic_variation": metrics.semantic_variation([answers[i]["cosines"][j] for i, j in pairs]),
        "lexical_variation": metrics.lexical_variation([answers[i]["rouge_l"][j] for i, j in pairs]),
        "answer_agreement": metrics.answer_agreement([labels[i] for i in own]),
        "cluster_entropy": metrics.cluster_entropy([labels[i] for i in own]),
        "semantic_entropy": metrics.semantic_entropy([labels[i] for i in own], logprobs, lengths),
    }


def stepped_up(strata: dict[Any, list[tuple[float, float]]]) -> float:
    centred = [np.array(pairs) - np.mean(pairs, axis=0) for pairs in strata.values()]
    x, y = np.concatenate(centred).T
    r = float((x * y).sum() / math.sqrt((x * x).sum() * (y * y).sum()))
    return 2 * r / (1 + abs(r))


def test_reliability_is_what_a_plain_reading_gives(tmp_path: Path) -> None:
    run = write_run(tmp_path, tasks={"arith": "generation", "sums": "generation"}, n=22, samples=5)
    answers: dict[slow.Unit, list[dict[str, Any]]] = defaultdict(list)
    for row in sorted(slow.rows(run, "generations"), key=lambda row: row["sample"]):
        if row["answer"] == "sample":
            answers[slow.unit_of(row)].append(row)
    labels = slow.labels(run, "sample")
    halves = {unit: [of_half(own, labels[unit], half) for half in (0, 1)] for unit, own in answers.items()}
    found = by_name(run)
    assert set(QUANTITIES) - set(found) == set(JUDGED), "nobody judged"
    for name in found:
        levels, differences = defaultdict(list), defaultdict(list)
        documents = set()
        for unit, values in halves.items():
            pair = values[0][name], values[1][name]
            if not any(map(math.isnan, pair)):
                levels[unit[0], unit[3]].append(pair)
            for contrast in CONTROL_CONTRASTS:
                other = halves[(*unit[:3], contrast.control, unit[4])]
                change = [pair[half] - other[half][name] for half in (0, 1)]
                if unit[3] == contrast.arm and not any(map(math.isnan, change)):
                    differences[unit[0], contrast].append((change[0], change[1]))
                    documents.add(unit[:2])
        assert found[name].levels == pytest.approx(stepped_up(levels), abs=1e-9), name
        assert found[name].differences == pytest.approx(stepped_up(differences), abs=1e-9), name
        assert found[name].n == len(documents)


@pytest.mark.parametrize("noise", [0.0, 20.0])
def test_samples_that_repeat_are_reliable_and_noise_is_not(tmp_path: Path, noise: float) -> None:
    run = write_run(tmp_path, n=0)
    rng = np.random.default_rng(0)
    writer = TableWriter(run, "generations")
    for number in range(300):
        for arm in ("expert", "filler"):
            level = 50 + rng.standard_normal()
            key = {"task": "t", "document": str(number), "occurrence": 0, "arm": arm, "wording": 0, "prompt": 0}
            for sample in range(4):
                logprobs = [-(level + noise * rng.standard_normal())]
                writer.append({**key, "answer": "sample", "sample": sample, "logprobs": logprobs})
    writer.flush()
    found = by_name(run)["sequence_entropy"]
    if noise:
        assert abs(found.levels) < 0.2 and abs(found.differences) < 0.25
    else:
        assert found.levels == pytest.approx(1) and found.differences == pytest.approx(1)
    assert found.n == 300


def test_what_has_no_reliability_is_nan(tmp_path: Path) -> None:
    few = by_name(write_run(tmp_path / "few", n=5, samples=4))["sequence_entropy"]
    assert math.isnan(few.levels) and math.isnan(few.differences) and few.n == 5
    two = by_name(write_run(tmp_path / "two", n=24, samples=2))
    assert math.isnan(two["cluster_entropy"].levels), "a half of one sample agrees with itself"
    assert math.isfinite(two["sequence_entropy"].levels)
    assert all(
        math.isnan(entry.levels) and entry.n == 0 for entry in by_name(write_run(tmp_path / "no", n=3, samples=0)).values()
    )
