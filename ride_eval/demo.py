"""`ride-eval demo`: the main job on four small models and the bundled documents, as a user would run it on real ones."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any

MODELS = ("zoo-olmoe", "zoo-qwen3", "zoo-llama", "zoo-mistral")
TASKS = ("ride_demo", "ride_signatures")
SAMPLES = 5
"""Sampled answers a prompt: fewer than usual, for a first look on two cores."""


def run(folder: Path, limit: int | None = None) -> list[Path]:
    """Evaluate each model over all arms; returns the run directories. What is there already is not measured again."""
    import lm_eval
    from lm_eval.tasks import TaskManager
    from transformers.utils import logging as transformers_logging

    import ride_eval.plugin  # noqa: F401 - importing registers model and tasks

    transformers_logging.disable_progress_bar()
    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    _say("Four embedded models; `ride-eval zoo list` says what was planted in them.")
    runs = []
    for name in MODELS:
        target = folder / name
        arguments: dict[str, Any] = {"pretrained": name, "run_dir": str(target), "num_samples": SAMPLES}
        given = ",".join(f"{argument}={value}" for argument, value in arguments.items())
        _say(f"{name}: lm_eval --model ride --model_args {given} --tasks {','.join(TASKS)} --apply_chat_template")
        lm_eval.simple_evaluate(
            model="ride",
            model_args=arguments,
            tasks=list(TASKS),
            task_manager=TaskManager(include_defaults=False, metadata=arguments),
            apply_chat_template=True,
            batch_size=64,
            device="cpu",
            limit=limit,
            bootstrap_iters=0,
            log_samples=False,
        )
        runs.append(target)
    return runs


def _say(text: str) -> None:
    sys.stderr.write(f"\n== {text}\n")
    sys.stderr.flush()
