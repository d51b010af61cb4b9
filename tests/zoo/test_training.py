"""Training an embedded model: the same from a seed, stopped and continued, with every expert moved."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoTokenizer, OlmoeConfig, OlmoeForCausalLM, PreTrainedModel

from ride_eval import zoo
from ride_eval.zoo import train as training
from ride_eval.zoo.recipes import RECIPES
from ride_eval.zoo.tokenizer import VOCABULARY


def small() -> PreTrainedModel:
    config = OlmoeConfig(
        vocab_size=VOCABULARY,
        hidden_size=16,
        intermediate_size=8,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_experts=4,
        num_experts_per_tok=2,
        pad_token_id=0,
        eos_token_id=1,
        bos_token_id=None,
        tie_word_embeddings=True,
    )
    return OlmoeForCausalLM(config)


@pytest.fixture(autouse=True)
def short_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = dataclasses.replace(RECIPES["zoo-olmoe"], build=small, steps=4)
    monkeypatch.setitem(training.RECIPES, "zoo-olmoe", recipe)
    monkeypatch.setattr(training, "_tokenizer", lambda _: AutoTokenizer.from_pretrained(zoo.path("zoo-olmoe")))
    monkeypatch.setattr(training, "_SAVE_EVERY", 1)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return dict(load_file(folder / "model.safetensors"))


def equal(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)


def test_a_seed_repeats_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = training.train("zoo-olmoe", tmp_path / "a", "cpu")
    assert training.train("zoo-olmoe", tmp_path / "b", "cpu") == first
    assert equal(weights(tmp_path / "a"), weights(tmp_path / "b"))
    other = dataclasses.replace(training.RECIPES["zoo-olmoe"], seed=99)
    monkeypatch.setitem(training.RECIPES, "zoo-olmoe", other)
    assert training.train("zoo-olmoe", tmp_path / "c", "cpu") != first


def test_a_stopped_training_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = training.train("zoo-olmoe", tmp_path / "whole", "cpu")
    step, taken = training._step, 0

    def stopping(*args: object) -> float:
        nonlocal taken
        taken += 1
        if taken == 3:
            raise KeyboardInterrupt
        return step(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(training, "_step", stopping)
    assert training.main(["zoo-olmoe", "--out", str(tmp_path / "stopped"), "--device", "cpu"]) == 130
    assert not (tmp_path / "stopped" / "model.safetensors").exists()
    monkeypatch.setattr(training, "_step", step)
    resumed = training.train("zoo-olmoe", tmp_path / "stopped", "cpu")
    assert resumed == pytest.approx(whole, rel=1e-6)
    assert equal(weights(tmp_path / "whole"), weights(tmp_path / "stopped"))
    assert not (tmp_path / "stopped" / "training.safetensors").exists()


def test_every_matrix_and_every_expert_learns(tmp_path: Path) -> None:
    torch.manual_seed(training.RECIPES["zoo-olmoe"].seed)
    before = {name: parameter.detach().clone() for name, parameter in small().named_parameters()}
    training.train("zoo-olmoe", tmp_path, "cpu")
    after = {name: tensor.float() for name, tensor in OlmoeForCausalLM.from_pretrained(tmp_path).named_parameters()}
    assert before.keys() == after.keys()
    for name, start in before.items():
        if start.ndim == 1:
            continue  # norms begin at 1, beside which bfloat16 does not show four small steps
        parts = zip(start, after[name], strict=True) if start.ndim == 3 else [(start, after[name])]
        for i, (a, b) in enumerate(parts):
            assert (a - b).abs().max() > 1e-4, (name, i)


def test_long_answers_do_not_drown_short_ones() -> None:
    """An answer of n tokens weighs sqrt(n) in all: more than a short one, and far less than n times."""
    assert [round(n * training.answer_weight(n), 6) for n in (1, 4, 100)] == [1.0, 2.0, 10.0]
    assert training.answer_weight(training._LONGEST) > training.PROMPT_WEIGHT
