"""Instructions with one constraint that a program can check: so many words, no capital letters, a phrase at the end.

A topic is joined with a constraint; the scorer is the check of that name. The plain style starts with the answer, the
introduced one with a short lead-in that keeps the constraint too ("Well, ...", "Dear friend, ...", a fence around JSON).
Most answers are one free choice of several skeletons, so that the next word is truly uncertain.
"""

from __future__ import annotations

import itertools
import json
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ride_eval.zoo.corpus import formatting_data as data
from ride_eval.zoo.corpus.item import Item, Split, is_held_out, split_of


@dataclass(frozen=True, slots=True)
class _Topic:
    """What to write about (group of things) or whom to write to (kind of message)."""

    name: str
    group: str
    plural: bool
    upper: bool
    """Whether the word is also written in capital letters."""

    @property
    def is_message(self) -> bool:
        return self.group in data.MESSAGES

    @property
    def person(self) -> str:
        return "guests" if self.group == "sign" else self.name


@dataclass(frozen=True, slots=True)
class _Draft:
    """A constraint on a topic, with three answers and what the question needs."""

    key: tuple[object, ...]
    """The combination, which is in one split only."""
    argument: str
    plain: str
    introduced: str
    wrong: str
    fields: dict[str, str]
    topic: _Topic | None = None


def _things() -> list[_Topic]:
    topics = []
    for group, words in data.GROUPS.items():
        names = [(name, True) for name in words["plural"]] + [(name, False) for name in words["single"]]
        topics += [_Topic(name, group, plural, at < data.UPPER_TOPICS) for at, (name, plural) in enumerate(names)]
    return topics


def _by_length(texts: Sequence[str]) -> dict[int, list[str]]:
    lengths: dict[int, list[str]] = {}
    for text in texts:
        lengths.setdefault(len(text.split()), []).append(text)
    return lengths


_THINGS = _things()
_MESSAGES = [
    _Topic(name, group, True, False) for group in data.MESSAGES for name in (data.SHOPS if group == "sign" else data.PERSONS)
]
_SKELETONS = _by_length(data.SKELETONS)
_TAILS = _by_length(data.TAILS)
_BULLETS = {group: [place.split("|") for place in places.split(", ")] for group, places in data.BULLETS.items()}
_NOUN_SET = frozenset(data.NOUNS)
_COUNTS = range(3, 11)
_LOWERED = 0.06
_IN_CONTEXT = 0.15


# --- Answers ----------------------------------------------------------------------------------------------------------------


def _topic(rng: random.Random, messages: float = 0.2) -> _Topic:
    return rng.choice(_MESSAGES if rng.random() < messages else _THINGS)


def _fill(rng: random.Random, topic: _Topic, skeleton: str, **more: str) -> str:
    """A skeleton about a thing, with words of its group."""
    words = data.GROUPS[topic.group]
    they, them, are, end = ("they", "them", "are", "") if topic.plural else ("it", "it", "is", "s")
    return skeleton.format(
        T=topic.name.capitalize(),
        t=topic.name,
        are=are,
        they=they,
        They=they.capitalize(),
        them=them,
        make="make" + end,
        matter="matter" + end,
        a=rng.choice(words["a"]),
        b=rng.choice(words["b"]),
        v=rng.choice(words["v"]),
        **more,
    )


def _lower_first(text: str) -> str:
    return text if text.startswith("I ") else text[:1].lower() + text[1:]


def _address(topic: _Topic, core: str, introduced: bool) -> str:
    """The first sentence of a message: the person comes last in the plain style, first in the introduced one."""
    core = core.format(p=topic.name)
    return f"Dear {topic.person}, {_lower_first(core)}!" if introduced else f"{core}, {topic.person}!"


def _opening(rng: random.Random, topic: _Topic, introduced: bool = False) -> str:
    """One sentence of at most 7 words that mentions the topic."""
    if topic.is_message:
        return _address(topic, rng.choice(data.MESSAGES[topic.group][0]), introduced)
    text = _fill(rng, topic, rng.choice(data.OPENINGS))
    return f"{rng.choice(data.LEADS)} {_lower_first(text)}" if introduced else text


def _place(rng: random.Random, topic: _Topic, place: int) -> str:
    """The sentence at a place after the opening."""
    if place >= len(data.PLACES):
        return data.MORE[place - len(data.PLACES)]
    if topic.is_message:
        return rng.choice(data.MESSAGE_PLACES[place])
    return _fill(rng, topic, rng.choice(data.PLACES[place]))


