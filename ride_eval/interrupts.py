"""Ctrl-C and SIGTERM while a model runs: the batch is finished and written first; the same signal again stops at once.

A scheduler sends SIGTERM some seconds before it kills, which is enough for a batch. Handlers are ours only while
`interruptible` is entered, and only where the process had none of its own.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_HANDLED = (signal.SIGINT, signal.SIGTERM)
_received: list[int] = []
_SAY = "\nride_eval: finishing the batch and writing it; once more stops at once.\n"


class Stopped(KeyboardInterrupt):
    """The run was asked to stop, and did. Not an Exception: nothing must take it for a failure and go on."""

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.exit_code = 128 + number
        """As a shell has it for a process that a signal ended: 130, 143."""


@contextmanager
def interruptible() -> Iterator[None]:
    """While entered, a first signal is kept for `pending`, and a second of the same kind raises Stopped where it comes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    own = {number: old for number in _HANDLED if (old := signal.getsignal(number)) in _DEFAULTS}
    _received.clear()
    try:
        for number in own:
            signal.signal(number, _handle)
        yield
    finally:
        for number, old in own.items():
            signal.signal(number, old)


def pending() -> int | None:
    """The number of the signal that asks to stop after this batch, or None."""
    return _received[0] if _received else None


_DEFAULTS = (signal.default_int_handler, signal.SIG_DFL)


def _handle(number: int, _: FrameType | None) -> None:
    if number in _received:
        raise Stopped(number, "Stopped at once. What was written is whole; give the same command again to go on.")
    _received.append(number)
    os.write(2, _SAY.encode())  # a stream may be in the middle of a write itself
