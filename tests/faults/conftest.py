"""What the fault tests share: a small run like the demo's, and how many times a fault is tried."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ride_eval import recorder, store

TASKS = ["ride_demo_math_none", "ride_demo_math_tag", "ride_demo_commonsense_tag"]
Measure = Callable[..., None]


def times(name: str, default: int) -> int:
    """How often a fault is tried in `make faults`: the environment's number, or this one."""
    return int(os.environ.get(name, default))


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c_is_heard() -> None:
    """A shell starts what it puts into the background with Ctrl-C ignored, which children inherit: they would not stop."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def measure(models: dict[str, Path], evaluate: Any) -> Measure:
    """Measure a run directory to the end; shards of three rows, so that there are many moments to die at."""

    def run(folder: Path, limit: int = 2) -> None:
        arguments = {"pretrained": str(models["olmoe"]), "run_dir": str(folder), "num_samples": 2}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(store, "ROWS_PER_SHARD", 3)
            patch.setattr(recorder, "_open", {})
            evaluate("ride", TASKS, model_args=arguments, limit=limit, batch_size=2, apply_chat_template=True)

    return run


@pytest.fixture(scope="session")
def whole(measure: Measure, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run that nothing happened to."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    measure(folder)
    return folder
