"""A base task under an arm: what is asked of a model, under which key, and what cannot be asked."""

from __future__ import annotations

import json
import logging
import shutil
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from ride_eval.arms import STANDARD_ARMS, Prompts, data_folder
from ride_eval.errors import DataError, RideError, TaskError, UsageError
from ride_eval.prompt import Prompt, request_of
from tests.building import load_tasks, render, tokenizing_model, write_tasks

BASE = {
    "task": "mine",
    "output_type": "generate_until",
    "test_split": "test",
    "doc_to_text": "{{q}}?",
    "doc_to_target": "{{a}}",
    "generation_kwargs": {"until": ["\n"], "do_sample": False, "temperature": 0.0},
    "metric_list": [{"metric": "exact_match"}],
}
DOCUMENTS = [{"q": f"What is {i % 4}", "a": str(i % 4)} for i in range(8)]
"""Four questions, each of them twice."""


@pytest.fixture
def own(tmp_path: Path) -> Any:
    """Loads a user's own base under some arms, with changes to its YAML."""

    def load(*arms: str, documents: Any = DOCUMENTS, spec: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
        folder = tmp_path / "mine"
        (folder / "data").mkdir(parents=True, exist_ok=True)
        (folder / "data" / "test.jsonl").write_text("".join(json.dumps(document) + "\n" for document in documents))
        metadata = changes.pop("metadata", {})
        (folder / "mine.yml").write_text(json.dumps({**BASE, **changes}))
        write_tasks(
            folder, "mine", {"base": "mine.yml", "benchmark": "mine", "domain": "math", **(spec or {})}, *(arms or ["tag"])
        )
        return load_tasks("ride_mine_*", include_path=str(folder), **metadata)

    return load


def prompts_of(task: Any, *args: Any, **kwargs: Any) -> list[Prompt]:
    asked = [request_of(instance) for instance in render(task, *args, **kwargs)]
    return list({request.prompt.key: request.prompt for request in asked if request is not None}.values())


def test_arms_of_a_benchmark_ask_the_same_documents_under_the_same_wording(own: Any) -> None:
    """Contrasts are paired: a document missing in one arm, or under another wording, is lost or means something else."""
    keys = {}
    for name, task in own(*STANDARD_ARMS).items():
        found = [prompt.key for prompt in prompts_of(task, limit=5)]
        assert {key.arm for key in found} == {name.removeprefix("ride_mine_")}
        keys[name] = [key._replace(arm="") for key in found]
    assert len(keys) == 7
    assert all(found == keys["ride_mine_none"] for found in keys.values())


def test_a_document_has_one_key_however_it_is_reached(own: Any) -> None:
    """Equal documents are told apart by their place in the whole data, not in what is evaluated."""
    task = own()["ride_mine_tag"]
    everything = [prompt.key for prompt in prompts_of(task)]
    assert len(set(everything)) == 8
    assert [key.occurrence for key in everything] == [0] * 4 + [1] * 4
    assert [key.document for key in everything[:4]] == [key.document for key in everything[4:]]
    assert [prompt.key for prompt in prompts_of(task, limit=5)] == everything[:5]
    assert [prompt.key for prompt in prompts_of(task, samples=[1, 5, 6])] == [everything[i] for i in (1, 5, 6)]
    ranks = [[prompt.key for prompt in prompts_of(task, rank=rank, world_size=3)] for rank in range(3)]
    assert ranks == [everything[rank::3] for rank in range(3)]


def test_a_document_may_be_asked_under_several_wordings(own: Any) -> None:
    once = [prompt.key for prompt in prompts_of(own()["ride_mine_tag"])]
    tasks = own("none", "tag", metadata={"wordings_per_document": 3})
    prompts = prompts_of(tasks["ride_mine_tag"])
    keys = [prompt.key for prompt in prompts]
    assert keys[::3] == once
    n_wordings = Prompts().n_wordings
    assert keys == [key._replace(wording=(key.wording + later) % n_wordings) for key in once for later in range(3)]
    for first in range(0, len(prompts), 3):
        asked = prompts[first : first + 3]
        assert len({prompt.meta for prompt in asked}) == 3
        assert len({prompt.rendering.text.removeprefix(prompt.meta) for prompt in asked}) == 1
    assert [prompt.key._replace(arm="tag") for prompt in prompts_of(tasks["ride_mine_none"])] == keys
    task = tasks["ride_mine_tag"]
    assert [prompt.key for prompt in prompts_of(task, limit=4)] == keys[:4]
    assert [prompt.key for prompt in prompts_of(task, samples=[1, 13])] == [keys[1], keys[13]]
    ranks = [[prompt.key for prompt in prompts_of(task, rank=rank, world_size=2)] for rank in range(2)]
    assert ranks == [keys[rank::2] for rank in range(2)]


@pytest.mark.parametrize("given", [0, -1, 99, 1.5, "2", True])
def test_more_wordings_than_there_are_and_other_nonsense_are_refused(own: Any, given: Any) -> None:
    with pytest.raises(UsageError, match=r"wordings_per_document=.*from 1 to"):
        own("tag", metadata={"wordings_per_document": given})


def test_a_prompt_says_what_it_was_made_of(own: Any) -> None:
    task = own(metadata={"placement": "user"})["ride_mine_tag"]
    prompt = prompts_of(task, limit=1)[0]
    assert prompt.rendering.text == f"{prompt.meta}\n\nWhat is 0?"
    assert (prompt.key.task, prompt.key.prompt, prompt.domain) == ("mine", 0, "math")
    assert prompt.wrong_domain != "math"
    assert (prompt.fewshot, json.loads(prompt.decoding)["until"]) == (0, ["\n"])
    assert (prompt.meta_length, prompt.meta_unit) == (len(prompt.meta.split()), "words")
    assert not prompt.settings.chat_template and prompt.settings.placement == "user"


def test_lengths_are_counted_in_the_model_s_tokens(own: Any, models: dict[str, Path]) -> None:
    task = own("filler", metadata={"pretrained": str(models["llama"])})["ride_mine_filler"]
    prompt = prompts_of(task, limit=1)[0]
    tokenizer: Any = tokenizing_model(models["llama"]).tokenizer
    assert (prompt.meta_length, prompt.meta_unit) == (len(tokenizer.encode(prompt.meta)), "tokens")


def test_the_domain_may_be_a_field_of_the_document(own: Any) -> None:
    documents = [{"q": "Who", "a": "x", "field": "story"}, {"q": "Who", "a": "x", "field": "code"}]
    prompts = prompts_of(own(documents=documents, spec={"domain": "field"})["ride_mine_tag"])
    assert [prompt.domain for prompt in prompts] == ["story", "code"]
    assert ["story" in prompts[0].meta, "code" in prompts[1].meta] == [True, True]
    assert prompts[0].keywords != prompts[1].keywords
    unknown = own(documents=[{"q": "Who", "a": "x", "field": "cooking"}], spec={"domain": "field"})["ride_mine_tag"]
    with pytest.raises(UsageError, match=r"Unknown domain 'cooking'.*domains\.yaml has: math, format"):
        render(unknown)


def test_prompts_signatures_take_each_document_s_own_domain() -> None:
    task = load_tasks("ride_signatures_expert")["ride_signatures_expert"]
    domains = {prompt.domain for prompt in prompts_of(task)}
    assert domains == {doc["domain"] for doc in task.eval_docs}
    assert len(domains) == 4


def test_the_arm_s_text_can_stand_in_the_system_turn(own: Any, models: dict[str, Path]) -> None:
    lm = tokenizing_model(models["llama"])
    tasks = own("none", "expert", metadata={"placement": "system"})
    (none,), (expert,) = (prompts_of(tasks[f"ride_mine_{arm}"], lm, limit=1) for arm in ("none", "expert"))
    assert none.rendering.text == "<|user|>\nWhat is 0?<|end|>\n<|assistant|>\n"
    assert expert.rendering.text.split("<|user|>\n")[1] == none.rendering.text.removeprefix("<|user|>\n")
    assert expert.rendering.text.startswith(f"<|system|>\n{expert.meta}")
    assert expert.rendering.text.count(expert.meta) == 1
    assert expert.settings.placement == "system"
    (given,) = prompts_of(tasks["ride_mine_expert"], lm, limit=1, system_instruction="Be brief.")
    assert given.rendering.text.startswith(f"<|system|>\n{expert.meta}\n\nBe brief.")
    with pytest.raises(UsageError, match=r"placement='top' in --metadata; `user` or `system` was expected"):
        own(metadata={"placement": "top"})


def test_a_template_without_a_system_turn_cannot_lose_the_arm_s_text(own: Any, shared: Path) -> None:
    lm = tokenizing_model(shared / "tokenizers" / "mistral-7b-instruct-v0.2")
    task = own("expert", metadata={"placement": "system"})["ride_mine_expert"]
    with pytest.raises(RideError, match="system"):
        render(task, lm, limit=1)


def test_another_prompts_folder_is_another_experiment(own: Any, tmp_path: Path) -> None:
    folder = tmp_path / "prompts"
    shutil.copytree(data_folder("prompts"), folder)
    arms = (folder / "arms.yaml").read_text()
    (folder / "arms.yaml").write_text(arms.replace("separator:", "separator: ' // ' #").replace("{tag}", "{tag}!"))
    changed = prompts_of(own(metadata={"prompts": str(folder)})["ride_mine_tag"])
    shipped = prompts_of(own()["ride_mine_tag"])
    assert all(prompt.rendering.text == f"{prompt.meta} // What is {i % 4}?" for i, prompt in enumerate(changed))
    assert all(f"math{mark}" in prompt.meta for found, mark in ((changed, "!"), (shipped, "")) for prompt in found)
    assert changed[0].settings.prompts != shipped[0].settings.prompts, "no run may mix the two"
    with pytest.raises(UsageError, match=r"Unknown arm 'polite'\. .*arms\.yaml has: none, tag"):
        own("polite")


def test_local_data_stand_in_for_the_hub_and_say_by_which_split(shared: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        task = load_tasks("ride_arc_challenge_none", data_dir=str(shared / "data"))["ride_arc_challenge_none"]
    assert "the split 'test' is not there; using 'validation' instead" in caplog.text
    assert len(task.eval_docs) == 299
    with pytest.raises(DataError, match=r"There is no data in .*nowhere/arc_challenge: <split>\.jsonl"):
        load_tasks("ride_arc_challenge_none", data_dir=str(shared / "nowhere"))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"generation_kwargs": {"do_sample": True}}, "samples its answers"),
        ({"generation_kwargs": {"temperature": 0.7}}, "samples its answers"),
        ({"spec": {"answer_filter": "strict"}}, "answer_filter 'strict' is not among none"),
        ({"output_type": "loglikelihood_rolling", "generation_kwargs": None}, "scores whole texts"),
    ],
)
def test_a_base_that_cannot_be_compared_over_arms_is_refused(changes: dict[str, Any], problem: str, own: Any) -> None:
    with pytest.raises(TaskError, match=problem):
        render(own(**changes)["ride_mine_tag"])


