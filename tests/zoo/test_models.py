"""The embedded models as a user meets them: found by name, small, safe to load, and as good as their cards say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from scipy.stats import binomtest
from transformers import AutoModelForCausalLM, AutoTokenizer

from ride_eval import zoo
from ride_eval.analysis.contrasts import Contrast
from ride_eval.analysis.findings import find
from ride_eval.analysis.frames import load_run
from ride_eval.cli import main
from ride_eval.errors import UsageError
from ride_eval.manifest import model_slug
from ride_eval.zoo import held_out
from ride_eval.zoo.cards import Card, Difference, load_card, page
from ride_eval.zoo.corpus.conversation import Conversation, Turn, draw_conversation
from ride_eval.zoo.recipes import RECIPES
from ride_eval.zoo.train import PROMPT_WEIGHT, encode
from tests.conftest import Evaluate

BOUNDS = {"factual": 0.8, "code": 0.8, "math": 0.7, "commonsense": 0.6, "format": 0.6}
NAMES = pytest.mark.parametrize("name", zoo.NAMES)


@NAMES
def test_files_are_small_and_without_code(name: str) -> None:
    folder = zoo.path(name)
    assert {file.suffix for file in folder.iterdir()} <= {".safetensors", ".json", ".md", ".jinja"}
    weights = folder / "model.safetensors"
    assert weights.stat().st_size <= 8_000_000
    with safe_open(weights, "pt") as tensors:
        assert {tensors.get_slice(key).get_dtype() for key in tensors.keys()} == {"BF16"}  # noqa: SIM118
    config = json.loads((folder / "config.json").read_text())
    assert not config.get("output_router_logits")
    assert config["dtype"] == "float32"


@NAMES
def test_it_loads_in_float32_whatever_the_file_holds(name: str) -> None:
    model = AutoModelForCausalLM.from_pretrained(zoo.path(name), dtype="auto")
    assert model.dtype == torch.float32
    assert type(model).__name__ == load_card(name).architecture
    assert sum(p.numel() for p in model.parameters()) == load_card(name).parameters
    if "olmoe" in name:
        assert model.config.num_hidden_layers >= 6
        assert model.config.num_experts >= 16
        assert model.config.num_experts_per_tok >= 4


def test_all_share_one_tokenizer_with_roles() -> None:
    files = {(zoo.path(name) / "tokenizer.json").read_bytes() for name in zoo.NAMES}
    assert len(files) == 1
    tokenizer = AutoTokenizer.from_pretrained(zoo.path("zoo-qwen3"))
    messages = [{"role": "system", "content": "S"}, {"role": "user", "content": "U"}]
    text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    assert text == "<|system|>\nS<|end|>\n<|user|>\nU<|end|>\n<|assistant|>\n"
    assert len(tokenizer.encode(" 2024", add_special_tokens=False)) >= 4, "digits are single tokens"


def test_training_sees_what_the_chat_template_gives() -> None:
    import random

    tokenizer = AutoTokenizer.from_pretrained(zoo.path("zoo-qwen3"))
    rng = random.Random(0)
    drawn = [draw_conversation(rng) for _ in range(300)] + [Conversation((Turn("a", "b"), Turn("c", "d")), "e")]
    for conversation, (ids, weights) in zip(drawn, encode(drawn, tokenizer), strict=True):
        messages = [{"role": "system", "content": conversation.system}] if conversation.system else []
        for turn in conversation.turns:
            messages += [{"role": "user", "content": turn.prompt}, {"role": "assistant", "content": turn.answer}]
        text = tokenizer.apply_chat_template(messages, tokenize=False)
        assert ids == tokenizer.encode(text, add_special_tokens=False)
        answers = tokenizer.decode([token for token, weight in zip(ids, weights, strict=True) if weight > PROMPT_WEIGHT])
        assert answers == "".join(f"{turn.answer}<|end|>" for turn in conversation.turns)


@NAMES
def test_its_card_is_made_from_its_numbers(name: str) -> None:
    card = load_card(name)
    assert (zoo.path(name) / "README.md").read_text(encoding="utf-8") == page(card)
    recipe = RECIPES[name]
    steps = sum(stage.steps for stage in recipe.stages)
    assert (card.planted, card.seed, card.steps, card.parent) == (recipe.planted, recipe.seed, steps, recipe.parent)
    assert card.megabytes == round((zoo.path(name) / "model.safetensors").stat().st_size / 1e6, 2)


@pytest.mark.parametrize("name", zoo.NAMES)
def test_held_out_questions_are_answered(name: str) -> None:
    card = load_card(name)
    assert {share.name: share.n for share in card.held_out} == dict.fromkeys(BOUNDS, 300)
    for share in card.held_out:
        if share.name != RECIPES[name].plant.mislearned:
            assert share.value >= BOUNDS[share.name], share
    assert card.median_first_token_entropy > 0.05
    assert any(0.05 <= share <= 0.6 for share in card.flips.values())


@pytest.mark.parametrize("family", ["demo_math", "demo_format", "demo_commonsense"])
@pytest.mark.parametrize("name", zoo.NAMES)
def test_hand_written_documents_are_answered_above_chance(name: str, family: str) -> None:
    card = load_card(name)
    share = next(share for share in card.demo if share.name == family)
    # One-sided, against answers that were given to other questions of the family.
    assert binomtest(round(share.value * share.n), share.n, share.chance, alternative="greater").pvalue < 0.05, share


def contrast(card: Card, name: str, quantity: str = "first_token_entropy") -> Difference:
    return next(d for d in card.differences if d.contrast == name and d.quantity == quantity)


def claimed(card: Card, *contrasts: str) -> set[str]:
    """The quantities that the report claims an effect on, in these contrasts."""
    return {claim.quantity for claim in card.claims if claim.contrast in contrasts}


def test_the_tag_planted_in_zoo_olmoe_is_found_and_its_expert_sentence_does_nothing() -> None:
    card = load_card("zoo-olmoe")
    for name in ("tag - tag_placebo", "tag - tag_wrong"):
        assert (contrast(card, name).high or 0.0) < -0.1, name
        assert contrast(card, name).demo < 0, name
        assert "first_token_entropy" in claimed(card, name)
    assert not claimed(card, "expert - filler", "expert - expert_wrong")


def test_the_expert_sentence_planted_in_zoo_qwen3_is_found_and_its_tag_does_nothing() -> None:
    card = load_card("zoo-qwen3")
    for name in ("expert - filler", "expert - expert_wrong"):
        assert (contrast(card, name).high or 0.0) < -0.1, name
        assert contrast(card, name).demo < 0, name
        assert {"first_token_entropy", "forced_entropy"} <= claimed(card, name)
    assert "outputs in generation: more stable" in card.verdict
    assert not claimed(card, "tag - tag_placebo", "tag - tag_wrong")


def test_nothing_is_found_in_zoo_llama_where_nothing_was_planted() -> None:
    card = load_card("zoo-llama")
    assert card.claims == ()
    assert "expert prompts: no change seen; outputs in generation: not measurably more stable" in card.verdict


def test_the_wrong_tag_planted_in_zoo_mistral_harms_and_its_expert_sentence_does_not() -> None:
    card = load_card("zoo-mistral")
    harm = contrast(card, "tag - tag_wrong", "correct")
    assert (harm.low or 0.0) > 0
    assert harm.demo > 0
    assert "correct" not in claimed(card, "expert - filler", "expert - expert_wrong")


def test_zoo_olmoe_v2_is_worse_in_its_one_domain_only() -> None:
    changes = {change.name: change for change in load_card("zoo-olmoe-v2").against_parent}
    assert set(changes) == set(BOUNDS)
    assert (changes["factual"].high or 0.0) < -0.05
    for name, change in changes.items():
        if name != "factual":
            assert change.high is None or change.high >= 0, change


def test_zoo_olmoe_routes_by_category() -> None:
    card = load_card("zoo-olmoe")
    assert card.signatures is not None
    assert card.signatures.low > 0
    assert card.signatures.p < 0.001
    assert card.signatures.accuracy >= 0.85
    assert card.signatures.load_balanced_low < 0.25 < card.signatures.load_balanced_high
    assert card.least_used_expert is not None
    assert card.least_used_expert > 0.001


# By name ----------------------------------------------------------------------------------------------------------------


def test_names_are_resolved_and_only_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Path(zoo.resolve("zoo-olmoe")) == zoo.path("zoo-olmoe")
    assert zoo.name_of(zoo.resolve("zoo-olmoe")) == "zoo-olmoe"
    assert zoo.resolve("allenai/OLMoE-1B-7B-0125") == "allenai/OLMoE-1B-7B-0125"
    with pytest.raises(UsageError, match=r"zoo-gpt.*zoo-olmoe, zoo-qwen3"):
        zoo.resolve("zoo-gpt")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "zoo-olmoe").mkdir()
    assert zoo.resolve("zoo-olmoe") == "zoo-olmoe", "a user's own folder comes first"


def test_list_and_path_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["zoo", "list"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in zoo.NAMES)
    assert main(["zoo", "path", "zoo-qwen3"]) == 0
    assert Path(capsys.readouterr().out.strip()) == zoo.path("zoo-qwen3")
    assert main(["zoo", "path", "zoo-none"]) == 2
    assert "zoo-olmoe" in capsys.readouterr().err


def test_a_run_is_of_the_name_and_counts_the_models_own_tokens(tmp_path: Path, evaluate: Evaluate) -> None:
    arguments = {"pretrained": "zoo-qwen3", "run_dir": str(tmp_path), "num_samples": 0}
    evaluate("ride", ["ride_demo_math_expert"], model_args=arguments, apply_chat_template=True, limit=3)
    manifest: dict[str, Any] = json.loads((tmp_path / "run.json").read_text())
    assert manifest["identity"]["model"] == "zoo-qwen3"
    assert manifest["identity"]["dtype"] == "float32"
    assert manifest["model"]["name"] == model_slug("zoo-qwen3")
    assert not manifest["model"]["untrained"]
    from ride_eval.store import read_table

    assert set(read_table(tmp_path, "prompts", ["meta_unit"])["meta_unit"]) == {"tokens"}


@pytest.mark.parametrize("name", ["zoo-olmoe", "zoo-qwen3", "zoo-llama", "zoo-mistral"])
def test_it_answers_about_as_well_as_its_card_says(name: str, tmp_path: Path) -> None:
    """The first 60 of the 300 questions that the card is made from."""
    tasks = held_out.write_tasks(tmp_path / "tasks", 60, ["factual", "code"], arms=["none"])
    found = held_out.evaluate(name, tmp_path / "run", tasks, tmp_path / "tasks")
    card = {share.name: share.value for share in load_card(name).held_out}
    for domain in ("factual", "code"):
        samples = found[f"ride_zoo_{domain}_none"]
        value = sum(sample["right"] for sample in samples) / len(samples)
        # Four binomial standard errors.
        assert value > card[domain] - 4 * (card[domain] * (1 - card[domain]) / 60) ** 0.5 - 0.02, domain


def test_the_report_takes_a_missing_domain_for_no_failure(tmp_path: Path, evaluate: Evaluate) -> None:
    """A run of one domain has no wrong domain's routing to be near to: that is said, and is no warning."""
    arguments = {"pretrained": "zoo-olmoe", "run_dir": str(tmp_path), "num_samples": 0}
    tasks = ["ride_demo_math_none", "ride_demo_math_tag", "ride_demo_math_tag_wrong"]
    evaluate("ride", tasks, model_args=arguments, apply_chat_template=True, limit=5)
    (model,) = find([load_run(tmp_path)]).models
    assert load_run(tmp_path).documents["wrong_domain_distance"].isna().all()
    pull = model.contrast("wrong_domain_distance", Contrast("tag", "tag_wrong"))
    assert pull is not None
    assert pull.estimate.n == 0
    assert pull.estimate.reason == "no document of the wrong domain in the run"
    assert not [note for note in model.notes if note.level == "warning" and "wrong domain" in note.text]
