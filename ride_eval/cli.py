"""The `ride-eval` command: parse, call, print. What the harness has (running, tables, uploads) stays with `lm_eval`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ride_eval import __version__, check_commands, equivalence_command
from ride_eval.argument_types import positive
from ride_eval.errors import RideError, UsageError

if TYPE_CHECKING:
    from ride_eval.analysis.findings import Findings
    from ride_eval.analysis.frames import Run


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line; returns the exit code. 2 for a mistake of the user's, with one sentence and no traceback."""
    given = list(sys.argv[1:] if argv is None else argv)
    if given[:1] == ["run"]:
        return _run(given[1:])
    arguments = _parser().parse_args(given)
    try:
        code: int = arguments.call(arguments)
    except RideError as error:
        from ride_eval.screen import visible_lines

        # What the data or a path holds is shown, and does nothing to the terminal.
        sys.stderr.write(f"ride_eval: {visible_lines(str(error))}\n")
        return error.exit_code
    except KeyboardInterrupt as error:
        sys.stderr.write(f"\nride_eval: {str(error) or 'Stopped.'}\n")
        return int(getattr(error, "exit_code", 130))  # of a signal other than Ctrl-C's: see interrupts.Stopped
    except BrokenPipeError:
        # The reader (head, less) has seen enough; keep Python from complaining when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ride-eval",
        description="Do meta prompts change a model's inside, and are its answers then more certain? "
        "Measure with `lm_eval --model ride --tasks 'ride_*'`, read here.",
    )
    parser.add_argument("--version", action="version", version=f"ride-eval {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    report = commands.add_parser("report", help="what one or more runs found, side by side")
    report.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="a run directory (the run_dir of --model_args)")
    report.add_argument("--html", type=Path, metavar="FILE", help="write one self-contained page, the report people look at")
    report.add_argument("--json", type=Path, metavar="FILE", help="write the same findings as JSON")
    report.add_argument("--md", type=Path, metavar="FILE", help="write a short version as Markdown, for a pull request")
    report.add_argument("--csv", type=Path, metavar="DIR", help="write every table, and every flipped document, as CSV")
    report.set_defaults(call=_report)

    check_commands.add(commands)

    signatures = commands.add_parser("signatures", help="do experts reveal the kind of task, and do words move them?")
    signatures.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="a run directory of a mixture of experts")
    signatures.add_argument("--json", type=Path, metavar="FILE", help="write the findings as JSON")
    signatures.add_argument("--md", type=Path, metavar="FILE", help="write the tables as Markdown")
    signatures.add_argument("--figures", type=Path, metavar="DIR", help="write figures as SVG and PNG")
    signatures.set_defaults(call=_signatures)

    equivalence_command.add(commands)

    doctor = commands.add_parser("doctor", help="check on a model that every probe measures what it says; 1 if one does not")
    doctor.add_argument(
        "--model_args",
        nargs="+",
        default=[],
        metavar="ARGS",
        help="as for `lm_eval --model ride`: key=value,... or a JSON object (pretrained=zoo-olmoe)",
    )
    doctor.set_defaults(call=_doctor)

    run = commands.add_parser("run", help="`lm_eval run` with this plugin loaded; takes all its flags", add_help=False)
    run.set_defaults(call=lambda _: _run([]))

    tasks = commands.add_parser("tasks", help="the arms' task files: make them for any task, list, find")
    kinds = tasks.add_subparsers(metavar="ACTION", required=True)
    new = kinds.add_parser("new", help="write the YAML files that put a task under the arms, one an arm")
    new.add_argument(
        "base", metavar="BASE", help="a task of the harness, e.g. boolq, or a YAML file with documents in data/ beside it"
    )
    new.add_argument(
        "--domain", required=True, metavar="D", help="a domain of prompts/, or the document's field that holds one"
    )
    new.add_argument("--out", type=Path, metavar="DIR", help="the folder to write to (ride_BASE; for a file, beside it)")
    new.add_argument("--prompts", type=Path, metavar="DIR", help="a prompts folder of your own, whose arms are written")
    new.add_argument("--answer-filter", metavar="F", help="the task's filter whose answers count (its first)")
    new.add_argument("--correctness", metavar="M", help="the task's metric that says whether an answer is right (its first)")
    new.set_defaults(call=_tasks_new)
    kinds.add_parser("list", help="the tasks that come with ride_eval").set_defaults(call=_tasks_list)
    kinds.add_parser("path", help="the folder they lie in").set_defaults(call=partial(_data_path, "tasks"))

    for name, what in (("prompts", "the arms' texts and the domains"), ("configs", "run configs and the policy of `check`")):
        kinds = commands.add_parser(name, help=f"{what}: where they lie, to copy and edit").add_subparsers(
            metavar="ACTION", required=True
        )
        kinds.add_parser("path", help="the folder they lie in").set_defaults(call=partial(_data_path, name))

    zoo = commands.add_parser("zoo", help="the embedded models: small, trained on our own text, with known effects of prefixes")
    actions = zoo.add_subparsers(metavar="ACTION", required=True)
    actions.add_parser("list", help="their names, sizes and what was planted in them").set_defaults(call=_zoo_list)
    where = actions.add_parser("path", help="the folder of one, as from_pretrained takes it")
    where.add_argument("name", metavar="NAME", help="one of `ride-eval zoo list`")
    where.set_defaults(call=_zoo_path)

    demo = commands.add_parser("demo", help="evaluate four small models on the bundled documents, and report")
    demo.add_argument(
        "--out", type=Path, default=Path("runs/demo"), metavar="DIR", help="where models and runs go (%(default)s)"
    )
    demo.add_argument("--limit", type=positive, metavar="N", help="only the first N documents of each task")
    demo.add_argument("--measure", help=argparse.SUPPRESS)  # one model, no report: a process of the demo
    demo.set_defaults(call=_demo)
    return parser


