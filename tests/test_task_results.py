"""What the harness's table shows of a RIDE task, under our model type and under any other."""

from __future__ import annotations

import json
import math
import pickle
from pathlib import Path
from typing import Any

import pytest

from ride_eval.measurement import MeasuredPair, MeasuredText, Measurement, measurement_of
from ride_eval.metrics.choices import choice_entropy, choice_margin, choice_probabilities
from ride_eval.scalars import ALL_SCALARS
from ride_eval.store import Key, read_table
from ride_eval.task import TEXT_METRICS, nan_mean, nan_stderr
from tests.building import write_tasks

INTERNALS = set(ALL_SCALARS)


def metrics_of(results: dict[str, Any], task: str, filter_name: str = "none") -> dict[str, float]:
    """The table's row of a task and filter, standard errors aside."""
    found = (name.split(",") for name in results["results"][task] if "," in name)
    return {name: results["results"][task][f"{name},{of}"] for name, of in found if of == filter_name and "_stderr" not in name}


def test_under_another_model_type_text_alone_is_reported(evaluate: Any) -> None:
    results = evaluate("dummy", ["ride_demo*"], model_args={}, limit=3, log_samples=True)
    assert len(results["results"]) == 3 * 7
    for task in results["results"]:
        name = "number" if "math" in task else "none"
        shown = metrics_of(results, task, name)
        assert not INTERNALS & set(shown), "a NaN column for what was never measured would look like a failure"
        assert set(shown) & set(TEXT_METRICS) == (
            {"choice_entropy", "choice_margin"} if "commonsense" in task else {"answer_words"}
        )
        assert all(math.isfinite(value) for value in shown.values())
    assert metrics_of(results, "ride_demo_math_tag", "number")["answer_words"] == 1.0, "dummy always answers one word"


def test_choice_metrics_are_those_of_the_logged_log_likelihoods(evaluate: Any) -> None:
    results = evaluate("dummy", ["ride_demo_commonsense_tag"], model_args={}, limit=4, log_samples=True)
    entropies, margins = [], []
    for sample in results["samples"]["ride_demo_commonsense_tag"]:
        sizes = [len(choice.encode()) for choice in sample["doc"]["choices"]]
        p = choice_probabilities([float(response[0][0]) for response in sample["resps"]], sizes)
        entropies.append(choice_entropy(p))
        margins.append(choice_margin(p))
    shown = metrics_of(results, "ride_demo_commonsense_tag")
    assert shown["choice_entropy"] == pytest.approx(sum(entropies) / 4)
    assert shown["choice_margin"] == pytest.approx(sum(margins) / 4)


def test_internals_are_shown_once_beside_the_first_filter(
    models: dict[str, Path], shared: Path, tmp_path: Path, evaluate: Any
) -> None:
    """Repeated under every filter they would look like two measurements."""
    run = tmp_path / "run"
    results = evaluate(
        "ride",
        ["ride_gsm8k_none"],
        model_args={"pretrained": str(models["qwen3"]), "run_dir": str(run), "num_samples": 0, "max_length": 384},
        metadata={"data_dir": str(shared / "data")},
        limit=2,
        num_fewshot=1,
        batch_size=2,
        gen_kwargs={"max_gen_toks": 4},
    )
    first, second = (metrics_of(results, "ride_gsm8k_none", name) for name in ("strict-match", "flexible-extract"))
    assert {"hoyer_mlp", "token_entropy", "answer_words", "exact_match"} <= set(first)
    assert "exact_match" in second
    assert not (INTERNALS | set(TEXT_METRICS)) & set(second)
    scores = read_table(run, "scores")
    assert scores["filter"].tolist() == ["flexible-extract"] * 2, "one score a document: of the filter the task names"
    assert scores["metric"].tolist() == ["exact_match"] * 2


def test_results_can_be_written_as_json_and_name_every_internal(models: dict[str, Path], tmp_path: Path, evaluate: Any) -> None:
    arguments = {"pretrained": str(models["olmoe"]), "run_dir": str(tmp_path / "run"), "num_samples": 2}
    results = evaluate("ride", ["ride_demo_math_expert", "ride_demo_commonsense_expert"], model_args=arguments, limit=2)
    json.dumps(results["results"])
    math_row = metrics_of(results, "ride_demo_math_expert", "number")
    assert math_row.keys() >= INTERNALS
    assert math.isnan(math_row["forced_entropy"]), "without `none` there is no answer to force; missing is not zero"
    assert math.isfinite(math_row["hoyer_mlp"]) and math.isfinite(math_row["router_entropy"])
    errors = results["results"]["ride_demo_math_expert"]
    assert math.isfinite(errors["hoyer_mlp_stderr,number"])
    shown = metrics_of(results, "ride_demo_commonsense_expert")
    assert "hoyer_mlp" in shown and "token_entropy" not in shown, "no answer is generated for a choice"
    higher = results["higher_is_better"]["ride_demo_math_expert"]
    assert higher["hoyer_mlp"] is None, "denser is neither better nor worse: no arrow"


