"""Held-out questions as tasks of the harness, under all arms, so that the tool itself says how good an embedded model is."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ride_eval.arms import STANDARD_ARMS
from ride_eval.task_files import arm_files
from ride_eval.zoo.corpus.conversation import DOMAINS

SCORED = ("math", "factual", "code", "format", "commonsense")
"""The domains with right answers: there is none to a story."""
_TASKS = Path(__file__).parent / "tasks"
_SEED = 20_000


def write_tasks(folder: Path, n: int, domains: Sequence[str] = SCORED, arms: Sequence[str] = STANDARD_ARMS) -> list[str]:
    """Write `n` questions a domain and the arms' task files under `folder`; returns the tasks' names."""
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    names = []
    for domain in domains:
        documents = [json.dumps(document) + "\n" for document in questions(domain, n)]
        (data / f"{domain}.jsonl").write_text("".join(documents), encoding="utf-8")
        (folder / f"{domain}.yml").write_text((_TASKS / f"{domain}.yml").read_text(encoding="utf-8"), encoding="utf-8")
        spec = {"base": f"{domain}.yml", "benchmark": "zoo", "domain": domain}
        spec["correctness"] = "acc_norm" if domain == "commonsense" else "right"
        for file, content in arm_files(f"zoo_{domain}", spec, arms=arms).items():
            (folder / file).write_text(content, encoding="utf-8")
            names.append(file.removesuffix(".yaml"))
    return names


def questions(domain: str, n: int) -> list[dict[str, Any]]:
    """The first `n` different held-out questions of a domain, as documents; the same for every model and machine."""
    rng = random.Random(f"{_SEED} {domain}")  # noqa: S311 - a seeded draw, no secret
    found: dict[str, dict[str, Any]] = {}
    while len(found) < n:
        item = DOMAINS[domain](rng, "held_out")
        document = {"id": f"{domain}-{len(found):03d}", "kind": item.kind, "question": item.question, **item.scoring}
        found.setdefault(item.question, document)
    return list(found.values())


def evaluate(
    pretrained: str, run_dir: Path, tasks: Sequence[str], folder: Path | None = None
) -> dict[str, list[dict[str, Any]]]:
    """Run tasks through the harness with all probes; returns its samples by task: documents, answers and scores.

    `folder` is that of `write_tasks`; without it, tasks come with ride_eval.
    """
    import lm_eval
    from lm_eval.tasks import TaskManager

    import ride_eval.plugin  # noqa: F401 - importing registers model and tasks

    arguments = {"pretrained": pretrained, "run_dir": str(run_dir), "num_samples": 0}
    manager = TaskManager(include_defaults=False, include_path=str(folder) if folder else None, metadata=arguments)
    results = lm_eval.simple_evaluate(
        model="ride",
        model_args=arguments,
        tasks=manager.match_tasks(list(tasks)),
        task_manager=manager,
        apply_chat_template=True,
        batch_size=32,
        device="cpu",
        bootstrap_iters=0,
        log_samples=True,
    )
    found: dict[str, list[dict[str, Any]]] = results["samples"]
    return found
