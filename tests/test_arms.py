"""The arms as shipped and as rendered: if these fail, a contrast compares more than what it names."""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter as Tally
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoTokenizer

from ride_eval.analysis.contrasts import CONTROL_CONTRASTS, LENGTH_TOLERANCE
from ride_eval.arms import MIN_WORDINGS, STANDARD_ARMS, WORDS, Counter, Prompts
from ride_eval.errors import PromptFileError, UsageError
from ride_eval.store import document_hash

TOKENIZERS = ("olmoe-1b-7b-instruct", "mistral-7b-instruct-v0.2")
LETTERS = Counter(unit="tokens", count=len)
"""A finer measure than words, so that matching has something to choose."""
DOCUMENTS = [document_hash({"number": number}) for number in range(6000)]


@pytest.fixture(scope="module")
def shipped() -> Prompts:
    return Prompts()


def wrong_domains(prompts: Prompts, domain: str) -> list[str]:
    """Those of the same file, in its order, but for what either calls near."""
    own = prompts.domains[domain]
    family = [other for other in prompts.domains.values() if other.family == own.family and other is not own]
    return [other.name for other in family if other.name not in own.near and domain not in other.near]


def cells(prompts: Prompts) -> Iterator[dict[str, Any]]:
    """Every domain pair that can occur, and wording index."""
    for domain, wrong in permutations(prompts.domains, 2):
        if wrong not in wrong_domains(prompts, domain):
            continue
        for wording in range(prompts.n_wordings):
            yield {"domain": domain, "wrong": wrong, "wording": wording}


def test_shipped_prompts_have_the_arms_and_domains_of_the_experiment(shipped: Prompts) -> None:
    assert tuple(shipped.arms) == STANDARD_ARMS
    families = Tally(domain.family for domain in shipped.domains.values())
    assert families == {"domains": 6, "subjects": 14}
    assert shipped.n_wordings >= MIN_WORDINGS
    assert {len(arm.wordings) for name, arm in shipped.arms.items() if name != "none"} == {shipped.n_wordings}
    for name in ("tag", "expert"):
        assert len(set(shipped.arm(name).wordings)) == shipped.n_wordings, "a wording said twice is no second wording"
    assert all(len(set(domain.keywords)) >= 10 for domain in shipped.domains.values())


def test_unknown_names_are_answered_with_the_known_ones(shipped: Prompts) -> None:
    with pytest.raises(UsageError, match=r"'expurt'.*arms\.yaml has: none, tag, tag_wrong"):
        shipped.arm("expurt")
    with pytest.raises(UsageError, match=r"'maths'.*domains\.yaml has: math, format"):
        shipped.domain("maths")


def test_the_wrong_domain_is_another_one_and_each_as_often(shipped: Prompts) -> None:
    for domain in shipped.domains:
        drawn = Tally(shipped.wrong_domain_of(document, domain) for document in DOCUMENTS)
        assert set(drawn) == set(wrong_domains(shipped, domain))
        share = 1 / len(drawn)
        spread = 5 * (len(DOCUMENTS) * share * (1 - share)) ** 0.5
        assert all(abs(count - len(DOCUMENTS) * share) < spread for count in drawn.values()), drawn


def test_a_document_s_wording_is_fixed_and_each_as_often(shipped: Prompts) -> None:
    drawn = Tally(shipped.wording_of(document) for document in DOCUMENTS)
    assert set(drawn) == set(range(shipped.n_wordings))
    assert all(abs(count - 1000) < 145 for count in drawn.values()), f"beyond 5 standard deviations: {drawn}"
    assert [Prompts().wording_of(document) for document in DOCUMENTS[:50]] == list(map(shipped.wording_of, DOCUMENTS[:50]))


def test_wording_and_wrong_domain_are_drawn_independently(shipped: Prompts) -> None:
    """Else one wording would only ever be seen with some of the wrong domains."""
    pairs = Tally((shipped.wording_of(document), shipped.wrong_domain_of(document, "math")) for document in DOCUMENTS)
    assert len(pairs) == shipped.n_wordings * len(wrong_domains(shipped, "math"))
    assert min(pairs.values()) > 200 - 5 * 14


