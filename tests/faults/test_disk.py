"""A full disk, a directory that is read-only or gone, damaged files: a message, no wrong number, no finished row lost."""

from __future__ import annotations

import contextlib
import json
import resource
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ride_eval import store
from ride_eval.cli import main
from ride_eval.errors import RideError, RunError
from ride_eval.recorder import Recorder
from ride_eval.store import MEASURED, read_manifest, read_status, read_table, shards
from tests.faults.conftest import Measure
from tests.faults.forked import start, wait
from tests.faults.test_kills import assert_same_rows
from tests.synthetic_run import write_run
from tests.test_store import score, write


@contextlib.contextmanager
def tmpfs(folder: Path, options: str) -> Iterator[Path]:
    """A file system of its own. Skips where mounting is not permitted."""
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(folder)], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip(f"mount is not permitted here: {mounted.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


def ended(work: Any, capfd: pytest.CaptureFixture[str]) -> tuple[int, str]:
    capfd.readouterr()
    code = wait(start(work))
    return code, capfd.readouterr().err


def test_a_full_disk_is_named_and_the_run_goes_on_when_there_is_room(
    measure: Measure, whole: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with tmpfs(tmp_path / "disk", "size=128k") as disk:
        run = disk / "run"
        code, said = ended(lambda: measure(run), capfd)
        assert code == 2
        assert "No space left on device" in said and "Traceback" not in said
        assert "All earlier shards are safe" in said or "Make room" in said
        before = {table: shards(run, table) for table in MEASURED}
        assert sum(map(len, before.values())) > 0, "some of it was written"
        for table in MEASURED:
            read_table(run, table)
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        assert wait(start(lambda: measure(run))) == 0
        assert_same_rows(run, whole)
        assert all(set(names) <= set(shards(run, table)) for table, names in before.items()), "nothing finished was lost"


def test_a_file_that_may_grow_no_further(measure: Measure, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A quota, as a limit of the process."""

    def limited() -> None:
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
        measure(tmp_path / "run")

    code, said = ended(limited, capfd)
    assert code == 2
    assert "File too large" in said and "Traceback" not in said


@pytest.mark.parametrize("there", [True, False])
def test_a_directory_that_cannot_be_written(
    there: bool, measure: Measure, whole: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with tmpfs(tmp_path / "disk", "size=16m") as disk:
        if there:
            shutil.copytree(whole, disk / "run")
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        code, said = ended(lambda: measure(disk / "run"), capfd)
        assert code == 2
        assert "run_dir=" in said and "Read-only file system" in said and "Traceback" not in said
        if there:
            assert_same_rows(disk / "run", whole)


def test_a_directory_removed_during_the_run(
    measure: Measure, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, add = tmp_path / "run", Recorder.add

    def removed(self: Recorder, table: str, row: Any) -> None:
        if table == "generations":
            shutil.rmtree(run, ignore_errors=True)
        add(self, table, row)

    monkeypatch.setattr(Recorder, "add", removed)
    code, said = ended(lambda: measure(run), capfd)
    assert code == 2
    assert f"The run directory {run} was removed or moved while it was written" in said and "Traceback" not in said
    assert "are safe" not in said


def test_a_clock_that_is_set_back(measure: Measure, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look at the clock gives an earlier time, in two attempts."""
    now = iter(range(2_000_000_000, 0, -3600))
    monkeypatch.setattr(time, "time", lambda: float(next(now)))
    monkeypatch.setattr(store, "SECONDS_PER_SHARD", 0.05)
    run = tmp_path / "run"
    measure(run)
    assert_same_rows(run, whole)
    measure(run)
    assert_same_rows(run, whole)


def test_a_shard_truncated_at_every_64th_byte_is_never_read(tmp_path: Path) -> None:
    write(tmp_path, *[score(i) for i in range(20)])
    write(tmp_path, score(99))
    name = shards(tmp_path, "scores")[0]
    content = (tmp_path / name).read_bytes()
    for size in range(0, len(content), 64):
        (tmp_path / name).write_bytes(content[:size])
        with pytest.raises(RunError, match=f"{name} is damaged"):
            read_table(tmp_path, "scores")
    (tmp_path / name).write_bytes(content)
    assert len(read_table(tmp_path, "scores")) == 21


def test_a_single_changed_bit_is_never_read(tmp_path: Path) -> None:
    """Parquet itself would return another number for most of them."""
    write(tmp_path, *[score(i) for i in range(3)])
    (name,) = shards(tmp_path, "scores")
    content = (tmp_path / name).read_bytes()
    for place in range(0, len(content), 7):
        damaged = bytearray(content)
        damaged[place] ^= 1 << place % 8
        (tmp_path / name).write_bytes(damaged)
        with pytest.raises(RunError, match=f"{name} is damaged"):
            read_table(tmp_path, "scores")


def test_a_truncated_shard_of_each_table_is_measured_again(measure: Measure, whole: Path, tmp_path: Path) -> None:
    run = shutil.copytree(whole, tmp_path / "run")
    for table in MEASURED:
        name = shards(run, table)[0]
        (run / name).write_bytes((run / name).read_bytes()[:-64])
    measure(run)
    status = read_status(run)
    assert len(status["set_aside"]) == len(MEASURED)
    (run / "status.json").write_text(json.dumps({**status, "set_aside": []}))
    assert_same_rows(run, whole)


@pytest.mark.faults
def test_a_shard_of_a_run_truncated_at_every_64th_byte_is_measured_again(measure: Measure, whole: Path, tmp_path: Path) -> None:
    n = 0
    for table in MEASURED:
        name = shards(whole, table)[-1]
        size = (whole / name).stat().st_size
        for cut in range(0, size, 64 if table == "scores" else 1024):
            run = shutil.copytree(whole, tmp_path / "run")
            (run / name).write_bytes((run / name).read_bytes()[:cut])
            assert wait(start(lambda run=run: measure(run))) == 0
            status = read_status(run)
            assert status["set_aside"] == [f"{name}.corrupt"]
            (run / "status.json").write_text(json.dumps({**status, "set_aside": []}))
            assert_same_rows(run, whole)
            shutil.rmtree(run)
            n += 1
    print(f"{n} truncations, all measured again")


def leaves(content: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The place of every value in a JSON document, objects and lists included."""
    if path:
        yield path
    for key, value in content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ():
        yield from leaves(value, (*path, key))


def damaged(content: Any, path: tuple[Any, ...], value: Any) -> Any:
    """A copy with another value at a place; without it for `...`."""
    copy = json.loads(json.dumps(content))
    part = copy
    for key in path[:-1]:
        part = part[key]
    if value is ...:
        del part[path[-1]]
    else:
        part[path[-1]] = value
    return copy


VALUES: list[Any] = [..., None, -1, 10**30, "x", "", [], {}, [[]], {"a": {}}, True, 0.5]


def test_each_field_of_a_real_manifest_damaged_is_told(whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = shutil.copytree(whole, tmp_path / "run")
    content = read_manifest(run)
    content["calibration"] = content["calibration"][:2]
    places = [path for path in leaves(json.loads((run / "run.json").read_text())) if path[0] != "calibration" or len(path) == 1]
    original = json.loads((run / "run.json").read_text())
    n = 0
    for path in places:
        for value in VALUES:
            changed = damaged(original, path, value)
            if changed == original or (path == ("seal",) and value in (..., None)):
                continue
            (run / "run.json").write_text(json.dumps(changed))
            with pytest.raises(RunError):
                read_manifest(run)
            n += 1
    assert n > 500
    assert main(["report", str(run)]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_each_field_of_a_manifest_without_a_seal_gives_a_report_or_a_message(tmp_path: Path) -> None:
    """A run of an older version: what a field cannot be is told; what it can be, nobody knows better."""
    from ride_eval.analysis.findings import find
    from ride_eval.analysis.frames import load_run

    run = write_run(tmp_path / "run", n=3, tasks={"arith": "generation"})
    original = json.loads((run / "run.json").read_text())
    model = [path for path in leaves(original) if path[0] in ("model", "format") or len(path) == 1]
    told = 0
    for path in model:
        for value in VALUES:
            (run / "run.json").write_text(json.dumps(damaged(original, path, value)))
            try:
                find([load_run(run)])
            except RideError:
                told += 1
    assert told > 50


def test_each_field_of_a_status_damaged(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", n=2)
    status = {
        "state": "complete",
        "rows": {},
        "documents": {},
        "reasons": {},
        "failed_checks": 0,
        "set_aside": [],
        "error": None,
    }
    for path in leaves(status):
        for value in VALUES:
            (run / "status.json").write_text(json.dumps(damaged(status, path, value)))
            try:
                assert read_status(run)["state"] in ("complete", "failed", "incomplete")
            except RunError as error:
                assert str(run) in str(error)


def test_an_identity_that_was_changed_is_not_added_to(measure: Measure, whole: Path, tmp_path: Path) -> None:
    run = shutil.copytree(whole, tmp_path / "run")
    changed = json.loads((run / "run.json").read_text())
    changed["identity"]["seed"] = 5
    (run / "run.json").write_text(json.dumps(changed))
    with pytest.raises(RunError, match="its content has changed since"):
        measure(run)
    assert {file.name for file in run.iterdir()} == {file.name for file in whole.iterdir()}
