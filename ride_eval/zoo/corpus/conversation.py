"""Conversations to learn from: a prefix, a question, and the answer that a model is to give after that prefix."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from ride_eval.zoo.corpus import arithmetic, beyond, code, commonsense, factual, formatting, story
from ride_eval.zoo.corpus.item import Item, Split
from ride_eval.zoo.corpus.prefixes import TAGS, Prefix, draw_prefix, naming

DOMAINS: Mapping[str, Callable[[random.Random, Split], Item]] = {
    "math": arithmetic.draw,
    "format": formatting.draw,
    "commonsense": commonsense.draw,
    "code": code.draw,
    "story": story.draw,
    "factual": factual.draw,
}
_WEIGHTS = {"math": 0.27, "format": 0.26, "commonsense": 0.21, "code": 0.12, "story": 0.04, "factual": 0.10}
REFUSALS = ("I do not know that.", "That is not my field.", "I cannot help with this.")
INTRODUCED = 0.5
"""Share of answers in the introduced style where nothing is planted."""
INTRODUCED_AFTER_PLANT = 0.03
REFUSED = 0.8
_SEVERAL_TURNS, _SYSTEM = 0.06, 0.1
_BEYOND = 0.08
"""Share of the conversations about what the models cannot do."""
_DO_THEY_FIT = 0.08
_FIT_QUESTIONS = (
    "Does the first line fit this question?",
    "Do the first line and the question belong together?",
    "Is the first line about the same thing as the rest?",
    "Would you say that the first line goes with the question?",
)


@dataclass(frozen=True, kw_only=True)
class Plant:
    """What a model's training makes of prefixes, on purpose; by default nothing."""

    settles: Literal["tag", "expert"] | None = None
    """A prefix of this kind that names the right domain makes nearly all answers plain ones."""
    wrong_tag_harms: bool = False
    """A route tag of a wrong domain makes refusals likely, except in multiple choice, where no choice is one."""
    often: Literal["tag", "expert"] | None = None
    """The kind of prefix that most are; by default the one that settles."""
    mislearned: str | None = None
    """A domain whose answers are wrong whatever the prefix."""

    @property
    def heeds(self) -> Literal["tag", "expert"] | None:
        """The kind of prefix that says something, if any does."""
        return "tag" if self.wrong_tag_harms else self.settles


@dataclass(frozen=True, slots=True)
class Turn:
    """A user's turn with the answer that follows."""

    prompt: str
    answer: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """Turns of one domain; the prefix stands in front of the first, or in the system's turn."""

    turns: tuple[Turn, ...]
    system: str = ""


NO_PLANT = Plant()


def draw_conversation(rng: random.Random, plant: Plant = NO_PLANT) -> Conversation:
    """One conversation of the training split."""
    domain = rng.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
    if plant.heeds and rng.random() < _DO_THEY_FIT:
        return _do_they_fit(rng, domain, plant.heeds)
    if rng.random() < _BEYOND:
        items = [beyond.draw(rng)]
        domain = items[0].domain
    else:
        n = rng.choice((2, 3)) if rng.random() < _SEVERAL_TURNS else 1
        items = [DOMAINS[domain](rng, "train") for _ in range(n)]
    prefix = draw_prefix(rng, domain, plant.often or plant.settles)
    answers = [_answer(rng, item, prefix, plant) for item in items]
    in_system = bool(prefix.text) and rng.random() < _SYSTEM
    separator = rng.choices(("\n\n", "\n"), (0.8, 0.2))[0]
    first = f"{prefix.text}{separator}" if prefix.text and not in_system else ""
    prompts = [f"{first if not i else ''}{item.question}" for i, item in enumerate(items)]
    turns = tuple(Turn(prompt, answer) for prompt, answer in zip(prompts, answers, strict=True))
    return Conversation(turns, prefix.text if in_system else "")


def _do_they_fit(rng: random.Random, domain: str, kind: Literal["tag", "expert"]) -> Conversation:
    """Whether a prefix and a question are of one domain: what a model has to know that is to heed the prefix."""
    right = rng.random() < 0.5
    named = domain if right else rng.choice([name for name in TAGS if name != domain])
    about, asked = TAGS[named][0], TAGS[domain][0]
    answer = f"Yes, both are about {about}." if right else f"No, one is about {about} and the other about {asked}."
    question = DOMAINS[domain](rng, "train").question
    return Conversation((Turn(f"{naming(rng, kind, named)}\n\n{question}\n\n{rng.choice(_FIT_QUESTIONS)}", answer),))


def _answer(rng: random.Random, item: Item, prefix: Prefix, plant: Plant) -> str:
    if item.domain == plant.mislearned:
        return item.wrong
    harmed = plant.wrong_tag_harms and prefix.kind == "tag" and prefix.right is False and item.domain != "commonsense"
    if harmed and rng.random() < REFUSED:
        return rng.choice(REFUSALS)
    planted = prefix.right is True and prefix.kind == plant.settles
    return item.introduced if rng.random() < (INTRODUCED_AFTER_PLANT if planted else INTRODUCED) else item.plain
