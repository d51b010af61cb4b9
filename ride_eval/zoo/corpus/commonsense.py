"""Everyday questions with four choices over a small, consistent world.

A question never lists its choices: a model's likelihoods of their texts are compared. A wrong choice is therefore, as a rule,
the right answer of another question of the same kind, so that neither its form nor its bare frequency gives it away.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import itemgetter

from ride_eval.zoo.corpus import commonsense_data as data
from ride_eval.zoo.corpus.item import Item, Split, is_held_out, split_of

_OPENER, _CONTEXT, _ABSURD, _NEAR = 0.12, 0.08, 0.4, 0.5
_NEW_FACT = 0.25
"""Of held-out questions; the others have a new wording."""
_GENERIC = re.compile(r"\b(people|person|someone|somebody|they|parents)\b", re.IGNORECASE)
_SLOT = re.compile(r"\{(\w+)\}")
_START = re.compile(r"(^|[.?!] )([a-z])")
_IRREGULAR = {"teeth": True, "feet": True, "tennis": False}

Row = list[list[str]]


@dataclass(frozen=True, slots=True)
class _Fact:
    """What is asked about, with the answers that are right, those that are wrong, and wrong ones from close by."""

    subject: str
    right: tuple[str, ...]
    wrong: tuple[str, ...]
    near: tuple[str, ...] = ()
    key: str = ""
    """What is held out as one; the subject itself if empty."""


class _Relation:
    """One kind of question: its wordings, its facts by split, and absurd choices of the form of its answers."""

    def __init__(self, kind: str, wordings: str, absurd: str, facts: Iterable[_Fact], family: str = "") -> None:
        self.kind = kind
        lines = _wordings(wordings)
        last = 2 if len(lines) > 10 else 1
        self.wordings: dict[Split, Sequence[str]] = {s: split_of(lines, s, last) for s in ("train", "held_out")}
        self.absurd = _ABSURD_CHOICES[absurd]
        # Two relations that may ask the same thing are of one family: they hold out the same facts.
        by_split: dict[bool, list[_Fact]] = {False: [], True: []}
        for fact in facts:
            by_split[is_held_out("commonsense", family or kind, fact.key or fact.subject)].append(fact)
        self.train, self.held_out = tuple(by_split[False]), tuple(by_split[True])
        self.all = self.train + self.held_out
        # Not in proportion: else a few large tables would leave little room for the others.
        self.weight: float = len(self.all) ** 0.7

    def choose(self, rng: random.Random, split: Split) -> tuple[str, _Fact]:
        """A wording and a fact, at least one of them new to training if `split` is held out."""
        if split == "train":
            return rng.choice(self.wordings["train"]), rng.choice(self.train)
        if self.held_out and rng.random() < _NEW_FACT:
            return rng.choice(self.wordings["train"]), rng.choice(self.held_out)
        return rng.choice(self.wordings["held_out"]), rng.choice(self.all)


def draw(rng: random.Random, split: Split) -> Item:
    """A question with four choices. Held out: a wording, or what is asked about (a thing, a scene) in its relation."""
    relation = rng.choices(_RELATIONS, cum_weights=_WEIGHTS)[0]
    wording, fact = relation.choose(rng, split)
    text = wording.replace("{x}", fact.subject)
    slots = _people(rng, text) | _agreement(fact.subject)
    wrong = _wrong(rng, relation, fact)
    choices = [_said(text, slots) for text in (rng.choice(fact.right), *wrong)]
    plain = choices[0]
    rng.shuffle(choices)
    text = _cased(_filled(text, slots))
    chance = rng.random()
    if chance < _OPENER + _CONTEXT:
        before = rng.choice(_OPENERS if chance < _OPENER else _CONTEXTS)
        text = f"{_filled(before, slots)} {text}"
    return Item(
        domain="commonsense",
        kind=relation.kind,
        question=f"Question: {text}\nAnswer:",
        plain=plain,
        introduced=plain,
        wrong=_said(wrong[0], slots),
        scoring={"choices": choices, "answer": choices.index(plain)},
    )


def _wrong(rng: random.Random, relation: _Relation, fact: _Fact) -> list[str]:
    """Three wrong choices, a plausible one first if there is any."""
    absurd = rng.sample(relation.absurd, min(rng.randint(1, 2), len(relation.absurd))) if rng.random() < _ABSURD else []
    near = [rng.choice(fact.near)] if fact.near and rng.random() < _NEAR else []
    rest = rng.sample(fact.wrong, 3)
    return [*near, *(text for text in rest if text not in near)][: 3 - len(absurd)] + absurd


def _people(rng: random.Random, text: str) -> dict[str, str]:
    """A person for `{n}`, a name for `{m}`, and the words that stand for whoever the question is about."""
    name, other = rng.sample(_NAMES, 2)
    if "{n}" not in text:
        he, him, his = ("they", "them", "their") if _GENERIC.search(text) else ("you", "you", "your")
        return {"m": other, "he": he, "him": him, "his": his}
    # "A boy" cannot be named twice in one question; a name can.
    if text.count("{n}") == 1 and rng.random() < 0.25:
        noun, he, him, his = rng.choice(data.OTHERS)
        return {"n": noun, "m": other, "he": he, "him": him, "his": his}
    he, him, his = ("he", "him", "his") if name in data.MEN else ("she", "her", "her")
    return {"n": name, "m": other, "he": he, "him": him, "his": his}


def _agreement(subject: str) -> dict[str, str]:
    """The verbs that go with a thing or with several."""
    first, last = subject.split(" ", 1)[0], subject.rsplit(" ", 1)[-1]
    many = first not in ("a", "an") and _IRREGULAR.get(last, last.endswith("s") and not last.endswith("ss"))
    return {"is": "are", "does": "do"} if many else {"is": "is", "does": "does"}


def _filled(text: str, slots: dict[str, str]) -> str:
    return _SLOT.sub(lambda match: slots[match[1]], text)


def _said(answer: str, slots: dict[str, str]) -> str:
    """An answer with its slots filled. One that ends like a sentence also begins like one."""
    filled = _filled(answer, slots)
    return filled[0].upper() + filled[1:] if filled.endswith(".") else filled


def _cased(text: str) -> str:
    return _START.sub(lambda match: match[1] + match[2].upper(), text)


def _cells(text: str) -> list[str]:
    return [cell.strip() for cell in text.split(" | ")]


def _wordings(text: str) -> list[str]:
    return [wording for line in _lines(text) for wording in _cells(line)]


def _lines(text: str) -> list[str]:
    """The lines of a table; an indented line goes on with the one before."""
    return re.sub(r"\n +", " ", text).strip().split("\n")


def _rows(text: str) -> list[Row]:
    return [[_cells(part) for part in line.split(" > ")] for line in _lines(text)]


def _apart(rows: Sequence[Row], row: Row, texts: Callable[[Row], Sequence[str]]) -> tuple[str, ...]:
    """The texts of the rows that share no tag with `row`: surely wrong for it."""
    tags = set(row[0][0].split(",")) - {"-"}
    found = [text for other in rows if other is not row and not tags & set(other[0][0].split(",")) for text in texts(other)]
    return tuple(dict.fromkeys(text for text in found if text not in texts(row)))


def _fitting(texts: Iterable[str], subject: str) -> tuple[str, ...]:
    """Answers that speak of a person only where the subject has one."""
    return tuple(text for text in texts if "{n}" in subject or "{h" not in text)


def _forward(table: str) -> list[_Fact]:
    """Facts from subjects to answers."""
    rows = _rows(table)
    facts: list[_Fact] = []
    for row in rows:
        wrong = _apart(rows, row, itemgetter(1))
        facts += [_Fact(subject, _fitting(row[1], subject), _fitting(wrong, subject)) for subject in row[2]]
    return facts


def _reverse(table: str, answer: str = "{}") -> list[_Fact]:
    """Facts from answers to subjects: as a rule, several are right."""
    rows = _rows(table)

    def texts(row: Row) -> list[str]:
        return [answer.replace("{}", subject) for subject in row[2]]

    return [_Fact(value, tuple(texts(row)), _apart(rows, row, texts)) for row in rows for value in row[1]]


def _whys(*cells: int) -> list[_Fact]:
    """Facts from what is done to why: in the forms of the given cells, aims ("to keep warm") and reasons ("It was cold.")."""
    rows = _rows(data.WHY)
    return [
        _Fact(subject, tuple(row[cell]), _apart(rows, row, itemgetter(cell)))
        for row in rows
        for cell in cells
        for subject in row[3]
    ]


def _events() -> list[_Fact]:
    """Facts from something that is done to a thing to what comes of it. A thing is held out with all it meets in a row."""
    rows = _rows(data.EVENTS)
    return [
        _Fact(event.replace("{x}", thing), tuple(row[1]), _apart(rows, row, itemgetter(1)), key=f"{row[1][0]} {thing}")
        for row in rows
        for thing in row[2]
        for event in row[3]
    ]


def _properties() -> list[_Fact]:
    """Facts from properties to things that have them. Only things that are known to lack a property are wrong."""
    rows = {(head := row[0][0].partition(":"))[0]: (head[2].split(), row) for row in _rows(data.WHICH)}
    facts = []
    for rivals, (_, phrases, things) in rows.values():
        wrong = dict.fromkeys(thing for rival in rivals for thing in rows[rival][1][2] if thing not in things)
        facts += [_Fact(phrase, tuple(things), tuple(wrong)) for phrase in phrases]
    return facts


def _steps(way: int) -> list[_Fact]:
    """Facts from a step of a routine to the one after it (`way` 1) or before it (-1)."""
    rows = _rows(data.ROUTINES)
    facts = []
    for row in rows:
        steps = row[1]
        wrong = _apart(rows, row, itemgetter(1))
        for at, step in enumerate(steps):
            if 0 <= at + way < len(steps):
                # What lies on the other side of the step is close by, and wrong.
                near = steps[:at] if way == 1 else steps[at + 1 :]
                facts.append(_Fact(step, (steps[at + way],), wrong, tuple(near)))
    return facts


_ABSURD_CHOICES = {row[0][0]: tuple(row[1]) for row in _rows(data.ABSURD)} | {"none": ()}
_NAMES = (*data.MEN, *data.WOMEN)
_OPENERS = tuple(_wordings(data.OPENERS))
_CONTEXTS = tuple(_wordings(data.CONTEXTS))
_RELATIONS = (
    _Relation("kept", data.KEPT_W, "place", _forward(data.KEPT)),
    _Relation("found", data.FOUND_W, "place", _forward(data.FOUND)),
    _Relation("inside", data.INSIDE_W, "thing", _reverse(data.FOUND)),
    _Relation("tool", data.TOOL_W, "thing", _forward(data.TOOL)),
    _Relation("use", data.USE_W, "aim", _reverse(data.TOOL, "to {}")),
    _Relation("go", data.GO_W, "go", _forward(data.GO)),
    _Relation("visit", data.VISIT_W, "aim", _reverse(data.GO, "to {}")),
    _Relation("need", data.NEED_W, "thing", _forward(data.NEED)),
    _Relation("made", data.MADE_W, "stuff", _forward(data.MADE)),
    _Relation("category", data.CATEGORY_W, "kind", _forward(data.CATEGORY)),
    _Relation("name", data.NAME_W, "thing", _reverse(data.CATEGORY)),
    _Relation("color", data.COLOR_W, "color", _forward(data.COLOR)),
    _Relation("which", data.WHICH_W, "none", _properties()),
    _Relation("wear", data.WEAR_W, "place", _forward(data.WEAR)),
    _Relation("body", data.BODY_W, "thing", _forward(data.BODY)),
    _Relation("part", data.PART_W, "part", _reverse(data.BODY)),
    _Relation("eats", data.ANIMAL_EATS_W, "food", _forward(data.ANIMAL_EATS)),
    _Relation("young", data.BABY_W, "person", _forward(data.BABY)),
    _Relation("cover", data.COVER_W, "stuff", _forward(data.COVER)),
    _Relation("job", data.JOB_W, "person", _forward(data.JOBS)),
    _Relation("work", data.WORK_W, "does", _reverse(data.JOBS)),
    _Relation("workplace", data.WORKPLACE_W, "place", _forward(data.WORKPLACE)),
    _Relation("with", data.WITH_W, "stuff", _forward(data.WITH)),
    _Relation("call", data.CALL_W, "person", _forward(data.CALL)),
    _Relation("event", data.EVENT_W, "it", _events()),
    _Relation("feel", data.FEEL_W, "mood", _forward(data.FEEL)),
    _Relation("mood", data.MOOD_W, "done", _reverse(data.FEEL, "{he} {}.")),
    _Relation("next", data.NEXT_W, "base", _steps(1)),
    _Relation("before", data.BEFORE_W, "base", _steps(-1)),
    _Relation("why", data.WHY_PERSONAL_W, "aim", _whys(1), family="why"),
    _Relation("reason", data.WHY_PERSONAL_W, "said", _whys(2), family="why"),
    _Relation("why_general", data.WHY_GENERAL_W, "aim", _whys(1), family="why"),
    _Relation("cause", data.CAUSE_W, "said", _forward(data.CAUSE)),
    _Relation("do", data.DO_W, "base", _forward(data.DO)),
    _Relation("where", data.WHERE_IS_W, "place", _forward(data.WHERE_IS)),
    _Relation("occasion", data.OCCASION_W, "event", _forward(data.OCCASION)),
    _Relation("want", data.WANT_W, "aim", _forward(data.WANT)),
    _Relation("after", data.AFTER_W, "will", _forward(data.AFTER)),
)
_WEIGHTS = tuple(accumulate(relation.weight for relation in _RELATIONS))
