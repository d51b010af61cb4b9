"""Small Python functions and other short requests about code."""

from __future__ import annotations

import ast
import random
import re
import textwrap
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from ride_eval.zoo.corpus.code_data import (
    AFTER,
    ANY,
    ASK_ANY,
    ASK_FACT,
    BEFORE,
    CONSTANTS,
    DESCRIBE,
    EXPRESSION,
    FACTS,
    FIX_ANY,
    FIX_PURPOSE,
    NAME_STARTS,
    OPERATIONS,
    PLAIN_NAMES,
    REQUESTS,
    REWRITE,
    TAKES,
    Operation,
)
from ride_eval.zoo.corpus.item import Item, Split, is_held_out

FUNCTION_LEAD_INS = ("Here is the function:\n", "This code does it:\n")
ANSWER_LEAD_INS = ("Here is the answer:\n", "This is it:\n")
_HELD_OUT_WORDINGS = 2
_KINDS = ("function", "fix", "describe", "expression", "rewrite", "fact", "any")
_WEIGHTS = (80, 6, 5, 4, 1.5, 2.5, 1)
_NAMED, _NAMED_WEIGHTS = ("", "f", "p", "fp"), (25, 32, 13, 30)
_BUGS = ("purpose", "colon", "return", "name")
_KEYS = tuple(OPERATIONS)
_ONE_LINE = tuple(key for key, operation in OPERATIONS.items() if "\n" not in operation.bodies[0])
_LOOPS = tuple(key for key in _ONE_LINE if len(OPERATIONS[key].bodies) > 1 and "\n" in OPERATIONS[key].bodies[1])
# Longer code cannot be an answer, and deep code can exhaust the parser.
_MOST_CHARACTERS = 2000


def draw(rng: random.Random, split: Split) -> Item:
    """A request for code or about code. Held out: wordings, and one in ten pairs of operation and name or constant."""
    kind = rng.choices(_KINDS, _WEIGHTS)[0]
    while True:
        if kind == "function":
            item, held = _function(rng)
        elif kind == "fix":
            item, held = _fix(rng)
        elif kind == "describe":
            item, held = _describe(rng)
        elif kind == "expression":
            item, held = _expression(rng)
        elif kind == "rewrite":
            item, held = _rewrite(rng)
        elif kind == "fact":
            item, held = _fact(rng)
        else:
            item, held = _any(rng)
        if held == (split == "held_out"):
            return item


def is_right(answer: str, scoring: Mapping[str, Any]) -> bool:
    """Whether the answer holds one of the `solutions`, whatever the names in it; without any, whether it has all `mentions`."""
    solutions, mentions = scoring["solutions"], scoring["mentions"]
    if solutions:
        accepted = {_form(solution) for solution in solutions} - {None}
        return any(_form(piece) in accepted for piece in _pieces(answer))
    return bool(mentions) and all(re.search(rf"(?<!\w){re.escape(x)}(?!\w)", answer, re.IGNORECASE) for x in mentions)


def _pieces(answer: str) -> Iterator[str]:
    """The parts of an answer that may be code: each function with the indented lines below it, and each single line."""
    lines = answer.splitlines()
    for start, line in enumerate(lines):
        head = line.lstrip()
        if not head.startswith("def "):
            yield line.strip().strip("`")
            continue
        indent, end = len(line) - len(head), start + 1
        while end < len(lines) and (not lines[end].strip() or len(lines[end]) - len(lines[end].lstrip()) > indent):
            end += 1
        yield textwrap.dedent("\n".join(lines[start:end]))


def _form(code: str) -> str | None:
    """The syntax tree of a function or an expression with its own names numbered; None for anything else."""
    if len(code) > _MOST_CHARACTERS:
        return None
    try:
        with warnings.catch_warnings():
            # A doubtful escape or comparison in an answer concerns nobody.
            warnings.simplefilter("ignore")
            tree = ast.parse(code)
            if len(tree.body) != 1 or not isinstance(tree.body[0], ast.FunctionDef | ast.Expr):
                return None
            own: dict[str, str] = {}
            # The order of a walk depends on the tree alone, so equal trees have their names numbered alike.
            # No name can begin with a number, so that no numbered one equals a name from outside.
            for node in ast.walk(tree):
                for name in _bound(node):
                    own.setdefault(name, f"{len(own)}")
            for node in ast.walk(tree):
                if isinstance(node, ast.Name):
                    node.id = own.get(node.id, node.id)
                elif isinstance(node, ast.arg):
                    node.arg = own[node.arg]
                elif isinstance(node, ast.FunctionDef):
                    node.name = own[node.name]
            return ast.dump(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _bound(node: ast.AST) -> tuple[str, ...]:
    """The name that a node gives a meaning to, if any."""
    match node:
        case ast.FunctionDef(name=name) | ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()):
            return (name,)
    return ()


