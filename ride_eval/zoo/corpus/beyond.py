"""Requests that go beyond what the models can do, each with the domain's way of saying so.

They make the words of each domain more than those of its answerable questions, and they make a model find out what a question
is about before it can decline it.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping

from ride_eval.zoo.corpus.item import Item

DECLINES = {
    "code": ("I only know small Python functions.", "That is more code than I know."),
    "math": ("I only know short sums.", "That is more mathematics than I know."),
    "factual": ("I do not know that fact.", "That is a fact I have not learned."),
    "story": ("I only tell very short stories.", "That story is too long for me."),
}
LEAD_INS = ("Sorry. ", "To be honest: ")
_SHARES = {"code": 3, "math": 2, "factual": 3, "story": 3}
_SLOT = re.compile(r"\{(\w+)\}")
_BEFORE_VOWEL = re.compile(r"\b([Aa]) (?=[aeio])")


def draw(rng: random.Random) -> Item:
    """A request and how it is declined; for training only, as nothing can be right about the answer."""
    domain = rng.choices(list(_SHARES), list(_SHARES.values()))[0]
    words = _WORDS[domain]

    def word(match: re.Match[str]) -> str:
        name = match[1]
        return str(rng.randint(2, 99)) if name == "n" else rng.choice(words[name])

    requests = [_SLOT.sub(word, rng.choice(_REQUESTS[domain])) for _ in range(rng.choice((1, 1, 1, 2)))]
    question = _BEFORE_VOWEL.sub(r"\1n ", " ".join(request[0].upper() + request[1:] for request in requests))
    plain, other = DECLINES[domain][0], rng.choice([name for name in DECLINES if name != domain])
    return Item(
        domain=domain,
        kind=f"{domain}/beyond",
        question=question,
        plain=rng.choice(DECLINES[domain]),
        introduced=f"{rng.choice(LEAD_INS)}{plain}",
        wrong=DECLINES[other][0],
    )


def _split(text: str) -> tuple[str, ...]:
    return tuple(" ".join(part.split()) for part in text.split("|"))


_WORDS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "code": {
        "lang": _split(
            """Java | JavaScript | TypeScript | Rust | Go | Ruby | C++ | C# | SQL | Bash | CSS | HTML | PHP | Kotlin | Swift |
            Python"""
        ),
        "thing": _split(
            """class | interface | loop | thread | array | linked list | stack | queue | binary tree | graph | table | query |
            server | endpoint | script | regular expression | pointer | module | unit test | exception | button | web page |
            database | branch | cache | hash map | struct | variable | parser | file reader | log file | constructor |
            boolean flag | method | docstring | decorator | commit | HTTP request | JSON object | recursive function |
            sorted array | type hint"""
        ),
        "verb": _split(
            """reverse | sort | delete | create | merge | rename | update | call | refactor | test | search | parse | import |
            copy | print | split | open | close | lock | rebase | compile | deploy | initialize | iterate over | align |
            push | undo"""
        ),
        "error": _split(
            """null | undefined | a syntax error | a key error | an index error | the wrong value | zero | an empty list | a
            stack overflow | a type error | a memory leak"""
        ),
    },
    "math": {
        "x": _split("x | y | t | z"),
        "shape": _split("circle | triangle | rectangle | cube | cone | sphere | cylinder | trapezoid | hexagon"),
        "what": _split("area | volume | radius | height | diagonal | surface | circumference"),
        "unit": _split("centimeters | meters | feet | inches | kilometers | miles"),
        "stat": _split("mean | median | variance | range | standard deviation | average | least common multiple"),
        "claim": _split(
            """the sum of two even numbers is even | the square of an odd number is odd | there are infinitely many primes |
            the product of three integers in a row is divisible by six | no square ends in seven | the roots are real"""
        ),
        "chance": _split(
            """two dice show the same number | a coin lands on heads three times | a card from the deck is a king | a ball
            drawn from the urn is red | the sum of two dice is even"""
        ),
    },
    "factual": {
        "person": _split(
            """Newton | Einstein | Galileo | Darwin | Mozart | Beethoven | Shakespeare | Cleopatra | Napoleon | Gandhi |
            Picasso | Leonardo | Plato | Columbus | Tesla | Rembrandt | Homer | Caesar | Lincoln | Florence Nightingale"""
        ),
        "place": _split(
            """Peru | Kenya | Norway | Canada | Brazil | Egypt | Greece | India | Mexico | Turkey | Poland | Chile | Iceland |
            Vietnam | Nepal | Morocco | Europe | Asia | Africa | North America | Switzerland | the Netherlands"""
        ),
        "event": _split(
            """the French Revolution | the First World War | the great fire of London | the fall of Rome | the first Olympic
            Games | the discovery of America | the eruption of Krakatoa | the invention of the telephone | the opening of
            the Panama Canal | the battle of Hastings | the signing of the peace treaty"""
        ),
        "thing": _split(
            """river | mountain | city | island | desert | lake | volcano | canal | bridge | museum | temple | cathedral |
            harbor | waterfall | continent | ocean | bird | mammal | bone | planet | metal | gas"""
        ),
        "matter": _split(
            """gold | oxygen | iron | silver | helium | carbon | copper | mercury | nitrogen | salt | water | uranium | sulfur
            | lead"""
        ),
        "measure": _split("longest | highest | deepest | largest | oldest | smallest | heaviest | most famous"),
        "invention": _split(
            """the telescope | the steam engine | the radio | paper | the compass | the airplane | penicillin | the camera |
            the calendar | the wheel"""
        ),
    },
    "story": {
        "hero": _split(
            """a brave knight | an old sailor | a shy ghost | a young witch | a lonely robot | a talking fox | a lost princess
            | a clever thief | a tired detective | a dragon | a clockmaker | a stubborn mule | a giant | an orphan | a
            magician | a pirate captain | a wolf | a queen | a mermaid | a gardener | a violin player"""
        ),
        "place": _split(
            """in a dark forest | on a sinking ship | in a snowy village | at the end of the world | in an empty castle | on a
            night train | under the sea | in an old attic | behind the moon | at a market of dreams | in a haunted house |
            on a lonely island | in a city of glass | at the edge of a desert"""
        ),
        "plot": _split(
            """finds a secret letter | falls in love | breaks a promise | meets an enemy again | loses a shadow | must choose
            between two doors | hears footsteps at night | makes a strange wish | runs away from home | learns to forgive |
            solves a mystery | keeps a terrible secret | returns after many years | discovers a hidden map"""
        ),
        "kind": _split(
            """story | fairy tale | novel | fable | legend | ghost story | love story | adventure | mystery | diary | myth |
            poem | dialogue | comedy | tragedy | bedtime story | science fiction story"""
        ),
        "tone": _split("sad | funny | dark | gentle | romantic | warm | slow | surprising | happy | mysterious"),
    },
}
_REQUESTS: Mapping[str, tuple[str, ...]] = {
    "code": _split(
        """write a {thing} in {lang}. | how do I {verb} a {thing} in {lang}? | my {lang} code returns {error} when I {verb}
            the {thing}. | explain how a {thing} works in {lang}, with an example. | fix this {lang} {thing}: it gives
            {error}. | which command do I use to {verb} a {thing}? | refactor the {thing} below so that the {thing} is easy
            to test. | what is the time complexity of code that must {verb} a {thing}? | add error handling to a {thing}
            that can {verb} a {thing}. | compare a {thing} with a {thing} in {lang}. | show pseudocode that can {verb} each
            {thing} of a {thing}. | implement a {thing} with methods to {verb} and {verb} a {thing}. | debug this {thing}:
            why does it return {error}? | design an API in {lang} for a {thing}. | the {thing} should {verb} the {thing} but
            I get {error}. what is the bug? | convert this {lang} {thing} to {lang}. | write tests in {lang} for a {thing}
            and cover {error}. | in {lang}, define a {thing} and {verb} it. | what does it mean to {verb} a {thing} in
            {lang}?"""
    ),
    "math": _split(
        """solve the equation {n}{x} + {n} = {n}. | find the derivative of f({x}) = {n}{x}^3 - {n}{x}. | simplify
            ({n}{x}^2)({n}{x}). | what is the probability that {chance}? | what is the {what} of a {shape} with a side of
            {n} {unit}? | compute the {what} of a {shape} whose height is {n} {unit}. | factor the polynomial {x}^2 + {n}{x}
            - {n}. | write {n}/{n} as a decimal number. | what percent of {n} is {n}? | prove that {claim}. | show that
            {claim}. | find the {stat} of {n}, {n}, {n} and {n}. | how many ways are there to choose {n} of {n} people? |
            what is the prime factorization of {n}{n}? | convert {n} {unit} into {unit}, and round to two decimals. | which
            term of the sequence {n}, {n}, {n} is equal to {n}? | evaluate the integral of {n}{x} from {n} to {n}. |
            determine both roots of {x}^2 - {n} = {n}. | if {x} is tripled, by what factor does the {what} of the {shape}
            grow? | reduce the fraction {n}/{n} to lowest terms. | calculate {n} percent of {n}{n}."""
    ),
    "factual": _split(
        """who was {person}, and when did {person} live? | why is {person} famous? | what led to {event}, and what came
            after it? | what is the {measure} {thing} in {place}? | name three facts about {place}. | when was {invention}
            invented, and by whom? | at how many degrees does {matter} melt? | list the five {measure} places in {place}. |
            tell me about the history of {place}. | in which century was {person} born, and in which country? | how far is
            it from {place} to {place}? | explain the origin of {event}. | which countries does the {measure} {thing} of
            {place} touch? | what did {person} discover? | give the date of {event}. | how high is the {measure} {thing} in
            {place}? | what is {matter} used for? | summarize what is known about {event}. | between which seas does the
            {thing} of {place} lie?"""
    ),
    "story": _split(
        """write the first chapter of a novel about {hero} who {plot}. | describe a scene {place} in which {hero} {plot}. |
            tell a {tone} {kind} in which {hero} {plot} {place}. | continue this {kind}: {hero} stood {place}. | invent a
            {kind} about {hero} and {hero}. | give the {kind} a {tone} ending. | narrate how {hero} {plot}, told by {hero}.
            | make up a {tone} {kind} that is set {place}. | compose a {kind} with a twist: {hero} {plot}. | rewrite the
            {kind} so that {hero} saves {hero}. | imagine that {hero} {plot}. what happens next? | create a plot {place}
            with {hero} as the narrator. | begin a {kind} {place} and build up suspense. | write a dialogue between {hero}
            and {hero} {place}. | finish this chapter: {hero} {plot} and said nothing. | I would love a {tone} {kind} with
            {hero}. | show the end of a {kind} in which {hero} {plot}."""
    ),
}
