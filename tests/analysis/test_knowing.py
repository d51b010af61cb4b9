"""If these fail, a report says of the wrong prefix that it made the model overconfident."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from ride_eval.analysis.contrasts import CONTROL_CONTRASTS, Contrast
from ride_eval.analysis.frames import COLUMNS, load_run
from ride_eval.analysis.knowing import KnowingTable, knowing, measured
from tests.synthetic_run import write_run

EXPERT = Contrast("expert", "filler")


def frame(n: int, columns: dict[str, dict[str, np.ndarray]], task: str = "t") -> pd.DataFrame:
    """Arm -> column -> (n,) values, a row a document."""
    parts = []
    for arm, values in columns.items():
        key = {"task": task, "document": [f"d{i}" for i in range(n)], "occurrence": 0, "arm": arm, "wording": 0}
        parts.append(pd.DataFrame({**dict.fromkeys([*COLUMNS, "confidence", "choice_brier"], math.nan), **key, **values}))
    return pd.concat(parts, ignore_index=True)


def value(table: KnowingTable, arm: str | Contrast, quantity: str, measure: str) -> tuple[float, float, float, int]:
    entries = [
        entry.estimate
        for entry in (*table.arms, *table.contrasts)
        if (getattr(entry, "arm", None) or getattr(entry, "contrast", None), entry.quantity, entry.measure)
        == (arm, quantity, measure)
    ]
    (found,) = entries
    return found.value, found.low, found.high, found.n


def test_every_number_is_what_a_plain_reading_gives(tmp_path: Path) -> None:
    """Of a run: values by sklearn, and of contrasts on the documents that both arms have."""
    run = load_run(write_run(tmp_path, n=30, wordings=2, missing=frozenset({(3, "expert"), (4, "tag")})))
    table = knowing(run.documents, draws=50)
    for entry in table.arms:
        rows = run.documents.query("task == @entry.task and arm == @entry.arm")
        rows = rows[rows[entry.quantity].notna()]
        lost = 6 if entry.measure == "brier" else 0  # documents with several right choices
        assert (
            entry.estimate.n
            == rows["document"].nunique()
            == 30 - lost - (entry.arm == "expert") - (entry.arm == "tag") * (not lost)
        )
        if entry.measure == "auroc":
            assert entry.estimate.value == pytest.approx(roc_auc_score(1 - rows["correct"], rows[entry.quantity]))
        if entry.measure == "brier":
            assert entry.estimate.value == pytest.approx(rows["choice_brier"].mean())
        assert entry.estimate.low < entry.estimate.value < entry.estimate.high or entry.measure == "ece"
    for difference in table.contrasts:
        rows = run.documents[run.documents["task"] == difference.task]
        rows = rows[rows[difference.quantity].notna()].set_index(["document", "wording"])
        own, other = (rows[rows["arm"] == arm] for arm in difference.contrast)
        both = own.index.intersection(other.index)
        values = [
            float(measured(difference.measure, *side.loc[both, [difference.quantity, "correct"]].to_numpy(float).T)[0])
            for side in (own, other)
        ]
        assert difference.estimate.value == pytest.approx(values[0] - values[1])
        assert difference.estimate.n == len(both.unique("document"))
    kinds = {(entry.task, entry.quantity) for entry in table.arms}
    assert ("arith", "forced_entropy") in kinds and ("colours", "confidence") in kinds
    assert ("colours", "forced_entropy") not in kinds, "a choice task has no entropy of an answer's tokens"
    assert {entry.contrast for entry in table.contrasts} == set(CONTROL_CONTRASTS)


def test_a_prefix_that_makes_overconfident_is_found() -> None:
    """Right as often, sure of it by 0.2 more, and the entropy no longer knows."""
    rng = np.random.default_rng(1)
    n = 600
    correct = (rng.random(n) < 0.6).astype(float)
    entropy = (1 - correct) + rng.standard_normal(n)
    columns = {
        "filler": {
            "correct": correct,
            "forced_entropy": entropy,
            "confidence": np.full(n, 0.6),
            "choice_brier": np.full(n, 0.3),
        },
        "expert": {
            "correct": correct,
            "forced_entropy": rng.standard_normal(n) - 1,
            "confidence": np.full(n, 0.8),
            "choice_brier": rng.random(n),
        },
    }
    table = knowing(frame(n, columns), draws=300)
    expected = {"auroc": -0.26, "prr": -0.6, "ece": 0.15, "brier": 0.2}
    for measure, about in expected.items():
        quantity = {"ece": "confidence", "brier": "choice_brier"}.get(measure, "forced_entropy")
        found, low, high, _ = value(table, EXPERT, quantity, measure)
        assert found == pytest.approx(about, abs=0.12), measure
        assert low <= found <= high and not low <= 0 <= high, measure
    (entry,) = table.confidence
    assert (entry.contrast, entry.quantity, entry.reading) == (EXPERT, "forced_entropy", "overconfident")
    assert entry.accuracy.value == 0 and entry.entropy.value == pytest.approx(
        np.mean(columns["expert"]["forced_entropy"] - entropy)
    )


@pytest.mark.parametrize(
    ("entropy", "right", "n", "reading"),
    [
        (-0.5, 0.0, 200, "overconfident"),
        (-0.5, -0.3, 200, "overconfident"),
        (-0.5, 0.3, 200, "more certain and more often right"),
        (0.5, 0.0, 200, "not more certain"),
        (0.0, -0.3, 200, "not more certain"),
        (-0.5, 0.0, 15, "too few documents"),
    ],
)
def test_what_lower_entropy_makes_of_a_model(entropy: float, right: float, n: int, reading: str) -> None:
    rng = np.random.default_rng(5)
    luck = rng.random(n)
    columns = {
        arm: {"correct": (luck < 0.5 + add_right).astype(float), "forced_entropy": rng.normal(1 + add_entropy, 0.1, n)}
        for arm, add_entropy, add_right in (("filler", 0.0, 0.0), ("expert", entropy, right))
    }
    (found,) = knowing(frame(n, columns), draws=200).confidence
    assert found.reading == reading


def test_a_graded_answer_is_not_read_as_confidence() -> None:
    graded = {"correct": np.full(60, 0.5), "forced_entropy": np.arange(60.0)}
    assert knowing(frame(60, {"expert": graded, "filler": graded}), draws=20).confidence == ()


def test_arms_that_answer_alike_do_not_differ() -> None:
    rng = np.random.default_rng(2)
    same = {"correct": rng.integers(0, 2, 80).astype(float), "choice_entropy": rng.random(80)}
    table = knowing(frame(80, {"expert": same, "filler": same}), draws=100)
    assert value(table, EXPERT, "choice_entropy", "auroc") == (0.0, 0.0, 0.0, 80)


def test_intervals_cover_the_truth() -> None:
    """95 % of intervals hold AUROC = P(wrong's entropy is higher) of the distribution the documents were drawn from."""
    truth = 0.5 * (1 + math.erf(0.5))  # two normals one standard deviation apart: Phi(1 / sqrt 2)
    rng = np.random.default_rng(3)
    hits = 0
    for seed in range(120):
        correct = (rng.random(150) < 0.5).astype(float)
        columns = {"correct": correct, "token_entropy": (1 - correct) + rng.standard_normal(150)}
        _, low, high, _ = value(knowing(frame(150, {"none": columns}), draws=200, seed=seed), "none", "token_entropy", "auroc")
        hits += low <= truth <= high
    assert 105 <= hits <= 120, hits


def test_what_has_no_value_or_no_interval_says_why() -> None:
    entropy = np.arange(30.0)
    right, graded = np.ones(30), np.full(30, 0.5)
    one_wrong = np.where(entropy < 1, 0.0, 1.0)
    arms = {
        "none": {"correct": right},
        "tag": {"correct": one_wrong},
        "expert": {"correct": graded},
        "filler": {"correct": np.where(entropy < 6, entropy % 2, math.nan)},
    }
    documents = frame(30, {arm: {**columns, "token_entropy": entropy} for arm, columns in arms.items()})
    entries = {(e.arm, e.measure): e.estimate for e in knowing(documents, draws=100).arms}
    assert {arm for arm, _ in entries} == {"none", "tag", "filler"}, "a graded score is neither right nor wrong"
    assert math.isnan(entries["none", "auroc"].value) and "all answers are right" in str(entries["none", "auroc"].reason)
    assert entries["tag", "auroc"].value == 0.0 and "too few right" in str(entries["tag", "auroc"].reason)
    assert entries["filler", "auroc"].reason == "6 of the 20 documents an interval needs"
    assert math.isfinite(entries["filler", "auroc"].value)
    assert not any(estimate.has_interval for estimate in entries.values())


def test_a_document_is_drawn_with_all_its_wordings() -> None:
    """Copies of every row add no evidence."""
    rng = np.random.default_rng(4)
    columns = {"correct": rng.integers(0, 2, 60).astype(float), "token_entropy": rng.random(60)}
    once = frame(60, {"none": columns})
    copies = pd.concat([once.assign(wording=i) for i in range(4)], ignore_index=True)
    expected, found = (value(knowing(rows, draws=200), "none", "token_entropy", "auroc") for rows in (once, copies))
    assert found == pytest.approx(expected)


def test_an_empty_run_has_an_empty_table() -> None:
    assert knowing(frame(0, {"none": {}})) == KnowingTable(arms=(), contrasts=())
