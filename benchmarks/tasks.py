"""`python -m benchmarks.tasks`: `ride-eval tasks new` tried on 40 tasks of the harness, into docs/tasks.md.

The draw: one task of a benchmark (a folder of the harness's tasks), benchmarks in random order, until each kind of request
has its share. The run: seven arms, two stand-in documents (see `stand_ins`), an embedded model, measured and scored to the end.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import logging
import multiprocessing
import os
import random
import re
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = os.environ["HF_DATASETS_OFFLINE"] = "1"

import datasets
import lm_eval
from lm_eval.tasks import TaskManager
from lm_eval.tasks._yaml_loader import load_yaml

import ride_eval.plugin  # noqa: F401 - importing registers model and tasks
from benchmarks.stand_ins import N, NoStandInError, stand_ins
from ride_eval import cli
from ride_eval.base import RideSpec, load_base, refuse_unfit
from ride_eval.errors import RideError
from ride_eval.store import read_status, read_table

SEED = 12
SHARES = {"generation": 18, "multiple choice": 14, "log-likelihood": 8}
KINDS = {
    "generate_until": "generation",
    "multiple_choice": "multiple choice",
    "loglikelihood": "log-likelihood",
    "loglikelihood_rolling": "log-likelihood",
}
MODEL = "zoo-olmoe"
PAGE = Path(__file__).parents[1] / "docs" / "tasks.md"
ARMS = 7
UNLOADABLE = "cannot be loaded ("
"""In the message for a base whose own code fails: a package it needs, or the hub."""


def draw(seed: int = SEED) -> list[tuple[str, str]]:
    """40 names with their kinds, in the order drawn."""
    root = Path(lm_eval.tasks.__file__).parent
    folders: dict[str, dict[str, Path]] = {}
    for name, entry in TaskManager().task_index.items():
        if entry.yaml_path is not None and "TASK" in entry.kind.name and root in entry.yaml_path.parents:
            folders.setdefault(entry.yaml_path.relative_to(root).parts[0], {})[name] = entry.yaml_path
    rng = random.Random(seed)  # noqa: S311
    left, drawn = dict(SHARES), {}
    while any(left.values()):
        for folder in rng.sample(sorted(folders), len(folders)):
            name = rng.choice(sorted(folders[folder]))
            kind = KINDS[load_yaml(folders[folder][name], resolve_func=False).get("output_type") or "generate_until"]
            if left[kind] and name not in drawn:
                left[kind] -= 1
                drawn[name] = kind
    return list(drawn.items())


def attempt(name: str, folder: Path) -> tuple[bool | None, str]:
    """Whether the task works under the arms (None: it could not be tried here, so not known), and a sentence."""
    spec = RideSpec(base=name, benchmark=name, arm="none", domain="factual")
    out, data, run = folder / "tasks", folder / "data", folder / "run"
    code, printed = _quietly(lambda: cli.main(["tasks", "new", name, "--domain", "factual", "--out", str(out)]))
    if code:
        sentence = printed.strip().removeprefix("ride_eval: ").removeprefix(f"Task ride_{name}: ")
        return (None if UNLOADABLE in sentence else False), sentence
    config, _ = load_base(f"ride_{name}", spec, folder)
    refuse_unfit(name, config)
    try:
        rows = stand_ins({**config, "task": name})
    except NoStandInError as error:
        return None, f"no stand-in documents found ({error})"
    (data / name).mkdir(parents=True)
    (data / name / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    try:
        _quietly(lambda: _evaluate(name, out, data, run))
    except RideError as error:
        return False, str(error)
    except Exception as error:  # what a user would see as a traceback is what is looked for
        return False, f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
    if not config.get("doc_to_text"):
        return False, "its question is empty, so there are no question tokens to compare"
    return _measured(run)


def _quietly(call: Callable[[], Any]) -> tuple[Any, str]:
    stream = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(stream):
        found = call()
    return found, stream.getvalue()


def _evaluate(name: str, out: Path, data: Path, run: Path) -> None:
    arguments: dict[str, Any] = {"pretrained": MODEL, "run_dir": str(run), "num_samples": 1}
    lm_eval.simple_evaluate(
        model="ride",
        model_args=arguments,
        tasks=[f"ride_{name}"],
        task_manager=TaskManager(include_defaults=False, include_path=str(out), metadata=arguments | {"data_dir": str(data)}),
        device="cpu",
        bootstrap_iters=0,
        batch_size=4,
        num_fewshot=0,
        gen_kwargs="max_gen_toks=8,do_sample=False,temperature=0",
        confirm_run_unsafe_code=False,
    )


def _measured(run: Path) -> tuple[bool | None, str]:
    """Whether a finished run holds what it should."""
    if read_status(run)["state"] != "complete":
        return False, "the run did not end as complete"
    prompts, scores = read_table(run, "prompts"), read_table(run, "scores")
    key = ["document", "occurrence", "arm"]
    if len(prompts.drop_duplicates(key)) != ARMS * N:
        return False, f"{len(prompts.drop_duplicates(key))} of {ARMS * N} prompts were measured"
    if prompts["reason"].notna().any():
        reason = prompts["reason"].dropna().iloc[0]
        return (None if reason.startswith("truncated") else False), f"prompts were not measured: {reason}"
    greedy = scores[scores["answer"] == "greedy"]
    if len(greedy) != ARMS * N:
        return False, f"{len(greedy)} of {ARMS * N} answers have a score"
    if greedy["correct"].isna().all():
        return True, f"works; `{greedy['metric'].iloc[0]}` is no number a document, so correctness is not compared"
    return True, f"works, right by `{greedy['metric'].iloc[0]}`"


def page(rows: list[tuple[str, str, bool | None, str]]) -> str:
    """docs/tasks.md."""
    counts = {True: 0, False: 0, None: 0}
    for _, _, works, _ in rows:
        counts[works] += 1
    asked = ", ".join(f"{n} of {kind}" for kind, n in SHARES.items())
    text = f"""# Tasks of the harness under the arms

