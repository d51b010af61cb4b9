"""What the four models in configs/ do to a prompt: their templates, first and last tokens, and where spans then lie.

OLMoE's and Mistral's own tokenizers are used where they are at hand. Llama's and Qwen's are not to be had without a login, so
small ones that behave as they do stand in for them, and so does one for Mistral's template.
"""

from __future__ import annotations

import math
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from tokenizers.processors import TemplateProcessing
from transformers import AutoModelForCausalLM, AutoTokenizer

from ride_eval.answer import find_end
from ride_eval.arms import data_folder
from ride_eval.encoding import Encoder
from ride_eval.errors import RideError
from ride_eval.spans import locate, positions_in
from ride_eval.store import read_manifest, read_table
from tests.building import tokenizing_model

TEMPLATES = {
    # Prints the first token itself, and a dated system block whatever was given.
    "llama": "{{ bos_token }}<|system|>\nKnowledge: 2023\nToday: {{ date_string | default('26 Jul 2024') }}\n"
    "{% if messages[0]['role'] == 'system' %}{{ messages[0]['content'] }}{% set messages = messages[1:] %}{% endif %}<|end|>"
    "{% for message in messages %}<|{{ message['role'] }}|>\n\n{{ message['content'] | trim }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n\n{% endif %}",
    # Prints the first token itself, and takes turns of user and assistant only.
    "mistral": "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'user' %}"
    "[INST] {{ message['content'] }} [/INST]{% elif message['role'] == 'assistant' %}"
    "{{ message['content'] + eos_token }}{% else %}"
    "{{ raise_exception('Only user and assistant roles are supported!') }}{% endif %}{% endfor %}",
    # No first token; without thinking, an empty block of thoughts.
    "qwen": "{% for message in messages %}<|{{ message['role'] }}|>\n{{ message['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% if enable_thinking is defined and enable_thinking is false %}"
    "<think>\n\n</think>\n\n{% endif %}{% endif %}",
}
EXPERT = "You are an expert."
QUESTION = "How many eggs are in 3 rows of 4?"


@pytest.fixture
def like(models: dict[str, Path], tmp_path: Path) -> Any:
    """A folder with the small Llama and a tokenizer that behaves as a named model's."""

    def make(name: str) -> Path:
        folder = tmp_path / name
        shutil.copytree(models["llama"], folder)
        tokenizer: Any = AutoTokenizer.from_pretrained(folder)
        tokenizer.chat_template = TEMPLATES[name]
        if name != "qwen":
            tokenizer.add_special_tokens({"bos_token": "<|user|>"})
            bos = (tokenizer.bos_token, tokenizer.bos_token_id)
            tokenizer.backend_tokenizer.post_processor = TemplateProcessing(single=f"{bos[0]} $A", special_tokens=[bos])
        tokenizer.save_pretrained(folder)
        return folder

    return make


def encoder_of(lm: Any) -> Encoder:
    return Encoder(lm.tokenizer, add_bos_token=lm.add_bos_token, prefix=lm.tokenizer.decode(lm.prefix_token_id))


def question_tokens(lm: Any, text: str, meta: str) -> str:
    """What the tokens of the question's span say."""
    encoding = encoder_of(lm).encode(text, "answer")
    places = positions_in(encoding, locate(text, QUESTION, meta).question)
    return text[encoding.offsets[places[0]].start : encoding.offsets[places[-1]].end].strip()


@pytest.mark.parametrize("name", ["llama", "mistral"])
@pytest.mark.parametrize("kind", ["answer", "choice"])
def test_a_template_that_prints_the_first_token_leaves_it_one(name: str, kind: Any, like: Any) -> None:
    lm = tokenizing_model(like(name))
    bos = lm.tokenizer.bos_token_id
    assert lm.tokenizer(f"{lm.tokenizer.bos_token}x")["input_ids"].count(bos) == 2, "the stand-in must add one of its own"
    # Mistral's and Llama's name for the first token marks nothing else; here it marks user turns too, so only the head counts.
    text = lm.apply_chat_template([{"role": "user", "content": QUESTION}])
    ids = encoder_of(lm).encode(text, kind).ids
    assert ids[0] == bos and ids[1] != bos
    sent = text.rstrip() if kind == "choice" else text  # the harness moves trailing spaces to the choice
    assert list(ids) == lm.tokenizer(sent, add_special_tokens=False)["input_ids"]
    assert encoder_of(lm).encode(QUESTION, kind).ids[0] == bos, "without a template the tokenizer adds it"


def test_qwen_has_no_first_token(like: Any) -> None:
    lm = tokenizing_model(like("qwen"))
    text = lm.apply_chat_template([{"role": "user", "content": QUESTION}])
    for given in (text, QUESTION):
        assert list(encoder_of(lm).encode(given, "answer").ids) == lm.tokenizer(given, add_special_tokens=False)["input_ids"]


@pytest.mark.parametrize("name", TEMPLATES)
def test_spans_point_at_the_question_through_the_template(name: str, like: Any) -> None:
    lm = tokenizing_model(like(name))
    for meta in ("", EXPERT):
        text = lm.apply_chat_template([{"role": "user", "content": f"{meta}\n\n{QUESTION}" if meta else QUESTION}])
        assert question_tokens(lm, text, meta) == QUESTION


