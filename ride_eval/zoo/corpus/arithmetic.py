"""Arithmetic word problems with worked answers."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from ride_eval.zoo.corpus.arithmetic_data import (
    ANY_NUMBER,
    BEFORE,
    CONTAINERS,
    KINDS,
    NAMES,
    SELLERS,
    SUFFIXES,
    THINGS,
    UNITS,
)
from ride_eval.zoo.corpus.item import Item, Split, is_held_out, split_of

LEAD_INS = ("Let us see: ", "Step by step: ")
_KINDS = tuple(KINDS)
# One-step problems come more often: they are what two-step ones are made of.
_WEIGHTS = (5, 5, 2, 5, 4, 2, 2, 1, 3, 2, 3, 3, 2)
_ANY_SHARE = 0.08


def draw(rng: random.Random, split: Split) -> Item:
    """A problem whose numbers lie between 2 and about 150. Held out: one in ten sets of numbers."""
    if rng.random() < _ANY_SHARE:
        return _any_number(rng, split)
    kind = rng.choices(_KINDS, _WEIGHTS)[0]
    shape, wordings = KINDS[kind]
    while True:
        a, b, c = _numbers(rng, shape)
        held = is_held_out(shape, a, b, c)
        if held == (split == "held_out"):
            break
    # New numbers are met in the wordings of training as well as in new ones.
    wording = rng.choice(wordings if split == "held_out" else split_of(wordings, split))
    name, other = rng.sample(NAMES, 2)
    words = {"o": rng.choice(THINGS), "k": rng.choice(CONTAINERS), "u": rng.choice(UNITS), "s": rng.choice(SELLERS)}
    question = wording.format(a=a, b=b, c=c, n=name, m=other, **words)
    steps, value = _work(shape, a, b, c)
    return _item(rng, kind, question, steps, value)


def is_right(answer: str, accepted: Sequence[str]) -> bool:
    """Whether the last whole number of the answer is an accepted one."""
    numbers = re.findall(r"-?[0-9]+", answer)
    return bool(numbers) and numbers[-1] in accepted


def _numbers(rng: random.Random, shape: str) -> tuple[int, int, int]:
    """Numbers that make every result of `shape` a whole one between 1 and about 150."""
    small, table = rng.randint(2, 9), rng.randint(2, 12)
    if shape in ("a+b", "a+b+c"):
        a, b, c = rng.randint(2, 60), rng.randint(2, 40), rng.randint(2, 20)
    elif shape == "a-b":
        a = rng.randint(5, 90)
        b, c = rng.randint(2, min(a - 1, 40)), 0
    elif shape == "a*b":
        a, b, c = small, rng.choice((table, table, table, rng.randint(13, 25), 10 * rng.randint(2, 9))), 0
    elif shape == "c/a":
        b = rng.choice((table, table, table, rng.randint(13, 20)))
        a, c = small, small * b
    elif shape == "2*a":
        a, b, c = rng.randint(3, 60), 0, 0
    elif shape == "c/2":
        a, b, c = 0, 0, 2 * rng.randint(2, 50)
    elif shape == "4*a":
        a, b, c = rng.randint(2, 25), 0, 0
    elif shape == "a+b-c":
        a, b = rng.randint(5, 50), rng.randint(2, 30)
        c = rng.randint(2, min(a + b - 1, 30))
    elif shape == "a-b+c":
        a = rng.randint(10, 60)
        b, c = rng.randint(2, min(a - 1, 30)), rng.randint(2, 30)
    elif shape == "a*b+c":
        a, b, c = small, table, rng.randint(2, 30)
    else:  # a*b-c
        a, b = small, table
        c = rng.randint(1, min(a * b - 1, 30))
    if shape in ("a-b", "a*b", "c/a", "2*a", "c/2", "4*a", "a+b"):
        # What the shape does not use must not decide what is held out.
        used = {"a": a, "b": b, "c": c}
        a, b, c = (used[x] if x in shape else 0 for x in "abc")
    return a, b, c


def _work(shape: str, a: int, b: int, c: int) -> tuple[list[str], int]:
    """The sums that lead to the result, and the result."""
    match shape:
        case "a+b":
            return [f"{a} + {b} = {a + b}."], a + b
        case "a-b":
            return [f"{a} - {b} = {a - b}."], a - b
        case "a*b":
            return [_product(a, b)], a * b
        case "c/a":
            return [f"{c} / {a} = {c // a}."], c // a
        case "2*a":
            return [f"2 * {a} = {2 * a}."], 2 * a
        case "c/2":
            return [f"{c} / 2 = {c // 2}."], c // 2
        case "4*a":
            return [_product(4, a)], 4 * a
        case "a+b-c":
            return [f"{a} + {b} = {a + b}.", f"{a + b} - {c} = {a + b - c}."], a + b - c
        case "a-b+c":
            return [f"{a} - {b} = {a - b}.", f"{a - b} + {c} = {a - b + c}."], a - b + c
        case "a*b+c":
            return [_product(a, b), f"{a * b} + {c} = {a * b + c}."], a * b + c
        case "a*b-c":
            return [_product(a, b), f"{a * b} - {c} = {a * b - c}."], a * b - c
        case "a+b+c":
            return [f"{a} + {b} = {a + b}.", f"{a + b} + {c} = {a + b + c}."], a + b + c
    raise ValueError(shape)


def _product(a: int, b: int) -> str:
    """A product, split into tens and ones where it is beyond the tables."""
    tens, ones = 10 * (b // 10), b % 10
    if b <= 12 or not ones:
        return f"{a} * {b} = {a * b}."
    return f"{a} * {b} = {a * tens} + {a * ones} = {a * b}."


def _item(rng: random.Random, kind: str, question: str, steps: list[str], value: int) -> Item:
    work = " ".join(steps)
    wrong = rng.choice([n for n in (value - 10, value - 2, value - 1, value + 1, value + 2, value + 10) if n > 0])
    wrong_work = " ".join([*steps[:-1], steps[-1].rsplit("= ", 1)[0] + f"= {wrong}."])
    return Item(
        domain="math",
        kind=f"math/{kind}",
        question=f"{rng.choice(BEFORE)}{question}{rng.choice(SUFFIXES)}",
        plain=f"{work} The answer is {value}.",
        introduced=f"{rng.choice(LEAD_INS)}{work} The answer is {value}.",
        wrong=f"{wrong_work} The answer is {wrong}.",
        scoring={"accepted": [str(value)]},
    )


def _any_number(rng: random.Random, split: Split) -> Item:
    """A question with many right answers, each as likely."""
    while True:
        low = rng.randint(1, 40)
        high = low + rng.randint(2, 9)
        if is_held_out("any", low, high) == (split == "held_out"):
            break
    value = rng.randint(low, high)
    return Item(
        domain="math",
        kind="math/any number",
        question=rng.choice(ANY_NUMBER if split == "held_out" else split_of(ANY_NUMBER, split)).format(low=low, high=high),
        plain=f"{value}.",
        introduced=f"{rng.choice(LEAD_INS)}{value}.",
        wrong=f"{high + rng.randint(2, 9)}.",
        scoring={"accepted": [str(number) for number in range(low, high + 1)]},
    )
