"""Several commands at once: exit codes, what is shown of them, and that a signal or a failure reaches them all."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from rich.console import Console

from ride_eval.side_by_side import SideBySide, cores

BAR = "from tqdm import tqdm\nfor _ in tqdm(range(5), desc='Choices'): pass\nfor _ in tqdm(range(3)): pass\n"


def ran(programs: Mapping[str, str], at_once: int = 2, terminal: bool = False) -> tuple[dict[str, int], str]:
    commands = {name: [sys.executable, "-c", textwrap.dedent(text)] for name, text in programs.items()}
    screen = io.StringIO()
    codes = SideBySide(commands, at_once, Console(file=screen, force_terminal=terminal, width=120)).run()
    return codes, screen.getvalue()


@pytest.mark.parametrize("terminal", [False, True])
def test_bars_and_lines_are_shown_by_name(terminal: bool) -> None:
    programs = {"a": BAR, "b": "print('one'); import sys; sys.stderr.write('\\x1b[2Jtwo')", "c": BAR}
    codes, screen = ran(programs, terminal=terminal)
    assert codes == {"a": 0, "b": 0, "c": 0}
    assert "b: one" in screen
    assert "b: \\x1b[2Jtwo" in screen, "what a process writes does nothing to the screen"
    assert "\t" not in screen
    assert "3/3" not in screen, "a bar without a name is not shown"
    if terminal:
        assert "5/5" in screen
    else:
        assert "a: Choices (5)" in screen and "c: Choices (5)" in screen


def test_they_run_at_once_and_share_the_cores(tmp_path: Path) -> None:
    meet = f"""
        import os, pathlib, time
        me, other = pathlib.Path({str(tmp_path)!r}, "%s"), pathlib.Path({str(tmp_path)!r}, "%s")
        me.touch()
        end = time.monotonic() + 60
        while not other.exists() and time.monotonic() < end: time.sleep(0.01)
        print("threads", os.environ["OMP_NUM_THREADS"])
        raise SystemExit(0 if other.exists() else 1)
    """
    codes, screen = ran({"a": meet % ("a", "b"), "b": meet % ("b", "a")})
    assert codes == {"a": 0, "b": 0}
    assert screen.count(f"threads {max(1, cores() // 2)}") == 2


def test_once_one_fails_the_others_are_asked_to_stop_and_no_more_begin() -> None:
    patient = "import time\ntry: time.sleep(60)\nexcept KeyboardInterrupt: print('asked'); raise SystemExit(130)"
    late = "import time; time.sleep(1); raise SystemExit(2)"
    codes, screen = ran({"patient": patient, "failing": late, "waiting": "print('began')"})
    assert list(codes.items()) == [("failing", 2), ("patient", 130)], "in the order in which they ended"
    assert "patient: asked" in screen and "began" not in screen


def test_a_stop_between_two_commands_is_known_though_none_failed() -> None:
    """The first ends by itself all the same, and the second never begins."""
    first = "import os, signal; signal.signal(2, signal.SIG_IGN); os.kill(os.getppid(), 2); import time; time.sleep(0.5)"
    side = SideBySide({name: [sys.executable, "-c", first] for name in "ab"}, 1, Console(file=io.StringIO()))
    assert (side.run(), side.stopped_by) == ({"a": 0}, 2)


def test_the_code_of_a_killed_process_is_the_shells() -> None:
    codes, _ = ran({"a": "import os; os.kill(os.getpid(), 9)"})
    assert codes == {"a": 137}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_goes_once_to_every_process(number: int, tmp_path: Path) -> None:
    child = f"""
        import pathlib, signal, sys, time
        seen = []
        signal.signal({number}, lambda n, _: seen.append(n))
        pathlib.Path({str(tmp_path)!r}, sys.argv[1]).touch()
        while not seen: time.sleep(0.01)
        time.sleep(0.5)
        print("signals:", len(seen))
        raise SystemExit(128 + seen[0])
    """
    parent = f"""
        import sys
        from rich.console import Console
        from ride_eval.side_by_side import SideBySide
        commands = {{name: [sys.executable, "-c", {textwrap.dedent(child)!r}, name] for name in "ab"}}
        print(sorted(SideBySide(commands, 2, Console(stderr=True)).run().items()))
    """
    command = [sys.executable, "-c", textwrap.dedent(parent)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + 60
    while not all((tmp_path / name).exists() for name in "ab"):
        assert process.poll() is None and time.monotonic() < end
        time.sleep(0.01)
    process.send_signal(number)
    out, shown = process.communicate(timeout=60)
    assert out.strip() == str([("a", 128 + number), ("b", 128 + number)])
    assert shown.count("signals: 1") == 2
