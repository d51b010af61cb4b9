"""The arguments of `ride-eval equivalence`, and what it calls; `cli` stays thin."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from ride_eval.argument_types import positive


def add(commands: Any) -> None:
    """Add the command to the parser's."""
    parser = commands.add_parser("equivalence", help="judge which sampled answers mean the same, by language inference")
    parser.add_argument("run", type=Path, metavar="RUN", help="a run directory with sampled answers")
    parser.add_argument(
        "--model", required=True, metavar="NAME", help="a classifier with a class named entailment: a folder, or a hub name"
    )
    parser.add_argument("--revision", default="main", metavar="R", help="its revision (%(default)s)")
    parser.add_argument("--device", default="cpu", metavar="D", help="where it runs, e.g. cuda (%(default)s)")
    parser.add_argument("--batch_size", type=positive, default=32, metavar="N", help="pairs at once (%(default)s)")
    parser.set_defaults(call=_call)


def _call(arguments: argparse.Namespace) -> int:
    from ride_eval.equivalence import check_judgeable, judge

    check_judgeable(arguments.run, f"{arguments.model}@{arguments.revision}")  # before minutes of loading
    from ride_eval.entailment import EntailmentModel
    from ride_eval.summaries import summarize_apart

    by = EntailmentModel(arguments.model, revision=arguments.revision, device=arguments.device, batch_size=arguments.batch_size)
    done = judge(arguments.run, by)
    summarize_apart(arguments.run)  # the one that the run kept knows nothing of the classes
    parts = [f"{done.prompts} prompts judged, with {done.pairs} pairs of answers"]
    if done.cut:
        parts.append(f"{done.cut} pairs did not fit into {arguments.model} and were cut")
    if done.without_question:
        parts.append(f"the answers to {done.without_question} questions were compared alone, since the run does not hold these")
    sys.stdout.write(f"{'; '.join(parts)}. `ride-eval report {arguments.run}` has the entropies over the classes.\n")
    return 0
