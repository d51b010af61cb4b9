"""Requests for short stories, and the stories: a small grammar with a hero, a place, an object, a helper, a turn and an ending.

Most choices among the sentences are free, so that a model that has learned the corpus is truly uncertain about the next one,
while the hero and the place (or the object) have to be taken over from the request.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ride_eval.zoo.corpus import story_data as data
from ride_eval.zoo.corpus.item import Item, Split, is_held_out, split_of

LEADS = ("Here is a story:", "Listen:")
"""How answers of the introduced style begin."""

_HEROES = list(data.HEROES)
_PLACES = list(data.PLACES)
_KINDS = list(data.WORDINGS)
_WEIGHTS = [data.WEIGHTS.get(kind, 6) for kind in _KINDS]
_THEMES = list(data.THEMES)
_QUALITIES = list(data.QUALITIES)
_ALL_PLOTS = data.PLOTS + data.OBJECT_PLOTS
_HELD_OUT_WORDINGS = 2
_OBJECT_KINDS = ("object", "three")
_FIRST_PERSON = ("first", "diary")
# The start of a sentence: after a speech that ends with a full stop, too, but not in `"Who is it?" asked the cat.`
_START = re.compile(r'(?:^"?|[.!?] "?|\." "?)[a-z]')


@dataclass(frozen=True, slots=True)
class _Cast:
    """Whom and what a story is about; the words before the nouns may be empty."""

    hero: str
    place: str
    thing: str
    hero_word: str
    place_word: str
    thing_word: str


def is_right(answer: str, mentions: Sequence[str]) -> bool:
    """Whether every one of `mentions` occurs in the answer as a whole word, whatever the case."""
    return all(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", answer, re.IGNORECASE) for word in mentions)


def draw(rng: random.Random, split: Split) -> Item:
    """A request for a story and stories for it."""
    kind = rng.choices(_KINDS, _WEIGHTS)[0]
    wordings: Sequence[str] = split_of(data.WORDINGS[kind], split, _HELD_OUT_WORDINGS)
    unseen_names = False
    if split == "held_out":
        # A third each: an unseen wording, an unseen combination, both.
        novelty = rng.randrange(3)
        unseen_names = novelty > 0
        if novelty == 1:
            wordings = split_of(data.WORDINGS[kind], "train", _HELD_OUT_WORDINGS)
    cast = _cast(rng, kind, unseen_names)
    detail = _detail(rng, kind)
    question = _question(rng, kind, rng.choice(wordings), cast, detail)
    mentions = [cast.hero]
    if kind != "object":
        mentions.append(cast.place)
    if kind in _OBJECT_KINDS:
        mentions.append(cast.thing)

    plain = _story(rng, kind, cast, detail)
    wrong = plain
    # Helpers are drawn from the same words as heroes, so a story of another hero might still name this one.
    while is_right(wrong, mentions):
        other = _cast(rng, kind, False)
        if other.hero != cast.hero and other.place != cast.place and other.thing != cast.thing:
            wrong = _story(rng, kind, other, detail)
    return Item(
        domain="story",
        kind=kind,
        question=question,
        plain=plain,
        introduced=f"{rng.choice(LEADS)} {plain}",
        wrong=wrong,
        scoring={"mentions": mentions},
    )


def _cast(rng: random.Random, kind: str, unseen: bool) -> _Cast:
    """Hero, place and object: a combination that training has (neither pair is held out) or one that it never has."""
    while True:
        hero, place, thing = rng.choice(_HEROES), rng.choice(_PLACES), rng.choice(data.OBJECTS)
        new_place, new_thing = is_held_out("story", hero, place), is_held_out("story", hero, thing)
        # What has to be new is the pair that the request names.
        if (new_thing if kind == "object" else new_place) if unseen else not (new_place or new_thing):
            break
    # A myth says of the place what it is like, and there is but one moon.
    bare = kind == "myth" or place == "moon"
    return _Cast(
        hero,
        place,
        thing,
        rng.choice(data.HERO_WORDS) if rng.random() < 0.4 else "",
        rng.choice(data.PLACE_WORDS) if rng.random() < 0.25 and not bare else "",
        rng.choice(data.OBJECT_WORDS) if rng.random() < 0.4 else "",
    )


def _detail(rng: random.Random, kind: str) -> str | int:
    """What else the request names: the theme of a fable, the quality of a place, the opening to go on from."""
    if kind == "fable":
        return rng.choice(_THEMES)
    if kind == "myth":
        return rng.choice(_QUALITIES)
    return rng.randrange(len(data.CONTINUATIONS))


def _question(rng: random.Random, kind: str, wording: str, cast: _Cast, detail: str | int) -> str:
    subject, _, possessive = data.HEROES[cast.hero]
    the = cast.place == "moon" or kind == "myth" or rng.random() < 0.6
    place = _the(cast.place_word, cast.place) if the else _a(cast.place_word, cast.place)
    slots = {
        "a": _a(cast.hero_word, cast.hero),
        "h": cast.hero,
        "at": f"{data.PLACES[cast.place]} {place}",
        "to": place,
        "o": _a(cast.thing_word, cast.thing),
        "s": subject,
        "p": possessive,
        "t": detail,
        "q": detail,
    }
    if isinstance(detail, int):
        slots["x"] = _capitals(data.CONTINUATIONS[detail][0].format_map(slots))
    question = wording.format_map(slots)
    chance = rng.random()
    # The long wordings have a context of their own.
    if chance < 0.12 and len(wording) < 120:
        question = f"{rng.choice(data.CONTEXTS)} {question}"
    elif 0.12 <= chance < 0.35 and kind != "continue":
        question = f"{question} {rng.choice(data.TAILS)}"
    return _capitals(question)


def _story(rng: random.Random, kind: str, cast: _Cast, detail: str | int) -> str:
    """A story of 2 to 5 sentences about the cast, in the way that the kind asks for."""
    choice = rng.choice
    subject, object_, possessive = data.HEROES[cast.hero]
    helper = choice(data.HELPERS)
    while helper == cast.hero:
        helper = choice(data.HELPERS)
    place = _the("" if kind in ("myth", "continue") else cast.place_word, cast.place)
    first = kind in _FIRST_PERSON
    slots = {
        "a": _a(cast.hero_word, cast.hero),
        "h": cast.hero,
        "at": f"{data.PLACES[cast.place]} {place}",
        "to": place,
        "b": "I" if first else f"the {cast.hero}",
        "s": "I" if first else subject,
        "m": "me" if first else object_,
        "p": "my" if first else possessive,
        "T": "we" if first else "they",
        "f": _a(choice(data.HELPER_WORDS) if rng.random() < 0.4 else "", helper),
        "F": f"the {helper}",
        "o": _a(cast.thing_word, cast.thing),
        "k": f"the {cast.thing}",
        "w": f"{cast.thing_word} {cast.thing}".strip(),
        "d": choice(data.FOODS),
        "i": choice(data.SPOTS),
        "n": choice(data.NUMBERS),
        "q": detail,
    }
    return _capitals(" ".join(_sentences(rng, kind, detail)).format_map(slots))


def _sentences(rng: random.Random, kind: str, detail: str | int) -> list[str]:
    """The sentences of a story, with their slots."""
    choice = rng.choice
    if kind == "fable":
        happenings, morals = data.THEMES[str(detail)]
        return [choice(data.OPENINGS), choice(happenings), choice(data.LESSONS).format(choice(morals))]
    if kind == "myth":
        return [choice(data.MYTH_OPENINGS), choice(data.QUALITIES[str(detail)]), choice(data.MYTH_ENDS)]
    if kind == "continue":
        return [choice(data.CONTINUATIONS[int(detail)][1]), choice(data.MIDDLES), choice(data.ENDS + data.KIND_ENDS["happy"])]
    if kind == "scene":
        return [choice(data.SCENE_OPENINGS), *rng.sample(data.SCENES, rng.choice((1, 2))), choice(data.SCENE_ENDS)]
    if kind == "dialogue":
        ending = [choice(data.DIALOGUE_ENDS)] if rng.random() < 0.6 else []
        return [choice(data.DIALOGUE_OPENINGS), choice(data.DIALOGUES), *ending]
    if kind == "adventure":
        return [
            *(choice(data.ADVENTURE_OPENINGS), choice(data.ADVENTURES)),
            *(choice(data.ADVENTURE_TURNS), choice(data.ADVENTURE_ENDS)),
        ]
    if kind == "funny":
        return [choice(data.OPENINGS), choice(data.FUNNY), choice(data.FUNNY_ENDS)]

    openings = {"first": data.FIRST_OPENINGS, "diary": data.DIARY_OPENINGS}.get(kind, data.OPENINGS)
    problems, turns, ends = choice(data.OBJECT_PLOTS if kind in _OBJECT_KINDS else _ALL_PLOTS)
    story = [choice(openings), choice(problems), choice(turns)]
    if rng.random() < 0.2:
        story.insert(1, choice(data.COLORS))
    if kind in data.KIND_ENDS:
        story.append(choice(data.KIND_ENDS[kind]))
    else:
        # Some stories end with the turn.
        chance = rng.random()
        if chance < 0.85:
            story.append(choice(ends if chance < 0.65 else data.ENDS))
    return story


def _a(word: str, noun: str) -> str:
    phrase = f"{word} {noun}" if word else noun
    return f"an {phrase}" if phrase[0] in "aeiou" else f"a {phrase}"


def _the(word: str, noun: str) -> str:
    return f"the {word} {noun}" if word else f"the {noun}"


def _capitals(text: str) -> str:
    return _START.sub(lambda match: match.group().upper(), text)
