"""A second evaluation into the same directory adds what is missing, equals one made at once, and never mixes settings."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from ride_eval.errors import RunError
from ride_eval.store import KEYS, MEASURED, read_manifest, read_status, read_table, shards

ALL = ["ride_demo_math_*", "ride_demo_commonsense_*"]
SOME = ["ride_demo_math_none", "ride_demo_math_expert", "ride_demo_commonsense_expert"]
SETTINGS = {"batch_size": 4, "apply_chat_template": True}
Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(models: dict[str, Path], tmp_path: Path, evaluate: Any) -> Run:
    def start(tasks: list[str], folder: str = "run", *, limit: int = 2, architecture: str = "olmoe", **kwargs: Any) -> Any:
        arguments = {"pretrained": str(models[architecture]), "run_dir": str(tmp_path / folder), "num_samples": 2}
        arguments |= kwargs.pop("model_args", {})
        return evaluate("ride", tasks, model_args=arguments, limit=limit, **{**SETTINGS, **kwargs})

    return start


def rows(folder: Path, table: str) -> pd.DataFrame:
    return read_table(folder, table).set_index(list(KEYS[table])).sort_index()


def assert_equal_rows(
    one: Path, other: Path, but: Collection[str] = (), empty: Collection[str] = (), *, tolerance: float | None = None
) -> None:
    """Exact, but for floats: a batch of another width changes the last bits. Columns in `but` may differ."""
    rtol, atol = (1e-3, 1e-4) if tolerance is None else (tolerance, tolerance)
    for table in MEASURED:
        first, second = rows(one, table), rows(other, table)
        assert first.index.equals(second.index), table
        assert (len(first) == 0) == (table in empty), table
        for column in set(first) - set(but):
            for index, left, right in zip(first.index, first[column], second[column], strict=True):
                where = (table, column, index)
                if left is None or right is None:
                    assert left is right, where
                elif isinstance(left, (float, np.ndarray)) and np.asarray(left).dtype.kind == "f":
                    assert np.shape(left) == np.shape(right), where
                    assert np.allclose(left, right, rtol=rtol, atol=atol, equal_nan=True), where
                else:
                    assert np.array_equal(left, right), where


def test_some_arms_first_and_the_rest_later_is_all_at_once(run: Run, tmp_path: Path) -> None:
    """`none`'s answer, forced in the arms added later, is read back from the directory."""
    run(SOME, "twice")
    assert read_status(tmp_path / "twice")["state"] == "complete"
    added = run(ALL, "twice")
    at_once = run(ALL, "once")
    assert_equal_rows(tmp_path / "twice", tmp_path / "once")
    assert read_status(tmp_path / "twice") == read_status(tmp_path / "once")
    assert added["results"].keys() == at_once["results"].keys()
    for task, expected in at_once["results"].items():
        for name, value in expected.items():
            if isinstance(value, float):
                assert added["results"][task][name] == pytest.approx(value, rel=1e-3, abs=1e-4, nan_ok=True), (task, name)


