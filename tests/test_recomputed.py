"""The code that docs/metrics.md shows, run as it stands there: its numbers are those of the JSON report."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ride_eval.analysis.findings import find
from ride_eval.analysis.frames import load_run
from ride_eval.report import json as json_report

PAGE = Path(__file__).resolve().parents[1] / "docs" / "metrics.md"
MAX_LINES = 10


def blocks() -> list[str]:
    section = PAGE.read_text(encoding="utf-8").partition("## Recompute any number")[2].partition("\n## ")[0]
    return re.findall(r"```python\n(.*?)```", section, re.DOTALL)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, evaluate: Any) -> Path:
    """An embedded model over six documents of each demo task."""
    folder = tmp_path_factory.mktemp("recomputed") / "run"
    evaluate(
        "ride",
        ["ride_demo*"],
        model_args={"pretrained": "zoo-olmoe", "run_dir": str(folder), "num_samples": 2},
        limit=6,
        batch_size=16,
        apply_chat_template=True,
    )
    return folder


def test_each_number_takes_no_more_than_ten_lines() -> None:
    shared, *others = blocks()
    assert len(others) == 4
    for block in others:
        assert len(block.splitlines()) <= MAX_LINES, block
    assert "ride_eval" not in "".join((shared, *others)), "nothing of ours is needed to read a run"


def test_the_documented_code_gives_the_report_s_numbers(run: Path) -> None:
    names: dict[str, Any] = {"RUN": str(run)}
    for block in blocks():
        exec(block, names)  # noqa: S102 - our own page
    (model,) = json.loads(json_report.render(find([load_run(run)])))["models"]
    levels = {(row["quantity"], row["arm"]): row["value"] for row in model["levels"]}
    effects = {
        (row["quantity"], row["contrast"]["arm"], row["contrast"]["control"]): row["estimate"]["value"]
        for row in model["contrasts"]
    }
    for quantity in ("density", "forced_entropy", "routing_shift"):
        level, effect = names[quantity]
        assert level == pytest.approx(levels[quantity, "expert"], rel=1e-6), quantity
        assert effect == pytest.approx(effects[quantity, "expert", "filler"], rel=1e-5, abs=1e-9), quantity
        assert effect != 0
    shown = {(row["task"], row["arm"]): row["estimate"]["value"] for row in model["correctness"]}
    assert names["accuracy"].to_dict() == pytest.approx(shown)
    assert len(shown) == 3 * 7
