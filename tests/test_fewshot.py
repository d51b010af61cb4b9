"""Few-shot examples: the same for a document whatever else is evaluated, and never the document itself."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from lm_eval.api.samplers import ContextSampler, FirstNSampler

from ride_eval.errors import DataError
from ride_eval.fewshot import DocumentSampler
from ride_eval.prompt import request_of
from tests.building import load_tasks, render, write_tasks

POOL = [{"q": f"question {i}", "a": i} for i in range(12)]


def sampler(pool: list[dict[str, Any]] = POOL, kind: type[ContextSampler] = ContextSampler, seed: int = 7) -> DocumentSampler:
    return DocumentSampler.like(kind(pool), lambda doc: doc["q"]).set_rnd(seed)


def drawn(source: DocumentSampler, question: str, n: int = 4) -> list[int]:
    source.begin({"q": question}, f"hash of {question}")
    return [doc["a"] for doc in source.sample(n)]


def test_examples_do_not_depend_on_what_was_drawn_before() -> None:
    """Else `--limit`, `--samples`, two processes or another arm before would change the prompt."""
    used = sampler()
    for i in range(5):
        drawn(used, f"other {i}", i)
    assert drawn(used, "mine") == drawn(sampler(), "mine") == drawn(used, "mine")


def test_examples_depend_on_the_document_and_on_the_seed() -> None:
    questions = [f"new {i}" for i in range(30)]
    assert len({tuple(drawn(sampler(), question)) for question in questions}) > 25
    assert [drawn(sampler(), q) for q in questions] != [drawn(sampler(seed=8), q) for q in questions]
    assert drawn(sampler(), "mine", 2) == drawn(sampler(), "mine", 4)[:2], "more examples are more, not others"


def test_every_example_is_drawn_as_often_as_every_other() -> None:
    counts = Counter(i for number in range(3000) for i in drawn(sampler(), f"new {number}"))
    assert set(counts) == set(range(12))
    assert all(abs(count - 1000) < 5 * 26 for count in counts.values()), counts


def test_no_example_asks_the_document_s_own_question() -> None:
    """Nor a copy of it under another id, nor more often than once."""
    doubled = [*POOL, *({**doc, "a": doc["a"] + 100} for doc in POOL)]
    for i in range(12):
        examples = drawn(sampler(doubled), f"question {i}", 22)
        assert len(set(examples)) == 22
        assert not {i, i + 100} & set(examples)


def test_too_few_examples_are_an_error_and_not_a_shorter_prompt() -> None:
    assert len(drawn(sampler(), "question 3", 11)) == 11
    with pytest.raises(DataError, match="12 few-shot examples were asked for, but only 11 beside the question itself exist"):
        drawn(sampler(), "question 3", 12)


def test_a_base_that_takes_the_first_examples_in_order_still_does() -> None:
    assert drawn(sampler(kind=FirstNSampler), "mine", 3) == [0, 1, 2]
    assert drawn(sampler(kind=FirstNSampler), "question 1", 3) == [0, 2, 3]


def test_a_prompt_is_the_same_alone_as_among_others(shared: Path) -> None:
    prompts = {}
    for kwargs in ({"limit": 6}, {"samples": [4]}, {"rank": 1, "world_size": 3, "limit": 6}):
        task = load_tasks("ride_gsm8k_tag", data_dir=str(shared / "data"))["ride_gsm8k_tag"]
        for instance in render(task, num_fewshot=3, **kwargs):
            asked = request_of(instance)
            assert asked is not None
            assert prompts.setdefault(asked.prompt.key, asked.prompt.rendering.text) == asked.prompt.rendering.text
    assert len(prompts) == 6
    assert len({text.split("Question: ")[1] for text in prompts.values()}) > 1, "examples are drawn by document"


def test_examples_of_a_task_with_one_prompt_a_choice_have_all_labels(shared: Path, tmp_path: Path) -> None:
    """WinoGrande's `doc_to_text` is the answer's index: examples without the own one would tell it."""
    ride = {"base": "winogrande", "benchmark": "winogrande", "domain": "commonsense"}
    write_tasks(tmp_path, "winogrande", ride, "none")
    task = load_tasks("ride_winogrande_none", include_path=str(tmp_path), data_dir=str(shared / "data"))["ride_winogrande_none"]
    render(task, num_fewshot=4, limit=10)
    labels = set()
    for doc in list(task.eval_docs)[:10]:
        task.sampler.begin(doc, "hash")
        labels |= {(doc["answer"], example["answer"]) for example in task.sampler.sample(8)}
    assert labels == {("1", "1"), ("1", "2"), ("2", "1"), ("2", "2")}
