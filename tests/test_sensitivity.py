"""POSIX: the formula, and the passes it is made of. If these fail, a model is called sensitive to wordings that is not."""

from __future__ import annotations

import math
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ride_eval.analysis.findings import find
from ride_eval.analysis.frames import load_run
from ride_eval.analysis.sensitivity import prompt_sensitivity
from ride_eval.doctor import references
from ride_eval.metrics.sensitivity import POSIX_ARMS, posix
from ride_eval.report import certainty
from ride_eval.store import forced_kind, read_table
from tests.synthetic_run import write_run
from tests.test_probes_reference import Reference

TASKS = [f"ride_demo_math_{arm}" for arm in (*POSIX_ARMS, "tag_wrong")]
LOGPROBS = st.floats(-200, 0)


@given(st.integers(2, 5), st.data())
def test_posix_equals_its_formula_and_keeps_its_bounds(m: int, data: st.DataObject) -> None:
    names = "abcde"[:m]
    logprobs = {(i, j): data.draw(LOGPROBS) for i in names for j in names}
    lengths = {name: data.draw(st.integers(1, 50)) for name in names}
    total = math.fsum(abs(logprobs[i, j] - logprobs[j, j]) / lengths[j] for i, j in permutations(names, 2))
    found = posix(logprobs, lengths)
    assert found == pytest.approx(total / (m * (m - 1)), rel=1e-9)
    assert found >= 0
    renamed = dict(zip(names, names[1:] + names[0], strict=True))
    turned = posix({(renamed[i], renamed[j]): v for (i, j), v in logprobs.items()}, {renamed[i]: n for i, n in lengths.items()})
    assert turned == pytest.approx(found, rel=1e-9), "the names and order of prompts mean nothing"
    scaled = posix({pair: 3 * value for pair, value in logprobs.items()}, {name: 3 * n for name, n in lengths.items()})
    assert scaled == pytest.approx(found, rel=1e-9), "per token: an answer three times as long with as much a token"


def test_posix_of_known_prompts() -> None:
    """Two prompts: the one's answer of two tokens loses 3 nats under the other, the other's of four gains 2."""
    logprobs = {("a", "a"): -1.0, ("b", "a"): -4.0, ("b", "b"): -6.0, ("a", "b"): -4.0}
    assert posix(logprobs, {"a": 2, "b": 4}) == pytest.approx((3 / 2 + 2 / 4) / 2)
    assert posix({(i, j): -1.0 for i in "ab" for j in "ab"}, {"a": 1, "b": 9}) == 0, "prompts that change nothing"
    assert math.isnan(posix(logprobs, {"a": 2, "b": 0})), "an empty answer has no length to divide by"
    assert math.isnan(posix({("a", "a"): -1.0, ("b", "b"): -1.0}, {"a": 2, "b": 4})), "a missing pair is not 0"
    assert math.isnan(posix({("a", "a"): -1.0}, {"a": 2})) and math.isnan(posix({}, {}))


@pytest.fixture(scope="module")
def measured(models: dict[str, Path], tmp_path_factory: pytest.TempPathFactory, evaluate: Any) -> Any:
    def run(architecture: str, tasks: list[str] = TASKS, folder: Path | None = None, **arguments: Any) -> Path:
        target = folder or tmp_path_factory.mktemp("posix") / "run"
        model_args = {"pretrained": str(models[architecture]), "run_dir": str(target), "num_samples": 0, **arguments}
        evaluate("ride", tasks, model_args=model_args, limit=2, batch_size=3)
        return target

    return run


@pytest.mark.parametrize(("architecture", "share_prefill"), [("olmoe", True), ("mistral", False)])
def test_every_forced_answer_is_what_a_plain_pass_gives(
    architecture: str, share_prefill: bool, measured: Any, models: dict[str, Path]
) -> None:
    run = measured(architecture, posix=True, share_prefill=share_prefill)
    reference = Reference(models[architecture])
    prompts = read_table(run, "prompts").set_index(["document", "arm"])["text"]
    rows = read_table(run, "generations").set_index(["document", "arm", "answer"])
    assert set(rows.loc[(slice(None), "tag_wrong"), :].index.get_level_values("answer")) == {"greedy", "forced"}
    found = prompt_sensitivity(run).set_index("document")["posix"]
    assert len(found) == 2
    for document, value in found.items():
        logprobs, lengths = {}, {}
        for i in POSIX_ARMS:
            ids = reference.tokenizer(prompts[document, i])["input_ids"]
            for j in POSIX_ARMS:
                answer = rows.loc[(document, j, "greedy"), "token_ids"].tolist()
                logits = reference.run(ids + answer)[1][len(ids) - 1 : -1]
                logprobs[i, j] = math.fsum(references.logprob(row, token) for row, token in zip(logits, answer, strict=True))
                lengths[j] = len(answer)
                stored = rows.loc[(document, i, "greedy" if i == j else forced_kind(j)), "logprobs"]
                assert len(stored) == len(answer)
                assert float(np.sum(stored, dtype=np.float64)) == pytest.approx(logprobs[i, j], abs=1e-3)
        assert value == pytest.approx(posix(logprobs, lengths), abs=1e-4)
        assert value > 0, "an untrained model's answers do hang on the prompt"


def test_a_run_without_it_can_be_added_to(measured: Any) -> None:
    """Nothing is measured twice, and what is added is what one run gives."""
    run = measured("qwen3")
    assert prompt_sensitivity(run).empty
    before = read_table(run, "generations")
    measured("qwen3", folder=run, posix=True)
    after = read_table(run, "generations")
    assert len(after) == len(before) + 2 * 9, "three answers after each of four prompts, three of the twelve were there"
    at_once = measured("qwen3", posix=True)
    assert prompt_sensitivity(run)["posix"].tolist() == pytest.approx(prompt_sensitivity(at_once)["posix"].tolist(), abs=1e-4)


def test_an_arm_that_was_not_run_leaves_no_number(measured: Any) -> None:
    run = measured("qwen3", tasks=TASKS[:3], posix=True)
    assert prompt_sensitivity(run)["posix"].isna().all()
    (model,) = find([load_run(run)]).models
    assert model.sensitivity == ()


def test_a_report_shows_it_by_task(measured: Any, tmp_path: Path) -> None:
    findings = find([load_run(measured("qwen3", posix=True)), load_run(write_run(tmp_path, n=2))])
    (entry,) = findings.models[0].sensitivity
    assert (entry.task, entry.estimate.n) == ("demo_math", 2)
    (row,) = certainty.sensitivity(findings).rows
    assert row.label == "demo_math" and [cell.n for cell in row.cells] == ["n=2", ""]
    assert "posix=True" in certainty.legend(find([load_run(tmp_path)]))[-1], "what was not asked for says how to ask"