def _report(arguments: argparse.Namespace) -> int:
    from rich.console import Console

    from ride_eval.analysis.findings import find
    from ride_eval.analysis.frames import load_run
    from ride_eval.report import markdown, terminal

    runs = [load_run(run) for run in arguments.runs]
    findings = find(runs)
    if arguments.html or arguments.json or arguments.csv:
        _files(runs, findings, arguments)
    if arguments.md is not None:
        _written(arguments.md, lambda: markdown.write(findings, arguments.md))
    terminal.show(findings, Console())
    return 0


def _files(runs: Sequence[Run], findings: Findings, arguments: argparse.Namespace) -> None:
    """What shows single documents beside the findings."""
    from ride_eval.analysis.categories.findings import find_signatures
    from ride_eval.analysis.evidence import gather
    from ride_eval.report import csv, html, json

    signatures = find_signatures(arguments.runs) if arguments.html or arguments.json else None
    evidence = [gather(run, found) for run, found in zip(runs, findings.models, strict=True)]
    if arguments.json is not None:
        _written(arguments.json, lambda: json.write(findings, evidence, signatures, arguments.json))
    if arguments.csv is not None:
        _written(arguments.csv, lambda: csv.write(runs, findings, arguments.csv))
    if arguments.html is not None:
        beside = arguments.html.with_suffix(".flipped.csv")
        _written(beside, lambda: csv.write_flipped(runs, findings, beside))
        _written(arguments.html, lambda: html.write(findings, evidence, signatures, arguments.html, csv=beside.name))


def _written(place: Path, write: Callable[[], object]) -> None:
    try:
        write()
    except OSError as error:
        raise UsageError(f"Cannot write {place}: {error.strerror}. Give a place you can write to.") from None


def _signatures(arguments: argparse.Namespace) -> int:
    from rich.console import Console

    from ride_eval.analysis.categories.findings import find_signatures
    from ride_eval.report import signatures_files, signatures_terminal

    findings = find_signatures(arguments.runs)
    for write, place in (
        (signatures_files.write_json, arguments.json),
        (signatures_files.write_markdown, arguments.md),
        (signatures_files.write_figures, arguments.figures),
    ):
        if place is not None:
            _written(place, partial(write, findings, place))
    signatures_terminal.show(findings, Console())
    return 0


def _doctor(arguments: argparse.Namespace) -> int:
    model_args = _model_args(arguments.model_args)
    from rich.console import Console

    from ride_eval.doctor import examine
    from ride_eval.report.doctor import show

    diagnosis = examine(model_args)
    show(diagnosis, Console())
    return 0 if diagnosis.healthy else 1


