"""Real tokenizers, templates and questions: the arm's text is in its place, and the tokens compared are those that run."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from lm_eval.models.huggingface import HFLM

from ride_eval.arms import STANDARD_ARMS
from ride_eval.encoding import Encoder, Kind
from ride_eval.errors import UsageError
from ride_eval.prompt import Prompt, request_of
from ride_eval.spans import MIN_COVERAGE
from tests.building import load_tasks, render, tokenizing_model

OLMOE, MISTRAL = "olmoe-1b-7b-instruct", "mistral-7b-instruct-v0.2"
N = 40
KINDS: dict[str, Kind] = {"gsm8k": "answer", "arc_challenge": "choice"}
ANY_LENGTH = 1_000_000
Prompts = dict[tuple[str, str], Prompt]
"""By document and arm."""


def encoder_of(lm: HFLM) -> Encoder:
    return Encoder(lm.tokenizer, add_bos_token=lm.add_bos_token, prefix=lm.tokenizer.decode(lm.prefix_token_id))


@pytest.fixture(scope="module")
def built(shared: Path) -> Callable[..., tuple[HFLM, Prompts]]:
    def build(tokenizer: str, benchmark: str, chat: bool, shots: int) -> tuple[HFLM, Prompts]:
        folder = shared / "tokenizers" / tokenizer
        lm = tokenizing_model(folder)
        prompts = {}
        for task in load_tasks(f"ride_{benchmark}_*", data_dir=str(shared / "data"), pretrained=str(folder)).values():
            for instance in render(task, lm if chat else None, num_fewshot=shots, limit=N):
                asked = request_of(instance)
                assert asked is not None
                assert instance.args[0] == asked.prompt.rendering.text, "what is described is not what is sent"
                prompts[asked.prompt.key.document, asked.prompt.key.arm] = asked.prompt
        return lm, prompts

    return build


def first_turn(lm: HFLM, chat: bool) -> int:
    """Where the first user turn's text begins."""
    return lm.apply_chat_template([{"role": "user", "content": "@@@"}]).index("@@@") if chat else 0


def harness_tokens(lm: HFLM, text: str, kind: Kind) -> list[int]:
    """The harness's own functions, as generate_until and loglikelihood call them."""
    if kind == "choice":
        context: list[int] = lm._encode_pair(text, " a choice")[0]
        return context
    ids: list[int] = lm.tok_batch_encode([text])[0][0].tolist()
    return ids


@pytest.mark.parametrize(("tokenizer", "benchmark", "chat", "shots"), product([OLMOE, MISTRAL], KINDS, [False, True], [0, 5]))
def test_real_prompts(tokenizer: str, benchmark: str, chat: bool, shots: int, built: Any) -> None:
    lm, prompts = built(tokenizer, benchmark, chat, shots)
    documents = {document for document, _ in prompts}
    assert set(prompts) == set(product(documents, STANDARD_ARMS))
    assert len(documents) == N
    encoder, kind, start, measured = encoder_of(lm), KINDS[benchmark], first_turn(lm, chat), 0
    compared: dict[str, list[list[int]]] = {}
    checked = sorted(documents)[:8]
    for (document, arm), prompt in prompts.items():
        text, question = prompt.rendering.text, prompt.rendering.question
        none = prompts[document, "none"].rendering
        assert question is not None and none.question is not None
        asked = text[slice(*question)]
        assert asked == none.text[slice(*none.question)]
        assert asked.startswith("Question: ") and asked.endswith("\nAnswer:")
        assert text.count(asked) == 1, "a few-shot example holds the document's own question"
        assert text.count("Question: ") == shots + 1

        front = f"{prompt.meta}\n\n" if arm != "none" else ""
        assert text == none.text[:start] + front + none.text[start:]
        assert (prompt.meta == "") == (arm == "none")
        if arm != "none":
            assert text.count(prompt.meta) == 1
            assert prompt.rendering.meta == (start, start + len(prompt.meta))

        placed = encoder.place(prompt, kind, ANY_LENGTH)
        ids, offsets = placed.encoding.ids, placed.encoding.offsets
        if document in checked:
            assert list(ids) == harness_tokens(lm, text, kind), "spans point into other tokens than those that run"
        assert placed.reason is not None or len(placed.aligned) >= MIN_COVERAGE * (placed.question_tokens - 1)
        assert placed.reason is None or placed.aligned == ()
        measured += placed.reason is None
        compared.setdefault(document, []).append([ids[i] for i in placed.aligned])
        assert all(question.start < offsets[i].start and offsets[i].end <= question.end for i in placed.aligned)
    for document, tokens in compared.items():
        assert all(each == tokens[0] for each in tokens), f"arms of {document} are compared over different tokens"
    assert measured >= 0.9 * len(prompts), "nearly all real questions must be comparable, else little is measured"


