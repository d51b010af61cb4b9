"""The summary that a complete run keeps: a check of it says what a check of the shards says, and is never of other rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ride_eval import cli, recorder, summaries
from ride_eval.analysis.frames import COLUMNS
from ride_eval.analysis.regression.snapshot import load_snapshot
from ride_eval.errors import RunError
from ride_eval.store import TableWriter, read_manifest, read_status, shards, write_json
from tests.synthetic_run import write_run


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = write_run(tmp_path / "run", samples=3, n=24)
    write_json(folder / "status.json", {"state": "complete", "rows": {"prompts": 336}})
    monkeypatch.setattr(summaries, "WORTH", 336)
    summaries.summarize(folder)
    return folder


def is_used(run: Path, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether a check would do without the shards."""
    with monkeypatch.context() as patch:
        read: list[Path] = []
        patch.setattr(summaries, "load_snapshot", lambda path, quantities: read.append(path))
        summaries.load_side(run, COLUMNS)
    return not read


def test_it_is_what_the_shards_say(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_used(run, monkeypatch)
    kept, whole = summaries.load_side(run, COLUMNS), load_snapshot(run)
    pd.testing.assert_frame_equal(kept.rows[whole.rows.columns], whole.rows, check_dtype=False, check_column_type=False)
    assert kept.signatures is not None and whole.signatures is not None
    assert (kept.signatures.shares == whole.signatures.shares).all()
    for name in ("path", "name", "manifest", "status", "conditions", "routes"):
        assert getattr(kept, name) == getattr(whole, name), name


@pytest.mark.parametrize("effects", [{}, {"tag": -0.3}])
def test_a_check_prints_the_same(
    run: Path, tmp_path: Path, effects: dict[str, float], capsys: pytest.CaptureFixture[str]
) -> None:
    other = write_run(tmp_path / "other", samples=3, n=24, effects=effects)

    def check() -> tuple[int, str, object]:
        code = cli.main(["check", str(run), str(other), "--json", str(tmp_path / "check.json")])
        return code, capsys.readouterr().out, json.loads((tmp_path / "check.json").read_text())

    of_summary = check()
    for file in (run / "summary").iterdir():
        file.unlink()
    (run / "summary").rmdir()
    assert check() == of_summary


def test_a_run_with_more_rows_or_other_files_is_read_anew(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = shards(run, "scores")[0]
    content = (run / name).read_bytes()
    (run / name).write_bytes(content[:-1])
    assert not is_used(run, monkeypatch), "a truncated shard"
    with pytest.raises(RunError, match="damaged"):
        summaries.load_side(run, COLUMNS)
    (run / name).write_bytes(content)
    assert is_used(run, monkeypatch)
    with monkeypatch.context() as patch:
        patch.setattr(summaries, "version", lambda name: "another")
        assert not is_used(run, monkeypatch), "another version of ride_eval"
    writer = TableWriter(run, "scores")
    writer.append({"task": "more"})
    writer.flush()
    assert not is_used(run, monkeypatch), "one more shard"


@pytest.mark.parametrize("file", ["baseline.json", "rows.parquet", "signatures.parquet"])
def test_a_damaged_summary_is_as_none(run: Path, file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    content = bytearray((run / "summary" / file).read_bytes())
    content[len(content) // 2] ^= 0xFF
    (run / "summary" / file).write_bytes(content)
    assert not is_used(run, monkeypatch)
    assert len(summaries.load_side(run, COLUMNS).rows)
    (run / "summary" / file).unlink()
    assert not is_used(run, monkeypatch)


def test_the_runs_own_record_counts_not_the_summarys(run: Path) -> None:
    changed = read_manifest(run)
    changed["identity"]["dtype"] = "bfloat16"
    write_json(run / "run.json", changed)
    assert summaries.load_side(run, COLUMNS).manifest["identity"]["dtype"] == "bfloat16"


def test_a_run_is_complete_before_it_is_summarized(
    models: dict[str, Path], evaluate: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[tuple[Path, dict[str, Any]]] = []
    monkeypatch.setattr(recorder, "summarize_apart", lambda run: found.append((run, read_status(run))))
    arguments = {"pretrained": str(models["olmoe"]), "run_dir": str(tmp_path / "run"), "num_samples": 0}
    evaluate("ride", ["ride_demo_math_none"], model_args=arguments, limit=2, batch_size=2, apply_chat_template=True)
    ((run, status),) = found
    assert (run, status["state"], status["rows"]["prompts"]) == (tmp_path / "run", "complete", 2)


def test_the_process_of_its_own(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "a run; and more", samples=0, n=4)
    write_json(folder / "status.json", {"state": "complete", "rows": {"prompts": summaries.WORTH}})
    summaries.summarize_apart(folder)
    assert summaries.load_side(folder, COLUMNS).path == folder
    assert (folder / "summary" / "baseline.json").exists()


def test_a_small_run_keeps_none_and_no_room_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    folder = write_run(tmp_path / "run", samples=0, n=4)
    write_json(folder / "status.json", {"state": "complete", "rows": {"prompts": 56}})
    summaries.summarize(folder)
    assert not (folder / "summary").exists()
    monkeypatch.setattr(summaries, "WORTH", 1)
    (folder / "summary").write_text("in the way")
    summaries.summarize(folder)
    assert "No summary" in caplog.text and "Nothing is lost" in caplog.text
    caplog.clear()
    monkeypatch.setattr(summaries.sys, "executable", str(tmp_path / "nothing here"))
    summaries.summarize_apart(folder)
    assert "Nothing is lost" in caplog.text
