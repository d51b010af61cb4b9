"""Noise floors: what a model does to itself is no regression, and a file that is none is refused."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from ride_eval import cli
from ride_eval.analysis.regression.check import check
from ride_eval.analysis.regression.snapshot import Snapshot, load_snapshot
from ride_eval.errors import UsageError
from ride_eval.noise import Noise, load_noise, measure, noise_of, write_noise
from ride_eval.policy import default_policy
from tests.synthetic_run import write_run


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Snapshot]:
    folder = tmp_path_factory.mktemp("noise")
    specs = {"reference": {"tag": 0.02}, "near": {"tag": 0.021}, "far": {"tag": -0.1}}
    return {name: load_snapshot(write_run(folder / name, samples=0, n=24, effects=own)) for name, own in specs.items()}


def test_floors_are_the_largest_mean_change_of_any_variant(sides: dict[str, Snapshot]) -> None:
    noise = noise_of(sides["reference"], {"near": sides["near"], "far": sides["far"]})
    assert noise.floors["density", "arith"] == pytest.approx(0.12, abs=1e-6)
    assert noise.floors["density", ""] == max(noise.floors["density", "arith"], noise.floors["density", "colours"])
    rows = [
        side.rows[(side.rows["task"] == "arith") & (side.rows["arm"] == "tag")] for side in (sides["reference"], sides["far"])
    ]
    before, after = (own.sort_values("document")["forced_entropy"].to_numpy() for own in rows)
    assert noise.floors["forced_entropy", "arith"] == pytest.approx(abs(np.mean(after - before)))
    assert noise.self_flips == 0.0 and noise.documents == 48 and noise.variants == ("near", "far")


def test_a_check_takes_the_floor_where_it_is_larger(sides: dict[str, Snapshot], tmp_path: Path) -> None:
    policy = default_policy()
    assert check(sides["reference"], sides["far"], policy).verdict.exit_code == 1
    write_noise(noise_of(sides["reference"], {"far": sides["far"]}), tmp_path / "noise.json")
    noise = load_noise(tmp_path / "noise.json")
    assert noise.floors == noise_of(sides["reference"], {"far": sides["far"]}).floors
    found = check(sides["reference"], sides["far"], policy, noise=noise)
    assert found.verdict.exit_code == 0 and found.noise == str(tmp_path / "noise.json") and found.self_flips == 0.0
    (entropy,) = [row for row in found.rows if (row.metric, row.arm, row.task) == ("forced_entropy", "tag", "arith")]
    assert entropy.minimum == entropy.floor == pytest.approx(0.12, abs=1e-3)
    (accuracy,) = [row for row in found.rows if (row.metric, row.arm, row.task) == ("correct", "tag", "arith")]
    assert accuracy.floor == 0.0 and accuracy.minimum == 0.02, "the policy's where that is larger"


def test_floors_of_another_model_are_said_to_be(sides: dict[str, Snapshot], tmp_path: Path) -> None:
    write_noise(noise_of(sides["reference"], {"near": sides["near"]}), tmp_path / "noise.json")
    content = json.loads((tmp_path / "noise.json").read_text())
    (tmp_path / "noise.json").write_text(json.dumps({**content, "model": "another", "metrics": 1, "self_flips": None}))
    noise = load_noise(tmp_path / "noise.json")
    assert math.isnan(noise.self_flips)
    found = check(sides["reference"], sides["reference"], default_policy(), noise=noise)
    assert [text.removeprefix(str(tmp_path / "noise.json ")) for text in found.warnings] == [
        "was measured on another, not on lab/synthetic",
        "has version 1 of the definitions",
    ]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"format": 9}',
        '{"format": 1, "floors": {"a": {"": "much"}}}',
        '{"format": 1, "floors": {"a": {"": -1}}}',
    ],
)
def test_a_file_that_is_no_noise_file(content: str, tmp_path: Path) -> None:
    (tmp_path / "noise.json").write_text(content)
    with pytest.raises(UsageError, match=str(tmp_path / "noise.json")):
        load_noise(tmp_path / "noise.json")
    with pytest.raises(UsageError, match=r"Cannot read .*nowhere"):
        load_noise(tmp_path / "nowhere.json")


def test_what_noise_sets_itself_cannot_be_given() -> None:
    for flags in (["--batch_size", "4"], ["--batch_size=4"], ["--tasks", "x"]):
        with pytest.raises(UsageError, match="sets it itself"):
            measure("pretrained=x", "ride_demo", flags)
    for argument in ("run_dir=x", "attn_implementation=eager"):
        with pytest.raises(UsageError, match="varies itself"):
            measure(f"pretrained=x,{argument}", "ride_demo", [])


def test_runs_that_differ_in_more_than_noise_are_refused(sides: dict[str, Snapshot], tmp_path: Path) -> None:
    other = load_snapshot(write_run(tmp_path / "other", samples=0, n=23))
    with pytest.raises(UsageError, match="'other' and the reference differ in more than that"):
        noise_of(sides["reference"], {"other": other})


@pytest.mark.slow
def test_a_model_is_measured_against_itself(models: dict[str, Path]) -> None:
    """Four runs of the harness in processes of their own, on a small untrained model."""
    noise = measure(f"pretrained={models['olmoe']},num_samples=0", "ride_demo_math_none,ride_demo_math_tag", ["--limit", "2"])
    assert noise.documents == 2 and noise.variants == ("batch size 1", "batch size 5", "eager attention")
    assert noise.floors["density", ""] < 1e-4 and noise.floors["version_shift", ""] <= 0.05
    assert 0 <= noise.self_flips <= 1


def test_a_variant_that_cannot_run_is_named() -> None:
    with pytest.raises(UsageError, match="The variant 'reference' could not be measured"):
        measure("pretrained=no/such-model", "ride_demo_math_none", [])


def test_the_command_hands_the_harness_s_flags_on(
    sides: dict[str, Snapshot], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = []

    def measured(*arguments: object) -> Noise:
        asked.append(arguments)
        return noise_of(sides["reference"], {"near": sides["near"]})

    monkeypatch.setattr("ride_eval.noise.measure", measured)
    own = ["noise", "--model_args", "pretrained=x,dtype=float32", "--tasks", "ride_demo", "--out", str(tmp_path / "noise.json")]
    assert cli.main([*own, "--", "--apply_chat_template", "--limit", "3"]) == 0
    assert cli.main(own) == 0
    flags = ["--apply_chat_template", "--limit", "3"]
    assert asked == [("pretrained=x,dtype=float32", "ride_demo", flags), ("pretrained=x,dtype=float32", "ride_demo", [])]
    assert "density (0 to 1)" in capsys.readouterr().out
    assert load_noise(tmp_path / "noise.json").documents == 48
