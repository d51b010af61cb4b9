"""Small untrained models of four architectures, made from fixed seeds: enough to see the whole way work, not to learn anything.

They stand in until trained models ship with the package. Every report says that they are untrained.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    OlmoeConfig,
    OlmoeForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from ride_eval.arms import data_folder

CHAT_TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>\n{{ message['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)
_SPECIAL = ["<|pad|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>"]
_SIZE: dict[str, Any] = {
    "vocab_size": 1024,
    "hidden_size": 64,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 2048,
    "pad_token_id": 0,
    "eos_token_id": 1,
    "bos_token_id": None,
    "tie_word_embeddings": False,
    # Larger than the usual 0.02: at this width, logits would else be flat and every answer one repeated token.
    "initializer_range": 0.15,
}

MODELS: dict[str, Callable[[], PreTrainedModel]] = {
    "olmoe": lambda: OlmoeForCausalLM(OlmoeConfig(**_SIZE, intermediate_size=32, num_experts=8, num_experts_per_tok=2)),
    "qwen3": lambda: Qwen3ForCausalLM(Qwen3Config(**_SIZE, intermediate_size=128, head_dim=16)),
    "llama": lambda: LlamaForCausalLM(LlamaConfig(**_SIZE, intermediate_size=128)),
    "mistral": lambda: MistralForCausalLM(MistralConfig(**_SIZE, intermediate_size=128, sliding_window=64)),
}


def build(folder: Path) -> dict[str, Path]:
    """Save the models under `folder`, by name; those already there are kept."""
    tokenizer = train_tokenizer()
    paths = {}
    for seed, (name, make) in enumerate(MODELS.items()):
        path = paths[name] = folder / f"untrained-{name}"
        if (path / "config.json").exists():
            continue
        torch.manual_seed(seed)
        model = make()
        model.config.ride_eval_untrained = True
        model.save_pretrained(path)
        tokenizer.save_pretrained(path)
    return paths


def train_tokenizer() -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer trained on the demo documents, with a chat template."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=_SIZE["vocab_size"], special_tokens=_SPECIAL, initial_alphabet=sorted(alphabet), show_progress=False
    )
    tokenizer.train_from_iterator(_texts(), trainer)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<|pad|>", eos_token="<|end|>")  # noqa: S106
    fast.chat_template = CHAT_TEMPLATE
    return fast


def _texts() -> list[str]:
    files = sorted(data_folder("tasks").glob("*/data/*.jsonl"))
    rows = [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    return [text for row in rows for text in row.values() if isinstance(text, str)]
