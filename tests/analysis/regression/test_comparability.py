"""Each way in which two runs ask different questions: exit code 2, the name of the difference, and how to allow it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from ride_eval import cli
from ride_eval.analysis.regression.comparability import NAMES
from ride_eval.store import TABLES, read_json, write_json
from tests.synthetic_run import rewrite, write_run

SPEC: dict[str, Any] = {"samples": 0, "n": 24, "arms": ("none", "tag", "expert")}


@pytest.fixture(scope="module")
def baseline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(tmp_path_factory.mktemp("baseline") / "run", **SPEC)


def edit(column: str, change: Callable[[pd.Series[Any]], Any]) -> Callable[[Path], None]:
    """Rewrite a column of `prompts`."""

    def apply(run: Path) -> None:
        for file in list(run.glob("prompts-*.parquet")):
            rows = pq.read_table(file).to_pandas()
            rows[column] = change(rows[column])
            import pyarrow as pa

            rewrite(file, pa.Table.from_pandas(rows, schema=TABLES["prompts"], preserve_index=False))

    return apply


WAYS: list[tuple[str, dict[str, Any], Callable[[Path], None] | None, list[str]]] = [
    ("tasks", {"tasks": {"arith": "generation"}}, None, ["only the baseline has colours"]),
    ("documents", {"n": 25}, None, ["only the run has 1 of arith, 1 of colours"]),
    ("documents", {"n": 23}, None, ["only the baseline has 1 of arith, 1 of colours"]),
    ("arms", {"arms": ("none", "tag", "filler")}, None, ["only the baseline has expert; only the run has filler"]),
    ("prompts", {"identity": {"prompts": "c" * 16}}, None, ["prompts: bbbb", "cccc"]),
    ("prompts", {}, edit("text", lambda texts: texts + "!"), ["144 of 144 prompts read otherwise (arith, colours)"]),
    ("template", {"identity": {"chat_template": None}}, None, ["chat_template: aaaa", "-> none"]),
    ("template", {"identity": {"multiturn": True}}, None, ["multiturn: False -> True"]),
    ("template", {"identity": {"system_instruction": "Be brief."}}, None, ["system_instruction: none -> Be brief."]),
    ("template", {"identity": {"placement": "system"}}, None, ["placement: user -> system"]),
    ("few-shot", {}, edit("fewshot", lambda shots: 5), ["arith: 0 -> 5"]),
    ("decoding", {}, edit("decoding", lambda given: '{"do_sample": true}'), ['arith: none -> {"do_sample": true}']),
    ("decoding", {"identity": {"seed": 1}}, None, ["seed: 1234 -> 1"]),
    ("decoding", {"identity": {"num_samples": 5}}, None, ["num_samples: 0 -> 5"]),
    ("tokenizer", {"identity": {"tokenizer": "d" * 16}}, None, ["tokenizer"]),
    ("metrics", {"identity": {"metrics": 1}}, None, ["metrics: "]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "changes", "edited", "words"), WAYS)
def test_a_difference_in_the_question(
    name: str,
    changes: dict[str, Any],
    edited: Callable[[Path], None] | None,
    words: list[str],
    baseline: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if name == "tokenizer":
        manifest = read_json(baseline / "run.json")
        manifest["identity"].setdefault("tokenizer", "e" * 16)
        write_json(baseline / "run.json", manifest)
    run = write_run(tmp_path / "run", **{**SPEC, **changes})
    if edited is not None:
        edited(run)
    report = tmp_path / "check.json"
    assert cli.main(["check", str(baseline), str(run), "--json", str(report)]) == 2
    printed = " ".join(capsys.readouterr().out.split())
    content = json.loads(report.read_text())
    assert printed.startswith(f"ride_eval check: not comparable The runs differ in {name} (")
    assert [difference["name"] for difference in content["differences"]] == [name], "that one and no other"
    assert content["verdict"]["word"] == "not comparable" and content["exit_code"] == 2 and content["rows"] == []
    for word in words:
        assert word in content["differences"][0]["text"]

    assert cli.main(["check", str(baseline), str(run), "--json", str(report), "--allow", name]) == 0
    allowed = json.loads(report.read_text())
    assert allowed["differences"] == [{**content["differences"][0], "allowed": True}], "what was allowed is on record"
    assert f"allowed: {name}: " in capsys.readouterr().out


def test_every_name_has_a_way() -> None:
    assert {name for name, *_ in WAYS} == set(NAMES)


def test_a_difference_in_the_machine_is_a_warning(baseline: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = write_run(tmp_path / "run", **SPEC, identity={"dtype": "bfloat16", "revision": "v2"})
    manifest = read_json(run / "run.json")
    manifest["settings"] |= {"device": "cuda:0"}
    manifest["versions"] |= {"ride_eval": "1"}
    write_json(run / "run.json", manifest)
    assert cli.main(["check", str(baseline), str(run)]) == 0
    printed = capsys.readouterr().out
    for line in ("warning: dtype: float32 -> bfloat16", "warning: device: cpu -> cuda:0", "warning: ride_eval: 0 -> 1"):
        assert line in printed
    assert "model: revision: main -> v2" in printed


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["BASE"], "BASELINE and RUN are expected, got 1"),
        (["BASE", "BASE", "BASE"], "got 3"),
        (["BASE", "nowhere"], "There is no run directory nowhere"),
        (["BASE", "BASE", "--allow", "document"], "Did you mean documents?"),
        (["BASE", "BASE", "--noise", "nowhere.json"], "Cannot read nowhere.json"),
        (["BASE", "BASE", "--policy", "nowhere.yaml"], "Cannot read nowhere.yaml"),
        (["BASE", "BASE", "--json", "nowhere/check.json"], "Cannot write nowhere/check.json"),
        (["BASE", "--baseline", "nothing"], "There is no baseline 'nothing' in baselines. It has none."),
        (["BASE", "BASE", "--baseline", "one"], "one RUN is expected, got 2"),
        (["BASE", "--baseline", "../x"], "is no name for a baseline"),
    ],
)
def test_a_mistake_on_the_command_line(
    arguments: list[str],
    words: str,
    baseline: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["check", *(str(baseline) if part == "BASE" else part for part in arguments)]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.startswith("ride_eval: ") and printed.err.count("\n") == 1
    assert words in printed.err


def test_a_fault_of_ours_is_no_regression(baseline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python exits with 1 after an exception, which in CI would read as a regression."""

    def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr("ride_eval.analysis.regression.check.check", broken)
    assert cli.main(["check", str(baseline), str(baseline)]) == 2
