"""What a task does where a launcher started several processes (ranks), under any model type."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from unittest.mock import patch

from tqdm import tqdm

from ride_eval.errors import UsageError


def started() -> int:
    """How many processes a launcher started together."""
    return int(os.environ.get("WORLD_SIZE", "1"))


@contextmanager
def one_bar(rank: int) -> Iterator[None]:
    """The harness shows a bar while it builds a task's prompts, on every rank; inside, on rank 0 only."""
    if rank == 0:
        yield
    else:
        with patch("lm_eval.api.task.tqdm", partial(tqdm, disable=True)):
            yield


def refuse_idle(task_name: str, documents: int, world_size: int) -> None:
    """Refuse fewer documents than ranks: the harness fails on a rank that has none. Raises UsageError."""
    if 1 < world_size > documents:
        raise UsageError(
            f"{task_name} has {documents} documents for {world_size} processes, and each needs one. Start fewer processes, or "
            "raise --limit."
        )
