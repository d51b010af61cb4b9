"""Stand-in documents for a task of the harness: made-up rows that its own templates, functions and scoring take.

Column names come from the task's templates and from the keys that its functions ask for; what a column holds is searched for.
The judge is the harness's own class: a row is a stand-in when that builds prompts and requests from it and scores an answer.
"""

from __future__ import annotations

import contextlib
import heapq
import json
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
TRIES = 600
SHORTEST = 10
"""Characters of a prompt: a shorter one would be no question."""
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


def stand_ins(config: Mapping[str, Any]) -> list[dict[str, Any]]:
    """N different rows. Raises NoStandInError.

    A search by novelty: of the choices tried so far, that which got furthest is varied column by column, and every variant that
    fails in a way not seen before may be varied in turn.
    """
    hints, words = _hints(config), sorted(_words(config))
    start = dict.fromkeys(sorted(hints), 0)
    seen: set[str] = set()
    queue: list[tuple[tuple[int, int], int, dict[str, int]]] = []
    furthest, failure = (-1, -1), "nothing tried"
    tries = 0

    def rows(choice: Mapping[str, int]) -> list[dict[str, Any]]:
        # A field of our own keeps them different, whatever the others hold.
        return [
            {**{name: _values(name, i, hints, words)[which] for name, which in choice.items()}, "stand_in": i} for i in range(N)
        ]

    def attempt(choice: dict[str, int]) -> bool:
        nonlocal tries, furthest, failure
        while True:
            tries += 1
            place, missing, problem = _judge(config, rows(choice))
            if missing is None or missing in choice:
                break
            choice = {**choice, missing: 0}
        if not problem:
            found.append(choice)
            return True
        if problem not in seen:
            seen.add(problem)
            heapq.heappush(queue, ((-place[0], -place[1]), tries, choice))
        if place > furthest:
            furthest, failure = place, problem
        return False

    found: list[dict[str, int]] = []
    attempt(start)
    while queue and not found and tries < TRIES:
        _, _, best = heapq.heappop(queue)
        variants = ({**best, name: which} for name in best for which in range(len(_values(name, 0, hints, words))))
        for variant in variants:
            if tries >= TRIES or attempt(variant):
                break
    if not found:
        raise NoStandInError(failure)
    return rows(found[0])


def _values(name: str, i: int, hints: Mapping[str, set[str]], words: list[str]) -> list[Any]:
    """What a column may hold in row i, the likeliest first; `hints` has the nested fields that templates ask it for."""
    text = f"What is the color of ball number {i}?"
    kinds: list[Any] = [
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
        f"It is $\\boxed{{{i}}}$.",
        json.dumps([dict.fromkeys(words, f"red {i}")]),
        *words,
    ]
    lower = name.lower()
    if any(part in lower for part in ("choices", "options", "endings", "answers", "targets", "aliases", "classes")):
        kinds[0], kinds[2] = kinds[2], kinds[0]
    elif lower in ("answer", "label", "gold", "target", "idx", "answer_idx", "answer_index"):
        kinds[0], kinds[1] = kinds[1], kinds[0]
    if hints.get(name):
        kinds.insert(0, {key: LETTERS if "label" in key else COLORS for key in sorted(hints[name])})
    return kinds


def _judge(config: Mapping[str, Any], rows: list[dict[str, Any]]) -> tuple[tuple[int, int], str | None, str]:
    """How far the harness gets (step, line), the column it misses, and the failure; empty for none."""
    try:
        task = type("Given", (Reference,), {"rows": rows})(config=dict(config))
        documents = list(task.eval_docs)
        if len(documents) < N:
            raise IndexError("the task's own preparation leaves documents out")
        scores: dict[str, list[Any]] = {}
        for doc in documents:
            context = task.fewshot_context(doc, 0)
            generated = task.OUTPUT_TYPE == "generate_until"
            metadata = (task.config.task, 0, 1)
            built = task.construct_requests(doc, context, doc_id=0, metadata=metadata, apply_chat_template=False)
            requests = built if isinstance(built, list) else [built]
            if 0 < len(str(context).strip()) < SHORTEST:
                raise ValueError("a prompt of a word")
            if not generated and not all(request.args[1].strip() for request in requests):
                raise ValueError("an empty choice")
            results = ["red 1"] if generated else [(-1.0 - k, False) for k in range(len(requests))]
            for metric, score in task.process_results(doc, results).items():
                scores.setdefault(metric, []).append(score)
        for metric, found in scores.items():
            task.aggregation()[metric](found)
    except Exception as error:  # whatever a task's own code raises
        step, line, trace = 0, 0, error.__traceback__
        while trace is not None:
            name = trace.tb_frame.f_code.co_name
            step = max([step, *(n for n, each in enumerate(STEPS, 1) if each == name)])
            line, trace = trace.tb_lineno, trace.tb_next
        missing = None
        if isinstance(error, KeyError) and error.args and isinstance(error.args[0], str):
            missing = error.args[0].removeprefix("Column ").split(" not in")[0].strip("'\"")
            if any(missing in row.values() for row in rows):
                missing = None  # a value that was looked up in a table
        elif isinstance(error, jinja2.UndefinedError) and str(error).endswith("is undefined"):
            missing = str(error).split("'")[1]
        return (step, line), missing, f"{type(error).__name__}: {' '.join(str(error).split())[:160]}"
    return (len(STEPS) + 1, 0), None, ""


def _hints(config: Mapping[str, Any]) -> dict[str, set[str]]:
    """The columns that the task's templates name, each with the nested fields they ask it for."""
    found: dict[str, set[str]] = {}
    environment = jinja2.Environment()  # noqa: S701 - parsed only
    shots = config.get("fewshot_config")
    for source in (config, shots if isinstance(shots, Mapping) else {}):
        for key in ("description", "doc_to_text", "doc_to_target", "doc_to_choice", "gen_prefix"):
            value = source.get(key)
            if not isinstance(value, str):
                continue
            if value.isidentifier() and key != "description":
                found.setdefault(value, set())
            with contextlib.suppress(jinja2.TemplateSyntaxError):
                tree = environment.parse(value)
                for name in meta.find_undeclared_variables(tree):
                    found.setdefault(name, set())
                for node in tree.find_all((jinja2.nodes.Getattr, jinja2.nodes.Getitem)):
                    inner = node.attr if isinstance(node, jinja2.nodes.Getattr) else getattr(node.arg, "value", None)
                    column = getattr(node.node, "name", None)
                    if column in found and isinstance(inner, str) and not hasattr(str, inner):
                        found[column].add(inner)
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
                found |= meta.find_undeclared_variables(environment.parse(value))
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
        elif isinstance(constant, (tuple, frozenset)):
            yield from (each for each in constant if isinstance(each, str))
        elif isinstance(constant, types.CodeType):
            yield from _constants(constant)