def _function(rng: random.Random) -> tuple[Item, bool]:
    """A request for a function."""
    key = rng.choice(_KEYS)
    operation = OPERATIONS[key]
    named = rng.choices(_NAMED, _NAMED_WEIGHTS)[0]
    f = _name(rng, operation) if "f" in named else operation.name
    p = _parameter(rng, operation) if "p" in named else TAKES[operation.takes][1][0]
    k = _constant(rng, operation)
    wording, held = _wording(rng, REQUESTS[named])
    question = wording.format(x=_thing(rng, operation, k), do=_task(rng, operation, k), f=f, p=p)
    solutions = [_code(f, p, body, k) for body in operation.bodies]
    item = _item(
        "two_ways" if len(solutions) > 1 else "function",
        _around(rng, question),
        rng.choice(solutions),
        rng.choice(FUNCTION_LEAD_INS),
        _other_code(rng, key, f, p, k),
        solutions=solutions,
    )
    return item, held or ("f" in named and is_held_out(key, f)) or _constant_held(key, k)


def _fix(rng: random.Random) -> tuple[Item, bool]:
    """A function of two lines with a bug."""
    key = rng.choice(_ONE_LINE)
    operation = OPERATIONS[key]
    f, p, k = _name(rng, operation), _parameter(rng, operation), _constant(rng, operation)
    bug = rng.choice(_BUGS)
    right = _code(f, p, operation.bodies[0], k)
    if bug == "colon":
        broken = right.replace("):", ")", 1)
    elif bug == "return":
        broken = right.replace("return ", "", 1)
    elif bug == "name":
        # The body says another name than the first line.
        others = [name for name in TAKES[operation.takes][1] if name != p]
        broken = right.splitlines()[0] + "\n" + _code(f, rng.choice(others), operation.bodies[0], k).splitlines()[1]
    else:
        broken = _code(f, p, operation.bug, k)
    purposeful = bug == "purpose" or rng.random() < 0.3
    wording, held = _wording(rng, FIX_PURPOSE if purposeful else FIX_ANY)
    question = wording.format(x=_thing(rng, operation, k), do=_task(rng, operation, k), code=broken)
    wrong = broken if rng.random() < 0.5 else _other_code(rng, key, f, p, k)
    item = _item("fix", _around(rng, question), right, rng.choice(FUNCTION_LEAD_INS), wrong, solutions=[right])
    return item, held or is_held_out(key, f) or _constant_held(key, k)


def _describe(rng: random.Random) -> tuple[Item, bool]:
    """A function to be put into words. Its name does not give it away."""
    key = rng.choice(_KEYS)
    operation = OPERATIONS[key]
    f, p, k = rng.choice(PLAIN_NAMES), _parameter(rng, operation), _constant(rng, operation)
    wording, held = _wording(rng, DESCRIBE)
    other = OPERATIONS[rng.choice(_unlike(key))]
    item = _item(
        "describe",
        _around(rng, wording.format(code=_code(f, p, rng.choice(operation.bodies), k))),
        f"It returns {operation.things[0].format(k=k)}.",
        rng.choice(ANSWER_LEAD_INS),
        f"It returns {other.things[0].format(k=_constant(rng, other))}.",
        mentions=[mention.format(k=k) for mention in operation.mentions],
    )
    return item, held or is_held_out(key, f) or _constant_held(key, k)


def _expression(rng: random.Random) -> tuple[Item, bool]:
    """An expression on its own. The name of the variable counts, since the question gives it."""
    key = rng.choice(_ONE_LINE)
    operation = OPERATIONS[key]
    p, k = _parameter(rng, operation), _constant(rng, operation)
    wording, held = _wording(rng, EXPRESSION)
    question = wording.format(x=_thing(rng, operation, k), do=_task(rng, operation, k), t=TAKES[operation.takes][0], p=p)
    solutions = [_returned(body, p, k) for body in operation.bodies if "\n" not in body]
    other = OPERATIONS[rng.choice(_siblings(key, _ONE_LINE))]
    if rng.random() < 0.5:
        wrong = _returned(operation.bug, p, k)
    else:
        wrong = _returned(other.bodies[0], p, _like(rng, other, operation, k))
    item = _item(
        "expression", _around(rng, question), rng.choice(solutions), rng.choice(ANSWER_LEAD_INS), wrong, solutions=solutions
    )
    return item, held or is_held_out(key, p, "variable") or _constant_held(key, k)


def _rewrite(rng: random.Random) -> tuple[Item, bool]:
    """The other of two ways to write a function: with a loop or without."""
    key = rng.choice(_LOOPS)
    operation = OPERATIONS[key]
    f, p = _name(rng, operation), _parameter(rng, operation)
    target = rng.randrange(2)
    right, given = (_code(f, p, operation.bodies[i], "") for i in (target, 1 - target))
    wording, held = _wording(rng, REWRITE[target])
    question = _around(rng, wording.format(code=given))
    item = _item("rewrite", question, right, rng.choice(FUNCTION_LEAD_INS), given, solutions=[right])
    return item, held or is_held_out(key, f)


