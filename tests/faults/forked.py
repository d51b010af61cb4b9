"""An evaluation in a forked child of this process, which has loaded everything already: a start costs no import."""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any, NoReturn

from tqdm.std import TqdmDefaultWriteLock

LIMIT = 240
"""Seconds after which a child that hangs prints where, and ends by SIGALRM."""


def start(work: Callable[[], Any]) -> int:
    """Run `work` in a child; returns its process id. It exits with 0, a RideError's code, 130 or 143, or 99 for any other."""
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if not child:
        _run(work)
    return child


def _run(work: Callable[[], Any]) -> NoReturn:
    code = 0
    # tqdm's lock is a semaphore that forked processes share: a child killed while it holds it would stop all others. Of the
    # class, since transformers and the harness have bars of several kinds, each with its own.
    TqdmDefaultWriteLock.acquire = TqdmDefaultWriteLock.release = lambda *_, **__: None
    faulthandler.register(signal.SIGALRM, file=2, chain=True)
    signal.alarm(LIMIT)
    try:
        work()
    except BaseException as error:
        code = getattr(error, "exit_code", 130 if isinstance(error, KeyboardInterrupt) else 99)
        if code == 99:
            traceback.print_exc()
        else:
            sys.stderr.write(f"{error}\n")
    finally:
        sys.stderr.flush()
        os._exit(code)


def wait(child: int) -> int:
    """The exit code, or the negative number of the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def kill_after(child: int, seconds: float, number: int = signal.SIGKILL) -> int:
    """Send a signal then, unless it has ended by itself; returns what `wait` does."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.kill(child, number)
    return wait(child)
