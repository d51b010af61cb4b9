"""kill -9 at a random moment, then the same command again: the rows are those of a run that nothing happened to."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
import tqdm.auto

from ride_eval.store import KEYS, MEASURED, read_manifest, read_status, read_table
from tests.faults.conftest import TASKS, Measure, times
from tests.faults.forked import kill_after, start, wait
from tests.test_ranks import TORCHRUN, WORKER

FLOAT = 1e-5


def assert_same_rows(run: Path, whole: Path) -> None:
    """The keys exactly, every number within 1e-5 of its size, everything else equal."""
    for table in MEASURED:
        first, second = (read_table(folder, table).sort_values(list(KEYS[table])) for folder in (run, whole))
        assert first[list(KEYS[table])].to_numpy().tolist() == second[list(KEYS[table])].to_numpy().tolist(), table
        for column in first:
            for left, right in zip(first[column], second[column], strict=True):
                if isinstance(right, (float, np.ndarray)) and np.asarray(right).dtype.kind == "f":
                    assert np.allclose(left, right, rtol=FLOAT, atol=FLOAT, equal_nan=True), (table, column)
                else:
                    assert np.array_equal(left, right) or (left is right is None), (table, column)
    assert read_status(run) == read_status(whole)
    for table in MEASURED:  # none twice: not even one that reading would drop
        assert read_status(run)["rows"][table] == len(read_table(run, table)), table


def killed(measure: Measure, whole: Path, run: Path, rng: random.Random, duration: float) -> int:
    """Kill up to three attempts in a row, then go on to the end; returns how many were killed."""
    n = 0
    for _ in range(rng.randint(1, 3)):
        code = kill_after(start(lambda: measure(run)), rng.uniform(0.02, duration))
        assert code in (0, -signal.SIGKILL)
        n += code == -signal.SIGKILL
        if (run / "run.json").exists():
            read_manifest(run)
        for table in MEASURED:
            read_table(run, table)  # valid at any moment
        if code == 0:
            break
    else:
        assert wait(start(lambda: measure(run))) == 0
    assert_same_rows(run, whole)
    assert not list(run.glob("lock-*"))
    return n


def test_a_killed_child_takes_no_lock_with_it() -> None:
    """This process would wait for it for ever at its next progress bar."""
    locks = {kind.get_lock() for kind in (tqdm.std.tqdm, tqdm.auto.tqdm)}

    def die() -> None:
        for lock in locks:
            lock.acquire()
        os.kill(os.getpid(), signal.SIGKILL)

    assert wait(start(die)) == -signal.SIGKILL
    for lock in locks:
        for part in lock.locks:
            assert part.acquire(False)
            part.release()


def test_a_killed_run_goes_on(measure: Measure, whole: Path, tmp_path: Path) -> None:
    rng = random.Random(7)
    assert sum(killed(measure, whole, tmp_path / f"run{i}", rng, 0.8) for i in range(3)) >= 2


@pytest.mark.faults
def test_a_hundred_kills_at_random_moments(measure: Measure, whole: Path, tmp_path: Path) -> None:
    began = time.monotonic()
    assert wait(start(lambda: measure(tmp_path / "timed"))) == 0
    duration = time.monotonic() - began
    rng, n = random.Random(os.environ.get("RIDE_FAULTS_SEED", "0")), 0
    wanted, number = times("RIDE_KILLS", 100), 0
    while n < wanted:
        n += killed(measure, whole, tmp_path / f"run{number}", rng, duration)
        number += 1
    print(f"{n} kills in {number} runs of {duration:.1f} s, every one finished with the rows of an uninterrupted one")


@pytest.mark.faults
def test_two_ranks_killed_together_go_on(tmp_path: Path) -> None:
    """The launcher and both ranks at once, as a scheduler does it; compared with two ranks that nothing happened to."""

    def launch(folder: Path) -> subprocess.Popen[bytes]:
        model = {"pretrained": "zoo-olmoe", "run_dir": str(folder), "num_samples": 2}
        todo = {"model_args": model, "tasks": TASKS, "limit": 8, "batch_size": 2, "gen_kwargs": {"max_gen_toks": 8}}
        (tmp_path / "todo.json").write_text(json.dumps([todo]))
        command = [str(TORCHRUN), "--nproc_per_node", "2", "--standalone", str(WORKER), str(tmp_path / "todo.json")]
        environment = {**os.environ, "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"}
        return subprocess.Popen(command, env=environment, start_new_session=True)

    gone: set[int] = set()

    def ranks(run: Path) -> set[int]:
        """The launcher gives each rank a session of its own; the locks tell which processes they are."""
        found = set()
        for lock in run.glob("lock-r*"):
            with contextlib.suppress(FileNotFoundError, json.JSONDecodeError):  # given up, or not written yet
                found.add(json.loads(lock.read_text())["pid"])
        return found - gone

    def started(run: Path) -> tuple[subprocess.Popen[bytes], set[int]]:
        """A launch, and its ranks once both have their locks (fewer if it ended before that was seen)."""
        child, found = launch(run), set[int]()
        while child.poll() is None and len(found) < 2:
            time.sleep(0.02)
            found = ranks(run)
        return child, found

    def kill(run: Path) -> bool:
        """Launch, kill at a random moment of the measuring; whether there was something left to kill."""
        child, found = started(run)
        time.sleep(rng.uniform(0.0, duration))
        alive = child.poll() is None
        if alive:
            for process in (child.pid, *found):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
        gone.update(found)
        child.wait()
        return alive

    whole = tmp_path / "whole"
    child, found = started(whole)
    began = time.monotonic()
    assert child.wait() == 0
    duration = time.monotonic() - began
    gone |= found
    rng, n, number = random.Random(os.environ.get("RIDE_FAULTS_SEED", "0")), 0, 0
    while n < 5:
        run = tmp_path / f"run{number}"
        for _ in range(rng.randint(1, 3)):
            if not kill(run):
                break
            n += 1
        assert launch(run).wait() == 0
        assert_same_rows(run, whole)
        number += 1


@pytest.mark.faults
def test_a_hundred_kills_of_two_ranks(measure: Measure, tmp_path: Path) -> None:
    """Both at once, without a launcher, whose start would take most of the time."""

    def launch(run: Path) -> list[int]:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        return [start(partial(as_rank, rank, port, run)) for rank in (0, 1)]

    def as_rank(rank: int, port: int, run: Path) -> None:
        places = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": 2, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        os.environ.update({name: str(value) for name, value in places.items()} | {"ACCELERATE_USE_CPU": "true"})
        torch.set_num_threads(1)
        measure(run, limit=4)

    def kill(run: Path) -> bool:
        """Launch, kill at a random moment; whether both were still at work."""
        ranks = launch(run)
        time.sleep(rng.uniform(0.02, duration))
        for child in ranks:
            os.kill(child, signal.SIGKILL)  # a child that has ended is there until it is waited for
        codes = [wait(child) for child in ranks]
        assert set(codes) <= {0, -signal.SIGKILL}
        return 0 not in codes

    def finish(run: Path) -> float:
        began = time.monotonic()
        assert [wait(child) for child in launch(run)] == [0, 0]
        return time.monotonic() - began

    duration = finish(tmp_path / "whole")
    rng, wanted = random.Random(os.environ.get("RIDE_FAULTS_SEED", "0")), times("RIDE_RANK_KILLS", 100)
    n = number = 0
    while n < wanted:
        run = tmp_path / f"run{number}"
        killed = [kill(run) for _ in range(rng.randint(1, 3))]
        n += sum(killed)
        finish(run)
        assert_same_rows(run, tmp_path / "whole")
        number += 1
    print(
        f"{n} kills of both ranks in {number} runs of {duration:.1f} s, each finished with the rows of two uninterrupted ones"
    )
