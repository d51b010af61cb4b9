"""A group of harness tasks as one base: MMLU's 57, BBH's 24. Their documents are pooled: a benchmark has one task an arm.

Each document keeps its own task's wording, choices, description and few-shot examples, and gets a field that names its
task. The order is that of the documents' hashes: whatever the `--limit`, it is a random sample over all of the tasks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import datasets
from lm_eval.tasks._yaml_loader import load_yaml

from ride_eval.errors import TaskError
from ride_eval.store import document_hash

PART = "ride_part"
"""The document's field that names its task, without the group's name in front."""
RENDERING = ("description", "doc_to_text", "doc_to_target", "doc_to_choice")
"""What may differ between a group's tasks, since it is looked up by document."""
_DATA = (
    *("task", "dataset_path", "dataset_name", "dataset_kwargs", "custom_dataset", "process_docs"),
    *("training_split", "validation_split", "test_split", "fewshot_split"),
)
"""What may differ because it is over when a task's documents are there."""
_EXAMPLES = ("samples", "split", "process_docs", "fewshot_indices")
_NO_SETTING = ("metadata", "task_alias", "tag", "include", "should_decontaminate", "doc_to_decontamination_query")


@dataclass(frozen=True, kw_only=True)
class Pool:
    """The documents of a group's tasks."""

    documents: datasets.Dataset
    examples: list[dict[str, Any]]
    rendering: Mapping[str, Mapping[str, Any]]
    """By task, the settings named in RENDERING."""


def is_group(config: Mapping[str, Any]) -> bool:
    return "group" in config or isinstance(config.get("task"), list)


def part_files(group: str, file: Path) -> dict[str, Path]:
    """The YAML of each task of a group, by name, in the group's order.

    They are looked for in the group's own folder. Raises TaskError for a member that is not there.
    """
    return dict(_part_files(group, file))


@lru_cache(maxsize=16)
def _part_files(group: str, file: Path) -> Mapping[str, Path]:
    groups: dict[str, list[Any]] = {}
    tasks: dict[str, Path] = {}
    tags: dict[str, list[str]] = {}
    for each in sorted(file.parent.glob("**/*.yaml")):
        config = load_yaml(each, resolve_func=False)
        name = config.get("group") or config.get("task")
        if isinstance(config.get("task"), list):
            groups[str(name)] = config["task"]
        elif name is not None:
            tasks[str(name)] = each
            given = config.get("tag") or []
            for tag in [given] if isinstance(given, str) else given:
                tags.setdefault(tag, []).append(str(name))

    def expand(name: Any) -> dict[str, Path]:
        if not isinstance(name, str):
            raise TaskError(
                f"The group {group} changes its tasks' settings ({name}), which ride_eval does not do; name one of them."
            )
        if name in tasks:
            return {name: tasks[name]}
        members = groups.get(name) or tags.get(name)
        if members is None:
            raise TaskError(f"The group {group} has {name!r}, which is not in {file.parent}; name one of its tasks as base.")
        return {task: found for member in members for task, found in expand(member).items()}

    return expand(group)


def pooled_config(group: str, parts: Mapping[str, Path]) -> dict[str, Any]:
    """The configuration that a group's tasks share. Raises TaskError where they differ in more than a document can carry."""
    raw = {name: load_yaml(file, resolve_func=False) for name, file in parts.items()}
    first, *others = raw
    for other in others:
        for key in sorted(set(raw[first]) | set(raw[other])):
            mine, theirs = (_shared(key, raw[name].get(key)) for name in (first, other))
            if mine != theirs:
                raise TaskError(
                    f"The tasks of the group {group} differ in `{key}` ({first} and {other}), so they cannot be one task; "
                    "name one of them as base."
                )
    config = load_yaml(parts[first], resolve_func=True)
    kept = {key: value for key, value in config.items() if key not in _DATA}
    if isinstance(kept.get("fewshot_config"), dict):
        kept["fewshot_config"] = {key: value for key, value in kept["fewshot_config"].items() if key not in _EXAMPLES}
    return {**kept, "test_split": "test"}


def _shared(key: str, value: Any) -> Any:
    """A setting as far as it must be the same in all tasks."""
    if key in (*RENDERING, *_DATA, *_NO_SETTING):
        return None
    if key == "fewshot_config" and isinstance(value, dict):
        return {inner: setting for inner, setting in value.items() if inner not in _EXAMPLES}
    return str(value)


def part_name(group: str, task: str) -> str:
    """`anatomy` of `mmlu_anatomy`."""
    return task.removeprefix(f"{group}_")


_pools: dict[object, Pool] = {}


def pool(key: object, tasks: Callable[[], Mapping[str, Any]]) -> Pool:
    """The documents of harness tasks, by part, as one. Read once under a key: seven arms need the same ones."""
    if key not in _pools:
        _pools[key] = _pool(tasks())
    return _pools[key]


def _pool(tasks: Mapping[str, Any]) -> Pool:
    documents, examples = [], []
    for part, task in tasks.items():
        own = task.eval_docs
        own = own if isinstance(own, datasets.Dataset) else datasets.Dataset.from_list(list(own))
        documents.append(own.add_column(PART, [part] * len(own)))
        examples += [{**example, PART: part} for example in task.fewshot_docs() or ()]
    try:
        whole = datasets.concatenate_datasets(documents)
    except ValueError as error:
        reason = " ".join(str(error).split())[:200]
        raise TaskError(
            f"The tasks {', '.join(tasks)} have documents with different fields ({reason}); name one as base."
        ) from None
    order = sorted(range(len(whole)), key=[document_hash(document) for document in whole].__getitem__)
    rendering = {part: {name: getattr(task.config, name) for name in RENDERING} for part, task in tasks.items()}
    return Pool(documents=whole.select(order), examples=examples, rendering=rendering)