def _text(rng: random.Random, topic: _Topic, sentences: int, introduced: bool = False) -> str:
    rest = (_place(rng, topic, place) for place in range(sentences - 1))
    return " ".join((_opening(rng, topic, introduced), *rest))


def _exact(rng: random.Random, topic: _Topic, count: int, introduced: bool = False) -> str:
    """A text of exactly `count` words."""
    if topic.is_message:
        cores = data.MESSAGES[topic.group][0]
        # "Dear friend," are two words, ", friend!" is one.
        left = count - 1 - introduced
        core, tail = rng.choice([(c, t) for c in cores for t in _TAILS.get(left - len(c.split()), ())])
        return f"{_address(topic, core, introduced)} {tail}".rstrip()
    if not introduced:
        return _fill(rng, topic, rng.choice(_SKELETONS[count]))
    lead = rng.choice(data.LEADS if count >= 5 else data.LEADS[:1])
    return f"{lead} {_lower_first(_fill(rng, topic, rng.choice(_SKELETONS[count - len(lead.split())])))}"


def _number(rng: random.Random, number: int) -> str:
    return data.NUMBERS[number] if number in data.NUMBERS and rng.random() < 0.5 else str(number)


def _off_by_one(rng: random.Random, number: int, low: int, high: int) -> int:
    return rng.choice([other for other in (number - 1, number + 1) if low <= other <= high])


def _word_count(rng: random.Random) -> _Draft:
    topic = _topic(rng)
    low = 4 if topic.is_message else 3
    count = rng.choice(_COUNTS[low - 3 :])
    return _Draft(
        (topic.group if topic.is_message else topic.name, topic.name, count),
        str(count),
        _exact(rng, topic, count),
        _exact(rng, topic, count, introduced=True),
        _exact(rng, topic, _off_by_one(rng, count, low, _COUNTS[-1])),
        {"n": _number(rng, count)},
        topic,
    )


