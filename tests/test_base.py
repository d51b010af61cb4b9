"""The task under the arm: found wherever it is, never changed, and refused with a sentence where it cannot take an arm."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ride_eval.base import RideSpec, load_base, read_spec
from ride_eval.errors import TaskError

SPEC = {"base": "gsm8k", "benchmark": "gsm8k", "arm": "tag", "domain": "math"}


def load(base: str, folder: Path = Path(), **changes: Any) -> dict[str, Any]:
    return load_base("ride_x_tag", RideSpec(**{**SPEC, "base": base, **changes}), folder)[0]


QUOTED = "mmlu_high_school_computer_science_generativ_spanishe"
"""In a file of another name, whose keys and names stand in quotation marks."""


def test_a_spec_is_read_with_its_defaults() -> None:
    assert read_spec("ride_x_tag", {"version": 1, "ride": SPEC}) == RideSpec(**SPEC)


@pytest.mark.parametrize(
    ("metadata", "problem"),
    [
        ({}, "metadata needs `ride: {base, benchmark, arm, domain, ...}`, got None"),
        ({"ride": "gsm8k"}, "got 'gsm8k'"),
        ({"ride": {**SPEC, "arm": ""}}, "metadata.ride lacks arm; it takes "),
        ({"ride": {"base": "gsm8k"}}, "lacks benchmark, arm, domain"),
        ({"ride": {**SPEC, "filter": "x"}}, "has unknown keys filter; it takes answer_filter, arm, base,"),
    ],
)
def test_a_spec_that_is_wrong_is_refused(metadata: dict[str, Any], problem: str) -> None:
    with pytest.raises(TaskError) as caught:
        read_spec("ride_x_tag", metadata)
    assert str(caught.value).startswith("Task ride_x_tag: ")
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("base", "file"), [("gsm8k", "gsm8k/gsm8k.yaml"), ("arc_challenge", None), ("mmlu_anatomy", None), (QUOTED, None)]
)
def test_a_harness_task_is_found_by_name_with_what_it_includes(base: str, file: str | None) -> None:
    config = load(base, base_file=file)
    assert config["task"] == base
    assert {"dataset_path", "output_type", "doc_to_text", "metric_list"} <= set(config)
    assert not {"tag", "group", "include", "class"} & set(config), "places in the harness's index are not ours to keep"


def test_a_file_the_spec_names_wrongly_is_searched_for() -> None:
    assert load("gsm8k", base_file="moved/elsewhere.yaml") == load("gsm8k", base_file="gsm8k/gsm8k.yaml")


def test_seven_arms_do_not_share_one_configuration() -> None:
    """What one task changes in its own (few-shot, splits) must not reach the others."""
    first = load("gsm8k")
    first["metric_list"][0]["metric"] = "changed"
    first["generation_kwargs"]["until"].append("changed")
    assert "changed" not in str(load("gsm8k"))


def test_a_base_of_one_s_own_lies_beside_the_arms_files(tmp_path: Path) -> None:
    (tmp_path / "mine.yml").write_text("task: mine\ntag: x\noutput_type: generate_until\ndoc_to_text: '{{q}}'\n")
    assert load("mine.yml", tmp_path) == {"task": "mine", "output_type": "generate_until", "doc_to_text": "{{q}}"}


@pytest.mark.parametrize(
    ("base", "problem"),
    [
        ("no_such_task", r"'no_such_task' is neither a task of lm_eval [\d.]+ nor a file in "),
        ("missing.yml", "'missing.yml' is neither a task of"),
        ("../gsm8k", "'../gsm8k' is neither a task of"),
        ("bbh_zeroshot", "tasks of the group bbh_zeroshot differ in `filter_list` .*; name one of them as base"),
        ("squadv2", "'squadv2' is a Python class without a YAML configuration"),
    ],
)
def test_a_base_that_cannot_take_an_arm_is_refused(base: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=rf"^Task ride_x_tag: .*{problem}"):
        load(base, tmp_path)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("task: [a, b]\ngroup: mine\n", "is a group of tasks"),
        ("task: mine\ndoc_to_txt: x\n", "has keys a task does not take: doc_to_txt"),
        ("task: mine\ndoc_to_text: !function nowhere.text\n", "cannot be loaded"),
        ("task: mine\ninclude: nowhere.yml\n", "cannot be loaded"),
        ("task: [mine\n", "cannot be loaded"),
        ("- mine\n", "cannot be loaded"),
    ],
    ids=["group", "unknown key", "no function", "no include", "no YAML", "list"],
)
def test_a_base_of_one_s_own_that_is_wrong_is_refused(content: str, problem: str, tmp_path: Path) -> None:
    (tmp_path / "mine.yml").write_text(content)
    with pytest.raises(TaskError, match=rf"^Task ride_x_tag: .*mine\.yml.* {problem}"):
        load("mine.yml", tmp_path)


def test_a_task_given_by_its_path_says_how_to_give_it() -> None:
    with pytest.raises(TaskError, match="--include_path FOLDER --tasks ride_x_tag"):
        load_base("ride_x_tag", RideSpec(**{**SPEC, "base": "mine.yml"}), None)
