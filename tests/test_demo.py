"""`ride-eval demo` from its start to the page, and a mistake in it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ride_eval.demo import MODELS

pytestmark = pytest.mark.slow


def demo(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ride_eval", "demo", "--limit", "1", "--out", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_every_model_is_measured_and_the_page_written(tmp_path: Path) -> None:
    done = demo(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Open " in done.stdout and (tmp_path / "report.html").stat().st_size > 10_000
    shards = {}
    for name in MODELS:
        assert f"{name}: Answers and samples (" in done.stderr
        assert json.loads((tmp_path / name / "status.json").read_text())["state"] == "complete"
        shards[name] = sorted(path.name for path in (tmp_path / name).rglob("*.parquet"))
        assert shards[name]
    again = demo(tmp_path)
    assert again.returncode == 0, again.stderr
    assert "Answers and samples" not in again.stderr, "what is there is not measured again"
    assert shards == {name: sorted(path.name for path in (tmp_path / name).rglob("*.parquet")) for name in MODELS}


def test_a_mistake_is_one_sentence_and_code_2(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    done = demo(tmp_path / "file")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr and str(tmp_path / "file") in done.stderr
    assert "Open " not in done.stdout