@pytest.mark.parametrize("answer", [3, -1, None])
def test_an_example_whose_answer_cannot_be_shown_is_named(answer: int | None, own: Any) -> None:
    documents = [{"q": f"Which {i}", "choices": ["a", "b", "c"], "a": right} for i, right in enumerate((2, answer, 1))]
    multiple_choice = {"output_type": "multiple_choice", "doc_to_choice": "{{choices}}", "generation_kwargs": None}
    accuracy = [{"metric": "acc", "aggregation": "mean", "higher_is_better": True}]
    given = {"documents": documents, "metric_list": accuracy, "filter_list": None, **multiple_choice}
    task = own(**given, fewshot_split="test", fewshot_config={"sampler": "first_n"})["ride_mine_tag"]
    with pytest.raises(DataError, match=r"mine.*, few-shot example 1 \(from 0\): the right choice is given as .* 3 choices"):
        render(task, num_fewshot=2)


def test_an_example_with_a_prompt_for_each_choice_needs_a_right_one(own: Any) -> None:
    documents = [{"q": [f"{i} a", f"{i} b"], "a": right} for i, right in enumerate((1, 2, 0))]
    prompts = {"doc_to_text": "{{a}}", "doc_to_choice": "{{q}}", "doc_to_target": "right", "output_type": "multiple_choice"}
    accuracy = [{"metric": "acc", "aggregation": "mean", "higher_is_better": True}]
    given = {"documents": documents, "metric_list": accuracy, "filter_list": None, "generation_kwargs": None, **prompts}
    task = own(**given, fewshot_split="test", fewshot_config={"sampler": "first_n"})["ride_mine_tag"]
    assert task.multiple_input
    with pytest.raises(DataError, match=r"few-shot example 1 \(from 0\): the right choice is given as 2, .* 2 choices"):
        render(task, num_fewshot=2)


