"""How a stock `lm_eval` learns of us, and how every other Python process does not notice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ride_eval.arms import data_folder
from ride_eval.bridge import is_harness

PYTHON = "/home/me/lm_eval/.venv/bin/python"
"""A folder named after the harness: a substring test would take every process of it for the harness."""


@pytest.mark.parametrize(
    "arguments",
    [
        "/opt/bin/lm_eval --tasks x",
        "/opt/bin/lm-eval ls tasks",
        "lm_eval",
        "-m lm_eval --model ride",
        "-m lm_eval.__main__",
        "-u -m lm_eval",
        "-um lm_eval",
        "-mlm_eval",
        "-X importtime -W ignore /opt/bin/lm_eval",
        "-Xdev -Wignore --check-hash-based-pycs never /opt/bin/lm_eval",
        "/opt/bin/torchrun --nproc_per_node 2 -m lm_eval --model ride",
        "/opt/bin/accelerate launch --multi_gpu -m lm_eval",
    ],
)
def test_the_harness_is_recognised(arguments: str) -> None:
    assert is_harness([PYTHON, *arguments.split()])


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        "-",
        "-c import_lm_eval",
        "-c pass lm_eval",
        "-Ic pass lm_eval",
        "-cpass lm_eval",
        "-m pytest lm_eval",
        "-m pip install lm_eval",
        "-mpip install lm_eval",
        "-m lm_evaluation",
        "-m my.lm_eval",
        "train.py lm_eval",
        "/home/me/lm_eval/train.py",
        "-W lm_eval train.py",
        "-X lm_eval train.py",
        "/opt/bin/pytest tests/lm_eval",
        "/opt/bin/ride-eval run --tasks lm_eval",
    ],
)
def test_other_processes_are_left_alone(arguments: str) -> None:
    assert not is_harness([PYTHON, *arguments.split()])


STUB = {
    "__init__.py": "",
    "api/__init__.py": "",
    "api/registry.py": """
class Registry(dict):
    def register(self, name, target):
        assert name not in self
        self[name] = target
model_registry = Registry()
""",
    "models/__init__.py": """
from lm_eval.api.registry import model_registry
if not model_registry:  # as the harness does
    model_registry["hf"] = "huggingface"
    if OTHER_RIDE: model_registry["ride"] = "another package"
""",
    "loggers/__init__.py": "",
    "loggers/evaluation_tracker.py": """
class EvaluationTracker:
    def save_results_aggregated(self, results): self.date_id = "now"
    def save_results_samples(self, task_name, samples): pass
""",
    "tasks/__init__.py": "",
    "tasks/manager.py": """
class TaskManager:
    def __init__(self, verbosity=None, include_path=None, include_defaults=True):
        self.include_path = include_path
""",
    "__main__.py": """
import sys, json
before = list(map(type, sys.meta_path))
import lm_eval.models, lm_eval.tasks.manager, lm_eval.loggers.evaluation_tracker
from lm_eval.api.registry import model_registry
manager = lm_eval.tasks.manager.TaskManager
print(json.dumps({
    "argv": sys.argv[1:],
    "models": model_registry,
    "paths": [str(p) for p in manager("INFO", "mine").include_path or []],
    "none": [str(p) for p in manager().include_path or []],
    "waiting": [sum(kind.__name__ == "_After" for kind in kinds) for kinds in (before, map(type, sys.meta_path))],
    "loaders": [type(m.__spec__.loader).__name__ for m in (lm_eval.models, lm_eval.tasks.manager)],
    "watched": getattr(lm_eval.loggers.evaluation_tracker.EvaluationTracker, "ride_eval", False),
    "heavy": sorted({"torch", "pandas", "numpy", "transformers"} & set(sys.modules)),
    "ours": sorted(name for name in sys.modules if name.startswith("ride_eval")),
}))
if sys.argv[1:] == ["fail"]:
    from ride_eval.errors import UsageError
    raise UsageError("one sentence.")
if sys.argv[1:] == ["crash"]:
    raise ValueError("not ours")
