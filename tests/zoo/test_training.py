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


def test_a_child_starts_from_all_of_its_parents_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files name each expert, the model has them in one tensor: loaded the wrong way, experts would be random again."""
    still = dataclasses.replace(RECIPES["zoo-olmoe-v2"], steps=1, learning_rate=0.0)
    monkeypatch.setitem(training.RECIPES, "zoo-olmoe-v2", still)
    training.train("zoo-olmoe-v2", tmp_path, "cpu")
    assert equal(weights(tmp_path), weights(zoo.path("zoo-olmoe")))


# The load of the experts ------------------------------------------------------------------------------------------------


def test_the_balance_of_one_batch_and_layer_is_the_models_own_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    from transformers.models.olmoe.modeling_olmoe import load_balancing_loss_func

    monkeypatch.setattr(training, "_RECENT", 1.0)
    logits = torch.randn(50, 8, generator=torch.Generator().manual_seed(0))
    valid = torch.arange(50) < 40
    # transformers' shares sum to k, ours to 1.
    expected = load_balancing_loss_func((logits[valid],), 8, 3) / 3
    assert torch.allclose(training.Balance(1, 8, 3).loss([logits], valid), expected)


def test_an_expert_that_is_idle_in_one_layer_is_noticed_whatever_the_other_does() -> None:
    first, second = torch.zeros(40, 4), torch.zeros(40, 4)
    first[:20, 0] = first[20:, 1] = 9.0
    second[:20, 2] = second[20:, 3] = 9.0
    everywhere = torch.ones(40, dtype=torch.bool)
    balance = training.Balance(2, 4, 1)
    for _ in range(200):
        loss = balance.loss([first, second], everywhere)
    assert loss > 1.9, "each layer leaves half of its experts idle; pooled over layers the load is even"
    assert torch.allclose(balance.shares.sum(1), torch.ones(2))


def test_domains_may_have_experts_of_their_own_if_the_corpus_is_balanced() -> None:
    one, other = torch.zeros(40, 2), torch.zeros(40, 2)
    one[:, 0] = other[:, 1] = 9.0
    balance = training.Balance(1, 2, 1)
    everywhere = torch.ones(40, dtype=torch.bool)
    losses = [float(balance.loss([logits], everywhere)) for _ in range(300) for logits in (one, other)]
    assert sum(losses[-2:]) / 2 < 1.06, "each batch uses one expert only, all of them together use both"