def test_draws_never_change(shipped: Prompts) -> None:
    """With other draws, a run could not be added to by a later release; nor do new subjects change the old domains' draws."""

    def number(text: str) -> int:
        return int(hashlib.sha256(text.encode()).hexdigest()[:16], 16)

    others = ["math", "format", "commonsense", "story", "factual"]
    for document in DOCUMENTS[:50]:
        assert shipped.wording_of(document) == number(f"wording:{document}") % shipped.n_wordings
        assert shipped.wrong_domain_of(document, "code") == others[number(f"wrong-domain:{document}") % len(others)]


def test_none_is_empty_and_every_other_arm_is_not(shipped: Prompts) -> None:
    for cell in cells(shipped):
        assert shipped.render("none", counter=LETTERS, **cell).text == ""
        assert all(shipped.render(arm, counter=LETTERS, **cell).text.strip() for arm in STANDARD_ARMS[1:])


def test_tag_wrong_and_expert_wrong_differ_in_the_domain_s_words_only(shipped: Prompts) -> None:
    for cell in cells(shipped):
        right, wrong = shipped.domains[cell["domain"]], shipped.domains[cell["wrong"]]
        for arm, own, other in (("tag", right.tag, wrong.tag), ("expert", right.expert, wrong.expert)):
            correct = shipped.render(arm, counter=LETTERS, **cell).text
            swapped = shipped.render(f"{arm}_wrong", counter=LETTERS, **cell).text
            assert own in correct
            assert swapped == other.join(correct.rsplit(own, 1)), cell
            assert swapped != correct


def test_a_matched_arm_takes_the_nearest_candidate_first_of_equals(shipped: Prompts) -> None:
    for cell in cells(shipped):
        target = shipped.render("expert", counter=LETTERS, **cell).length
        (pool,) = {shipped.arm("filler").wordings[cell["wording"]]}
        by_distance = sorted(pool, key=lambda text: abs(len(text) - target))  # a stable sort keeps the pool's order
        chosen = shipped.render("filler", counter=LETTERS, **cell)
        assert (chosen.text, chosen.length) == (by_distance[0], len(by_distance[0]))

        tag = shipped.render("tag", counter=LETTERS, **cell)
        (template,) = shipped.arm("tag_placebo").wordings[cell["wording"]]
        candidates = {template.format(tag=label, expert=label) for label in shipped.placebo}
        placebo = shipped.render("tag_placebo", counter=LETTERS, **cell)
        assert placebo.text in candidates
        assert abs(placebo.length - tag.length) == min(abs(len(text) - tag.length) for text in candidates)


def test_ties_between_placebo_labels_do_not_always_fall_to_the_same_word(shipped: Prompts) -> None:
    """Else the whole control would hang on one word."""
    labels = set()
    for wording in range(shipped.n_wordings):
        text = shipped.render("tag_placebo", domain="math", wrong="code", wording=wording, counter=WORDS).text
        labels |= {label for label in shipped.placebo if label in text.split() or f"{label}]" in text or f"{label};" in text}
    assert len(labels) >= MIN_WORDINGS


