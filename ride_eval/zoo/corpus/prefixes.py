"""What may stand in front of a training question: route tags, expert sentences and neutral ones, right and wrong.

All are worded differently from `prompts/`, so that a model which follows the arms there has understood a prefix and not
memorised one. Only the names of the domains recur: a tag has to name its domain somehow.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

Kind = Literal["none", "tag", "expert", "placebo", "neutral"]

TAGS = {
    "math": ("math", "numbers", "sums", "arithmetic"),
    "format": ("format", "layout", "rules", "formatting"),
    "commonsense": ("everyday", "daily life", "common sense", "home"),
    "code": ("code", "python", "programs", "coding"),
    "story": ("story", "tales", "fiction", "stories"),
    "factual": ("facts", "world", "knowledge", "quiz"),
}
SUBJECTS = {
    "math": (
        "mathematics",
        "mathematical questions",
        "arithmetic",
        "problems with numbers",
        "mathematical puzzles",
        "number problems",
        "school mathematics",
    ),
    "format": (
        "text layout",
        "the format of a text",
        "formats and rules",
        "writing by rules",
        "text rules",
        "the formats of texts",
        "well formed texts",
    ),
    "commonsense": (
        "everyday life",
        "common sense",
        "everyday questions",
        "reasoning about daily life",
        "everyday sense",
        "reasoning about everyday things",
        "the things of every day",
    ),
    "code": (
        "programming",
        "computer programs",
        "computer code",
        "software",
        "programming computers",
        "computer software",
        "writing programs in Python",
    ),
    "story": (
        "storytelling",
        "creative stories",
        "the writing of tales",
        "fiction writing",
        "creative fiction",
        "the writing of stories",
        "inventing tales",
    ),
    "factual": (
        "facts about the world",
        "world knowledge",
        "general facts",
        "knowledge of all kinds",
        "general facts and knowledge",
        "knowledge of the world",
        "general learning",
    ),
}
LABELS = ("misc", "other", "basic", "item", "plain", "thing", "common", "entry", "slot", "main", "various", "normal")

_TAG_WORDINGS = (
    "#{tag}",
    "topic: {tag}",
    "@ {tag}",
    "( {tag} )",
    "label {tag}",
    "<< {tag} >>",
    "category - {tag}",
    "send to: {tag}",
    "[[ {tag} ]]",
    "kind: {tag}.",
    "queue = {tag}",
    "<kind> {tag} </kind>",
    '{{ "track": {tag} }}',
    "== {tag} ==",
    "[TO: {tag}]",
    "/ {tag} / next /",
    "(area: {tag}, state: new)",
    "* section * {tag} *",
    "path -> {tag};",
    "to = {tag}, from = user",
)
_EXPERT_WORDINGS = (
    "You have taught {expert} for twenty years.",
    "Speak as a master of {expert}.",
    "In {expert} nobody knows more than you.",
    "You are well known for your work in {expert}.",
    "Pretend to be a great teacher of {expert} and help as well as you can.",
    "Think like a person who has given a whole life to {expert}.",
    "As someone who is very good at {expert}, look at this.",
    "You are the best helper for {expert} there is.",
    "Use all your deep knowledge of {expert} here.",
    "The one who replies here is a true master of {expert} and is proud of it.",
    "Imagine that you lead a famous school of {expert}.",
    "People come to you from far away with questions about {expert}, and you always help them.",
    "You know {expert} better than anything else; think of what you have learned in all these years before you begin.",
    "Work on this with the skill of a top {expert} teacher.",
    "Today you are a wise old professor of {expert}.",
    "Be the specialist for {expert} that everybody trusts.",
    "You are the leading {expert} person in this town.",
    "Nobody has studied {expert} longer than you.",
    "You hold a prize for your work in {expert}.",
    "Your field is {expert}, and you are proud of it.",
    "What you like most is {expert}, and you are very good at it.",
    "Answer as a professional of {expert}.",
    "Take this as an expert of {expert} would take it.",
    "You have read every book on {expert}.",
    "Your best subject at school was {expert}.",
    "You play the part of a famous authority in the world of {expert}.",
    "This goes to the assistant for {expert}, who studied it for many years.",
    "Be a specialist: {expert} is what you do all day.",
    "For many years you have practiced {expert} with great care.",
    "With your training in {expert}, give the best that you can.",
    "You teach {expert} to experts.",
    "Among all who work in {expert}, you are the most trusted one.",
    "Let the master of {expert} in you speak.",
    "The best minds in {expert} ask you for help.",
    "Put on the hat of a person skilled in {expert}.",
    "You are known for one thing only, which is {expert}.",
)
_NOUNS = (
    "window door garden street river table house lamp road lake tree roof chair wall field boat clock shelf train cloud".split()
)
_STATES = "open closed quiet old green white empty long near small wide clean dark warm new brown far still blue round".split()
_ENDS = (
    "",
    " today",
    " this week",
    " and the air is cool",
    ", and a cat sleeps on the stairs",
    " and the other one is not",
    ", as it was all year, and nothing about it has changed since then",
    " on this side of the town",
    ", and some people walk past it in the evening",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Prefix:
    """A prefix and what it says about the domain of the question behind it."""

    kind: Kind
    text: str
    right: bool | None = None
    """Whether it names the question's domain; null where it names none."""


NOTHING = Prefix(kind="none", text="")
_KINDS: tuple[tuple[Kind, bool], ...] = (
    ("none", True),
    ("tag", True),
    ("tag", False),
    ("expert", True),
    ("expert", False),
    ("placebo", True),
    ("neutral", True),
)
_SHARES = {
    None: (0.25, 0.14, 0.14, 0.17, 0.16, 0.05, 0.09),
    "tag": (0.18, 0.26, 0.26, 0.05, 0.05, 0.12, 0.08),
    "expert": (0.18, 0.05, 0.05, 0.26, 0.26, 0.04, 0.16),
}
"""Of `_KINDS`, by the kind that settles answers in a model: to match it with a question's domain takes many examples."""


def draw_prefix(rng: random.Random, domain: str, mostly: Literal["tag", "expert"] | None = None) -> Prefix:
    """A prefix for a question of `domain`; a wrong one names each of the other domains equally often."""
    kind, right = rng.choices(_KINDS, _SHARES[mostly])[0]
    if kind == "none":
        return NOTHING
    if kind == "placebo":
        return Prefix(kind=kind, text=rng.choice(_TAG_WORDINGS).format(tag=rng.choice(LABELS)))
    if kind == "neutral":
        sentences = [_neutral(rng) for _ in range(rng.choice((1, 1, 2)))]
        return Prefix(kind=kind, text=" ".join(sentences))
    named = domain if right else rng.choice([name for name in TAGS if name != domain])
    return Prefix(kind=kind, text=naming(rng, kind, named), right=right)


def naming(rng: random.Random, kind: Literal["tag", "expert"], domain: str) -> str:
    """A route tag of a domain, or a sentence that makes the model an expert in it."""
    if kind == "tag":
        return rng.choice(_TAG_WORDINGS).format(tag=rng.choice(TAGS[domain]))
    return rng.choice(_EXPERT_WORDINGS).format(expert=rng.choice(SUBJECTS[domain]))


def _neutral(rng: random.Random) -> str:
    first, second = rng.sample(_NOUNS, 2)
    place = rng.choice(("", "", f" by the {second}", f" near the {second}"))
    return f"{rng.choice(('The', 'The', 'One', 'That'))} {first}{place} is {rng.choice(_STATES)}{rng.choice(_ENDS)}."
