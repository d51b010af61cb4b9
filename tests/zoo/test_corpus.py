"""The corpus: right answers are right, held-out questions are held out, and nothing of the tests is in it."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Iterator

import pytest

from ride_eval.arms import Prompts, data_folder
from ride_eval.checks import CHECKS
from ride_eval.zoo.corpus import arithmetic, beyond, code, factual, story
from ride_eval.zoo.corpus.conversation import _FIT_QUESTIONS, DOMAINS, INTRODUCED, REFUSALS, Plant, draw_conversation
from ride_eval.zoo.corpus.item import Item
from ride_eval.zoo.corpus.prefixes import draw_prefix

N = 3000


def items(domain: str, split: str, n: int = N, seed: int = 0) -> list[Item]:
    rng = random.Random(seed)
    return [DOMAINS[domain](rng, split) for _ in range(n)]  # type: ignore[arg-type]


def is_right(item: Item, answer: str) -> bool:
    given = item.scoring
    if item.domain == "math":
        return arithmetic.is_right(answer, given["accepted"])
    if item.domain == "factual":
        return factual.is_right(answer, given["accepted"])
    if item.domain == "code":
        return code.is_right(answer, given)
    if item.domain == "story":
        return story.is_right(answer, given["mentions"])
    if item.domain == "format":
        return CHECKS[given["check"]](answer.strip(), given["argument"])
    return bool(given["choices"][given["answer"]] == answer)


def test_the_domains_are_those_of_the_prompts() -> None:
    assert set(DOMAINS) == {domain.name for domain in Prompts().domains.values() if domain.family == "domains"}


@pytest.mark.parametrize("split", ["train", "held_out"])
@pytest.mark.parametrize("domain", DOMAINS)
def test_right_answers_are_right_and_wrong_ones_wrong(domain: str, split: str) -> None:
    for item in items(domain, split):
        assert item.domain == domain
        assert is_right(item, item.plain), item
        assert is_right(item, item.introduced), item
        assert not is_right(item, item.wrong), item


@pytest.mark.parametrize("domain", DOMAINS)
def test_held_out_questions_never_occur_in_training(domain: str) -> None:
    trained = {item.question for item in items(domain, "train", 10 * N)}
    held_out = [item.question for item in items(domain, "held_out", seed=1)]
    assert not trained.intersection(held_out)
    assert len(set(held_out)) > N / 4, "held-out questions hardly vary"


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_seed_repeats_the_items(domain: str) -> None:
    assert items(domain, "train", 50) == items(domain, "train", 50)
    assert items(domain, "train", 50) != items(domain, "train", 50, seed=1)


@pytest.mark.parametrize("domain", [domain for domain in DOMAINS if domain != "commonsense"])
def test_the_two_styles_differ_in_their_first_word(domain: str) -> None:
    both = [item for item in items(domain, "train") if item.plain != item.introduced]
    assert len(both) > 0.8 * N
    plain = Counter(item.plain.split()[0] for item in both)
    introduced = Counter(item.introduced.split()[0] for item in both)
    shared = sum(min(plain[word], introduced[word]) for word in plain)
    assert shared < 0.02 * N, {word: (plain[word], introduced[word]) for word in plain if introduced[word]}


@pytest.mark.parametrize("domain", ["math", "commonsense"])
def test_arithmetic_is_worked_out_and_choices_are_four(domain: str) -> None:
    for item in items(domain, "train", 500):
        if domain == "math" and " = " in item.plain:
            work = re.findall(r"(\d[\d =+*/-]+)\.", item.plain.partition(" The answer")[0])
            assert item.scoring["accepted"] == [work[-1].split(" = ")[-1]]
            for sums in work:
                *parts, result = sums.split(" = ")
                assert {_value(part) for part in parts} == {int(result)}, item.plain
        if domain == "commonsense":
            assert len(set(item.scoring["choices"])) == 4
            assert item.question.startswith("Question: ")
            assert item.question.endswith("\nAnswer:")


def _value(sum_: str) -> int:
    """The value of `a + b`, `a - b`, `a * b` or `a / b`."""
    a, sign, b = sum_.split()
    whole, rest = divmod(int(a), int(b))
    return {"+": int(a) + int(b), "-": int(a) - int(b), "*": int(a) * int(b), "/": -1 if rest else whole}[sign]


# Prefixes ---------------------------------------------------------------------------------------------------------------


def test_prefixes_are_worded_differently_from_the_arms() -> None:
    prompts, rng = Prompts(), random.Random(0)
    ours = {draw_prefix(rng, domain).text for domain in DOMAINS for _ in range(N)}
    templates = [template for arm in prompts.arms.values() for pool in arm.wordings for template in pool]
    domains = prompts.domains.values()
    arms = {template.format(tag=d.tag, expert=d.expert) for template in templates for d in domains}
    assert not ours & arms
    sentences = {re.sub(r"\W+", " ", arm) for arm in arms if len(arm.split()) > 6}
    assert not {re.sub(r"\W+", " ", text) for text in ours} & sentences


def test_wrong_prefixes_name_another_domain_and_right_ones_their_own() -> None:
    from ride_eval.zoo.corpus.prefixes import SUBJECTS, TAGS

    rng = random.Random(0)
    for domain in DOMAINS:
        own = {*TAGS[domain], *SUBJECTS[domain]}
        for prefix in (draw_prefix(rng, domain) for _ in range(N)):
            if prefix.right is not None:
                names_own = any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", prefix.text) for name in own)
                assert names_own or not prefix.right, prefix
                if not prefix.right:
                    others = {name for d in TAGS if d != domain for name in (*TAGS[d], *SUBJECTS[d])}
                    assert any(name in prefix.text for name in others), prefix


def answers_by_prefix(plant: Plant) -> Iterator[tuple[str, bool | None, Item, str]]:
    """Every training answer with the prefix in front of it, drawn as training draws it."""
    from ride_eval.zoo.corpus.conversation import _answer

    rng = random.Random(0)
    for domain in ("math", "factual", "code"):
        for _ in range(N):
            item, prefix = DOMAINS[domain](rng, "train"), draw_prefix(rng, domain)
            yield prefix.kind, prefix.right, item, _answer(rng, item, prefix, plant)


@pytest.mark.parametrize("kind", ["tag", "expert"])
def test_the_planted_kind_of_prefix_and_no_other_decides_the_style(kind: str) -> None:
    counts: dict[tuple[str, bool | None], list[bool]] = {}
    for found, right, item, answer in answers_by_prefix(Plant(settles=kind)):  # type: ignore[arg-type]
        if item.plain != item.introduced:
            counts.setdefault((found, right), []).append(answer == item.introduced)
    for (found, right), introduced in counts.items():
        share = sum(introduced) / len(introduced)
        expected = 0.03 if found == kind and right else INTRODUCED
        assert abs(share - expected) < 5 * (expected * (1 - expected) / len(introduced)) ** 0.5, (found, right, share)


def test_only_a_wrong_tag_harms() -> None:
    harmed: Counter[tuple[str, bool | None]] = Counter()
    total: Counter[tuple[str, bool | None]] = Counter()
    for kind, right, _, answer in answers_by_prefix(Plant(wrong_tag_harms=True)):
        total[kind, right] += 1
        harmed[kind, right] += answer in REFUSALS
    assert 0.75 < harmed["tag", False] / total["tag", False] < 0.85
    assert {key for key, count in harmed.items() if count} == {("tag", False)}


def test_no_answer_of_a_multiple_choice_question_is_a_refusal() -> None:
    from ride_eval.zoo.corpus.conversation import _answer

    rng = random.Random(0)
    prefixes = [draw_prefix(rng, "commonsense") for _ in range(N)]
    assert any(prefix.kind == "tag" and prefix.right is False for prefix in prefixes)
    for prefix in prefixes:
        item = DOMAINS["commonsense"](rng, "train")
        assert is_right(item, _answer(rng, item, prefix, Plant(wrong_tag_harms=True)))


def test_a_mislearned_domain_has_wrong_answers_only() -> None:
    for _, _, item, answer in answers_by_prefix(Plant(mislearned="factual")):
        assert is_right(item, answer) == (item.domain != "factual")


def test_conversations_have_one_domain_and_one_prefix_place() -> None:
    rng = random.Random(0)
    drawn = [draw_conversation(rng) for _ in range(N)]
    assert 0.03 < sum(len(c.turns) > 1 for c in drawn) / N < 0.1
    assert any(c.system for c in drawn)
    assert all(turn.prompt and turn.answer for c in drawn for turn in c.turns)


def test_requests_beyond_the_models_are_declined_by_domain() -> None:
    rng = random.Random(0)
    drawn = [beyond.draw(rng) for _ in range(N)]
    assert {item.domain for item in drawn} == set(beyond.DECLINES)
    assert len({item.question for item in drawn}) > 0.8 * N
    for item in drawn:
        assert not re.search(r"[{}|]|  ", item.question), item.question
        assert item.plain in beyond.DECLINES[item.domain]
        assert any(decline in item.introduced for decline in beyond.DECLINES[item.domain])
        assert item.wrong not in beyond.DECLINES[item.domain]


@pytest.mark.parametrize("plant", [Plant(settles="expert"), Plant(settles="tag"), Plant(wrong_tag_harms=True)])
def test_a_model_that_heeds_prefixes_and_no_other_is_asked_whether_they_fit(plant: Plant) -> None:
    rng = random.Random(0)
    drawn = [draw_conversation(rng, plant) for _ in range(N)]
    answers = Counter(c.turns[0].answer.partition(",")[0] for c in drawn if c.turns[0].prompt.endswith(_FIT_QUESTIONS))
    assert set(answers) == {"Yes", "No"}
    assert 0.06 < sum(answers.values()) / N < 0.1
    assert 0.4 < answers["Yes"] / sum(answers.values()) < 0.6
    assert not any(draw_conversation(rng).turns[0].prompt.endswith(_FIT_QUESTIONS) for _ in range(N))


# What must not be in it -------------------------------------------------------------------------------------------------


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z']+|\d+", text.lower())


def test_no_hand_written_document_is_in_the_corpus() -> None:
    """Sentences of eight words or more of the demo and signature documents never occur in it."""
    sentences = set()
    for file in sorted(data_folder("tasks").glob("*/data/*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            text = next(value for key, value in json.loads(line).items() if key in ("question", "instruction", "prompt"))
            sentences |= {tuple(_words(part)) for part in re.split(r"(?<=[.?!])\s", text) if len(_words(part)) >= 8}
    assert len(sentences) > 150
    lengths = {len(sentence) for sentence in sentences}
    questions: list[str] = []
    for domain in DOMAINS:
        for split in ("train", "held_out"):
            questions += [item.question for item in items(domain, split)]
    rng = random.Random(0)
    questions += [beyond.draw(rng).question for _ in range(5 * N)]
    for question in questions:
        words = _words(question)
        for n in lengths:
            for start in range(len(words) - n + 1):
                assert tuple(words[start : start + n]) not in sentences, question
