"""The YAML in tasks/: what `--tasks` can name, and that it is what the package would write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from lm_eval.tasks import TaskManager
from lm_eval.tasks._yaml_loader import load_yaml

import ride_eval.plugin  # noqa: F401 - importing registers model and tasks
from ride_eval.arms import Prompts, data_folder
from ride_eval.base import RideSpec, load_base, read_spec
from ride_eval.task_files import SHIPPED, arm_files, shipped_arms, shipped_files, shipped_prefix


@pytest.fixture(scope="module")
def manager() -> TaskManager:
    return TaskManager(include_defaults=False)


def test_the_files_in_tasks_are_those_the_package_writes() -> None:
    """A file edited by hand, or forgotten, would let two arms differ in more than the arm."""
    folder = data_folder("tasks")
    found = {str(file.relative_to(folder)): file.read_text() for file in folder.glob("**/*.yaml")}
    assert found == shipped_files()


def test_every_file_is_indexed_as_one_task(manager: TaskManager) -> None:
    """The harness drops a file that it cannot parse without a word."""
    assert manager.all_subtasks == sorted(Path(name).stem for name in shipped_files())
    assert len(manager.all_subtasks) == sum(len(shipped_arms(name)) for name in SHIPPED)


def test_no_glob_or_name_can_mean_a_task_twice(manager: TaskManager) -> None:
    """A group beside its leaves in one match is an error of the harness's: `Duplicate task`. So there are only tags."""
    assert manager.all_groups == []
    tags = {tag for _, tag, _ in SHIPPED.values()}
    assert set(manager.all_tags) == tags | {"ride_eval"}
    open_to_all = [name for name in [*manager.all_subtasks, *manager.all_tags] if not name.startswith("gated_")]
    assert sorted(manager.match_tasks(["ride_*"])) == sorted(open_to_all)
    assert "gated_gpqa_expert" in manager.match_tasks(["gated_*"])
    assert not tags & set(manager.all_subtasks)


@pytest.mark.parametrize("names", [["ride_demo*"], ["ride_demo", "ride_demo_math_*"], ["ride_demo", "ride_demo"]])
def test_tasks_named_twice_are_loaded_once(names: list[str], manager: TaskManager) -> None:
    loaded = manager.load(manager.match_tasks(names))["tasks"]
    assert sorted(loaded) == sorted(name for name in manager.all_subtasks if name.startswith("ride_demo"))


def test_a_tag_holds_its_benchmark_s_arms(manager: TaskManager) -> None:
    for name, (_, tag, _) in SHIPPED.items():
        expected = {f"{shipped_prefix(name)}_{name}_{arm}" for arm in shipped_arms(name)}
        assert expected <= set(manager.task_index[tag].tags), tag
    for_all = {name for name in manager.all_subtasks if not name.startswith("gated_")}
    assert set(manager.task_index["ride_eval"].tags) == for_all, "one that needs a login would stop a run over all"


@pytest.mark.parametrize("name", SHIPPED)
def test_every_arm_of_a_benchmark_names_what_exists(name: str) -> None:
    if name == "math":
        pytest.importorskip("math_verify", reason="the harness's YAML imports the packages of lm-eval[math]")
    folder, _, spec = SHIPPED[name]
    prompts = Prompts()
    read = {}
    for arm in shipped_arms(name):
        file = data_folder("tasks") / folder / f"{shipped_prefix(name)}_{name}_{arm}.yaml"
        read[arm] = read_spec(name, load_yaml(file, resolve_func=False)["metadata"])
        assert read[arm] == RideSpec(**spec, arm=arm)  # type: ignore[arg-type]
    base, _ = load_base(name, read["none"], data_folder("tasks") / folder)
    by_document = name.startswith("signatures") or name in prompts.subjects
    assert (read["none"].domain not in prompts.domains) == by_document
    filters: list[Any] = base.get("filter_list") or []
    assert read["none"].answer_filter in {None, *(each["name"] for each in filters)}
    metrics = {entry["metric"] for entry in base["metric_list"] or []}
    assert read["none"].correctness in {None, *metrics}
    if read["none"].base_file is not None:
        without = RideSpec(**{**vars(read["none"]), "base_file": None})
        assert load_base(name, without, Path())[0] == base, "where the base lies, and where it is found, must agree"


def test_a_user_s_files_take_their_arms_and_tag() -> None:
    spec = {"base": "mine.yml", "benchmark": "mine", "domain": "law", "answer_filter": "a: [b]"}
    files = arm_files("mine", spec, arms=("none", "polite"))
    assert list(files) == ["ride_mine_none.yaml", "ride_mine_polite.yaml"]
    loaded = yaml.safe_load(files["ride_mine_polite.yaml"].replace("!function ", ""))
    assert loaded["metadata"]["ride"] == {**spec, "arm": "polite"}
    assert loaded["tag"] == ["ride_mine"], "not `ride_eval`, whose tasks would be theirs alone"
    assert "tag: [law]" in arm_files("mine", spec, tag="law")["ride_mine_none.yaml"]