""",
}


@pytest.fixture
def harness(tmp_path: Path) -> Any:
    """Runs `python -m lm_eval` with a stand-in for the harness that takes no time to import; the bridge is the real one."""

    def run(*arguments: str, other: bool = False, **environment: str) -> subprocess.CompletedProcess[str]:
        for name, content in STUB.items():
            file = tmp_path / "lm_eval" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content.replace("OTHER_RIDE", str(other)))
        return subprocess.run(
            [sys.executable, "-m", "lm_eval", *arguments],
            cwd=tmp_path,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_the_harness_gets_model_and_tasks_after_its_own(harness: Any) -> None:
    """Registered before, `ride` would leave the registry non-empty, and the harness would skip all of its own models."""
    seen = json.loads(harness().stdout)
    ours = str(data_folder("tasks"))
    assert seen["models"] == {"hf": "huggingface", "ride": "ride_eval.model:RideLM"}
    assert seen["paths"] == [ours, "mine"], "the user's path comes later, so that it can override ours"
    assert seen["none"] == [ours]
    assert seen["watched"], "a save that fails is not passed over"
    assert seen["waiting"] == [1, 0], "nothing stays in the way of imports"
    assert seen["loaders"] == ["SourceFileLoader"] * 2
    assert seen["heavy"] == [], "the bridge must not slow down `lm_eval --help`"


def test_the_bridge_steps_aside_where_the_harness_found_us_itself(harness: Any) -> None:
    assert json.loads(harness(other=True).stdout)["models"]["ride"] == "another package"


def test_the_bridge_can_be_switched_off(harness: Any) -> None:
    seen = json.loads(harness(RIDE_EVAL_BRIDGE="0").stdout)
    assert (seen["models"], seen["paths"], seen["waiting"]) == ({"hf": "huggingface"}, list("mine"), [0, 0])


def test_our_errors_are_one_sentence_and_others_a_traceback(harness: Any) -> None:
    ours, other = harness("fail"), harness("crash")
    assert (ours.returncode, ours.stderr.strip()) == (2, "ride_eval: one sentence.")
    assert other.returncode == 1
    assert "Traceback" in other.stderr and "ValueError: not ours" in other.stderr


def python(code: str, *arguments: str) -> Any:
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


LOADED = """
import sys, json
names = "ride_" + "eval", "lm_" + "eval", "torch", "pandas"  # in two parts: the whole word would wake the bridge
print(json.dumps(sorted(module for module in sys.modules if module.split(".")[0] in names)))
"""


def test_a_python_start_imports_nothing_of_ours() -> None:
    assert python(LOADED) == []
    assert set(python(LOADED, "lm_eval")) <= {"ride_eval", "ride_eval.errors", "ride_eval.bridge"}, "looked, and left"


def test_importing_the_package_is_cheap() -> None:
    """`--help` in a second: neither torch nor the harness, nor what only reports need."""
    loaded = python("import ride_eval, ride_eval.cli\n" + LOADED)
    own = {"argument_types", "bridge", "check_commands", "cli", "equivalence_command", "errors"}
    assert set(loaded) <= {"ride_eval", *(f"ride_eval.{name}" for name in own)}


def test_importing_the_plugin_is_all_that_python_needs() -> None:
    seen = python(
        """
import json, ride_eval.plugin
from lm_eval.api.registry import get_model, model_registry
from lm_eval.tasks import TaskManager
from lm_eval.tasks.manager import TaskManager as Same
first = TaskManager.__init__
import importlib; importlib.reload(ride_eval.plugin)
print(json.dumps({
    "models": sorted(model_registry),
    "ride": get_model("ride").__name__,
    "hf": get_model("hf").__module__,
    "tasks": TaskManager("INFO", None, False).all_subtasks,
    "once": TaskManager.__init__ is first,
}))
"""
    )
    assert {"hf", "vllm", "dummy", "local-completions", "ride"} <= set(seen["models"])
    assert (seen["ride"], seen["hf"]) == ("RideLM", "lm_eval.models.huggingface")
    assert "ride_gsm8k_expert" in seen["tasks"]
    assert seen["once"], "a second import must not wrap the wrapper"
