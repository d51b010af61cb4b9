"""Ctrl-C and SIGTERM: the batch is finished and written, the message says how to go on, and the exit code says what it was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ride_eval.interrupts import Stopped, interruptible, pending
from ride_eval.recorder import Recorder
from ride_eval.store import MEASURED, read_status, read_table, shards
from tests.faults.conftest import Measure
from tests.faults.forked import start, wait
from tests.faults.test_kills import assert_same_rows

SIGNALS = {signal.SIGINT: 130, signal.SIGTERM: 143}


def at(monkeypatch: pytest.MonkeyPatch, table: str, row: int, then: Callable[[], None]) -> None:
    """Do something while the row of that number of a table is written, in the middle of a batch."""
    add, seen = Recorder.add, []

    def counting(self: Recorder, name: str, content: Any) -> None:
        if name == table:
            seen.append(None)
            if len(seen) == row:
                then()
        add(self, name, content)

    monkeypatch.setattr(Recorder, "add", counting)


@pytest.mark.parametrize("table", ["generations", "choices"])
@pytest.mark.parametrize("number", SIGNALS)
def test_the_batch_is_finished_and_the_run_goes_on(
    number: int,
    table: str,
    measure: Measure,
    whole: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    run = tmp_path / "run"
    at(monkeypatch, table, 2, lambda: os.kill(os.getpid(), number))
    capfd.readouterr()
    assert wait(start(lambda: measure(run))) == SIGNALS[number]
    monkeypatch.undo()
    said = capfd.readouterr().err
    assert "finishing the batch and writing it" in said
    assert f"kept in {run}; give the same command again to go on" in said
    assert f" of {len(read_table(run, 'requests'))} prompts are measured" in said
    rows = {name: len(read_table(run, name)) for name in MEASURED}
    assert rows[table] > 2, "the batch that the signal came in"
    assert rows["prompts"] < len(read_table(whole, "prompts"))
    measure(run)
    assert_same_rows(run, whole)


@pytest.mark.parametrize("number", SIGNALS)
def test_twice_stops_at_once_and_leaves_a_valid_directory(
    number: int, measure: Measure, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"

    def both() -> None:
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)

    at(monkeypatch, "generations", 2, both)
    assert wait(start(lambda: measure(run))) == SIGNALS[number]
    monkeypatch.undo()
    for table in MEASURED:
        read_table(run, table)
    assert shards(run, "generations") == []
    measure(run)
    assert_same_rows(run, whole)


def test_the_two_signals_of_a_launcher_are_not_the_same_one_twice() -> None:
    """Ctrl-C under torchrun: the terminal sends SIGINT to all ranks, and torchrun SIGTERM after it."""
    with interruptible():
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)
        assert pending() == signal.SIGINT
        with pytest.raises(Stopped):
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(1)


def test_handlers_are_ours_only_while_a_model_runs() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    with interruptible():
        assert [signal.getsignal(number) for number in SIGNALS] != before
    assert [signal.getsignal(number) for number in SIGNALS] == before
    signal.signal(signal.SIGTERM, own := lambda *_: None)
    try:
        with interruptible():
            assert signal.getsignal(signal.SIGTERM) is own, "a launcher's own handler stays"
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def test_the_command_line_exits_with_130(models: dict[str, Path], tmp_path: Path) -> None:
    """The real `lm_eval`, interrupted once its first shard of answers is there."""
    run = tmp_path / "run"
    arguments = f"pretrained={models['llama']},run_dir={run},num_samples=4"
    command = [sys.executable, "-m", "lm_eval", "run", "--model", "ride", "--model_args", arguments, "--device", "cpu"]
    tasks = [f"ride_demo_math_{arm}" for arm in ("none", "tag", "expert")]
    child = subprocess.Popen(
        [*command, "--tasks", ",".join(tasks), "--batch_size", "1"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stderr is not None
    until = time.monotonic() + 240
    while not shards(run, "requests"):
        assert child.poll() is None and time.monotonic() < until, child.stderr.read()
        time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    said = child.stderr.read()
    assert child.wait(240) == 130, said
    assert "ride_eval: Stopped." in said and "give the same command again to go on" in said
    assert "Traceback" not in said
    status = read_status(run)
    assert status["state"] == "failed" and status["error"].startswith("Stopped")
    assert not list(run.glob("lock-*"))
