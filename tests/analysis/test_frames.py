"""If these fail, a report shows other numbers than were measured."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from ride_eval.analysis import beside_none
from ride_eval.analysis.frames import COLUMNS, choice_uncertainty, load_run
from ride_eval.analysis.routes import routing_shifts
from ride_eval.analysis.units import UNIT
from ride_eval.errors import RunError
from ride_eval.metrics.choices import choice_entropy, choice_margin, choice_probabilities
from ride_eval.metrics.routing import overlap_shift
from ride_eval.store import TABLES, TableWriter, read_table
from tests import synthetic_run
from tests.analysis import slow
from tests.synthetic_run import rewrite, write_run

TASKS = {"arith": "generation", "colours": "choice", "pronouns": "choice_per_prompt"}


def values_of(path: Path) -> dict[slow.Unit, dict[str, Any]]:
    return {tuple(row[name] for name in UNIT): row for row in load_run(path).documents.to_dict("records")}  # type: ignore[misc]


@pytest.mark.parametrize("moe", [True, False])
def test_every_value_is_what_a_plain_reading_gives(tmp_path: Path, moe: bool) -> None:
    reasons = {(1, "tag"): "truncated", (2, "none"): "alignment coverage 0.81 below 0.90"}
    path = write_run(
        tmp_path, tasks=TASKS, n=4, moe=moe, wordings=2, missing=frozenset({(3, "expert")}), reasons=reasons, repeats=2
    )
    expected = slow.documents(path, synthetic_run.TOP_K if moe else 0)
    found = values_of(path)
    assert found.keys() == expected.keys()
    for unit, row in found.items():
        for name in (*COLUMNS, "aligned_tokens", "heads_dropped", "confidence", "choice_brier"):
            assert row[name] == pytest.approx(expected[unit].get(name, math.nan), nan_ok=True, abs=1e-9), (unit, name)


def test_what_was_not_measured_is_nan_and_never_zero(tmp_path: Path) -> None:
    documents = load_run(write_run(tmp_path, n=3, density=False, routes=False)).documents
    assert documents[["density", "density_resid", "participation_mlp", "router_entropy", "routing_shift"]].isna().all(axis=None)
    none = load_run(write_run(tmp_path / "none", n=3)).documents.query("arm == 'none'")
    assert none["routing_shift"].isna().all(), "a run's own distance from itself is undefined, not 0"
    assert none["forced_entropy"].equals(none["token_entropy"])


def test_a_run_with_nothing_in_it_is_an_empty_frame(tmp_path: Path) -> None:
    run = load_run(write_run(tmp_path, n=0, state=None))
    assert len(run.documents) == 0
    assert run.status == {"state": "incomplete"}
    beside = {
        "meta_length",
        "meta_unit",
        "aligned_tokens",
        "keyword_tokens",
        "heads_dropped",
        "confidence",
        "choice_brier",
        "reason",
    }
    assert {*UNIT, *COLUMNS, *beside} == set(run.documents.columns)


def test_a_run_of_an_older_version_lacks_the_newer_quantities_and_keeps_its_own(tmp_path: Path) -> None:
    """Its shards have none of the columns that came later."""
    path = write_run(tmp_path, n=3)
    newer = {
        "prompts": [name for name in TABLES["prompts"].names if re.search("near_zero|gini|top10|sorted|margin|gates", name)],
        "generations": ["rouge_l", "gates_generated"],
    }
    whole = load_run(path).documents
    for table, columns in newer.items():
        for shard in list(path.glob(f"{table}-*")):
            rewrite(shard, pq.read_table(shard).drop_columns(columns))
    older = load_run(path).documents
    lost = {"lexical_variation", "router_margin"} | {name for name in COLUMNS if re.search("near_zero|gini|top10", name)}
    assert len(lost) == 8
    assert older[sorted(lost)].isna().all(axis=None)
    pd.testing.assert_frame_equal(older.drop(columns=lost), whole.drop(columns=lost))


def test_a_document_with_one_of_two_prompts_is_nan(tmp_path: Path) -> None:
    """A killed run: one prompt of an arm against two of the other would compare different prompts."""
    path = write_run(tmp_path, tasks={"pronouns": "choice_per_prompt"}, n=1, arms=["none", "tag"])
    key = {"task": "pronouns", "document": "d", "occurrence": 0, "wording": 0, "reason": None}
    writers = {table: TableWriter(path, table) for table in ("prompts", "choices")}
    for arm, n in (("none", 2), ("tag", 1)):
        for prompt in range(n):
            writers["prompts"].append({**key, "arm": arm, "prompt": prompt, "mlp_hoyer": [0.5] * 3})
            writers["choices"].append({**key, "arm": arm, "prompt": prompt, "choice": 0, "loglikelihood": -3.0, "bytes": 3})
    for writer in writers.values():
        writer.flush()
    found = values_of(path)
    assert found["pronouns", "d", 0, "none", 0]["density"] == 0.5
    assert math.isnan(found["pronouns", "d", 0, "tag", 0]["density"])
    assert math.isnan(found["pronouns", "d", 0, "tag", 0]["choice_entropy"])


def test_some_of_the_choices_are_another_question(tmp_path: Path) -> None:
    path = write_run(tmp_path, n=0)
    writer = TableWriter(path, "choices")
    key = {"task": "arc", "document": "d", "occurrence": 0, "wording": 0, "prompt": 0}
    for arm, n in (("none", 4), ("tag", 3)):
        for choice in range(n):
            writer.append({**key, "arm": arm, "choice": choice, "loglikelihood": -1.0 - choice, "bytes": 2})
    writer.flush()
    found = values_of(path)
    assert 0 < found["arc", "d", 0, "none", 0]["choice_entropy"] < 1
    assert math.isnan(found["arc", "d", 0, "tag", 0]["choice_entropy"])


def test_null_and_empty_answers(tmp_path: Path) -> None:
    path = write_run(tmp_path, n=0)
    writer = TableWriter(path, "generations")
    key = {"task": "arith", "occurrence": 0, "wording": 0, "prompt": 0, "arm": "none", "answer": "greedy", "sample": 0}
    for document, entropies in (("null", None), ("empty", []), ("nan", [1.0, math.nan]), ("one", [2.0])):
        writer.append({**key, "document": document, "entropies": entropies})
    writer.flush()
    found = {unit[1]: row for unit, row in values_of(path).items()}
    assert [found[name]["answer_tokens"] for name in ("empty", "nan", "one")] == [0, 2, 1]
    assert math.isnan(found["null"]["answer_tokens"])
    assert [math.isnan(found[name]["token_entropy"]) for name in ("null", "empty", "nan", "one")] == [True, True, True, False]
    assert found["nan"]["first_token_entropy"] == 1.0


def test_choices_in_bulk_are_the_metrics_one_by_one() -> None:
    rng = np.random.default_rng(0)
    loglikelihoods, n_bytes = -rng.exponential(20, (50, 4)), rng.integers(1, 40, (50, 4))
    loglikelihoods[3, 1] = -np.inf
    entropy, margin, probabilities = choice_uncertainty(loglikelihoods / n_bytes)
    for i in range(50):
        shares = choice_probabilities(loglikelihoods[i].tolist(), n_bytes[i].tolist())
        assert entropy[i] == pytest.approx(choice_entropy(shares), nan_ok=True)
        assert margin[i] == pytest.approx(choice_margin(shares), nan_ok=True)
        assert probabilities[i] == pytest.approx(shares, nan_ok=True)


@pytest.mark.parametrize("block", [1, 3, 2048])
def test_routing_shift_in_blocks_is_the_metric_prompt_by_prompt(
    tmp_path: Path, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beside_none, "BLOCK", block)
    monkeypatch.setattr("ride_eval.store.ROWS_PER_SHARD", 7)
    path = write_run(tmp_path, tasks=TASKS, n=5, missing=frozenset({(2, "none"), (0, "tag")}))
    key = ["task", "document", "occurrence", "wording", "prompt"]
    shape = (synthetic_run.QUESTION_TOKENS, synthetic_run.MOE_LAYERS, synthetic_run.TOP_K)
    stored = {
        (row["arm"], *(row[name] for name in key)): np.asarray(row["experts"]).reshape(shape)
        for row in read_table(path, "routes").to_dict("records")
    }
    found = routing_shifts(path, synthetic_run.TOP_K, synthetic_run.MOE_LAYERS).to_dict("records")
    expected = {unit for unit in stored if unit[0] != "none" and ("none", *unit[1:]) in stored}
    assert {(row["arm"], *(row[name] for name in key)) for row in found} == expected
    for row in found:
        unit = (row["arm"], *(row[name] for name in key))
        assert row["routing_shift"] == pytest.approx(overlap_shift(stored[unit], stored["none", *unit[1:]]))
        for layer in range(synthetic_run.MOE_LAYERS):
            own, none = (stored[key][:, layer : layer + 1] for key in (unit, ("none", *unit[1:])))
            assert row[f"routing_shift@{layer}"] == pytest.approx(overlap_shift(own, none))


def test_routes_of_other_tokens_are_not_compared(tmp_path: Path) -> None:
    path = write_run(tmp_path, n=0)
    writer = TableWriter(path, "routes")
    key = {"task": "arith", "occurrence": 0, "wording": 0, "prompt": 0}
    cases = {"same": ([1, 2], [0, 1, 2, 3]), "ids": ([1, 9], [0, 1, 2, 3]), "length": ([1], [0, 1]), "empty": ([], [])}
    for document, (tokens, experts) in cases.items():
        writer.append({**key, "document": document, "arm": "none", "token_ids": [1, 2], "experts": [1, 0, 2, 5]})
        writer.append({**key, "document": document, "arm": "tag", "token_ids": tokens, "experts": experts})
    writer.flush()
    found = routing_shifts(path, 2, 1).set_index("document")["routing_shift"]
    assert found["same"] == pytest.approx(0.25)
    assert found[["ids", "length", "empty"]].isna().all()
    with pytest.raises(RunError, match="does not hold 3 expert ids"):
        routing_shifts(path, 3, 1)


def test_damage_is_an_error_that_names_the_shard(tmp_path: Path) -> None:
    path = write_run(tmp_path, n=2)
    shard = next(path.glob("routes-*.parquet"))
    shard.write_bytes(shard.read_bytes()[:100])
    with pytest.raises(RunError, match=shard.name):
        load_run(path)
    with pytest.raises(RunError, match="no run directory"):
        load_run(tmp_path / "elsewhere")


def test_only_the_greedy_answer_is_scored(tmp_path: Path) -> None:
    path = write_run(tmp_path, n=0)
    writer = TableWriter(path, "scores")
    key = {"task": "arith", "document": "d", "occurrence": 0, "arm": "none", "wording": 0, "prompt": 0}
    for answer, sample, correct in (("greedy", 0, 1.0), ("sample", 0, 0.0), ("sample", 1, 0.0)):
        writer.append({**key, "answer": answer, "sample": sample, "correct": correct})
    writer.flush()
    assert load_run(path).documents["correct"].tolist() == [1.0]


def test_a_run_read_for_some_quantities_has_the_same_numbers(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", n=8)
    whole = load_run(run).documents
    for wanted in (
        ["correct"],
        ["density", "flip"],
        ["semantic_variation", "keyword_share"],
        ["routing_shift", "routing_js"],
        COLUMNS,
    ):
        own = load_run(run, wanted)
        pd.testing.assert_frame_equal(own.documents[[*UNIT, *wanted]], whole[[*UNIT, *wanted]])
        assert own.layers.empty and own.halves.empty