def test_an_empty_prompt_is_scored_as_the_harness_scores_it(models: dict[str, Path], tmp_path: Path, evaluate: Any) -> None:
    """BLiMP has no question at all: `none` is then an empty prompt, whose choices `--model hf` scores after the first token."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "test.jsonl").write_text('{"c": ["It rains.", "Rains it."], "g": 0}\n')
    base: dict[str, Any] = {"task": "mine", "output_type": "multiple_choice", "test_split": "test", "doc_to_text": ""}
    base |= {"doc_to_target": "{{g}}", "doc_to_choice": "{{c}}", "metric_list": [{"metric": "acc"}]}
    (tmp_path / "mine.yml").write_text(json.dumps(base))
    write_tasks(tmp_path, "mine", {"base": "mine.yml", "benchmark": "mine", "domain": "math"}, "none", "tag")
    model = {"pretrained": str(models["llama"])}
    found = {}
    for name, arguments in (("hf", model), ("ride", {**model, "run_dir": str(tmp_path / "run")})):
        results = evaluate(name, ["ride_mine_*"], model_args=arguments, include_path=str(tmp_path))
        found[name] = {task: [sample["resps"] for sample in samples] for task, samples in results["samples"].items()}
    assert found["ride"].keys() == found["hf"].keys() == {"ride_mine_none", "ride_mine_tag"}
    assert found["ride"]["ride_mine_none"] == found["hf"]["ride_mine_none"]


def test_an_empty_prompt_is_answered_as_the_harness_answers_it(models: dict[str, Path], tmp_path: Path, evaluate: Any) -> None:
    """In one batch with a prompt that has words: nothing of the empty one can be measured, and nothing may break."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "test.jsonl").write_text('{"q": ""}\n{"q": "How many apples are left in the bowl?"}\n')
    base: dict[str, Any] = {"task": "mine", "output_type": "generate_until", "test_split": "test", "doc_to_text": "{{q}}"}
    base |= {"doc_to_target": "", "metric_list": [], "generation_kwargs": {"until": [], "max_gen_toks": 4}}
    (tmp_path / "mine.yml").write_text(json.dumps(base))
    write_tasks(tmp_path, "mine", {"base": "mine.yml", "benchmark": "mine", "domain": "math"}, "none")
    model = {"pretrained": str(models["llama"])}
    found = {}
    for name, arguments in (("hf", model), ("ride", {**model, "run_dir": str(tmp_path / "run"), "share_prefill": False})):
        results = evaluate(name, ["ride_mine_*"], model_args=arguments, include_path=str(tmp_path), batch_size=2)
        found[name] = [sample["resps"] for sample in results["samples"]["ride_mine_none"]]
    assert found["ride"] == found["hf"]


def test_a_truncated_prompt_is_scored_and_measured_in_no_arm(models: dict[str, Path], tmp_path: Path, evaluate: Any) -> None:
    run = tmp_path / "run"
    model = {"pretrained": str(models["olmoe"]), "run_dir": str(run), "max_length": 90, "num_samples": 2}
    for _ in ("measured", "read back"):
        results = evaluate("ride", ["ride_demo_math_none", "ride_demo_math_expert"], model_args=model, limit=3, batch_size=2)
        prompts = read_table(run, "prompts")
        assert prompts["reason"].str.startswith("truncated").all() and len(prompts) == 6
        assert set(read_table(run, "generations")["answer"]) == {"greedy"}, "no forced answer after a prompt that was cut"
        for scores in results["results"].values():
            assert math.isfinite(scores["exact_match,number"])
            for name in ("hoyer_mlp", "token_entropy", "forced_entropy"):
                assert math.isnan(scores[f"{name},number"]), name


def test_means_leave_missing_values_out() -> None:
    assert nan_mean([1.0, math.nan, 3.0]) == 2.0
    assert nan_stderr([1.0, math.nan, 3.0]) == pytest.approx(math.sqrt(2) / math.sqrt(2))
    assert nan_stderr([0.0, 1.0, 2.0, 3.0]) == pytest.approx(math.sqrt(5 / 3) / 2)
    assert math.isnan(nan_mean([math.nan])) and math.isnan(nan_mean([]))
    assert math.isnan(nan_stderr([1.0])) and math.isnan(nan_stderr([1.0, math.nan]))


def test_a_response_that_carries_a_measurement_is_the_plain_response() -> None:
    """Filters, scoring, sample logging and gathering over processes see a string or a pair, nothing else."""
    measurement = Measurement(key=Key("t", "d", 0, "tag", 0, 0), run="runs/x", values={"hoyer_mlp": 0.5})
    text, pair = MeasuredText("42", measurement), MeasuredPair((-1.5, True), measurement)
    assert text == "42" and pair == (-1.5, True)
    assert json.dumps([text, pair]) == '["42", [-1.5, true]]'
    assert type(text)("gold") == "gold", "exact_match makes the reference in the type of the answer"
    for response in (text, pair):
        copy = pickle.loads(pickle.dumps(response))  # noqa: S301 - our own
        assert copy == response and type(copy) is type(response)
        assert measurement_of(copy) == measurement
    assert measurement_of("42") is None and measurement_of(text.strip()) is None
    assert measurement.through("strict", with_values=False).values == {}
    assert measurement.through("strict", with_values=True) == Measurement(
        key=measurement.key, run="runs/x", values={"hoyer_mlp": 0.5}, filter="strict"
    )
