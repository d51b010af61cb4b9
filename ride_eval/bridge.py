"""The start-up bridge: how a plain `lm_eval` process, of a release without plugin discovery, learns of us.

A one-line `.pth` file calls `install` in processes whose command line mentions lm_eval. This module then makes sure that the
process really is the harness, and waits, by an import finder, for the two harness modules that have to know us: nothing of
the harness, and nothing heavy, is imported before the harness does so itself. `RIDE_EVAL_BRIDGE=0` switches it off.

Standard library only; a plain `python` start pays for one substring test.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from itertools import pairwise
from pathlib import PurePath
from types import ModuleType

_OTHERS_WAIT = 3.0
"""Seconds."""
_SCRIPTS = ("lm_eval", "lm-eval", "lm_eval.exe", "lm-eval.exe")
_TRACKER = "lm_eval.loggers.evaluation_tracker"
_OPTIONS_WITH_VALUE = ("-W", "-X", "--check-hash-based-pycs")
_COMMAND_OR_MODULE = re.compile(r"-[bBdEiIOPqRsSuvx]*([cm])(.*)", re.DOTALL)
"""Python's `-c` and `-m`, which may be joined with flags before and with their value behind: `-um lm_eval`, `-mlm_eval`."""


def install() -> None:
    """Wait for the harness, if this process is the harness. Python runs a virtual environment's `.pth` files twice."""
    if os.environ.get("RIDE_EVAL_BRIDGE") == "0" or not is_harness(sys.orig_argv):
        return
    if any(isinstance(finder, _After) for finder in sys.meta_path):
        return
    install_error_hook()
    waiting = {"lm_eval.models": register_model, "lm_eval.tasks.manager": add_tasks, _TRACKER: watch_saves}
    sys.meta_path.insert(0, _After(waiting))


def is_harness(argv: Sequence[str]) -> bool:
    """Whether a command line runs lm_eval: as a script of that name, or as `-m lm_eval`, also behind a launcher's options."""
    if any(flag == "-m" and _is_ours(module) for flag, module in pairwise(argv)):
        return True
    rest = iter(argv[1:])
    for argument in rest:
        if short := _COMMAND_OR_MODULE.fullmatch(argument):
            return short[1] == "m" and _is_ours(short[2] or next(rest, ""))
        if argument in _OPTIONS_WITH_VALUE:
            next(rest, None)
        elif not argument.startswith("-"):
            return PurePath(argument).name in _SCRIPTS
    return False


def _is_ours(module: str) -> bool:
    return module.split(".")[0] == "lm_eval"


def register_model(models: ModuleType) -> None:
    """Register `ride` as a lazy placeholder, unless the harness found our entry point itself.

    After `lm_eval.models` is imported, not before: its own models are registered only into an empty registry.
    """
    from lm_eval.api.registry import model_registry

    if "ride" not in model_registry:
        model_registry.register("ride", target="ride_eval.model:RideLM")


def add_tasks(manager: ModuleType) -> None:
    """Put our tasks folder in front of every TaskManager's include paths, unless it is there."""
    from functools import wraps
    from inspect import signature

    from ride_eval.arms import data_folder

    original = manager.TaskManager.__init__
    if getattr(original, "ride_eval", False):
        return
    parameters = signature(original)

    @wraps(original)
    def init(*args: object, **kwargs: object) -> None:
        call = parameters.bind(*args, **kwargs)
        given = call.arguments.get("include_path")
        paths = [] if given is None else list(given) if isinstance(given, (list, tuple)) else [given]
        ours = data_folder("tasks")
        if str(ours) not in map(str, paths):
            paths.insert(0, ours)
        call.arguments["include_path"] = paths
        original(*call.args, **call.kwargs)

    init.ride_eval = True  # type: ignore[attr-defined]
    manager.TaskManager.__init__ = init


def watch_saves(tracker: ModuleType) -> None:
    """Look for the files that the harness saves, when it has saved them."""
    from ride_eval.saved import watch

    watch(tracker)


_NOT_FOUND = "Tasks not found: "
"""How the harness begins its error for a task nobody has."""


def install_error_hook() -> None:
    """Print errors of our family, and what stopped the run, as one sentence and exit with its code; all others as before.

    Of several processes that make the same mistake, the first prints it: the others wait a moment, in which their launcher ends
    them.
    """
    previous = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: object) -> None:
        from ride_eval.errors import RideError
        from ride_eval.screen import visible_lines

        if isinstance(error, RideError):
            text, code = str(error), error.exit_code
        elif isinstance(error, KeyboardInterrupt):
            # Stopped says which signal it was; a plain one came while nothing was measured: loading, or scoring.
            text, code = str(error) or "Stopped. Give the same command again to go on.", getattr(error, "exit_code", 130)
        elif isinstance(error, ValueError) and str(error).startswith(_NOT_FOUND) and "ride_" in str(error):
            from ride_eval.task_files import not_found

            text, code = not_found(str(error).removeprefix(_NOT_FOUND)), 2
        else:
            previous(kind, error, trace)  # type: ignore[arg-type]
            return
        rank = os.environ.get("RANK", "0")
        if rank != "0":
            time.sleep(_OTHERS_WAIT)
        sys.stdout.flush()
        # torch, once it has connected processes, lends this hook a buffer in place of sys.stderr, and loses it as we exit.
        stream = sys.__stderr__ or sys.stderr
        stream.write(f"\nride_eval{'' if rank == '0' else f' (process {rank})'}: {visible_lines(text)}\n")
        stream.flush()
        raise SystemExit(code)

    sys.excepthook = hook


class _After(MetaPathFinder):
    """Calls a function on a module right after it is first imported, then steps aside."""

    def __init__(self, waiting: dict[str, Callable[[ModuleType], None]]) -> None:
        self._waiting = waiting

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        then = self._waiting.pop(name, None)
        if then is None:
            return None
        if not self._waiting:
            sys.meta_path.remove(self)
        spec = find_spec(name)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, then)
        return spec


class _Loader(Loader):
    """A loader that hands its module on when it has run."""

    def __init__(self, loader: Loader, then: Callable[[ModuleType], None]) -> None:
        self._loader, self._then = loader, then

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._then(module)

    def __getattr__(self, name: str) -> object:
        return getattr(self._loader, name)
