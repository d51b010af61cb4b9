"""RIDE tasks built and rendered as the harness does it, without a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager
from transformers import AutoTokenizer

import ride_eval.plugin  # noqa: F401 - importing registers model and tasks
from ride_eval.task_files import arm_files


def load_tasks(pattern: str, **metadata: Any) -> dict[str, Any]:
    """Task objects by name; `metadata` as `--metadata` and the model's arguments give it."""
    manager = TaskManager(include_defaults=False, include_path=metadata.pop("include_path", None), metadata=metadata)
    return dict(manager.load(manager.match_tasks([pattern]))["tasks"])


def render(task: Any, lm: HFLM | None = None, *, num_fewshot: int = 0, seed: int = 1234, **kwargs: Any) -> list[Any]:
    """The task's Instances, under the chat template of `lm` if one is given."""
    task.set_config(key="num_fewshot", value=num_fewshot)
    task.set_fewshot_seed(seed=seed)
    if lm is not None:
        kwargs |= {"apply_chat_template": True, "chat_template": lm.apply_chat_template}
    task.build_all_requests(**kwargs)
    return list(task.instances)


def tokenizing_model(folder: Path, add_bos_token: bool | None = None) -> HFLM:
    """HFLM with a tokenizer and no weights: all of its own code that turns text into tokens."""
    lm = HFLM.__new__(HFLM)
    lm.tokenizer = AutoTokenizer.from_pretrained(folder)
    lm.tokenizer.pad_token_id = lm.tokenizer.pad_token_id or 0
    lm.backend, lm.add_bos_token, lm.custom_prefix_token_id, lm.chat_template_args = "causal", add_bos_token, None, {}
    return lm


def write_tasks(folder: Path, name: str, ride: dict[str, Any], *arms: str) -> None:
    """A user's own task files, as `--include_path` finds them."""
    for file, content in arm_files(name, ride, arms=arms).items():
        (folder / file).write_text(content)
