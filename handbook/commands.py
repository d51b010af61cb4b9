"""Commands that a test cannot run, read by the parsers that would read them: what they name must exist."""

from __future__ import annotations

import argparse
import importlib.util
import inspect
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from typing import Any

from handbook.blocks import ROOT

PASSED_ON = frozenset({"attn_implementation", "load_in_4bit", "load_in_8bit", "parallelize", "enable_thinking"})
"""Model arguments that neither we nor HFLM name: they go to transformers, or to the chat template."""
UNREAD = frozenset(
    {"pip", "git", "cd", "cp", "mkdir", "rsync", "source", "export", "cat", "sbatch", "hf", "open"}
    | {"grep", "head", "tail", "ls", "sed", "sort"}
)
"""Commands of others, of which nothing is checked."""
_MIXED = re.compile(r"[|;&]{1,2}")


def problem(command: str) -> str | None:
    """What is wrong with a command line, in one sentence; None if it would be understood."""
    for part in _parts(shlex.split(command, comments=True)):
        words = [word for word in part if not re.fullmatch(r"[A-Z_]+=.*", word)]
        if words and (found := _problem(words)):
            return found
    return None


def _parts(words: Sequence[str]) -> list[list[str]]:
    """The commands of a pipeline or list, redirections left out."""
    parts: list[list[str]] = [[]]
    skip = False
    for word in words:
        if _MIXED.fullmatch(word):
            parts.append([])
        elif skip or word in (">", ">>", "2>", "<"):
            skip = not skip
        else:
            parts[-1].append(word)
    return parts


def _problem(words: list[str]) -> str | None:
    name, *rest = words
    if name == "accelerate" and rest[:1] == ["launch"]:
        words = words[words.index("-m") + 1 :] if "-m" in words else ["python"]
        name, *rest = words
    if name in ("python", "python3") and rest[:1] == ["-m"]:
        name, *rest = rest[1:]
        if name not in ("lm_eval", "pip", "venv", "http.server") and importlib.util.find_spec(name) is None:
            return f"there is no module {name}"
    readers: Mapping[str, Callable[[list[str]], str | None]] = {
        "lm_eval": _lm_eval,
        "ride-eval": _ride_eval,
        "make": _make,
    }
    if name in readers:
        return readers[name](rest)
    if name in UNREAD or "." in name or importlib.util.find_spec(name):
        return None
    return f"{name} is not a command that this test knows"


def _parse(parse: Callable[[list[str]], argparse.Namespace], words: list[str]) -> argparse.Namespace | str:
    errors = StringIO()
    try:
        with redirect_stderr(errors):
            return parse(words)
    except SystemExit as stop:
        return errors.getvalue().strip().splitlines()[-1] if stop.code else argparse.Namespace()
    except (ValueError, argparse.ArgumentTypeError) as error:
        return str(error)


def _ride_eval(words: list[str]) -> str | None:
    from ride_eval.cli import _parser

    if words[:1] == ["run"]:
        return _lm_eval(words[1:])
    found = _parse(_parser().parse_args, words)
    if isinstance(found, str):
        return found
    given = getattr(found, "model_args", None)
    if isinstance(given, str | list):
        from ride_eval.cli import _model_args

        return unknown_arguments(_model_args([given] if isinstance(given, str) else given))
    return None


def _lm_eval(words: list[str]) -> str | None:
    from lm_eval._cli.harness import HarnessCLI

    cli = HarnessCLI()
    if words and words[0] not in ("run", "ls", "validate"):
        words = ["run", *words]
    found = _parse(cli._parser.parse_args, words)
    if isinstance(found, str):
        return found
    if found.command != "run":
        return None
    content: dict[str, Any] = {}
    if found.config:
        import yaml

        if not (ROOT / found.config).is_file():
            return None if "$" in found.config else f"there is no file {found.config}"
        content = yaml.safe_load((ROOT / found.config).read_text(encoding="utf-8"))
    arguments = {**content.get("model_args", {}), **(found.model_args or {})}
    own = found.include_path is not None
    return unknown_arguments(arguments) or unknown_tasks(found.tasks or content.get("tasks", []), own=own)


def unknown_arguments(arguments: Mapping[str, Any]) -> str | None:
    from lm_eval.models.huggingface import HFLM

    from ride_eval.model import RideLM

    known = {*inspect.signature(RideLM).parameters, *inspect.signature(HFLM).parameters, *PASSED_ON}
    unknown = [name for name in arguments if name not in known]
    return f"--model_args has no {', '.join(unknown)}" if unknown else None


def unknown_tasks(tasks: Sequence[str], *, own: bool) -> str | None:
    from fnmatch import fnmatch

    from ride_eval.task_files import SHIPPED, shipped_files

    names = {Path(file).stem for file in shipped_files()} | {tag for _, tag, _ in SHIPPED.values()} | {"ride_eval"}
    unknown = [task for task in tasks if not any(fnmatch(name, task) for name in names)]
    return f"there are no tasks {', '.join(unknown)}" if unknown and not own else None


def _make(words: list[str]) -> str | None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    unknown = [word for word in words if word not in targets and "=" not in word and not word.startswith("-")]
    return f"make has no target {', '.join(unknown)}" if unknown else None
