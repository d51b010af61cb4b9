"""The right choice is recorded where there is one: without it no Brier score can be had, and a wrong one makes it false."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ride_eval.analysis.frames import load_run
from ride_eval.metrics.choices import choice_probabilities
from ride_eval.scoring import gold_index
from ride_eval.store import document_hash, read_table


@pytest.mark.parametrize(
    ("target", "index"),
    [
        (2, 2),
        (np.int64(1), 1),
        ("no", 1),
        (["no"], 1),
        ([0], 0),
        ([0, 2], None),
        ([], None),
        ("perhaps", None),
        (3, None),
        (-100, None),
        (None, None),
    ],
)
def test_the_index_of_the_one_right_choice(target: Any, index: int | None) -> None:
    assert gold_index(target, ["yes", "no", "both"]) == index


def check(evaluate: Any, model: Path, run: Path, name: str, right_of: Callable[[dict[str, Any]], int], **kwargs: Any) -> None:
    """A choice task's rows against its documents, and the Brier score against the formula."""
    results = evaluate(
        "ride",
        [f"ride_{name}_none"],
        model_args={"pretrained": str(model), "run_dir": str(run), "num_samples": 0},
        limit=5,
        batch_size=5,
        **kwargs,
    )
    scores = read_table(run, "scores").set_index("document")
    choices = read_table(run, "choices").sort_values(["prompt", "choice"])
    documents = load_run(run).documents.set_index("document")
    for sample in results["samples"][f"ride_{name}_none"]:
        key, gold = document_hash(sample["doc"]), right_of(sample["doc"])
        assert scores.loc[key, "gold"] == gold
        own = choices[choices["document"] == key]
        p = choice_probabilities(own["loglikelihood"].tolist(), own["bytes"].tolist())
        expected = sum((share - (i == gold)) ** 2 for i, share in enumerate(p))
        assert documents.loc[key, "choice_brier"] == pytest.approx(expected, rel=1e-6)
        taken = float(str(scores.loc[key, "filtered"]))
        assert (scores.loc[key, "correct"] == 1.0) == (taken == gold), "right by the harness, right by the record"


def test_scores_hold_the_right_choice(models: dict[str, Path], tmp_path: Path, evaluate: Any) -> None:
    check(evaluate, models["llama"], tmp_path / "run", "demo_commonsense", lambda doc: int(doc["answer"]))


def test_so_they_do_where_each_choice_has_a_prompt(
    models: dict[str, Path], shared: Path, tmp_path: Path, evaluate: Any
) -> None:
    """WinoGrande keeps its answer in another place."""
    metadata = {"data_dir": str(shared / "data")}
    check(evaluate, models["llama"], tmp_path / "run", "winogrande", lambda doc: int(doc["answer"]) - 1, metadata=metadata)


def test_a_generated_answer_is_no_choice(models: dict[str, Path], tmp_path: Path, evaluate: Any) -> None:
    run = tmp_path / "run"
    model_args = {"pretrained": str(models["llama"]), "run_dir": str(run), "num_samples": 0}
    evaluate("ride", ["ride_demo_math_none"], model_args=model_args, limit=2)
    assert read_table(run, "scores")["gold"].isna().all()
