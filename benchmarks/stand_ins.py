"""Stand-in documents for a task of the harness: made-up rows that its own templates, functions and scoring take.

Column names come from the task's templates and from the keys that its functions ask for; what a column holds is searched for.
The judge is the harness's own class: a row is a stand-in when that builds prompts and requests from it and scores an answer.
"""

from __future__ import annotations

import contextlib
import random
import types
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import datasets
import jinja2
from jinja2 import meta
from lm_eval.api.task import ConfigurableTask

LETTERS = ["A", "B", "C", "D"]
COLORS = ["red", "blue", "green", "gray"]
STEPS = ("process_docs", "doc_to_text", "doc_to_target", "doc_to_choice", "fewshot_context", "process_results")
"""The harness's steps, in their order: a failure in a later one is nearer to a stand-in."""
TRIES = 400
N = 2


class NoStandInError(Exception):
    """The search found none; the message is the last failure."""


class Reference(ConfigurableTask):
    """The harness's own task, on rows given to it."""

    rows: list[dict[str, Any]]

    def download(self, dataset_kwargs: Any = None, **kwargs: Any) -> None:
        self.dataset = _Anything(datasets.Dataset.from_list(self.rows))


class _Anything(dict[str, Any]):
    """Every split is the same rows."""

    def __init__(self, rows: datasets.Dataset) -> None:
        self._rows = rows

    def __missing__(self, split: str) -> datasets.Dataset:
        return self._rows


def stand_ins(config: Mapping[str, Any], seed: int = 0) -> list[dict[str, Any]]:
    """N different rows. Raises NoStandInError."""
    columns = dict.fromkeys(sorted(_template_columns(config)), 0)
    words = sorted(_words(config))
    rng = random.Random(seed)  # noqa: S311
    best, reached, failure = dict(columns), (-1, -1), "nothing tried"
    tries = 0

    def judge(choice: Mapping[str, int]) -> tuple[tuple[int, int], str | None, str]:
        nonlocal tries
        tries += 1
        return _judge(config, rows(choice))

    def rows(choice: Mapping[str, int]) -> list[dict[str, Any]]:
        return [{name: _values(name, i, words)[which] for name, which in choice.items()} for i in range(N)]

    while tries < TRIES:
        place, missing, failure = judge(best)
        if not failure:
            return rows(best)
        if missing is not None and missing not in best:
            best[missing] = 0
            continue
        reached = max(reached, place) if missing is None else place
        improved = False
        order = list(best)
        rng.shuffle(order)
        for name in order:
            for which in range(len(_values(name, 0, words))):
                if tries >= TRIES or which == best[name]:
                    continue
                other = {**best, name: which}
                found, lacks, problem = judge(other)
                if not problem:
                    return rows(other)
                if found > reached or (lacks is not None and lacks not in other and found >= reached):
                    best, reached, improved = other, found, True
                    break
            if improved:
                break
        if not improved:  # a corner: begin elsewhere
            best, reached = {name: rng.randrange(len(_values(name, 0, words))) for name in best}, (-1, -1)
    raise NoStandInError(failure)


def _values(name: str, i: int, words: list[str]) -> list[Any]:
    """What a column may hold in row i, the likeliest first."""
    text = f"What is the color of ball number {i}?"
    kinds = [
        text,
        i % 2,
        [f"{color} {i}" for color in COLORS],
        {"text": COLORS, "label": LETTERS},
        "A",
        str(i),
        repr(COLORS),
        [f"red {i}"],
        True,
        0.5,
        dict.fromkeys(words, COLORS) or {"text": COLORS},
        dict.fromkeys(words, f"red {i}") or {"text": text},
        [dict.fromkeys(words, f"red {i}") or {"text": text}] * 2,
        *words,
    ]
    lower = name.lower()
    if any(part in lower for part in ("choices", "options", "endings", "answers", "targets", "aliases")):
        kinds[0], kinds[2] = kinds[2], kinds[0]
    elif lower in ("answer", "label", "gold", "target", "idx", "answer_idx", "answer_index"):
        kinds[0], kinds[1] = kinds[1], kinds[0]
    return kinds


