"""Answers that end leave the batch, and nothing of theirs or of the others changes by it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ride_eval import generation
from ride_eval.errors import UsageError
from ride_eval.generation import Answers, refuse_unshared
from ride_eval.store import read_table
from tests.architectures import ARCHITECTURES
from tests.test_adding_to_a_run import assert_equal_rows
from tests.test_looking_changes_nothing import responses

TASKS = ["ride_demo_math_none", "ride_demo_math_expert"]
SETTINGS: dict[str, Any] = {"limit": 4, "batch_size": 4}


def leaving(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """How many of how many rows go on, whenever some leave."""
    real, seen = Answers._keep, []

    def keep(self: Answers, places: Any) -> None:
        seen.append((len(places), len(self._rows)))
        real(self, places)

    monkeypatch.setattr(Answers, "_keep", keep)
    return seen


def both(evaluate: Any, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> None:
    """The same run in one stage, which nothing leaves, and in stages: equal rows."""
    seen = leaving(monkeypatch)
    for name, stage in (("whole", 10_000), ("stages", 3)):
        monkeypatch.setattr(generation, "STAGE", stage)
        arguments = {"pretrained": model, "run_dir": str(tmp_path / name), "num_samples": 3}
        before = len(seen)  # answers of one token leave before the first stage
        evaluate("ride", TASKS, model_args=arguments, **SETTINGS, **settings)
    assert len(seen) - before > 2
    routed = len(read_table(tmp_path / "whole", "routes"))
    assert_equal_rows(tmp_path / "stages", tmp_path / "whole", empty=("choices",) if routed else ("choices", "routes"))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_answers_that_meet_a_stop_string_leave(
    architecture: str, models: dict[str, Path], tmp_path: Path, evaluate: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stops = {"until": ["e", "1"], "max_gen_toks": 17}
    both(evaluate, str(models[architecture]), tmp_path, monkeypatch, gen_kwargs=stops)


def test_answers_that_end_leave(tmp_path: Path, evaluate: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that learned to end its answers."""
    both(evaluate, "zoo-olmoe", tmp_path, monkeypatch, apply_chat_template=True)
    assert set(read_table(tmp_path / "stages", "generations")["finish"]) == {"eos", "forced"}


@pytest.mark.parametrize("least", [0, 1, 12, 30])
def test_min_new_tokens_counts_from_the_prompt(least: int, tmp_path: Path, evaluate: Any) -> None:
    """Greedy texts are the plain harness's, although each answer takes several calls."""
    settings = {**SETTINGS, "gen_kwargs": {"min_new_tokens": least, "max_gen_toks": 40}, "apply_chat_template": True}
    model = {"pretrained": str(Path(generation.__file__).with_name("zoo") / "weights" / "zoo-olmoe")}
    plain = responses(evaluate("hf", TASKS, model_args=model, metadata=model, **settings))
    arguments = {**model, "run_dir": str(tmp_path / "run"), "num_samples": 2}
    assert responses(evaluate("ride", TASKS, model_args=arguments, **settings)) == plain


def test_what_counts_from_a_call_s_beginning_is_refused(models: dict[str, Path], tmp_path: Path, evaluate: Any) -> None:
    refuse_unshared({"max_time": None, "top_p": 0.9}, "it")
    arguments = {"pretrained": str(models["qwen3"]), "run_dir": str(tmp_path / "run")}
    with pytest.raises(UsageError, match=r"generation_kwargs sets max_time=5.* Give share_prefill=False"):
        evaluate("ride", TASKS, model_args=arguments, gen_kwargs={"max_time": 5.0}, **SETTINGS)