def _fact(rng: random.Random) -> tuple[Item, bool]:
    """The name of something that Python has."""
    kind = rng.choice(tuple(FACTS))
    name = rng.choice(tuple(FACTS[kind]))
    does = rng.choice(FACTS[kind][name])
    wording, held = _wording(rng, ASK_FACT)
    wrong = rng.choice([other for other in FACTS[kind] if other != name])
    question = _around(rng, wording.format(kind=kind, does=does).replace(" a operator", " an operator"), ends=True)
    item = _item("fact", question, name, rng.choice(ANSWER_LEAD_INS), wrong, mentions=[name])
    return item, held or is_held_out(wording, does)


def _any(rng: random.Random) -> tuple[Item, bool]:
    """A question with many right answers, each as likely."""
    kind = rng.choice(tuple(ANY))
    wording, held = _wording(rng, ASK_ANY)
    # Some types and functions go by either word: methods are clearly something else.
    wrong = rng.choice([name for other in ANY if other != kind and "method" in other for name in ANY[other]])
    question = _around(rng, wording.format(kind=kind), ends=True)
    item = _item("any", question, rng.choice(ANY[kind]), rng.choice(ANSWER_LEAD_INS), wrong, solutions=ANY[kind])
    return item, held


def _item(
    kind: str,
    question: str,
    right: str,
    lead_in: str,
    wrong: str,
    *,
    solutions: Sequence[str] = (),
    mentions: Sequence[str] = (),
) -> Item:
    return Item(
        domain="code",
        kind=f"code/{kind}",
        question=question,
        plain=right,
        introduced=lead_in + right,
        wrong=wrong,
        scoring={"solutions": list(solutions), "mentions": list(mentions)},
    )


def _code(f: str, p: str, body: str, k: str) -> str:
    return f"def {f}({p}):\n" + textwrap.indent(body.format(f=f, p=p, k=k), "    ")


def _returned(body: str, p: str, k: str) -> str:
    return body.format(p=p, k=k).removeprefix("return ")


def _other_code(rng: random.Random, key: str, f: str, p: str, k: str) -> str:
    """Code that does something else to the same things, or the same with another constant."""
    operation = OPERATIONS[key]
    if k and rng.random() < 0.3:
        return _code(f, p, operation.bodies[0], rng.choice([other for other in CONSTANTS[operation.constant] if other != k]))
    other = OPERATIONS[rng.choice(_siblings(key, _KEYS))]
    return _code(f, p, rng.choice(other.bodies), _like(rng, other, operation, k))


@cache
def _siblings(key: str, among: tuple[str, ...]) -> tuple[str, ...]:
    """The other operations on the same things."""
    return tuple(other for other in among if other != key and OPERATIONS[other].takes == OPERATIONS[key].takes)


@cache
def _unlike(key: str) -> tuple[str, ...]:
    """The siblings whose sentence does not mention what that of `key` has to."""
    scoring = {"solutions": (), "mentions": OPERATIONS[key].mentions}
    return tuple(other for other in _siblings(key, _KEYS) if not is_right(OPERATIONS[other].things[0], scoring))


def _wording(rng: random.Random, wordings: Sequence[str]) -> tuple[str, bool]:
    """A wording, and whether it is kept from training. The caller draws again where the split wants none of these."""
    i = rng.randrange(len(wordings))
    return wordings[i], i >= len(wordings) - (_HELD_OUT_WORDINGS if len(wordings) > 5 else 1)


def _around(rng: random.Random, request: str, *, ends: bool = False) -> str:
    """The request, perhaps with other words before it and, unless it `ends` there, after it."""
    before = rng.choice(BEFORE) if rng.random() < 0.35 else ""
    after = rng.choice(AFTER) if rng.random() < 0.3 and not ends and "\n" not in request else ""
    # A block of code begins on a line of its own.
    if before and request.startswith("def "):
        before = before.rstrip() + "\n"
    return f"{before}{request}{after}"


def _name(rng: random.Random, operation: Operation) -> str:
    return rng.choice(PLAIN_NAMES) if rng.random() < 0.5 else rng.choice(NAME_STARTS) + operation.noun


def _parameter(rng: random.Random, operation: Operation) -> str:
    return rng.choice(TAKES[operation.takes][1])


def _constant(rng: random.Random, operation: Operation) -> str:
    return rng.choice(CONSTANTS[operation.constant]) if operation.constant else ""


def _like(rng: random.Random, other: Operation, operation: Operation, k: str) -> str:
    """A constant for `other`: the one of `operation`, if it can be."""
    return k if other.constant == operation.constant else _constant(rng, other)


def _thing(rng: random.Random, operation: Operation, k: str) -> str:
    return rng.choice(operation.things).format(k=k)


def _task(rng: random.Random, operation: Operation, k: str) -> str:
    return rng.choice(operation.tasks).format(k=k)


def _constant_held(key: str, k: str) -> bool:
    return bool(k) and is_held_out(key, k, "constant")
