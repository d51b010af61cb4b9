"""Documents of our own in the fields of benchmarks whose data are not at hand, as `data_dir` takes them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lm_eval.tasks._yaml_loader import load_yaml

from ride_eval.arms import Prompts
from ride_eval.base import RideSpec, parts_of
from ride_eval.task_files import SHIPPED

MATH_SUBJECTS = tuple(Prompts().subjects["math"])


def _write(file: Path, rows: Sequence[dict[str, Any]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))


def configurations(benchmark: str) -> dict[str, dict[str, Any]]:
    """The harness's own YAML of each task of a group that we ship, by the task's name."""
    spec = RideSpec(**SHIPPED[benchmark][2], arm="none")  # type: ignore[arg-type]
    return {name: load_yaml(file, resolve_func=True) for name, file in parts_of(spec).items()}


def write(folder: Path, *benchmarks: str, n: int = 3) -> None:
    """`folder/<benchmark>/...` with n documents a task, configuration or subject."""
    for benchmark in benchmarks:
        WRITERS[benchmark](folder / benchmark, n)


def _mmlu(folder: Path, n: int) -> None:
    for split in ("dev", "test"):
        rows = [
            {
                "question": f"{split} {i}: what is {subject}?",
                "subject": subject,
                "choices": ["a", "b", "c", "d"],
                "answer": i % 4,
            }
            for subject in Prompts().subjects["mmlu"]
            for i in range(n)
        ]
        _write(folder / f"{split}.jsonl", rows)


def _mmlu_pro(folder: Path, n: int) -> None:
    for split in ("validation", "test"):
        rows = [
            {"question": f"{split} {i}: what is {subject}?", "category": subject, "options": ["a", "b", "c"], "answer": "B"}
            for subject in Prompts().subjects["mmlu_pro"]
            for i in range(n)
        ]
        _write(folder / f"{split}.jsonl", rows)


def _bbh(folder: Path, n: int) -> None:
    for config in configurations("bbh").values():
        choices = config["doc_to_choice"]
        rows = [{"input": f"{config['dataset_name']} {i}", "target": choices[i % len(choices)]} for i in range(n)]
        _write(folder / config["dataset_name"] / "test.jsonl", rows)


def _musr(folder: Path, n: int) -> None:
    for config in configurations("musr").values():
        rows = [
            {
                "narrative": f"Long ago {i}, in {config['test_split']}, a clock was lost.",
                "question": "Who has it?",
                "choices": "['Ann', 'Bob']",
                "answer_index": i % 2,
                "answer_choice": ("Ann", "Bob")[i % 2],
            }
            for i in range(n)
        ]
        _write(folder / f"{config['test_split']}.jsonl", rows)


def _truthfulqa(folder: Path, n: int) -> None:
    targets = {"choices": ["It is far.", "It is near.", "It is cheese."], "labels": [1, 0, 0]}
    rows = [{"question": f"How far is moon {i}?", "mc1_targets": targets, "mc2_targets": targets} for i in range(n)]
    _write(folder / "validation.jsonl", rows)


def _math(folder: Path, n: int) -> None:
    rows = [
        {"problem": f"Find ${i} + 1$.", "solution": f"It is $\\boxed{{{i + 1}}}$.", "answer": str(i + 1), "subject": subject}
        for subject in MATH_SUBJECTS
        for i in range(n)
    ]
    _write(folder / "test.jsonl", rows)


def _gpqa(folder: Path, n: int) -> None:
    rows = [
        {
            "Question": f"Which {subject} fact {i} holds?",
            "Correct Answer": f"right {i}",
            **{f"Incorrect Answer {k}": f"wrong {k}{i}" for k in (1, 2, 3)},
            "High-level domain": subject,
        }
        for subject in Prompts().subjects["gpqa"]
        for i in range(n)
    ]
    _write(folder / "train.jsonl", rows)


WRITERS = {
    "mmlu": _mmlu,
    "mmlu_pro": _mmlu_pro,
    "bbh": _bbh,
    "musr": _musr,
    "truthfulqa": _truthfulqa,
    "math": _math,
    "gpqa": _gpqa,
}