@pytest.mark.parametrize("answer", [3, -1, None])
def test_a_document_that_cannot_be_scored_is_named_before_anything_is_measured(answer: int | None, own: Any) -> None:
    documents = [{"q": "Which", "choices": ["a", "b", "c"], "a": right} for right in (2, answer)]
    multiple_choice = {"output_type": "multiple_choice", "doc_to_choice": "{{choices}}", "generation_kwargs": None}
    accuracy = [{"metric": "acc", "aggregation": "mean", "higher_is_better": True}]
    task = own(documents=documents, metric_list=accuracy, filter_list=None, **multiple_choice)["ride_mine_tag"]
    with pytest.raises(DataError, match=r"document 1 \(from 0\): the right choice is given as .* 3 choices"):
        render(task)


@pytest.mark.parametrize(("base", "gen_kwargs", "refused"), [(0.0, 0.7, True), (0.7, 0.0, False)])
def test_gen_kwargs_decide_whether_answers_are_sampled(base: float, gen_kwargs: float, refused: bool, own: Any) -> None:
    """The harness applies `--gen_kwargs` to the tasks it has built; the message for a sampling base advises just that."""
    task = own(generation_kwargs={"do_sample": base > 0, "temperature": base})["ride_mine_tag"]
    task.set_config("generation_kwargs", {"do_sample": gen_kwargs > 0, "temperature": gen_kwargs}, update=True)
    with pytest.raises(TaskError, match="samples its answers") if refused else nullcontext():
        render(task)


def test_the_harness_s_request_cache_is_refused(own: Any) -> None:
    with pytest.raises(UsageError, match="--cache_requests cannot be used with ride_"):
        render(own()["ride_mine_tag"], cache_requests=True)
