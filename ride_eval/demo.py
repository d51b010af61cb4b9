"""`ride-eval demo`: the main job on four small models and the bundled documents, as a user would run it on real ones."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

MODELS = ("zoo-olmoe", "zoo-qwen3", "zoo-llama", "zoo-mistral")
TASKS = ("ride_demo", "ride_signatures")
SAMPLES = 5
"""Sampled answers a prompt: fewer than usual, for a first look on two cores."""


def run(folder: Path, limit: int | None = None) -> int:
    """Evaluate every model over all arms, some at once. What is there already is not measured again.

    Returns the exit code of the first that failed, else of the signal that stopped them, else 0.
    """
    from rich.console import Console

    from ride_eval.side_by_side import SideBySide, cores

    console = Console(stderr=True)
    _say(console, "Four embedded models; `ride-eval zoo list` says what was planted in them. Each is measured as by")
    for name in MODELS:
        given = ",".join(f"{argument}={value}" for argument, value in _arguments(name, folder).items())
        command = f"lm_eval --model ride --model_args {given} --tasks {','.join(TASKS)} --apply_chat_template --device cpu"
        _say(console, f"    {command}")
    own = [sys.executable, "-m", "ride_eval", "demo", "--out", str(folder)]
    own += [] if limit is None else ["--limit", str(limit)]
    commands = {name: [*own, "--measure", name] for name in MODELS}
    models = SideBySide(commands, min(len(MODELS), cores()), console)
    failed = next((code for code in models.run().values() if code), 0)
    return failed or (128 + models.stopped_by if models.stopped_by else 0)


def measure(name: str, folder: Path, limit: int | None = None) -> None:
    """Evaluate one model, in this process."""
    import lm_eval
    from lm_eval.tasks import TaskManager
    from transformers.utils import logging as transformers_logging

    import ride_eval.plugin  # noqa: F401 - importing registers model and tasks

    transformers_logging.disable_progress_bar()
    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    arguments = _arguments(name, folder)
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


def run_directory(name: str, folder: Path) -> Path:
    """Where a model's rows are."""
    return folder / name


def _arguments(name: str, folder: Path) -> dict[str, Any]:
    return {"pretrained": name, "run_dir": str(run_directory(name, folder)), "num_samples": SAMPLES}


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
