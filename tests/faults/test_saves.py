"""A save of the harness that failed is an error, though the harness logs it and exits with 0."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from lm_eval.loggers.evaluation_tracker import EvaluationTracker

import ride_eval.plugin  # noqa: F401 - importing it watches the tracker
from ride_eval import recorder
from ride_eval.errors import RunError

RESULTS: dict[str, Any] = {"results": {"a": {"acc": 0.5}}, "configs": {}}
SAMPLE = dict.fromkeys(["doc_hash", "prompt_hash", "target_hash", "target"], "") | {"arguments": []}
SAMPLES = [{**SAMPLE, "resps": [], "filtered_resps": []}]


@pytest.fixture
def tracker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EvaluationTracker:
    monkeypatch.setattr(recorder, "_open", {"run": object()})
    made = EvaluationTracker(output_path=str(tmp_path / "out"))
    made.general_config_tracker.model_name_sanitized = "model"
    made.general_config_tracker.start_time = 0.0
    return made


@pytest.mark.parametrize("place", ["out", "out.json"])
def test_a_save_that_worked_passes(place: str, tracker: EvaluationTracker, tmp_path: Path) -> None:
    tracker.output_path = str(tmp_path / place)
    tracker.save_results_aggregated(dict(RESULTS))
    tracker.save_results_samples("task", [dict(sample) for sample in SAMPLES])
    assert len(list(tmp_path.rglob("*.json*"))) == 2


def test_a_save_that_failed_is_an_error(tracker: EvaluationTracker, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file, where a folder is wanted")
    with pytest.raises(RunError, match=r"did not save its results under .*give the same command again"):
        tracker.save_results_aggregated(dict(RESULTS))
    with pytest.raises(RunError, match="did not save its samples_task under"):
        tracker.save_results_samples("task", [dict(sample) for sample in SAMPLES])


@pytest.mark.parametrize("content", ["", '{"results": '])
def test_half_a_file_is_an_error(
    content: str, tracker: EvaluationTracker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = json.dumps
    monkeypatch.setattr(json, "dumps", lambda *given, **named: content if "indent" in named else real(*given, **named))
    with pytest.raises(RunError, match="did not save its results"):
        tracker.save_results_aggregated(dict(RESULTS))


def test_other_models_are_left_alone(tracker: EvaluationTracker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "_open", {})
    (tmp_path / "out").write_text("")
    tracker.save_results_aggregated(dict(RESULTS))
