"""Benchmarks of many subjects: every document keeps its own task's prompt, and its own domain."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from lm_eval.api.task import ConfigurableTask

from ride_eval.arms import STANDARD_ARMS, Prompts
from ride_eval.base import RideSpec, load_base, parts_of
from ride_eval.errors import DataError, TaskError
from ride_eval.groups import PART, part_name
from ride_eval.prompt import request_of
from ride_eval.store import read_status, read_table
from ride_eval.task_files import SHIPPED
from tests import stand_in_data
from tests.building import load_tasks, render
from tests.conftest import Evaluate

GROUPS = {"mmlu": 57, "bbh": 24, "musr": 3}
BY_SUBJECT = {"mmlu_pro": "category", "math": "subject", "gpqa": "High-level domain"}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    stand_in_data.write(folder, *GROUPS, *BY_SUBJECT, "truthfulqa")
    return folder


def loaded(benchmark: str, data: Path, *arms: str) -> dict[str, Any]:
    if benchmark == "math":
        pytest.importorskip("math_verify", reason="ride_math is scored with the packages of lm-eval[math]")
    prefix = "gated" if benchmark == "gpqa" else "ride"
    found: dict[str, Any] = {}
    for arm in arms:
        found |= load_tasks(f"{prefix}_{benchmark}_{arm}", data_dir=str(data))
    return found


@pytest.mark.parametrize(("benchmark", "parts"), GROUPS.items())
def test_every_task_of_a_group_has_a_domain(benchmark: str, parts: int) -> None:
    prompts = Prompts()
    spec = RideSpec(**SHIPPED[benchmark][2], arm="none")  # type: ignore[arg-type]
    named = [part_name(spec.base, name) for name in parts_of(spec)]
    assert len(named) == parts
    assert set(named) == set(prompts.subjects[benchmark]), "the map is of exactly the harness's tasks"
    assert all(domain in prompts.domains for domain in prompts.subjects[benchmark].values())


def test_real_subjects_are_those_of_the_map(shared: Path) -> None:
    with (shared / "data" / "mmlu" / "validation.jsonl").open() as lines:
        found = {json.loads(line)["subject"] for line in lines}
    assert found == set(Prompts().subjects["mmlu"])


def test_mmlu_pro_s_categories_are_the_harness_s() -> None:
    """The harness has a task for each category, under another name of the same data."""
    spec = RideSpec(base="mmlu_pro", base_file="mmlu_pro/_mmlu_pro.yaml", benchmark="mmlu_pro", arm="none", domain="category")
    named = {part_name("mmlu_pro", name).replace("_", " ") for name in parts_of(spec)}
    assert named == set(Prompts().subjects["mmlu_pro"])


@pytest.mark.parametrize("benchmark", [*GROUPS, *BY_SUBJECT])
def test_right_and_wrong_experts_are_the_document_s_own(benchmark: str, data: Path) -> None:
    prompts = Prompts()
    known = prompts.subjects[benchmark]
    tasks = loaded(benchmark, data, "expert", "expert_wrong")
    seen = set()
    for name, task in tasks.items():
        for instance in render(task):
            prompt = request_of(instance).prompt  # type: ignore[union-attr]
            subject = instance.doc[PART if benchmark in GROUPS else BY_SUBJECT[benchmark]]
            seen.add(subject)
            wrong = name.endswith("_wrong")
            assert prompt.domain == known[subject]
            assert prompts.domain(prompt.wrong_domain if wrong else known[subject]).expert in prompt.meta
            assert prompts.domain(known[subject]).expert not in prompt.meta or not wrong
    assert seen == set(known), "every subject is asked"


@pytest.mark.parametrize(("benchmark", "shots"), [("mmlu", 0), ("mmlu", 2), ("bbh", 3), ("musr", 0)])
def test_a_document_s_prompt_is_its_own_task_s(benchmark: str, shots: int, data: Path) -> None:
    """The reference is the harness's class on the harness's YAML of that one task, fed the same documents."""
    (task,) = loaded(benchmark, data, "none").values()
    instances = render(task, num_fewshot=shots)
    base = SHIPPED[benchmark][2]["base"]
    plain: dict[str, tuple[Any, Any]] = {}
    for name, config in stand_in_data.configurations(benchmark).items():
        part = part_name(str(base), name)
        plain[part] = (config, raw(data / benchmark, config))
    compared = set()
    for instance in instances:
        part = instance.doc[PART]
        config, rows = plain[part]
        reference = Plain.of(config, rows)
        reference.set_config("num_fewshot", shots)
        doc = {key: value for key, value in instance.doc.items() if key != PART}
        assert instance.args[0] == reference.fewshot_context(doc, shots)
        assert instance.args[1] == " " + reference.doc_to_choice(doc)[instance.idx]
        gold = task.doc_to_target(instance.doc)
        assert gold == reference.doc_to_target(doc)
        compared.add(part)
    assert len(compared) == GROUPS[benchmark]


class Plain(ConfigurableTask):
    """A task of the harness on documents given to it."""

    _cache: dict[str, Any] = {}  # noqa: RUF012
    rows: dict[str, Any]

    @classmethod
    def of(cls, config: dict[str, Any], rows: dict[str, Any]) -> Any:
        import datasets

        name = config["task"]
        if name not in cls._cache:
            cls.rows = {split: datasets.Dataset.from_list(each) for split, each in rows.items() if each}
            taken = {key: value for key, value in config.items() if key not in ("tag", "task_alias", "group")}
            cls._cache[name] = cls(config=taken)
        return cls._cache[name]

    def download(self, dataset_kwargs: Any = None, **kwargs: Any) -> None:
        self.dataset = self.rows


def raw(folder: Path, config: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The documents of one task, read without our code."""
    own = folder / str(config.get("dataset_name"))
    place = own if own.is_dir() else folder
    rows = {file.stem: [json.loads(line) for line in file.open()] for file in place.glob("*.jsonl")}
    if place == folder and config.get("dataset_name"):
        rows = {split: [row for row in found if row["subject"] == config["dataset_name"]] for split, found in rows.items()}
    return rows


