"""Two processes of a launcher do together what one does alone: the same rows, scores and table, and one status at the end."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lm_eval.utils import make_table

from ride_eval.errors import UsageError
from ride_eval.ranks import refuse_idle
from ride_eval.store import MEASURED, read_status, shards
from tests.test_adding_to_a_run import assert_equal_rows

WORKER = Path(__file__).with_name("evaluate_as_rank.py")
TORCHRUN = Path(sys.executable).with_name("torchrun")
TASKS = ["ride_demo_math_none", "ride_demo_math_tag", "ride_demo_commonsense_tag"]
SOME = {"ride_demo_math_none": [0, 1, 2, 3], "ride_demo_math_tag": [1, 2, 3], "ride_demo_commonsense_tag": [5, 3]}
"""Documents 1 to 3 are answered by one rank under one arm, and by the other under the other."""
RUNS: dict[str, dict[str, Any]] = {
    "fresh": {"tasks": TASKS, "limit": 3},
    "resumed": {"tasks": TASKS, "limit": 3},
    "samples": {"tasks": TASKS, "samples": SOME},
    "signatures": {"tasks": ["ride_signatures_none"], "limit": 3},
    "failed": {"tasks": TASKS, "limit": 3},
}
Alone = Callable[..., dict[str, Any]]


def settings(name: str, folder: Path, **changes: Any) -> dict[str, Any]:
    model = {"pretrained": "zoo-olmoe", "run_dir": str(folder / name), "num_samples": 2}
    return {"model_args": model, "batch_size": 4, "gen_kwargs": {"max_gen_toks": 8}, **RUNS[name], **changes}


@pytest.fixture(scope="module")
def alone(evaluate: Any) -> Alone:
    """One process: this one."""
    return lambda *args, **kwargs: evaluate("ride", **settings(*args, **kwargs))


@pytest.fixture(scope="module")
def one(alone: Alone, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The runs of one process, with their printed tables."""
    folder = tmp_path_factory.mktemp("one")
    for name in RUNS:
        if name in ("resumed", "failed"):
            shutil.copytree(folder / "fresh", folder / name)
        else:
            (folder / f"{name}.table").write_text(make_table(alone(name, folder)))
    return folder


