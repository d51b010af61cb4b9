"""Commands that run at once, each in a process of its own, with their progress on one screen.

A small model leaves most of two cores idle, however many threads its operators get: two models at once with a thread each end
sooner than one after the other with two. Ctrl-C and SIGTERM go to every process, which finishes its batch and writes it.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from ride_eval.screen import visible

_FORMAT = "{desc}\t{n}\t{total}"
_BAR = re.compile(r"(.*?)(?:: )?\t(\d+)\t(\d+|None)")


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class SideBySide:
    """Runs commands by name, at most `at_once` together, which share the cores.

    What they write (to either stream) is shown above their bars, line by line and with the name in front; what tqdm draws is
    their bars. With no terminal to draw on, each stage is a line.
    """

    def __init__(self, commands: Mapping[str, Sequence[str]], at_once: int, console: Console) -> None:
        self._commands = commands
        self._at_once = at_once
        self._console = console
        self._bars = Progress(
            TextColumn("{task.fields[name]}"),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
        )
        self._running: list[subprocess.Popen[str]] = []
        self.stopped_by: int | None = None
        """The signal that asked to stop, if one did: then codes may be 0 and yet some commands never have begun."""
        self._codes: dict[str, int] = {}
        self._ended = False
        self._lock = threading.RLock()
        """Over the three before it: a signal comes to the main thread while the others start processes."""

    def run(self) -> dict[str, int]:
        """Exit codes by name, of those that began, in the order in which they ended.

        Once one fails the others are asked to stop, and no more begin.
        """
        with self._signals_for_all(), self._bars, ThreadPoolExecutor(self._at_once) as pool:
            list(pool.map(self._measure, self._commands))  # what one raises is raised here
        return self._codes

    def _measure(self, name: str) -> None:
        threads = str(max(1, cores() // self._at_once))
        # tqdm takes its settings from the environment where the program gives none.
        environment = {**os.environ, "OMP_NUM_THREADS": threads, "TQDM_BAR_FORMAT": _FORMAT}
        with self._lock:
            if self._ended:
                return
            process = subprocess.Popen(  # noqa: S603 - no shell, and the program's own commands
                self._commands[name],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=environment,
                text=True,  # newlines are universal, so that a bar's carriage return ends a line
                encoding="utf-8",
                errors="replace",
                process_group=0,  # of its own: a terminal's Ctrl-C comes to us alone, and once to each
            )
            self._running.append(process)
        bar = self._bars.add_task("loading", name=name, total=None)
        with process:
            self._show(name, bar, process.stdout or [])
        self._bars.update(bar, description=f"ended with exit code {process.returncode}" if process.returncode else "done")
        self._bars.stop_task(bar)
        with self._lock:
            self._running.remove(process)
            self._codes[name] = _shell_code(process.returncode)
            if process.returncode and not self._ended:
                self._stop(signal.SIGINT)

    def _show(self, name: str, bar: TaskID, lines: Iterable[str]) -> None:
        stage = ""
        for line in lines:
            found = _BAR.fullmatch(line.rstrip("\n"))
            if found is None:
                if line.strip():
                    self._say(f"{name}: {line.rstrip()}")
            elif found[1] and found[3] != "None":  # a bar without a name is of a step too short to show
                if found[1] != stage:
                    stage = found[1]
                    self._bars.update(bar, total=int(found[3]), description=stage)
                    if not self._console.is_terminal:
                        self._say(f"{name}: {stage} ({found[3]})")
                self._bars.update(bar, completed=int(found[2]))

    def _say(self, text: str) -> None:
        self._console.print(visible(text), markup=False, highlight=False, soft_wrap=True)

    def _stop(self, number: int) -> None:
        self._ended = True
        for process in self._running:
            process.send_signal(number)

    @contextmanager
    def _signals_for_all(self) -> Iterator[None]:
        def forward(number: int, _: object) -> None:
            with self._lock:
                self.stopped_by = number
                self._stop(number)

        old = {number: signal.signal(number, forward) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in old.items():
                signal.signal(number, handler)


def _shell_code(code: int) -> int:
    """As a shell has it: 128 and the signal's number for a process that a signal ended."""
    return 128 - code if code < 0 else code