def test_a_limit_is_a_sample_over_all_tasks_and_the_same_in_every_arm(data: Path) -> None:
    tasks = loaded("mmlu", data, "none", "tag").values()
    first, second = ([instance.doc["question"] for instance in render(task, limit=40)][::4] for task in tasks)
    assert first == second
    assert len(set(first)) == 40
    (task,) = loaded("mmlu", data, "none").values()
    subjects = Counter(instance.doc[PART] for instance in render(task, limit=40))
    assert len(subjects) > 20, "in file order, it would be the first 14 subjects"


def test_arms_hold_the_same_documents_where_a_task_shuffles_its_choices(data: Path) -> None:
    """GPQA's preparation draws from the global generator: each arm would else show the choices in another order."""
    import random

    shown = []
    for name, task in loaded("gpqa", data, *STANDARD_ARMS).items():
        random.seed(name)
        instances = render(task)
        shown.append([(instance.doc["choice1"], request_of(instance).prompt.key.document) for instance in instances])  # type: ignore[union-attr]
    assert len(shown) == 7
    assert all(each == shown[0] for each in shown)
    assert len({text.split()[0] for text, _ in shown[0]}) == 2, "they are shuffled: right and wrong ones come first"


def test_a_group_whose_tasks_are_scored_differently_is_no_base() -> None:
    spec = RideSpec(base="bbh_zeroshot", benchmark="x", arm="none", domain="logic")
    with pytest.raises(TaskError, match=r"the group bbh_zeroshot differ in `filter_list` .*name one of them as base"):
        load_base("ride_x", spec, Path())
    spec = RideSpec(base="leaderboard", benchmark="x", arm="none", domain="logic")
    with pytest.raises(TaskError, match=r"leaderboard"):
        load_base("ride_x", spec, Path())


def test_a_subject_without_documents_is_named(data: Path, tmp_path: Path) -> None:
    (tmp_path / "mmlu").mkdir()
    lines = (data / "mmlu" / "test.jsonl").read_text().splitlines()
    (tmp_path / "mmlu" / "test.jsonl").write_text("\n".join(line for line in lines if '"anatomy"' not in line))
    with pytest.raises(DataError, match=r"No document in .*mmlu has the `subject` 'anatomy'"):
        load_tasks("ride_mmlu_none", data_dir=str(tmp_path))


def test_a_group_is_measured_and_scored_to_the_end(
    data: Path, models: dict[str, Path], evaluate: Evaluate, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    arguments = {"pretrained": str(models["olmoe"]), "run_dir": str(run)}
    results = evaluate(
        "ride",
        ["ride_bbh_none", "ride_bbh_expert_wrong"],
        model_args=arguments,
        metadata={"data_dir": str(data)},
        limit=4,
        num_fewshot=0,
    )
    assert {"acc_norm,none", "hoyer_mlp,none"} <= set(results["results"]["ride_bbh_expert_wrong"])
    assert read_status(run)["state"] == "complete"
    prompts, scores = read_table(run, "prompts"), read_table(run, "scores")
    assert set(prompts["task"]) == {"leaderboard_bbh"}
    assert len(prompts) == len(scores) == 8
    assert set(prompts["domain"]) <= set(Prompts().subjects["bbh"].values())
    assert prompts["domain"].nunique() > 1
    assert scores["correct"].isin([0.0, 1.0]).all()
