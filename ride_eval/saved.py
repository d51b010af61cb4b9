"""After a run, the files the harness says it wrote are looked for: it logs a failed save, goes on, and exits with 0."""

from __future__ import annotations

import json
import sys
from functools import wraps
from pathlib import Path
from types import ModuleType
from typing import Any

from ride_eval.errors import RunError


def watch(module: ModuleType) -> None:
    """Check every save of `EvaluationTracker`, of processes that measured with ride_eval; once."""
    tracker = module.EvaluationTracker
    if getattr(tracker, "ride_eval", False):
        return
    aggregated, samples = tracker.save_results_aggregated, tracker.save_results_samples

    @wraps(aggregated)
    def save_aggregated(self: Any, *args: Any, **kwargs: Any) -> None:
        aggregated(self, *args, **kwargs)
        if self.output_path and _measured():
            look_for(Path(self.output_path), str(getattr(self, "date_id", "")), "results", ".json")

    @wraps(samples)
    def save_samples(self: Any, task_name: str, *args: Any, **kwargs: Any) -> None:
        samples(self, task_name, *args, **kwargs)
        if self.output_path and _measured():
            look_for(Path(self.output_path), str(getattr(self, "date_id", "")), f"samples_{task_name}", ".jsonl")

    tracker.save_results_aggregated, tracker.save_results_samples, tracker.ride_eval = save_aggregated, save_samples, True


def _measured() -> bool:
    recorder = sys.modules.get("ride_eval.recorder")  # heavy, and not there where another model type ran
    return recorder is not None and recorder.any_measured()


def look_for(output_path: Path, date: str, kind: str, suffix: str) -> Path:
    """The file of this save, which must be whole JSON. Raises RunError where it is not."""
    folder, names = output_path, f"**/{kind}_{date}{suffix}"
    if output_path.suffix == ".json":
        folder, names = output_path.parent, f"{output_path.stem if kind == 'results' else kind}_{date}{suffix}"
    found = sorted(folder.glob(names)) if date and folder.is_dir() else []
    problem = "it is not there" if not found else _broken(found[-1])
    if problem is not None:
        raise RunError(
            f"The harness did not save its {kind} under {output_path} ({problem}); its log above says why. What was "
            "measured is in the run directory: make room or mend the folder, and give the same command again."
        )
    return found[-1]


def _broken(file: Path) -> str | None:
    try:
        text = file.read_text(encoding="utf-8")
        json.loads(text if file.suffix == ".json" else text.rstrip("\n").rpartition("\n")[2])
    except (OSError, ValueError) as error:
        return f"{file}: {' '.join(str(error).split())[:200]}"
    return None if text else f"{file} is empty"
