"""Evaluations one after another, as one rank of several: `torchrun --nproc_per_node 2 tests/evaluate_as_rank.py FILE`.

FILE holds a list of arguments of `simple_evaluate`; `fails_on` names a rank that fails in that evaluation, after a few rows.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import lm_eval
from lm_eval.tasks import TaskManager
from lm_eval.utils import make_table

import ride_eval.plugin  # noqa: F401 - importing registers model and tasks
from ride_eval.bridge import install_error_hook
from ride_eval.errors import RunError
from ride_eval.recorder import Recorder


def fail_after(rows: int, rank: int) -> None:
    add, left = Recorder.add, rows

    def failing(self: Recorder, table: str, row: Any) -> None:
        nonlocal left
        left -= 1
        if self.rank == rank and left < 0:
            raise RunError("made to fail.")
        add(self, table, row)

    Recorder.add = failing  # type: ignore[method-assign]


def main() -> None:
    install_error_hook()
    for arguments in json.loads(Path(sys.argv[1]).read_text()):
        if (rank := arguments.pop("fails_on", None)) is not None:
            fail_after(5, rank)
        tasks = TaskManager(include_defaults=False, metadata=arguments["model_args"])
        results = lm_eval.simple_evaluate(
            model="ride", **arguments, task_manager=tasks, device="cpu", bootstrap_iters=0, log_samples=True
        )
        if results is not None:
            folder = Path(arguments["model_args"]["run_dir"])
            (folder.parent / f"{folder.name}.table").write_text(make_table(results))
            print(f"table of {folder.name}")


if __name__ == "__main__":
    main()
