"""The task a RIDE task is built on: a harness task by name, or a YAML file of our own beside the arms' files."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

import lm_eval.tasks
from lm_eval.config.task import TaskConfig
from lm_eval.tasks._yaml_loader import load_yaml

from ride_eval.errors import TaskError
from ride_eval.groups import is_group, part_files, pooled_config

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_STRUCTURE = ("tag", "group", "task_list", "class", "task_alias")
"""What places a task in the harness's index, and is no part of how it asks."""


@dataclass(frozen=True, kw_only=True)
class RideSpec:
    """The `metadata: {ride: ...}` of a task's YAML."""

    base: str
    """Name of the task under the arm: a harness task, a group of them, or a file relative to the YAML."""
    benchmark: str
    """Name of the data in `data_dir`, and of the tag without `ride_`."""
    arm: str
    domain: str
    """A domain of prompts/, or the field of the document that holds one, or a subject that prompts/subjects.yaml knows."""
    base_file: str | None = None
    """Where the base lies under the harness's tasks folder; without it, all its files are searched."""
    answer_filter: str | None = None
    """The filter whose answers count; the task's first by default."""
    correctness: str | None = None
    """The base task's metric that says whether an answer is right; the task's first by default."""
    nltk_data: str | None = None
    """Language data that scoring needs, by nltk's path, e.g. tokenizers/punkt_tab."""


def read_spec(task: str, metadata: Mapping[str, Any]) -> RideSpec:
    """The spec of a task. Raises TaskError naming what is missing or unknown."""
    given = metadata.get("ride")
    known = {field.name for field in fields(RideSpec)}
    required = ("base", "benchmark", "arm", "domain")
    if not isinstance(given, Mapping):
        raise TaskError(f"Task {task}: metadata needs `ride: {{{', '.join(required)}, ...}}`, got {given!r}.")
    missing = [name for name in required if not given.get(name)]
    unknown = [name for name in given if name not in known]
    if missing or unknown:
        problem = f"lacks {', '.join(missing)}" if missing else f"has unknown keys {', '.join(unknown)}"
        raise TaskError(f"Task {task}: metadata.ride {problem}; it takes {', '.join(sorted(known))}.")
    not_text = [name for name, value in given.items() if value is not None and not isinstance(value, str)]
    if not_text:
        raise TaskError(f"Task {task}: metadata.ride.{not_text[0]} is {given[not_text[0]]!r}; text was expected.")
    if not all(_PLAIN.fullmatch(part) for part in given["benchmark"].split("/")):
        raise TaskError(
            f"Task {task}: metadata.ride.benchmark is {given['benchmark']!r}; it names a folder of data_dir, so a plain word "
            "of letters, digits, `.`, `_` and `-` was expected, or two with `/` between them."
        )
    return RideSpec(**given)


def load_base(task: str, spec: RideSpec, folder: Path | None) -> tuple[dict[str, Any], Path]:
    """The base task's own configuration, freshly copied, and the folder its relative paths start from.

    `folder` is that of the task's own YAML; None where the harness does not say, since the task was given by its path.
    For a group: what its tasks share (see `groups`). Raises TaskError for a base that is not there, cannot be loaded, is a
    group of tasks that do not fit together, or exists as a Python class only.
    """
    if folder is None and _is_file(spec):
        raise TaskError(
            f"Task {task}: its base {spec.base!r} lies beside its YAML, and for tasks given by path the harness does not say "
            f"where that is. Give it by name: --include_path FOLDER --tasks {task}."
        )
    file = _found(spec, folder)
    if file is None:
        raise TaskError(
            f"Task {task}: the base {spec.base!r} is neither a task of lm_eval {lm_eval.__version__} nor a file in {folder}."
        )
    try:
        parts = parts_of(spec)
        config = deepcopy(_load(file)) if not parts else pooled_config(spec.base, parts)
    except TaskError as error:
        raise TaskError(f"Task {task}: {error}") from None
    except Exception as error:  # a base may bring code of its own, which can fail in any way: a missing package, no network
        reason = " ".join(str(error).split())[:300]
        raise TaskError(f"Task {task}: the base {file} cannot be loaded ({type(error).__name__}: {reason}).") from error
    if is_group(config):
        raise TaskError(f"Task {task}: {spec.base!r} is a group of tasks; name one of its tasks as base.")
    if "class" in config:
        raise TaskError(f"Task {task}: {spec.base!r} is a Python class without a YAML configuration, which cannot take an arm.")
    for name in _STRUCTURE:
        config.pop(name, None)
    unknown = set(config) - {field.name for field in fields(TaskConfig)}
    if unknown:
        raise TaskError(f"Task {task}: the base {file} has keys a task does not take: {', '.join(sorted(unknown))}.")
    return config, file.parent


