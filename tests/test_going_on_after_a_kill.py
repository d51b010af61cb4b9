"""A run that was killed between two shards, and is started again, becomes what it would have been."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ride_eval.recorder import Recorder
from ride_eval.store import MEASURED, TableWriter, read_status, read_table, shards
from tests.test_adding_to_a_run import assert_equal_rows

TASKS = ["ride_demo_math_none", "ride_demo_math_tag", "ride_demo_commonsense_tag"]


@pytest.fixture(scope="module")
def measure(models: dict[str, Path], evaluate: Any) -> Callable[[Path], None]:
    def run(folder: Path) -> None:
        arguments = {"pretrained": str(models["olmoe"]), "run_dir": str(folder), "num_samples": 2}
        evaluate("ride", TASKS, model_args=arguments, limit=2, batch_size=4, apply_chat_template=True)

    return run


@pytest.fixture(scope="module")
def whole(measure: Callable[[Path], None], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run that nothing happened to."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    measure(folder)
    return folder


def copy_without(whole: Path, folder: Path, table: str, lost: Callable[[pd.DataFrame], pd.Series]) -> int:
    """A run directory as a kill leaves it: some rows of one table never reached the disk. Returns how many."""
    folder.mkdir()
    (folder / "run.json").write_bytes((whole / "run.json").read_bytes())
    n = 0
    for name in MEASURED:
        frame = read_table(whole, name)
        missing = lost(frame) if name == table else pd.Series(False, index=frame.index)
        n += int(missing.sum())
        writer = TableWriter(folder, name)
        for row in frame[~missing].astype(object).where(frame.notna(), None).to_dict("records"):
            writer.append({str(key): value for key, value in row.items()})
        writer.flush()
    return n


def arm(frame: pd.DataFrame) -> pd.Series:
    return frame["arm"] == "tag"


LOSSES: dict[str, Any] = {
    "prompts": arm,
    "choices": lambda frame: arm(frame) & (frame["choice"] > 1),
    "generations, greedy": lambda frame: arm(frame) & (frame["answer"] == "greedy"),
    "generations, of none": lambda frame: frame["arm"] == "none",
    "generations, forced": lambda frame: frame["answer"] == "forced",
    "generations, the second sample": lambda frame: arm(frame) & (frame["answer"] == "sample") & (frame["sample"] == 1),
    "routes": arm,
    "scores": arm,
}


@pytest.mark.parametrize("loss", LOSSES)
def test_what_a_kill_took_is_measured_again(loss: str, whole: Path, measure: Callable[[Path], None], tmp_path: Path) -> None:
    folder = tmp_path / "run"
    assert copy_without(whole, folder, loss.split(",")[0], LOSSES[loss]) > 0
    measure(folder)
    assert_equal_rows(folder, whole)
    assert read_status(folder) == read_status(whole)


@pytest.mark.parametrize("after", [1, 9, 25, 45])
def test_an_interrupted_run_goes_on(
    after: int, whole: Path, measure: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Interrupted at a row, with every row written at once, so that shards end anywhere."""
    folder, add = tmp_path / "run", Recorder.add
    rows = 0

    def interrupted(self: Recorder, table: str, row: Any) -> None:
        nonlocal rows
        rows += 1
        if rows > after:
            raise KeyboardInterrupt
        add(self, table, row)
        self.flush()

    monkeypatch.setattr(Recorder, "add", interrupted)
    with pytest.raises(KeyboardInterrupt):
        measure(folder)
    monkeypatch.undo()
    assert sum(len(shards(folder, table)) for table in MEASURED) == after
    assert read_status(folder)["state"] != "complete"
    measure(folder)
    assert_equal_rows(folder, whole)
    assert read_status(folder) == read_status(whole)
