"""What the tasks of this process will ask, told before any of them is run.

The harness runs all answers first and all choices later, and a run that is killed in between must know of both.
"""

from __future__ import annotations

from collections.abc import Collection

from ride_eval.store import Key

_announced: dict[str, Collection[Key]] = {}


def announce(task_name: str, keys: Collection[Key]) -> None:
    """Tell what a task will ask."""
    _announced[task_name] = keys


def forget(task_name: str) -> None:
    """The task was answered, by whatever model: what it asked is no part of a later run of this process."""
    _announced.pop(task_name, None)


def forget_all() -> None:
    """A new model is there: what tasks announced before it was for another, and is no part of its run."""
    _announced.clear()


def take() -> list[Collection[Key]]:
    """What was announced and not answered yet, once: of an attempt that fails, nothing is left for the next."""
    taken = list(_announced.values())
    _announced.clear()
    return taken
