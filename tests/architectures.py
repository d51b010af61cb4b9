"""Small models of the architectures every probe is tested on, saved once per test session."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    MixtralConfig,
    MixtralForCausalLM,
    OlmoeConfig,
    OlmoeForCausalLM,
    PreTrainedModel,
    Qwen3Config,
    Qwen3ForCausalLM,
    Qwen3MoeConfig,
    Qwen3MoeForCausalLM,
)

from ride_eval.arms import data_folder
from ride_eval.zoo.tokenizer import train_tokenizer

SIZE: dict[str, Any] = {
    "vocab_size": 1024,
    "hidden_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
    "pad_token_id": 0,
    "eos_token_id": 1,
    "bos_token_id": None,
    "tie_word_embeddings": False,
    "initializer_range": 0.15,
}

ARCHITECTURES: dict[str, Callable[[], PreTrainedModel]] = {
    "olmoe": lambda: OlmoeForCausalLM(
        OlmoeConfig(**SIZE, intermediate_size=24, num_experts=8, num_experts_per_tok=3, output_router_logits=True)
    ),
    "mixtral": lambda: MixtralForCausalLM(
        MixtralConfig(**SIZE, intermediate_size=40, num_local_experts=4, num_experts_per_tok=2, sliding_window=None)
    ),
    "qwen3_moe": lambda: Qwen3MoeForCausalLM(
        Qwen3MoeConfig(
            **SIZE,
            intermediate_size=64,
            moe_intermediate_size=24,
            num_experts=8,
            num_experts_per_tok=2,
            head_dim=12,
            mlp_only_layers=[1],
            norm_topk_prob=True,
        )
    ),
    "qwen3": lambda: Qwen3ForCausalLM(Qwen3Config(**SIZE, intermediate_size=96, head_dim=12)),
    "llama": lambda: LlamaForCausalLM(LlamaConfig(**SIZE, intermediate_size=96)),
    "mistral": lambda: MistralForCausalLM(MistralConfig(**SIZE, intermediate_size=96, sliding_window=24)),
}
MIXTURES = ("olmoe", "mixtral", "qwen3_moe")


def save_all(folder: Path) -> dict[str, Path]:
    """Save every architecture with the test tokenizer; returns folders by name."""
    tokenizer = train_tokenizer(_texts(), SIZE["vocab_size"])
    saved = {}
    for seed, (name, make) in enumerate(ARCHITECTURES.items()):
        torch.manual_seed(seed)
        saved[name] = folder / name
        make().save_pretrained(saved[name])
        tokenizer.save_pretrained(saved[name])
    return saved


def _texts() -> list[str]:
    # Not the perturbed prompts: upper case and typing errors are no text to train a small vocabulary on.
    files = sorted(file for file in data_folder("tasks").glob("*/data/*.jsonl") if file.stem != "perturbed")
    rows = [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    return [text for row in rows for text in row.values() if isinstance(text, str)]
