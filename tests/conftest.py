"""Shared by all tests: offline, one thread a process, saved models, and the harness run in this process."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_DATASETS_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A gate gives the same verdict for the same code, on a slow machine too: the same examples every time, and no clock over them.
settings.register_profile("gate", deadline=None, derandomize=True)
# For those who look for new ones, as `make faults` does: pytest --hypothesis-profile=search
settings.register_profile("search", deadline=None, database=None, print_blob=True)
settings.load_profile("gate")


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    from tests.architectures import save_all

    return save_all(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real benchmark data and tokenizers, where a checkout has them beside it."""
    folder = Path(__file__).resolve().parents[2] / "shared"
    if not (folder / "data").is_dir():
        pytest.skip("no folder of real data and tokenizers beside the checkout")
    return folder


Evaluate = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def evaluate() -> Evaluate:
    """`lm_eval.simple_evaluate` over our tasks only, without indexing the harness's own 14,000."""
    import lm_eval
    from lm_eval.tasks import TaskManager

    import ride_eval.plugin  # noqa: F401

    def run(model: str, tasks: list[str], *, metadata: dict[str, Any] | None = None, **kwargs: Any) -> dict[str, Any]:
        arguments = dict(kwargs.pop("model_args"))
        include_path = kwargs.pop("include_path", None)
        manager = TaskManager(include_defaults=False, include_path=include_path, metadata=arguments | (metadata or {}))
        names = manager.match_tasks(tasks)
        assert names, tasks
        results = lm_eval.simple_evaluate(
            model=model, model_args=arguments, tasks=names, task_manager=manager, device="cpu", bootstrap_iters=0, **kwargs
        )
        return dict(results or {})

    return run