@pytest.mark.parametrize("tokenizer", ["olmoe-1b-7b-instruct", "mistral-7b-instruct-v0.2"])
def test_spans_point_at_the_question_through_real_templates(tokenizer: str, shared: Path) -> None:
    lm = tokenizing_model(shared / "tokenizers" / tokenizer)
    for meta in ("", EXPERT):
        text = lm.apply_chat_template([{"role": "user", "content": f"{meta}\n\n{QUESTION}" if meta else QUESTION}])
        assert question_tokens(lm, text, meta) == QUESTION
        assert encoder_of(lm).encode(text, "answer").ids.count(lm.tokenizer.bos_token_id) == 1


def test_a_refused_system_turn_is_one_sentence(like: Any, tmp_path: Path, evaluate: Any) -> None:
    """Mistral's template; in the user turn, where arms stand by default, the same experiment runs."""
    model = {"pretrained": str(like("mistral")), "run_dir": str(tmp_path / "run"), "num_samples": 0}
    task = ["ride_demo_commonsense_expert"]
    with pytest.raises(RideError, match="system"):
        evaluate("ride", task, model_args=model, metadata={"placement": "system"}, limit=1, apply_chat_template=True)
    assert evaluate("ride", task, model_args=model, limit=1, apply_chat_template=True)["results"]


def test_llama_s_own_system_block_stands_in_every_arm(like: Any, tmp_path: Path, evaluate: Any) -> None:
    """It is no part of the arm's text, and the question's tokens are the same ones."""
    model = {"pretrained": str(like("llama")), "run_dir": str(tmp_path / "run"), "num_samples": 0}
    tasks = ["ride_demo_math_none", "ride_demo_math_expert"]
    evaluate("ride", tasks, model_args=model, limit=2, apply_chat_template=True)
    rows = read_table(tmp_path / "run", "prompts")
    assert len(rows) == 4 and rows["reason"].isna().all()
    assert rows["text"].str.contains("Knowledge: 2023\nToday: ").all()
    assert not rows["meta"].str.contains("Knowledge").any()
    assert (rows.groupby("document")["aligned_tokens"].nunique() == 1).all()


def test_qwen_without_thinking_answers_after_an_empty_block(like: Any, tmp_path: Path, evaluate: Any) -> None:
    model = {"pretrained": str(like("qwen")), "num_samples": 0, "think_end_token": "</think>"}
    texts = {}
    for thinking in (True, False):
        run = tmp_path / str(thinking)
        given = {**model, "run_dir": str(run), "enable_thinking": thinking}
        evaluate("ride", ["ride_demo_math_expert"], model_args=given, limit=1, apply_chat_template=True)
        row = read_table(run, "prompts").iloc[0]
        texts[thinking] = row["text"]
        assert row["aligned_tokens"] > 0
        assert read_manifest(run)["identity"]["chat_template_args"]["enable_thinking"] == str(thinking)
    assert texts[False] == texts[True] + "<think>\n\n</think>\n\n"


def test_olmoe_s_end_token_is_number_0(shared: Path) -> None:
    tokenizer: Any = AutoTokenizer.from_pretrained(shared / "tokenizers" / "olmoe-1b-7b-instruct")
    assert tokenizer.eos_token_id == 0
    ids = tokenizer("Four.")["input_ids"]
    end = find_end([*ids, 0, 5], end_ids={0}, stops=[], decode=tokenizer.decode)
    assert (end.n_tokens, end.finish) == (len(ids) + 1, "eos")


def test_an_answer_ends_at_an_end_token_numbered_0(models: dict[str, Path], tmp_path: Path, evaluate: Any) -> None:
    """A head of zeros makes all tokens equally likely, so the first, the end token, is greedy and the entropy is ln V."""
    folder = tmp_path / "model"
    tokenizer: Any = AutoTokenizer.from_pretrained(models["llama"])
    tokenizer.eos_token, tokenizer.pad_token = tokenizer.convert_ids_to_tokens([0, 1])
    tokenizer.save_pretrained(folder)
    model: Any = AutoModelForCausalLM.from_pretrained(models["llama"])
    torch.nn.init.zeros_(model.lm_head.weight)
    for config in (model.config, model.generation_config):
        config.eos_token_id, config.pad_token_id = 0, 1
    model.save_pretrained(folder)
    run = tmp_path / "run"
    evaluate("ride", ["ride_demo_math_none"], model_args={"pretrained": str(folder), "run_dir": str(run)}, limit=1)
    (greedy,) = read_table(run, "generations").query("answer == 'greedy'").to_dict("records")
    assert (greedy["token_ids"].tolist(), greedy["finish"]) == ([0], "eos")
    assert greedy["entropies"] == pytest.approx([math.log(model.config.vocab_size)], abs=1e-5)


@pytest.mark.parametrize("name", ["olmoe", "qwen3", "llama", "mistral"])
def test_a_config_names_what_the_run_needs(name: str) -> None:
    text = (data_folder("configs") / f"{name}.yaml").read_text(encoding="utf-8")
    config = yaml.safe_load(text)
    arguments = config["model_args"]
    assert config["model"] == "ride" and config["apply_chat_template"] is True
    assert arguments["dtype"] == "bfloat16" and arguments["attn_implementation"] in ("sdpa", "eager")
    assert arguments.get("enable_thinking") is (False if name == "qwen3" else None)
    assert "# Memory" in text and "# Time" in text and "stimate" in text, "figures that were not measured say so"