def test_a_larger_limit_adds_the_further_documents_only(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "run"
    run(ALL, limit=1)
    manifest = (folder / "run.json").read_bytes()
    before = {table: shards(folder, table) for table in MEASURED}
    content = {name: (folder / name).read_bytes() for names in before.values() for name in names}
    run(ALL)
    run(ALL, "once")
    assert_equal_rows(folder, tmp_path / "once")
    assert (folder / "run.json").read_bytes() == manifest
    assert all((folder / name).read_bytes() == was for name, was in content.items()), "a written file is never touched again"
    for table, names in before.items():
        new = [name for name in shards(folder, table) if name not in names]
        old_keys = {tuple(key) for name in names for key in _keys(folder / name, table)}
        assert new, table
        assert not old_keys & {tuple(key) for name in new for key in _keys(folder / name, table)}, table


def _keys(shard: Path, table: str) -> list[list[Any]]:
    return list(pd.read_parquet(shard, columns=list(KEYS[table])).to_numpy().tolist())


def test_what_is_measured_already_costs_no_pass(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = run(ALL)
    before = {file.name for file in (tmp_path / "run").iterdir()}
    passes = []
    call = torch.nn.Module.__call__
    monkeypatch.setattr(
        torch.nn.Module, "__call__", lambda self, *args, **kwargs: (passes.append(type(self)), call(self, *args, **kwargs))[1]
    )
    again = run(ALL)
    # The check of what the router gives, and the calibration text; a prompt would be a third.
    assert len([kind for kind in passes if kind.__name__.endswith("ForCausalLM")]) <= 2
    assert {file.name for file in (tmp_path / "run").iterdir()} == before
    for task, expected in first["results"].items():
        assert again["results"][task] == pytest.approx(expected, nan_ok=True), task
    for task, samples in first["samples"].items():
        assert [each["filtered_resps"] for each in again["samples"][task]] == [each["filtered_resps"] for each in samples]


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("model", {"architecture": "mixtral"}),
        ("num_samples", {"model_args": {"num_samples": 3}}),
        ("seed", {"model_args": {"seed": 1}}),
        ("dtype", {"model_args": {"dtype": "bfloat16"}}),
        ("chat_template", {"apply_chat_template": False}),
        ("system_instruction", {"system_instruction": "Be brief."}),
        ("placement", {"metadata": {"placement": "system"}}),
        ("generation arguments", {"gen_kwargs": {"max_gen_toks": 8}}),
    ],
)
def test_other_settings_are_refused_by_name(field: str, changes: dict[str, Any], run: Run, tmp_path: Path) -> None:
    run(["ride_demo_math_none"], limit=1)
    before = read_manifest(tmp_path / "run"), shards(tmp_path / "run", "generations")
    with pytest.raises(RunError, match=rf"{tmp_path / 'run'} holds .*{field}"):
        run(["ride_demo_math_tag"], limit=1, **changes)
    assert (read_manifest(tmp_path / "run"), shards(tmp_path / "run", "generations")) == before


def test_probes_that_a_run_did_not_have_are_not_silently_missing(run: Run) -> None:
    """Either they are measured now, or the directory is refused; a NaN without a reason is neither."""
    run(["ride_demo_math_tag"], model_args={"probes": "density"})
    try:
        results = run(["ride_demo_math_tag"], model_args={"probes": "all"})["results"]["ride_demo_math_tag"]
    except RunError as error:
        assert "probes" in str(error)
    else:
        assert np.isfinite([results["router_entropy,number"], results["token_entropy,number"]]).all()


def test_a_run_without_the_chat_template_can_be_added_to(run: Run, tmp_path: Path) -> None:
    """The tokenizer of nearly every model has a template; whether it is applied is the user's choice."""
    run(["ride_demo_math_none"], limit=1, apply_chat_template=False)
    run(["ride_demo_math_tag"], limit=1, apply_chat_template=False)
    assert set(rows(tmp_path / "run", "prompts").index.get_level_values("arm")) == {"none", "tag"}


def test_the_batch_size_is_no_part_of_what_a_run_is(run: Run, tmp_path: Path) -> None:
    """The same run may go on on another machine."""
    both = ["ride_demo_math_none", "ride_demo_math_tag"]
    run(both[:1])
    run(both, batch_size=1)
    run(both, "once")
    added, at_once = (rows(tmp_path / folder, "generations") for folder in ("run", "once"))
    assert added.index.equals(at_once.index)
    assert added["text"].tolist() == at_once["text"].tolist()


def test_a_run_with_unscored_rows_of_an_earlier_attempt_is_not_complete(run: Run, tmp_path: Path) -> None:
    """Killed between measuring and scoring, then continued with other tasks: what was left must not be called complete."""
    folder = tmp_path / "run"
    run(["ride_demo_math_none"], limit=2)
    assert read_status(folder)["state"] == "complete"
    for name in shards(folder, "scores"):
        (folder / name).unlink()
    run(["ride_demo_math_tag"], limit=2)
    assert read_status(folder)["state"] == "failed"
    assert read_status(folder)["error"].startswith("2 prompts of an earlier attempt were not scored")
    run(["ride_demo_math_none"], limit=2)
    assert read_status(folder)["state"] == "complete"