def parts_of(spec: RideSpec) -> dict[str, Path]:
    """The YAML of each task of a harness group; none for a single task, or a file of one's own. Raises TaskError."""
    file = None if _is_file(spec) else _harness_file(spec)
    if file is None or not is_group(load_yaml(file, resolve_func=False)):
        return {}
    return part_files(spec.base, file)


def refuse_unfit(base: str, config: Mapping[str, Any]) -> None:
    """Raise TaskError for a base task that no arm can be put in front of, from its configuration alone."""
    if config.get("output_type") == "loglikelihood_rolling":
        raise TaskError(f"{base} scores whole texts, so there is no prompt to put an arm in front of.")
    if config.get("doc_to_image") or config.get("doc_to_audio"):
        raise TaskError(f"{base} has images or audio, which ride_eval does not measure.")


def refuse_sampling(task: str, generation_kwargs: Mapping[str, Any] | None) -> None:
    """Raise TaskError for generation arguments under which answers are drawn: arms are compared by greedy ones."""
    given = generation_kwargs or {}
    if given.get("do_sample") or float(given.get("temperature") or 0.0) > 0.0:
        raise TaskError(
            f"{task} samples its answers ({dict(given)}); ride_eval compares greedy ones, and draws its own samples. "
            "Give --gen_kwargs do_sample=False,temperature=0."
        )


def harness_path(spec: RideSpec) -> str:
    """Where a harness task's YAML lies under the harness's tasks folder."""
    file = _harness_file(spec)
    return "" if file is None else in_harness(file)


def in_harness(file: Path) -> str:
    """A harness file's place under the harness's tasks folder."""
    return str(file.relative_to(Path(lm_eval.tasks.__file__).parent))


def _is_file(spec: RideSpec) -> bool:
    return spec.base.endswith((".yml", ".yaml"))


def _found(spec: RideSpec, folder: Path | None) -> Path | None:
    # Normalised, since `folder` may not be there yet: `new/../mine.yml` would then not be found.
    file = Path(os.path.normpath((folder or Path()) / spec.base)) if _is_file(spec) else _harness_file(spec)
    return file if file is not None and file.is_file() else None


@lru_cache(maxsize=64)
def _load(file: Path) -> dict[str, Any]:
    config: dict[str, Any] = load_yaml(file, resolve_func=True)
    return config


@lru_cache(maxsize=64)
def _harness_file(spec: RideSpec) -> Path | None:
    """The YAML of a harness task: where the spec says, or found by name among some 14,000 files."""
    root = Path(lm_eval.tasks.__file__).parent
    if spec.base_file is not None and (root / spec.base_file).is_file():
        return root / spec.base_file
    likely = sorted(root.glob(f"**/{spec.base}.yaml"))
    # As written in files made by scripts too, which quote keys and names.
    named = re.compile(rf"""^["']?(task|group)["']?:\s*["']?{re.escape(spec.base)}["']?\s*$""", re.MULTILINE)
    others = (file for file in sorted(root.glob("**/*.yaml")) if named.search(file.read_text(encoding="utf-8")))
    for files in (likely, others):
        for file in files:
            config = load_yaml(file, resolve_func=False)
            if spec.base in (config.get("task"), config.get("group")):
                return file
    return None