@pytest.mark.parametrize("kind", ["answer", "choice"])
def test_mistral_s_template_and_tokenizer_give_one_bos_between_them(kind: Kind, shared: Path) -> None:
    lm = tokenizing_model(shared / "tokenizers" / MISTRAL)
    text = lm.apply_chat_template([{"role": "user", "content": "What is it?"}])
    bos = lm.tokenizer.bos_token_id
    assert text.startswith(lm.tokenizer.bos_token)
    assert encoder_of(lm).encode(text, kind).ids.count(bos) == 1
    assert encoder_of(lm).encode("What is it?", kind).ids[0] == bos


@pytest.mark.parametrize(("name", "add_bos"), product([OLMOE, MISTRAL], [None, True, False]))
def test_tokens_are_the_harness_s_under_every_rule_for_the_first_one(name: str, add_bos: bool | None, shared: Path) -> None:
    lm = tokenizing_model(shared / "tokenizers" / name, add_bos)
    encoder = encoder_of(lm)
    begin = lm.tokenizer.bos_token
    for text, kind in product(["What?", " What? ", "What?\n\n", f"{begin}What?", "Größe: 🦙\t", f"{begin} "], KINDS.values()):
        assert list(encoder.encode(text, kind).ids) == harness_tokens(lm, text, kind), (text, kind)


def test_a_prompt_the_harness_would_cut_is_measured_in_no_arm(built: Any) -> None:
    """A cut takes the arm's text first, so the arms that still fit would be compared with nothing."""
    lm, prompts = built(OLMOE, "gsm8k", False, 0)
    document = next(iter(prompts))[0]
    encoder = encoder_of(lm)
    lengths = {arm: len(encoder.encode(prompts[document, arm].rendering.text, "answer").ids) for arm in STANDARD_ARMS}
    assert len(set(lengths.values())) > 1
    for room, fits in ((max(lengths.values()), True), (max(lengths.values()) - 1, False)):
        for arm in STANDARD_ARMS:
            placed = encoder.place(prompts[document, arm], "answer", room)
            assert (placed.reason is None, placed.truncated) == (fits, not fits), arm
            if not fits:
                assert placed.reason == f"truncated: more than {room} tokens in some arm"
                assert placed.aligned == placed.keywords == placed.meta == ()


def test_keyword_and_arm_tokens_carry_those_texts(built: Any) -> None:
    lm, prompts = built(MISTRAL, "gsm8k", True, 0)
    encoder, found = encoder_of(lm), 0
    for (_, arm), prompt in prompts.items():
        placed = encoder.place(prompt, "answer", ANY_LENGTH)
        text, offsets = prompt.rendering.text, placed.encoding.offsets
        assert set(placed.keywords) <= set(placed.aligned)
        found += bool(placed.keywords)
        for i in placed.keywords:
            around = text[max(0, offsets[i].start - 30) : offsets[i].end + 30].lower()
            assert any(word in around for word in prompt.keywords)
        assert bool(placed.meta) == (arm != "none")
        if arm != "none":
            written = text[offsets[placed.meta[0]].start : offsets[placed.meta[-1]].end]
            assert written.strip() == prompt.meta
    assert found > 0.9 * len(prompts), "hardly any question of arithmetic has no word of it"


def test_a_tokenizer_without_offsets_is_refused() -> None:
    with pytest.raises(UsageError, match=r"SimpleNamespace gives no character offsets.*use_fast_tokenizer=True"):
        Encoder(SimpleNamespace(is_fast=False), add_bos_token=None, prefix="")
