"""The arguments of `ride-eval check`, `noise` and `baseline`, and what they call; `cli` stays thin."""

from __future__ import annotations

import argparse
import contextlib
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ride_eval.argument_types import share
from ride_eval.errors import RideError, UsageError

BASELINES = Path("baselines")


def add(commands: Any) -> None:
    """Add the three commands to the parser's."""
    check = commands.add_parser(
        "check",
        help="has a run regressed from its baseline? Exit code 0: no, 1: yes, 2: not comparable",
        usage="ride-eval check [OPTION ...] BASELINE RUN  or  ride-eval check [OPTION ...] --baseline NAME RUN",
    )
    check.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="run directories, the baseline first")
    check.add_argument("--baseline", metavar="NAME", help="a baseline that `ride-eval baseline save` kept")
    check.add_argument("--from", dest="folder", type=Path, default=BASELINES, metavar="DIR", help="where it lies (%(default)s)")
    check.add_argument("--policy", type=Path, metavar="FILE", help="what is compared and what fails (configs/policy.yaml)")
    check.add_argument("--alpha", type=share, default=0.05, metavar="A", help="false discovery rate (%(default)s)")
    check.add_argument("--noise", type=Path, metavar="FILE", help="floors that `ride-eval noise` measured")
    check.add_argument("--allow", action="append", default=[], metavar="NAME", help="compare in spite of this difference")
    for name, what in (("json", "JSON"), ("md", "Markdown"), ("junit", "JUnit XML")):
        check.add_argument(f"--{name}", type=Path, metavar="FILE", help=f"write the same as {what}")
    check.set_defaults(call=_check)

    noise = commands.add_parser(
        "noise", help="how far a model differs from itself, in other batches and with another attention kernel"
    )
    noise.add_argument("--model_args", required=True, metavar="ARGS", help="as for `lm_eval --model ride`, without run_dir")
    noise.add_argument("--tasks", required=True, metavar="TASKS", help="as for `lm_eval`")
    noise.add_argument("--out", type=Path, default=Path("noise.json"), metavar="FILE", help="the file to write (%(default)s)")
    noise.add_argument("flags", nargs=argparse.REMAINDER, metavar="...", help="after `--`, any other flag of lm_eval")
    noise.set_defaults(call=_noise)

    baseline = commands.add_parser("baseline", help="keep small baselines, to commit beside the code")
    actions = baseline.add_subparsers(metavar="ACTION", required=True)
    save = actions.add_parser("save", help="keep a run's numbers under a name")
    save.add_argument("name", metavar="NAME", help="what `ride-eval check --baseline` will call it")
    save.add_argument("run", type=Path, metavar="RUN", help="a run directory")
    save.add_argument("--to", type=Path, default=BASELINES, metavar="DIR", help="the folder to keep it in (%(default)s)")
    save.set_defaults(call=_save)
    listing = actions.add_parser("list", help="their names, models and sizes")
    listing.add_argument(
        "--from", dest="folder", type=Path, default=BASELINES, metavar="DIR", help="the folder they lie in (%(default)s)"
    )
    listing.set_defaults(call=_list)


def _check(arguments: argparse.Namespace) -> int:
    try:
        return _checked(arguments)
    except RideError:
        raise
    except Exception:  # a fault of ours: Python would exit with 1, which here means a regression
        traceback.print_exc()
        return 2


def _checked(arguments: argparse.Namespace) -> int:
    from rich.console import Console

    from ride_eval.analysis.regression.check import check
    from ride_eval.analysis.regression.comparability import NAMES
    from ride_eval.noise import load_noise
    from ride_eval.policy import default_policy, load_policy, suggest
    from ride_eval.report import check_json, check_junit, check_markdown, check_terminal
    from ride_eval.summaries import load_side

    for name in arguments.allow:
        if name not in NAMES:
            raise UsageError(f"--allow {name}: there is no such difference. {suggest(name, NAMES)}")
    first, second = _sides(arguments)
    policy = load_policy(arguments.policy) if arguments.policy else default_policy()
    noise = load_noise(arguments.noise) if arguments.noise else None
    baseline, run = load_side(first, policy.metrics), load_side(second, policy.metrics)
    found = check(baseline, run, policy, alpha=arguments.alpha, allowed=arguments.allow, noise=noise)
    for module, file in (
        (check_json, arguments.json),
        (check_markdown, arguments.md),
        (check_junit, arguments.junit),
    ):
        if file is not None:
            _write(module.write, found, file)
    with contextlib.suppress(BrokenPipeError):  # `| head` must not make a regression look fine
        check_terminal.show(found, Console())
    return found.verdict.exit_code


def _sides(arguments: argparse.Namespace) -> tuple[Path, Path]:
    runs: Sequence[Path] = arguments.runs
    if arguments.baseline is not None:
        if len(runs) != 1:
            raise UsageError(f"With --baseline NAME one RUN is expected, got {len(runs)}.")
        from ride_eval.baselines import baseline_path

        return baseline_path(arguments.folder, arguments.baseline), runs[0]
    if len(runs) != 2:
        raise UsageError(
            f"BASELINE and RUN are expected, got {len(runs)}. Give two run directories, or --baseline NAME and one."
        )
    return runs[0], runs[1]


def _write(write: Any, content: Any, file: Path) -> None:
    try:
        write(content, file)
    except OSError as error:
        raise UsageError(f"Cannot write {file}: {error.strerror}. Give a file in a folder you can write to.") from None


def _noise(arguments: argparse.Namespace) -> int:
    from rich.console import Console

    from ride_eval.noise import measure, write_noise
    from ride_eval.report import check_terminal

    flags = arguments.flags[1:] if arguments.flags[:1] == ["--"] else arguments.flags
    noise = measure(arguments.model_args, arguments.tasks, flags)
    _write(write_noise, noise, arguments.out)
    check_terminal.show_noise(noise, Console())
    sys.stderr.write(f"Written to {arguments.out}; use it: ride-eval check --noise {arguments.out} BASELINE RUN\n")
    return 0


def _save(arguments: argparse.Namespace) -> int:
    from ride_eval.baselines import save

    folder = save(arguments.run, arguments.to, arguments.name)
    size = sum(file.stat().st_size for file in folder.iterdir())
    sys.stdout.write(f"{folder} ({size / 1e6:.2f} MB)\n")
    return 0


def _list(arguments: argparse.Namespace) -> int:
    from rich.console import Console

    from ride_eval.baselines import entries
    from ride_eval.report import check_terminal

    check_terminal.show_baselines(entries(arguments.folder), Console())
    return 0