@pytest.fixture(scope="module")
def two(alone: Alone, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """The same runs by two processes. One was begun by one process; in the last, one of the two fails."""
    folder = tmp_path_factory.mktemp("two")
    alone("resumed", folder, tasks=TASKS[:2], limit=1)
    todo = [settings(name, folder) for name in RUNS]
    todo[-1]["fails_on"] = 1
    (folder / "todo.json").write_text(json.dumps(todo))
    command = [str(TORCHRUN), "--standalone", "--nproc_per_node", "2", str(WORKER), str(folder / "todo.json")]
    root = {**os.environ, "PYTHONPATH": str(WORKER.parents[1])}
    return folder, subprocess.run(command, capture_output=True, text=True, timeout=600, check=False, env=root)


@pytest.mark.parametrize("name", [name for name in RUNS if name != "failed"])
def test_rows_equal_those_of_one_process(name: str, one: Path, two: Any) -> None:
    folder, done = two
    assert (folder / name).is_dir(), done.stderr[-3000:]
    written = {shard.split("-")[1] for table in MEASURED for shard in shards(folder / name, table)}
    assert written == {"r0", "r1"}
    without = {table for table in MEASURED if not shards(one / name, table)}
    assert_equal_rows(folder / name, one / name, empty=without, tolerance=1e-5)
    assert read_status(folder / name) == read_status(one / name)
    assert read_status(folder / name)["state"] == "complete"


@pytest.mark.parametrize("name", ["fresh", "samples", "signatures"])
def test_the_printed_table_is_that_of_one_process(name: str, one: Path, two: Any) -> None:
    folder, done = two
    assert (folder / f"{name}.table").read_text() == (one / f"{name}.table").read_text()
    assert done.stdout.count(f"table of {name}") == 1


def test_bars_are_shown_by_the_first_process_only(two: Any) -> None:
    """One for each task of each run, in which its prompts are built; the second process's would double them."""
    _, done = two
    begun = [line for line in done.stderr.splitlines() if line.startswith("  0%|")]
    assert len(begun) == sum(len(run["tasks"]) for run in RUNS.values()), begun
    assert len([line for line in done.stderr.splitlines() if line.startswith("Loading weights:   0%|")]) == len(RUNS)


def test_one_process_s_error_ends_the_others_with_its_message(two: Any) -> None:
    folder, done = two
    assert done.returncode != 0
    assert "ride_eval (process 1): made to fail." in done.stderr
    status = read_status(folder / "failed")
    assert (status["state"], status["error"]) == ("failed", "process 1: RunError: made to fail.")
    assert status["documents"]["measured"] < status["documents"]["asked"]
    assert not status["reasons"] and not status["failed_checks"]


def test_one_process_goes_on_where_two_ended(one: Path, two: Any, alone: Alone) -> None:
    folder, _ = two
    alone("failed", folder)
    assert_equal_rows(folder / "failed", one / "failed", tolerance=1e-5)
    assert read_status(folder / "failed") == read_status(one / "failed")


def test_each_process_needs_a_document() -> None:
    refuse_idle("ride_x", 2, 2)
    refuse_idle("ride_x", 0, 1)
    with pytest.raises(UsageError, match=r"ride_x has 2 documents for 3 processes.*fewer processes"):
        refuse_idle("ride_x", 2, 3)


LAUNCHERS = {
    "torchrun": [str(TORCHRUN), "--standalone", "--nproc_per_node", "2"],
    "accelerate": [
        *(str(TORCHRUN.with_name("accelerate")), "launch", "--multi_gpu", "--num_processes", "2"),
        *("--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0"),
    ],
}


def values(text: str) -> list[tuple[str, ...]]:
    """Task, metric and value of each row of the harness's table; its standard errors need the bootstrap, off in tests."""
    rows = [[cell.strip() for cell in line.split("|")] for line in text.splitlines() if line.count("|") > 8]
    return [(row[1], row[5], row[7]) for row in rows[2:]]


@pytest.mark.slow
@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_the_stock_harness_under_a_launcher(launcher: str, one: Path, tmp_path: Path) -> None:
    """The command a user types. The harness's own start, over its 14,000 tasks, is most of the time."""
    command = [*LAUNCHERS[launcher], "-m", "lm_eval", "--model", "ride", "--device", "cpu", "--batch_size", "4", "--limit", "3"]
    command += ["--model_args", "pretrained=zoo-olmoe,run_dir=fresh,num_samples=2", "--gen_kwargs", "max_gen_toks=8"]
    command += ["--tasks", ",".join(TASKS)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert_equal_rows(tmp_path / "fresh", one / "fresh", tolerance=1e-5)
    assert read_status(tmp_path / "fresh") == read_status(one / "fresh")
    shown = values(done.stdout)
    assert shown == values((one / "fresh.table").read_text())
    assert done.stdout.count("|Stderr|") == 1, "one process prints it"


def test_one_process_where_several_were_asked_for_is_said(
    alone: Alone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As `accelerate launch --cpu --num_processes 2` starts it."""
    monkeypatch.setenv("ACCELERATE_USE_CPU", "True")
    monkeypatch.setenv("MASTER_PORT", "29500")
    alone("fresh", tmp_path, tasks=TASKS[:1], limit=1)
    assert "starts one process, whatever --num_processes says" in caplog.text
    assert read_status(tmp_path / "fresh")["state"] == "complete"


def test_a_model_spread_over_devices_is_left_to_the_harness(alone: Alone, one: Path, tmp_path: Path) -> None:
    """`parallelize=True` on one device: the harness places the model (here: on the disk), and rows stay the same."""
    places = {"parallelize": True, "offload_folder": str(tmp_path / "offload")}
    arguments = settings("fresh", tmp_path)["model_args"] | places
    alone("fresh", tmp_path, model_args=arguments)
    assert_equal_rows(tmp_path / "fresh", one / "fresh", tolerance=1e-5)
