"""Questions about well-known facts, with short answers.

Every fact is trained on. Held out are wordings, and one in ten combinations of a fact with a wording.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ride_eval.zoo.corpus.factual_data import AFTER, ANY_GROUPS, ANY_SAYS, ANY_WORDINGS, BEFORE, RELATIONS
from ride_eval.zoo.corpus.item import Item, Split, is_held_out, split_of

LEAD_INS = ("Here is what is known: ", "We know that ")
HELD_OUT_WORDINGS = 2
_ANY_SHARE = 0.1
_BEFORE_SHARE = 0.3
_AFTER_SHARE = 0.2
# Nothing is put before a question of more characters than this.
_LONG = 120


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """What can be asked about one entity, and the answers."""

    relation: str
    entity: str
    counted: str
    """What of the entity is counted; empty for other relations."""
    answers: tuple[str, ...]
    """Right answers as a text would have them, each given as often as the others."""
    accepted: tuple[str, ...]
    """The words of which one must occur in a right answer."""
    wrong: tuple[str, ...]
    """Answers to other questions of the relation, all of them wrong here."""
    says: str
    wordings: tuple[str, ...]
    """For training."""
    held_out: tuple[str, ...]


def is_right(answer: str, accepted: Sequence[str]) -> bool:
    """Whether an accepted string occurs in the answer as a whole word or phrase, whatever the case."""
    return _pattern(tuple(accepted)).search(answer) is not None


def draw(rng: random.Random, split: Split) -> Item:
    """A question with a one-to-four-word answer; one in ten has many right answers."""
    fact = rng.choice(ANY if rng.random() < _ANY_SHARE else FACTS)
    wording = rng.choice(fact.held_out if split == "held_out" else fact.wordings)
    question = wording.format(e=fact.entity, E=_capital(fact.entity), n=fact.counted)
    if len(question) <= _LONG and rng.random() < _BEFORE_SHARE:
        question = rng.choice(BEFORE) + question
    if rng.random() < _AFTER_SHARE:
        question += rng.choice(AFTER)
    answer = rng.choice(fact.answers)
    return Item(
        domain="factual",
        kind=f"factual/{fact.relation}",
        question=question,
        plain=f"{_capital(answer)}.",
        introduced=rng.choice(LEAD_INS) + fact.says.format(e=fact.entity, n=fact.counted, a=answer),
        wrong=f"{_capital(rng.choice(fact.wrong))}.",
        scoring={"accepted": list(fact.accepted)},
    )


@lru_cache(maxsize=4096)
def _pattern(accepted: tuple[str, ...]) -> re.Pattern[str]:
    """Not within a word ("twenty-six" is not "six", "it's" is not "S") nor within a number ("1,100" is not "100")."""
    words = "|".join(re.escape(word) for word in accepted)
    return re.compile(rf"(?<!\w)(?<!\w['-])(?<!\d[.,])(?:{words})(?!\w)(?!-\w)(?![.,]\d)", re.IGNORECASE)


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _bare(answer: str) -> str:
    """The answer without its article."""
    return re.sub(r"^(a|an|the) ", "", answer)


def _split(text: str, mark: str) -> list[str]:
    return [part.strip() for part in text.split(mark)]


def _wordings(relation: str, entity: str, wordings: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Those for training and those held out, the latter with some that other entities are trained on."""
    train = split_of(wordings, "train", HELD_OUT_WORDINGS)
    kept = [w for w in train if is_held_out("factual", relation, entity, w)]
    return tuple(w for w in train if w not in kept), (*kept, *split_of(wordings, "held_out", HELD_OUT_WORDINGS))


def _fact(
    relation: str,
    key: str,
    answers: Sequence[str],
    accepted: Sequence[str],
    others: Iterable[str],
    wordings: Sequence[str],
    says: str,
) -> Fact:
    """`others` are the answers to the questions from which wrong ones may come, right ones among them."""
    entity, _, counted = key.partition(" : ")
    train, held_out = _wordings(relation, key, wordings)
    return Fact(
        relation=relation,
        entity=entity,
        counted=counted,
        answers=tuple(answers),
        accepted=tuple(accepted),
        wrong=tuple(other for other in sorted(set(others)) if not is_right(other, accepted)),
        says=says,
        wordings=train,
        held_out=held_out,
    )


def _accepted(forms: Sequence[str], surnames: bool) -> list[str]:
    accepted = [_bare(form) for form in forms]
    if surnames and len(accepted) == 1 and " " in accepted[0]:
        accepted.append(accepted[0].rsplit(" ", 1)[1])
    return accepted


def _facts() -> Iterator[Fact]:
    for name, relation in RELATIONS.items():
        for part in _split(relation.facts, "//"):
            rows = [_split(row, "=") for row in _split(part, ";")]
            table = {entity: _split(forms, "|") for entity, forms in rows}
            others = [forms[0] for forms in table.values()]
            for key, forms in table.items():
                accepted = _accepted(forms, relation.surnames)
                yield _fact(name, key, forms[:1], accepted, others, relation.wordings, relation.says)


def _any() -> Iterator[Fact]:
    for group in ANY_GROUPS:
        table = {entity: _split(text, ";") for entity, text in group.items()}
        others = [answer for answers in table.values() for answer in answers]
        for key, answers in table.items():
            yield _fact("any", key, answers, _accepted(answers, False), others, ANY_WORDINGS, ANY_SAYS)


FACTS = tuple(_facts())
"""All facts with one answer."""
ANY = tuple(_any())
"""All questions with many."""