`ride-eval tasks new BASE` puts a task of the harness under the arms. `python -m benchmarks.tasks` tried it on 40 tasks of
lm_eval {lm_eval.__version__} and wrote this page.

**The draw** (seed {SEED}): benchmarks, which are the folders of the harness's tasks, in random order, and in each a task at
random, until there were {asked}.

**Tried** means: the seven files were made, and `{MODEL}` was measured and scored to the end under all seven arms, on {N}
*stand-in documents*: rows made up to fit the task's columns, since the hub is out of reach where this page is made. A row
counts as a stand-in when the harness's own class builds prompts from it and scores an answer. So the page says that a task
runs, and nothing of its real data. Generation was greedy and of 8 tokens, by `--gen_kwargs`: tasks that sample by default are
refused without that.

**{counts[True]} work, {counts[False]} do not, and {counts[None]} could not be tried**: no stand-in documents were found, or the
harness itself cannot load the task where this page is made, or its prompts are longer than the embedded model takes. Nothing is
known of those.

| task | kind | result |
|---|---|---|
"""
    mark = {True: "", False: "no: ", None: "not tried: "}
    lines = [f"| `{name}` | {kind} | {mark[works]}{_cell(sentence)} |" for name, kind, works, sentence in rows]
    return text + "\n".join(lines) + "\n"


def _cell(sentence: str) -> str:
    for place, name in ((Path(lm_eval.__file__).parent, "lm_eval"), (Path.cwd(), ".")):
        sentence = sentence.replace(str(place), name)
    sentence = re.sub(re.escape(tempfile.gettempdir()) + r"/\w+", "DIR", sentence)
    return " ".join(sentence.replace("|", "\\|").split())


def tried(task: tuple[str, str]) -> tuple[str, str, bool | None, str]:
    """A row of the page."""
    logging.disable(logging.WARNING)
    datasets.disable_progress_bars()
    with tempfile.TemporaryDirectory() as folder:
        works, sentence = attempt(task[0], Path(folder))
    return *task, works, sentence


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tasks", description=__doc__)
    parser.add_argument("--only", nargs="*", help="these of the 40, printed and not written")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    chosen = [task for task in draw() if not options.only or task[0] in options.only]
    rows = []
    with ProcessPoolExecutor(options.processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        for row in pool.map(tried, chosen):
            rows.append(row)
            print(len(rows), *row, flush=True)
    if not options.only:
        PAGE.write_text(page(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