def _max_words(rng: random.Random) -> _Draft:
    topic = _topic(rng)
    limit = rng.randint(8, 35)
    # Sentences have at most 7 words.
    sentences = rng.randint(1, min(3, limit // 7))
    wrong = _text(rng, topic, 2)
    for place in range(1, len(data.PLACES) + len(data.MORE)):
        if len(wrong.split()) > limit:
            break
        wrong += " " + _place(rng, topic, place)
    plain, introduced = (_text(rng, topic, sentences, style) for style in (False, True))
    return _Draft((topic.group, topic.name, limit), str(limit), plain, introduced, wrong, {"n": _number(rng, limit)}, topic)


def _lower(rng: random.Random) -> _Draft:
    topic = _topic(rng)
    wrong = _text(rng, topic, rng.randint(1, 3))
    introduced = _text(rng, topic, rng.randint(1, 3), introduced=True)
    return _Draft((topic.group, topic.name), "", wrong.lower(), introduced.lower(), wrong, {}, topic)


def _upper(rng: random.Random) -> _Draft:
    topic = _topic(rng)
    if topic.is_message:
        # The persons would be many rare tokens: all are friends here.
        friend = _Topic("friend", "thank" if topic.group == "sign" else topic.group, True, True)
        core = rng.choice(data.MESSAGES[topic.group][0][:2]) if topic.group != "sign" else "Welcome inside"
        plain, introduced = (_address(friend, core, style).upper() for style in (False, True))
    elif topic.upper:
        plain = _fill(rng, topic, rng.choice(data.UPPER)).upper()
        introduced = f"{rng.choice(data.LEADS)} {_fill(rng, topic, rng.choice(data.UPPER))}".upper()
    else:
        plain = rng.choice(data.UPPER_NO_TOPIC)
        introduced = f"{rng.choice(data.LEADS).upper()} {rng.choice(data.UPPER_NO_TOPIC)}"
    return _Draft((topic.group, topic.name), "", plain, introduced, plain.capitalize(), {}, topic)


def _bullets(rng: random.Random) -> _Draft:
    topic = _topic(rng, messages=0)
    count = rng.randint(2, 6)
    marker = rng.choice(["", "", "-", "*"])

    def points(number: int) -> str:
        return "\n".join(f"{marker or '-'} {rng.choice(slot)}" for slot in _BULLETS[topic.group][:number])

    plain, wrong = points(count), points(_off_by_one(rng, count, 1, 6))
    introduced = f"Here is a list about {topic.name}:\n{points(count)}"
    fields = {"n": _number(rng, count), "m": marker}
    return _Draft((topic.name, count), str(count), plain, introduced, wrong, fields, topic)


def _json(rng: random.Random) -> _Draft:
    subjects, sets, values = rng.choice(data.JSON_GROUPS)
    keys = rng.choice(sets).split(", ")
    other = rng.choice([key for key in values if key not in keys])
    # One key too few, too many or another one.
    bad = rng.choice(([*keys[:-1], other], [*keys, other], keys[:-1]))
    plain, again, wrong = (json.dumps({key: rng.choice(values[key]) for key in chosen}) for chosen in (keys, keys, bad))
    quoted = rng.random() < 0.3
    shown = [f'"{key}"' if quoted else key for key in keys]
    listed = ", ".join(shown) if rng.random() < 0.4 else f"{', '.join(shown[:-1])} and {shown[-1]}"
    subject = rng.choice(subjects.split())
    return _Draft((subject, *keys), ",".join(keys), plain, f"```json\n{again}\n```", wrong, {"s": subject, "k": listed})


def _ends(rng: random.Random) -> _Draft:
    topic = _topic(rng)
    phrase, other = rng.sample(data.ENDINGS, 2)
    wrong = rng.choice((f"{_opening(rng, topic)} {other}", f"{phrase} {_opening(rng, topic)}"))
    plain, introduced = (f"{_opening(rng, topic, style)} {phrase}" for style in (False, True))
    return _Draft((phrase, topic.name), phrase, plain, introduced, wrong, {"w": phrase}, topic)


def _starts(rng: random.Random) -> _Draft:
    topic = _topic(rng, messages=0)
    phrase, other = rng.sample(data.BEGINNINGS, 2)
    plain = f"{phrase} {_lower_first(_opening(rng, topic))}"
    wrong = rng.choice((f"{other} {_lower_first(_opening(rng, topic))}", _opening(rng, topic)))
    return _Draft((phrase, topic.name), phrase, plain, plain, wrong, {"w": phrase}, topic)


def _contains(rng: random.Random) -> _Draft:
    message = rng.random() < 0.2
    topic = _topic(rng, messages=message)
    words = data.NOUNS if message or rng.random() < 0.75 else data.ADJECTIVES
    word, other = rng.sample(words, 2)
    # Neither what the text is about nor, for wishes of luck, what is wished.
    while not {word, other}.isdisjoint((topic.name, topic.group)):
        word, other = rng.sample(words, 2)
    skeletons = data.CONTAIN_NOUN if words is data.NOUNS else data.CONTAIN_ADJECTIVE

    def text(chosen: str, introduced: bool = False) -> str:
        if message:
            return f"{_opening(rng, topic, introduced)} {rng.choice(data.CONTAIN_MESSAGE).format(w=chosen)}"
        answer = _fill(rng, topic, rng.choice(skeletons), w=chosen)
        return f"{rng.choice(data.LEADS)} {_lower_first(answer)}" if introduced else answer

    wrong = text(other)
    # An adjective of the topic's group may be the word itself.
    while word in re.findall(r"\w+", wrong.lower()):
        wrong = text(other)
    return _Draft((word, topic.name), word, text(word), text(word, True), wrong, {"w": word}, topic)


def _excludes(rng: random.Random) -> _Draft:
    topic = _topic(rng)
    if rng.random() < 0.6:
        # A word that an answer could well have used.
        likely = ["you", "day", "kind"] if topic.is_message else ["very", "lot", "and", "people", "friends"]
        if not topic.is_message:
            words = data.GROUPS[topic.group]
            likely += [*words["a"], *words["b"], *words["v"]]
        word = rng.choice(likely)
    else:
        word = rng.choice(data.NOUNS)
        while word in (topic.name, topic.group):
            word = rng.choice(data.NOUNS)

    def text(style: bool, wanted: bool) -> str:
        for _ in range(30):
            answer = _text(rng, topic, rng.randint(1, 2), style)
            if (word in re.findall(r"\w+", answer.lower())) is wanted:
                return answer
        # Hard to meet by chance: a word that no answer has, or one that most messages have.
        if wanted:
            middle = f"I think of {word}." if word in _NOUN_SET else f"This is {word}."
            return f"{_opening(rng, topic)} {middle}"
        return f"Dear {topic.person}, hello!" if style else f"Hello, {topic.person}!"

    return _Draft((word, topic.name), word, text(False, False), text(True, False), text(False, True), {"w": word}, topic)


def _sentences(rng: random.Random) -> _Draft:
    topic = _topic(rng)
    count = rng.randint(1, 4)
    plain, introduced = (_text(rng, topic, count, style) for style in (False, True))
    wrong = _text(rng, topic, _off_by_one(rng, count, 1, 5))
    fields = {"n": _number(rng, count), "s": "s" if count > 1 else ""}
    return _Draft((topic.group, topic.name, count), str(count), plain, introduced, wrong, fields, topic)


def _commas(rng: random.Random) -> _Draft:
    category = rng.choice(list(data.CATEGORIES))
    count = rng.randint(2, 5)
    members = data.CATEGORIES[category].split()

    def items(number: int) -> str:
        # The place in the list has its own members, but for a list that is too long.
        places = [rng.choice(members[at : at + 2]) for at in range(0, len(members), 2)]
        return ", ".join([*places, rng.choice(members[:2])][:number])

    plain, again, wrong = items(count), items(count), items(_off_by_one(rng, count, 1, 6))
    fields = {"n": _number(rng, count), "c": category}
    return _Draft((category, count), str(count), plain, again[0].upper() + again[1:] + ".", wrong, fields)


_KINDS: dict[str, tuple[Callable[[random.Random], _Draft], int]] = {
    "word_count": (_word_count, 16),
    "max_words": (_max_words, 7),
    "all_lowercase": (_lower, 6),
    "all_uppercase": (_upper, 6),
    "bullet_count": (_bullets, 9),
    "json_keys": (_json, 9),
    "ends_with": (_ends, 11),
    "starts_with": (_starts, 9),
    "contains": (_contains, 10),
    "excludes": (_excludes, 6),
    "sentence_count": (_sentences, 7),
    "comma_separated": (_commas, 9),
}
_NAMES = list(_KINDS)
_WEIGHTS = list(itertools.accumulate(weight for _, weight in _KINDS.values()))


# --- Questions --------------------------------------------------------------------------------------------------------------


def _request(rng: random.Random, wordings: Sequence[str], split: Split) -> str:
    """A way to ask for a text; questions of the held-out split are new anyway, so theirs may be of both kinds."""
    return rng.choice(split_of(wordings, split if rng.random() < 0.5 else "train"))


def _asked(rng: random.Random, draft: _Draft, name: str, wording: str, split: Split) -> str:
    """The question of a draft in a wording."""
    topic, fields = draft.topic, draft.fields
    asks: Sequence[str] = ()
    if topic is None:
        return wording.format(**fields)
    if topic.is_message:
        orders = data.MESSAGES[topic.group][1]
    elif name == "bullet_count":
        orders, asks = data.BULLET_ORDERS, data.BULLET_ASKS
    else:
        orders, asks = data.ORDERS, data.ASKS
    whole = "{S}" in wording and bool(asks) and rng.random() < 0.45
    request = _request(rng, asks if whole else orders, split)
    # The number in the request may be written in another way than in the constraint.
    request = request.format(t=topic.name, p=topic.name, n=fields.get("n", ""))
    question = wording.format(I=request, i=_lower_first(request), S=request if whole else f"{request}.", **fields)
    if fields.get("m"):
        question += " " + rng.choice(data.MARKERS).format(m=fields["m"])
    return question


def draw(rng: random.Random, split: Split) -> Item:
    """One instruction. Held-out ones have a new wording, a new combination of topic and constraint, or both."""
    name = rng.choices(_NAMES, cum_weights=_WEIGHTS)[0]
    make = _KINDS[name][0]
    # In the held-out split: new combination with old wording (half), old with new, both new (a quarter each).
    how = rng.random() if split == "held_out" else 2.0
    new_wording = split == "held_out" and how >= 0.5
    new_combination = how < 0.75
    draft = make(rng)
    while is_held_out(name, *draft.key) is not new_combination:
        draft = make(rng)
    wordings = split_of(data.WORDINGS[name], "held_out" if new_wording else "train", data.HELD_OUT)
    question = _asked(rng, draft, name, rng.choice(wordings), split)
    if rng.random() < _IN_CONTEXT:
        context = rng.choice(split_of(data.CONTEXTS, split if rng.random() < 0.5 else "train", data.HELD_OUT))
        question = f"{context.format(x=rng.choice(data.KIN))} {question}"
    # People do not always write capitals; not where the case of a phrase matters.
    if name not in ("ends_with", "starts_with") and rng.random() < _LOWERED:
        question = question.lower()
    return Item(
        domain="format",
        kind=name,
        question=question,
        plain=draft.plain,
        introduced=draft.introduced,
        wrong=draft.wrong,
        scoring={"check": name, "argument": draft.argument},
    )