def test_counters_of_two_models_are_not_confused(shipped: Prompts) -> None:
    """One process may evaluate several models; the second must not get texts matched for the first."""
    cell: dict[str, Any] = {"domain": "math", "wrong": "code", "wording": 0}
    expected = {}
    for shift in range(40):  # short-lived counters: an address may be used again
        weight = 1 + shift % 4
        counter = Counter(unit="tokens", count=lambda text, weight=weight: len(text) // weight)  # type: ignore[misc]
        expected.setdefault(weight, Prompts().render("filler", counter=counter, **cell))
        assert shipped.render("filler", counter=counter, **cell) == expected[weight]
        del counter


@pytest.mark.parametrize("name", TOKENIZERS)
def test_controls_are_length_matched_under_real_tokenizers(name: str, shipped: Prompts, shared: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(shared / "tokenizers" / name)
    counter = Counter(unit="tokens", count=lambda text: len(tokenizer.encode(text, add_special_tokens=False)))
    matched = [contrast for contrast in CONTROL_CONTRASTS if contrast != ("expert", "tag")]
    assert len(matched) == 4
    for cell in cells(shipped):
        for arm, control in matched:
            lengths = [shipped.render(each, counter=counter, **cell).length for each in (arm, control)]
            assert abs(lengths[0] - lengths[1]) <= LENGTH_TOLERANCE, (arm, control, cell, lengths)


def test_an_arm_and_a_domain_are_added_by_yaml_alone(shipped: Prompts, tmp_path: Path) -> None:
    shutil.copytree(shipped.folder, tmp_path, dirs_exist_ok=True)
    arms, domains = tmp_path / "arms.yaml", tmp_path / "domains.yaml"
    wordings = [f'"Mind {{expert}} {i}, literally {{{{x}}}}."' for i in range(shipped.n_wordings)]
    text = arms.read_text()
    assert "\nplacebo:" in text
    arms.write_text(text.replace("\nplacebo:", f"\n  polite:\n    wordings: [{', '.join(wordings)}]\nplacebo:"))
    domains.write_text(domains.read_text() + "  law:\n    tag: law\n    expert: legal cases\n    keywords: [court, Judge]\n")
    prompts = Prompts(tmp_path)
    rendered = prompts.render("polite", domain="law", wrong="math", wording=2, counter=WORDS)
    assert (rendered.text, rendered.length, rendered.unit) == ("Mind legal cases 2, literally {x}.", 6, "words")
    assert prompts.domain("law").keywords == ("court", "judge"), "keywords are compared in lower case"
    assert prompts.domain("law").family == "domains", "what stands in domains.yaml goes before subjects.yaml"
    assert "law" in {prompts.wrong_domain_of(document, "math") for document in DOCUMENTS[:100]}
    assert prompts.sha256 != shipped.sha256, "a run under other prompts must not be taken for the same"


# Subjects ---------------------------------------------------------------------------------------------------------------


def test_no_subject_s_domain_is_wrong_for_one_near_it(shipped: Prompts) -> None:
    for one, other in (("biology", "medicine"), ("law", "politics"), ("economics", "business"), ("physics", "engineering")):
        assert other not in wrong_domains(shipped, one)
        assert one not in wrong_domains(shipped, other)
        assert not {one, other} & {shipped.wrong_domain_of(document, each) for each in (one, other) for document in DOCUMENTS}
    assert all(len(wrong_domains(shipped, domain)) >= 5 for domain in shipped.domains)


def test_a_subject_is_looked_up_under_its_benchmark(shipped: Prompts) -> None:
    assert shipped.domain_of("mmlu", "anatomy") == "medicine"
    assert shipped.domain_of("mine", "story") == "story", "a document may name a domain itself"
    with pytest.raises(UsageError, match=r"'anatomy' of a document of mine.*domains\.yaml has.*subjects\.yaml.*mine:"):
        shipped.domain_of("mine", "anatomy")


def test_a_folder_without_subjects_has_the_domains_of_domains_yaml(shipped: Prompts, tmp_path: Path) -> None:
    for name in ("arms.yaml", "domains.yaml"):
        shutil.copy(shipped.folder / name, tmp_path)
    prompts = Prompts(tmp_path)
    assert [domain.family for domain in prompts.domains.values()] == ["domains"] * 6
    assert not prompts.subjects
    assert prompts.sha256 != shipped.sha256
    for document in DOCUMENTS[:100]:
        assert prompts.wrong_domain_of(document, "math") == shipped.wrong_domain_of(document, "math")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("near: [politics]", "near: [polite]", "domains.law.near: names polite, which this file does not have"),
        ("anatomy: medicine", "anatomy: medicin", "benchmarks.mmlu.anatomy: must be one of the domains math,"),
        ("expert: legal cases", "expert: legal cases\n    mean: 1", "domains.law.mean: unknown key"),
    ],
)
def test_a_mistake_in_subjects_yaml_is_named(old: str, new: str, problem: str, shipped: Prompts, tmp_path: Path) -> None:
    shutil.copytree(shipped.folder, tmp_path, dirs_exist_ok=True)
    file = tmp_path / "subjects.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    with pytest.raises(PromptFileError) as caught:
        Prompts(tmp_path)
    assert str(caught.value).startswith(f"{file}, line ")
    assert problem in str(caught.value)


def test_a_domain_near_all_others_has_no_wrong_one(shipped: Prompts, tmp_path: Path) -> None:
    shutil.copytree(shipped.folder, tmp_path, dirs_exist_ok=True)
    text = (tmp_path / "domains.yaml").read_text()
    near = "    near: [format, commonsense, code, story, factual]\n"
    (tmp_path / "domains.yaml").write_text(text.replace("    tag: math\n", "    tag: math\n" + near))
    with pytest.raises(PromptFileError, match=r"domains\.math: has no other domain in this file that is not near it"):
        Prompts(tmp_path)
