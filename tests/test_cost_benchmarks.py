"""`python -m benchmarks`: every part runs, and says of each row what was measured, against what, and whether it is enough."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import __main__ as benchmarks
from benchmarks.growth import _slope
from benchmarks.measuring import Peak, _peak, peak_row, ratio_row, take_turns
from benchmarks.two_processes import _apart
from ride_eval.store import TableWriter

MEGABYTE = 2**20


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    def start(parts: str) -> tuple[dict[str, Any], str]:
        # The process's log level is not ours to change in a test.
        monkeypatch.setattr("logging.disable", lambda level: None)
        benchmarks.main(["--quick", "--parts", parts, "--out", str(tmp_path)])
        return json.loads((tmp_path / "costs.json").read_text()), (tmp_path / "costs.md").read_text()

    return start


QUANTITIES = {
    "a": {"time", "peak memory"},
    "b": {"time", "peak memory"},
    "c": {"time", "peak memory", "extra memory"},
    "d": {"slope of time", "MB above the model"},
}


@pytest.mark.parametrize("part", QUANTITIES)
def test_every_part_runs(part: str, run: Any) -> None:
    report, page = run(part)
    (found,) = report["parts"].values()
    rows = found["rows"]
    assert {row["part"] for row in rows} == {part}
    assert {row["quantity"] for row in rows} == QUANTITIES[part]
    assert all(row["ours"] > 0 for row in rows if row["quantity"] == "time")
    assert all(row["met"] is None for row in rows), "a quick run judges nothing"
    assert page.count("\n| ") == len(rows) + 1
    assert {"processor", "cores", "threads", "load_before"} <= found["machine"].keys()
    assert {"torch", "transformers", "lm_eval", "ride-eval"} == found["versions"].keys()


def test_where_the_time_goes(run: Any) -> None:
    rows = run("profile")[0]["parts"]["profile"]["rows"]
    shares = [row for row in rows if row["quantity"].startswith("in ")]
    for what in {row["what"] for row in shares}:
        assert 0.5 < sum(row["value"] for row in shares if row["what"] == what) <= 1
    tokens = [row for row in rows if row["quantity"] == "tokens read"]
    assert {row["what"] for row in tokens} == {"generation", "choices"}
    assert {row["what"].split(", ")[1] for row in rows if row["quantity"] == "time"} == {
        "routing", "density", "attention", "all probes",
    }  # fmt: skip


@pytest.mark.slow
def test_two_processes_run(run: Any) -> None:
    report, _ = run("scale")
    time, lost, apart = report["parts"]["scale"]["rows"]
    assert time["ours"] == lost["ours"] > 0 and apart["value"] <= 1e-5


def test_sides_take_turns() -> None:
    order: list[str] = []

    def side(name: str) -> Any:
        return lambda: float(order.append(name) or len(order))  # type: ignore[func-returns-value]

    assert take_turns({"x": side("x"), "y": side("y")}, 2) == {"x": [1, 4], "y": [2, 3]}
    assert order == ["x", "y", "y", "x"]


def test_a_ratio_is_that_of_neighbours() -> None:
    row = ratio_row("a", "m", "w", [1.0, 4.0, 3.0], [2.0, 4.0, 2.0], 1.0, "other")
    assert (row["value"], row["low"], row["high"], row["ours"], row["theirs"]) == (1.0, 0.5, 1.5, 3.0, 2.0)
    assert row["met"] and not peak_row("a", "m", "w", Peak(before=1, peak=3), Peak(before=1, peak=2), 1.15, "o")["met"]


def test_a_peak_is_that_of_the_work_and_not_of_what_came_before(monkeypatch: pytest.MonkeyPatch) -> None:
    def prepare(part: str, side: str, job: Any) -> Any:
        np.ones(400 * MEGABYTE, dtype=np.uint8)  # gone before the work begins
        return lambda: np.ones(150 * MEGABYTE, dtype=np.uint8).sum()

    monkeypatch.setattr("benchmarks.measuring.prepared", prepare)
    found = _peak("a", "x", None)  # type: ignore[arg-type]
    assert 140 * MEGABYTE < found.peak - found.before < 200 * MEGABYTE


def test_a_slope_is_a_power() -> None:
    assert _slope([1, 2, 4], [3.0, 12.0, 48.0]) == pytest.approx(2)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("x", "x", 0), ("x", "y", np.inf), (None, None, 0), (None, 1.0, np.inf), (3, 3, 0), (3, 4, np.inf),
        (0.5, 0.25, 0.25), (np.array([200.0, np.nan]), np.array([100.0, np.nan]), 1),
        (np.array([1.0]), np.array([np.nan]), np.inf), (np.array([1.0]), np.array([1.0, 1.0]), np.inf),
    ],
)  # fmt: skip
def test_how_far_two_values_are_apart(left: Any, right: Any, expected: float) -> None:
    assert _apart(left, right) == expected


def test_a_missing_row_is_the_largest_difference(tmp_path: Path) -> None:
    from benchmarks.two_processes import largest_difference

    for run, arms in (("one", ["none", "tag"]), ("same", ["none", "tag"]), ("fewer", ["none"])):
        (tmp_path / run).mkdir()
        writer = TableWriter(tmp_path / run, "prompts")
        for arm in arms:
            key = {"task": "t", "document": "d", "occurrence": 0, "arm": arm, "wording": 0, "prompt": 0}
            writer.append({**key, "mlp_hoyer": [0.5] if run != "same" else [0.75]})
        writer.flush()
    assert largest_difference(tmp_path / "one", tmp_path / "one") == 0
    assert largest_difference(tmp_path / "one", tmp_path / "same") == 0.25
    assert largest_difference(tmp_path / "one", tmp_path / "fewer") == np.inf


def test_parts_measured_at_another_time_stay(tmp_path: Path) -> None:
    machine = {"processor": "p", "cores": 2, "threads": 2, "memory_gb": 8, "load_before": 0.1}
    common = {"machine": machine, "versions": {}, "settings": {"real_prompts": True}, "parameters": {}, "seconds": 1.0}

    def found(part: str, value: float) -> dict[str, Any]:
        return {part: {**common, "rows": [ratio_row(part, "m", "w", [value], [1.0], 0.5, "other")]}}

    for part, value in (("d", 0.3), ("a", 0.9), ("d", 0.4)):
        benchmarks.write(tmp_path, found(part, value))
    parts = json.loads((tmp_path / "costs.json").read_text())["parts"]
    assert [(part, each["rows"][0]["value"]) for part, each in parts.items()] == [("a", 0.9), ("d", 0.4)]
    page = (tmp_path / "costs.md").read_text()
    assert "| 0.9 |  | 0.5 | **no** |" in page and "| 0.4 |  | 0.5 | yes |" in page


def test_an_unknown_part_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        benchmarks.main(["--parts", "a,z"])
    assert "there is no part 'z'; there are a, b, c, d, scale" in capsys.readouterr().err
