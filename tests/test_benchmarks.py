"""Benchmarks that ship, as real models get them: the question is found in every arm, and its tokens compare.

GSM8K and ARC are checked in more detail in test_encoding."""

from __future__ import annotations

from collections import Counter
from itertools import product
from pathlib import Path

import pytest

from ride_eval.arms import STANDARD_ARMS
from ride_eval.encoding import Encoder, Kind
from ride_eval.prompt import request_of
from ride_eval.spans import MIN_COVERAGE
from tests.building import load_tasks, render, tokenizing_model

KINDS: dict[str, Kind] = {
    "ifeval": "answer",
    "hellaswag": "choice",
    "winogrande": "choice",
}
# IFEval sets num_fewshot to 0 itself, which the harness does not override: its answers are no text to show.
CASES = [
    (benchmark, tokenizer, chat, shots)
    for benchmark, tokenizer, chat, shots in product(
        KINDS, ["olmoe-1b-7b-instruct", "mistral-7b-instruct-v0.2"], [False, True], [0, 5]
    )
    if not (benchmark == "ifeval" and shots)
]
N = 20


@pytest.mark.parametrize(("benchmark", "tokenizer", "chat", "shots"), CASES)
def test_questions_are_found_and_compared(benchmark: str, tokenizer: str, chat: bool, shots: int, shared: Path) -> None:
    folder = shared / "tokenizers" / tokenizer
    lm = tokenizing_model(folder)
    encoder = Encoder(lm.tokenizer, add_bos_token=None, prefix=lm.tokenizer.decode(lm.prefix_token_id))
    options = {"data_dir": str(shared / "data"), "pretrained": str(folder), "missing_scoring_data": "nan"}
    tasks = load_tasks(f"ride_{benchmark}_*", **options)
    assert len(tasks) == len(STANDARD_ARMS)
    reasons: Counter[str | None] = Counter()
    questions: dict[tuple[str, int], set[str]] = {}
    for task in tasks.values():
        for instance in render(task, lm if chat else None, num_fewshot=shots, limit=N):
            asked = request_of(instance)
            assert asked is not None
            prompt = asked.prompt
            rendering = prompt.rendering
            assert rendering.question is not None
            questions.setdefault((prompt.key.document, prompt.key.prompt), set()).add(
                rendering.text[slice(*rendering.question)]
            )
            assert (rendering.meta is None) == (prompt.key.arm == "none")
            if rendering.meta is not None:
                assert rendering.text[slice(*rendering.meta)] == prompt.meta
                assert rendering.meta.end < rendering.question.start
            if benchmark == "winogrande" or asked.choice in (None, 0):
                placed = encoder.place(prompt, KINDS[benchmark], 1_000_000)
                reasons[placed.reason] += 1
                assert placed.reason is not None or len(placed.aligned) >= MIN_COVERAGE * (placed.question_tokens - 1) - 1
    prompts_per_document = 2 if benchmark == "winogrande" else 1
    assert len(questions) == N * prompts_per_document
    assert all(len(texts) == 1 for texts in questions.values()), "the question differs between arms"
    assert sum(reasons.values()) == N * prompts_per_document * len(STANDARD_ARMS)
    assert reasons[None] >= 0.9 * sum(reasons.values()), reasons