def _model_args(given: Sequence[str]) -> dict[str, object]:
    """What `--model_args` of the harness makes of it."""
    if given and given[0].lstrip().startswith("{"):
        try:
            content = json.loads(" ".join(given))
        except ValueError as error:
            raise UsageError(f"--model_args {' '.join(given)!r} is not JSON ({error}); key=value,... is simpler.") from None
        return dict(content)
    parts = [part for text in given for part in text.split(",") if part]
    if wrong := [part for part in parts if "=" not in part]:
        raise UsageError(f"--model_args has {wrong[0]!r}; key=value was expected, e.g. pretrained=zoo-olmoe.")
    from lm_eval.utils import simple_parse_args_string

    return dict(simple_parse_args_string(",".join(parts)))


def _tasks_new(arguments: argparse.Namespace) -> int:
    from ride_eval.arms import Prompts
    from ride_eval.task_files import place_of, write_arm_files

    prompts = Prompts(arguments.prompts)
    name, folder = place_of(arguments.base)
    folder = arguments.out or folder
    files = write_arm_files(
        arguments.base,
        arguments.domain,
        folder,
        answer_filter=arguments.answer_filter,
        correctness=arguments.correctness,
        arms=tuple(prompts.arms),
        prompts=arguments.prompts and arguments.prompts.resolve(),
    )
    sys.stdout.write("".join(f"{file}\n" for file in files))
    if arguments.domain not in prompts.domains:
        sys.stderr.write(f"{arguments.domain!r} is no domain of prompts/, so it is taken as a field of the document.\n")
    sys.stderr.write(f"Run them: lm_eval --model ride ... --include_path {folder} --tasks ride_{name}\n")
    return 0


def _tasks_list(_: argparse.Namespace) -> int:
    from rich.console import Console
    from rich.table import Table

    from ride_eval.arms import Prompts
    from ride_eval.task_files import SHIPPED, shipped_prefix

    domains = Prompts().domains
    table = Table("--tasks", "base", "domain", "right when", box=None, pad_edge=False)
    for name, (_folder, tag, spec) in SHIPPED.items():
        domain = str(spec["domain"]) if spec["domain"] in domains else "per document"
        own = f"{shipped_prefix(name)}_{name}"
        table.add_row(
            tag if tag == own else f"{own}_*",
            str(spec["base"]),
            domain,
            str(spec.get("correctness", "not scored")),
        )
    Console().print(table)
    return 0


def _data_path(name: str, _: argparse.Namespace) -> int:
    from ride_eval.arms import data_folder

    sys.stdout.write(f"{data_folder(name)}\n")
    return 0


def _zoo_list(_: argparse.Namespace) -> int:
    from rich.console import Console
    from rich.table import Table

    from ride_eval.zoo import NAMES
    from ride_eval.zoo.cards import load_card

    table = Table("pretrained=", "architecture", "parameters", "planted in training", box=None, pad_edge=False)
    for name in NAMES:
        card = load_card(name)
        table.add_row(name, card.architecture, f"{card.parameters / 1e6:.1f} M", card.planted)
    Console().print(table)
    return 0


def _zoo_path(arguments: argparse.Namespace) -> int:
    from ride_eval import zoo

    sys.stdout.write(f"{zoo.path(arguments.name)}\n")
    return 0


def _run(flags: Sequence[str]) -> int:
    """The harness's own command line in this process, with the plugin loaded first."""
    from ride_eval.bridge import install_error_hook

    install_error_hook()
    from lm_eval.__main__ import cli_evaluate

    import ride_eval.plugin  # noqa: F401 - importing registers model and tasks

    sys.argv = ["lm_eval", "run", *flags]
    cli_evaluate()
    return 0


def _demo(arguments: argparse.Namespace) -> int:
    from ride_eval import demo

    if arguments.measure is not None:
        demo.measure(arguments.measure, arguments.out, arguments.limit)
        return 0
    if code := demo.run(arguments.out, arguments.limit):
        return code
    runs = [demo.run_directory(name, arguments.out) for name in demo.MODELS]
    page = arguments.out / "report.html"
    _report(argparse.Namespace(runs=runs, html=page, json=None, md=None, csv=None))
    sys.stdout.write(f"\nOpen {page} in a browser.\n")
    return 0