def _judge(config: Mapping[str, Any], rows: list[dict[str, Any]]) -> tuple[tuple[int, int], str | None, str]:
    """How far the harness gets (step, line), the column it misses, and the failure; empty for none."""
    try:
        task = type("Given", (Reference,), {"rows": rows})(config=dict(config))
        documents = list(task.eval_docs)
        if len(documents) < N:
            raise IndexError("the task's own preparation leaves documents out")
        for doc in documents:
            context = task.fewshot_context(doc, 0)
            metadata = (task.config.task, 0, 1)
            built = task.construct_requests(doc, context, doc_id=0, metadata=metadata, apply_chat_template=False)
            requests = built if isinstance(built, list) else [built]
            if not all(str(argument).strip() for request in requests for argument in request.args):
                raise ValueError("an empty request")
            generated = task.OUTPUT_TYPE == "generate_until"
            task.process_results(doc, ["red 1"] if generated else [(-1.0 - k, False) for k in range(len(requests))])
    except Exception as error:  # whatever a task's own code raises
        step, line, trace = 0, 0, error.__traceback__
        while trace is not None:
            name = trace.tb_frame.f_code.co_name
            step = max([step, *(n for n, each in enumerate(STEPS, 1) if each == name)])
            line, trace = trace.tb_lineno, trace.tb_next
        missing = None
        if isinstance(error, KeyError) and error.args and isinstance(error.args[0], str):
            missing = error.args[0].removeprefix("Column ").split(" not in")[0].strip("'\"")
        elif isinstance(error, jinja2.UndefinedError) and str(error).endswith("is undefined"):
            missing = str(error).split("'")[1]
        return (step, line), missing, f"{type(error).__name__}: {' '.join(str(error).split())[:160]}"
    return (len(STEPS) + 1, 0), None, ""


def _template_columns(config: Mapping[str, Any]) -> set[str]:
    """Names in the task's templates, and bare column names."""
    found: set[str] = set()
    environment = jinja2.Environment()  # noqa: S701 - parsed only
    shots = config.get("fewshot_config")
    for source in (config, shots if isinstance(shots, Mapping) else {}):
        for key in ("description", "doc_to_text", "doc_to_target", "doc_to_choice", "gen_prefix"):
            value = source.get(key)
            if isinstance(value, str):
                try:
                    found |= meta.find_undeclared_variables(environment.parse(value))
                except jinja2.TemplateSyntaxError:
                    continue
                if value.isidentifier() and key != "description":
                    found.add(value)
    return found


def _words(config: Mapping[str, Any]) -> set[str]:
    """Short string constants of the task's functions and templates: keys of nested fields, and values they select by."""
    found: set[str] = set()
    environment = jinja2.Environment()  # noqa: S701 - parsed only
    for value in config.values():
        if isinstance(value, str) and "{" in value:
            with contextlib.suppress(jinja2.TemplateSyntaxError):
                constants = environment.parse(value).find_all(jinja2.nodes.Const)
                found |= {each.value for each in constants if isinstance(each.value, str)}
                found |= {each.attr for each in environment.parse(value).find_all(jinja2.nodes.Getattr)}
        if isinstance(value, list):
            found |= {each for each in value if isinstance(each, str)}
        if isinstance(value, partial):
            found |= {each for each in (*value.args, *value.keywords.values()) if isinstance(each, str)}
        function = value.func if isinstance(value, partial) else value
        if isinstance(function, types.FunctionType):
            found |= set(_constants(function.__code__))
    return {word for word in found if 0 < len(word) <= 24 and "\n" not in word and "{" not in word}


def _constants(code: types.CodeType) -> Iterator[str]:
    for constant in code.co_consts:
        if isinstance(constant, str):
            yield constant
        elif isinstance(constant, types.CodeType):
            yield from _constants(constant)
