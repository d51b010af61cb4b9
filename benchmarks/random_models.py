"""The two models of the benchmarks: random weights, since speed does not depend on what they learned, and real shapes."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from transformers import AutoTokenizer, OlmoeConfig, OlmoeForCausalLM, PreTrainedModel, Qwen3Config, Qwen3ForCausalLM

from ride_eval import zoo

VOCABULARIES = {"olmoe": "olmoe-1b-7b-instruct", "qwen3": "mistral-7b-instruct-v0.2"}


def build(folder: Path, tokenizers: Path | None, *, quick: bool) -> dict[str, Path]:
    """Save a mixture of experts and a dense model; with real vocabularies they have 53 and 43 million parameters."""
    saved = {}
    for name, source in VOCABULARIES.items():
        tokenizer = AutoTokenizer.from_pretrained(tokenizers / source if tokenizers else zoo.path("zoo-olmoe"))
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.unk_token or tokenizer.eos_token
        saved[name] = folder / name
        model(name, tokenizer, 2 if quick else 8, 32 if quick else None).save_pretrained(saved[name])
        tokenizer.save_pretrained(saved[name])
    return saved


def model(name: str, tokenizer: Any, layers: int, width: int | None = None) -> PreTrainedModel:
    """One architecture with so many layers; its own hidden size by default."""
    torch.manual_seed(0)
    common = {
        "num_hidden_layers": layers,
        "num_attention_heads": 8,
        "max_position_embeddings": 4096,
        "vocab_size": len(tokenizer),
        "eos_token_id": tokenizer.eos_token_id,
        "bos_token_id": tokenizer.bos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    if name == "olmoe":
        return OlmoeForCausalLM(
            OlmoeConfig(**common, hidden_size=width or 256, intermediate_size=128, num_experts=32, num_experts_per_tok=4)
        )
    size = width or 384
    return Qwen3ForCausalLM(
        Qwen3Config(**common, hidden_size=size, intermediate_size=4 * size, num_key_value_heads=4, head_dim=size // 8)
    )


def size(folder: Path) -> int:
    """Parameters of a saved model."""
    with safe_open(folder / "model.safetensors", "pt") as file:
        return sum(math.prod(file.get_slice(name).get_shape()) for name in file.keys())  # noqa: SIM118 - no mapping
