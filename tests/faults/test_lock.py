"""Two launches never write one directory; a lock that a dead process left is taken over, with a word."""

from __future__ import annotations

import errno
import json
import logging
import os
import signal
import time
from pathlib import Path

import pytest

from ride_eval import lock
from ride_eval.errors import RunError
from tests.faults.forked import start, wait


def hold(run: Path, rank: int = 0) -> int:
    """A child that has the lock and waits; returns when it has."""

    def work() -> None:
        lock.acquire(run, rank)
        (run / "held").write_text("")
        time.sleep(60)

    child = start(work)
    until = time.monotonic() + 60
    while not (run / "held").exists():
        assert time.monotonic() < until
        time.sleep(0.005)
    (run / "held").unlink()
    return child


def test_a_second_process_is_refused_by_name_and_the_first_one_s_end_frees_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    child = hold(tmp_path)
    with pytest.raises(RunError, match=rf"being written by process {child} on .*, since 20.*Wait for it or end it"):
        lock.acquire(tmp_path, 0)
    os.kill(child, signal.SIGKILL)
    wait(child)
    with caplog.at_level(logging.WARNING):
        lock.acquire(tmp_path, 0)
    assert f"Took over {tmp_path} from process {child}, which has ended" in caplog.text
    assert json.loads((tmp_path / "lock-r0.json").read_text())["pid"] == os.getpid()
    lock.release(tmp_path, 0)
    assert list(tmp_path.iterdir()) == []


def test_a_process_may_take_its_own_again(tmp_path: Path) -> None:
    """In a notebook, the call that was interrupted is given again."""
    lock.acquire(tmp_path, 0)
    lock.acquire(tmp_path, 0)
    lock.release(tmp_path, 0)
    lock.release(tmp_path, 0)


def test_the_ranks_of_one_launch_do_not_meet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"WORLD_SIZE": "2", "MASTER_ADDR": "localhost", "MASTER_PORT": "29500"}.items():
        monkeypatch.setenv(name, value)
    child = hold(tmp_path, rank=0)
    lock.acquire(tmp_path, 1)
    lock.release(tmp_path, 1)
    monkeypatch.setenv("MASTER_PORT", "29501")
    with pytest.raises(RunError, match=f"process {child}"):
        lock.acquire(tmp_path, 1)
    os.kill(child, signal.SIGKILL)
    wait(child)
    lock.acquire(tmp_path, 1)
    lock.release(tmp_path, 1)


def no_locks(*_: object) -> None:
    raise OSError(errno.ENOLCK, "No locks available")


def test_without_locks_of_the_file_system_the_process_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock.fcntl, "flock", no_locks)
    child = hold(tmp_path)
    with pytest.raises(RunError, match=f"process {child}"):
        lock.acquire(tmp_path, 0)
    os.kill(child, signal.SIGKILL)
    wait(child)
    lock.acquire(tmp_path, 0)
    lock.release(tmp_path, 0)
    elsewhere = {"pid": child, "host": "another", "started": "1", "since": "then"}
    (tmp_path / "lock-r0.json").write_text(json.dumps(elsewhere))
    with pytest.raises(RunError, match=r"on another.*if that machine is gone, remove the lock-r\*\.json files"):
        lock.acquire(tmp_path, 0)


def test_a_number_used_again_is_not_the_same_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock.fcntl, "flock", no_locks)
    stale = {**lock._self(), "started": "1"}
    (tmp_path / "lock-r0.json").write_text(json.dumps(stale))
    lock.acquire(tmp_path, 0)
    lock.release(tmp_path, 0)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\x00", b"{}" * 10_000])
def test_a_lock_that_a_kill_left_half_written_is_no_obstacle(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "lock-r0.json").write_bytes(content)
    lock.acquire(tmp_path, 0)
    lock.release(tmp_path, 0)
