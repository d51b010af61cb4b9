"""Small untrained models, made from fixed seeds, of the architectures that have no embedded model yet. Every report says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM, PreTrainedModel

from ride_eval.zoo import path
from ride_eval.zoo.tokenizer import VOCABULARY

_SIZE: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 64,
    "intermediate_size": 128,
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
    "untrained-llama": lambda: LlamaForCausalLM(LlamaConfig(**_SIZE)),
    "untrained-mistral": lambda: MistralForCausalLM(MistralConfig(**_SIZE, sliding_window=64)),
}


def build(folder: Path) -> dict[str, Path]:
    """Save the models under `folder`, by name, with the embedded models' tokenizer; those already there are kept."""
    tokenizer = AutoTokenizer.from_pretrained(path("zoo-olmoe"))
    paths = {}
    for seed, (name, make) in enumerate(MODELS.items()):
        target = paths[name] = folder / name
        if (target / "config.json").exists():
            continue
        torch.manual_seed(seed)
        model = make()
        model.config.ride_eval_untrained = True
        model.save_pretrained(target)
        tokenizer.save_pretrained(target)
    return paths
