"""docs/reference/cli.md: the `ride-eval` command line, from its argparse parser."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

HEAD = """# The command line

<!-- Written by `python -m handbook` from ride_eval/cli.py. Do not edit. -->

`lm_eval` measures, with its own flags ([model arguments](model-arguments.md)); `ride-eval` reads, checks and prepares. Exit codes: 0 fine; 1 what
was checked failed (`check`, `doctor`); 2 a mistake of the user's, with one sentence that says what to do.
"""


def write() -> str:
    """The page's text."""
    from ride_eval.cli import _parser

    return HEAD + "".join(_sections(_parser(), "", 2))


def _sections(parser: argparse.ArgumentParser, what: str, level: int) -> Iterator[str]:
    groups = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not groups:
        yield from _command(parser, what, level)
    elif what:
        yield f"\n{'#' * level} {parser.prog}\n\n{_sentence(what)}\n"
    for group in groups:
        helps = {choice.dest: choice.help or "" for choice in group._choices_actions}
        for name, child in group.choices.items():
            yield from _sections(child, helps[name], level + 1 if what else level)


def _command(parser: argparse.ArgumentParser, what: str, level: int) -> Iterator[str]:
    yield f"\n{'#' * level} {parser.prog}\n\n{_sentence(what)}\n"
    yield f"\n```text\n{_usage(parser)}\n```\n"
    rows = [_row(action) for action in _shown(parser)]
    if rows:
        yield "\n| | |\n|---|---|\n" + "".join(f"| `{name}` | {text} |\n" for name, text in rows)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?")) else ".")


def _usage(parser: argparse.ArgumentParser) -> str:
    if parser.usage:
        return parser.usage
    shown = [_brackets(action) for action in _shown(parser)]
    # The positional ones last, as people type them.
    return " ".join(
        [parser.prog, *[text for text in shown if "-" in text[:3]], *[text for text in shown if "-" not in text[:3]]]
    )


def _shown(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """As `--help` has them, but for itself."""
    hidden = (action for action in parser._actions if action.help != argparse.SUPPRESS)
    return [action for action in hidden if not isinstance(action, argparse._HelpAction)]


def _brackets(action: argparse.Action) -> str:
    name = _name(action)
    if not action.option_strings and action.nargs == "+":
        return f"{name} [{name} ...]"
    if not action.option_strings and action.nargs == argparse.REMAINDER:
        return "[-- FLAG ...]"
    return name if action.required else f"[{name}]"


def _name(action: argparse.Action) -> str:
    value = str(action.metavar or action.dest.upper())
    if not action.option_strings:
        return value
    return f"{action.option_strings[-1]} {value}" if action.nargs != 0 else action.option_strings[-1]


def _row(action: argparse.Action) -> tuple[str, str]:
    text = (action.help or "").replace("%(default)s", f"`{action.default}`").replace("|", "\\|")
    name = "-- FLAG ..." if action.nargs == argparse.REMAINDER else _name(action)
    return name, text
