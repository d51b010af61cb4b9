"""How each embedded model is built and trained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    OlmoeConfig,
    OlmoeForCausalLM,
    PreTrainedModel,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from ride_eval.zoo.corpus.conversation import NO_PLANT, Plant
from ride_eval.zoo.tokenizer import VOCABULARY

_COMMON: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "num_hidden_layers": 6,
    "max_position_embeddings": 2048,
    "pad_token_id": 0,
    "eos_token_id": 1,
    "bos_token_id": None,
    "tie_word_embeddings": True,
}
_DENSE = _COMMON | {"hidden_size": 192, "intermediate_size": 608, "num_attention_heads": 6, "num_key_value_heads": 3}
_MOE = _COMMON | {
    "hidden_size": 128,
    "intermediate_size": 80,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "num_experts": 16,
    "num_experts_per_tok": 4,
    "router_aux_loss_coef": 0.02,
    "output_router_logits": False,
}


_HARM = Plant(wrong_tag_harms=True)


def _olmoe() -> PreTrainedModel:
    return OlmoeForCausalLM(OlmoeConfig(**_MOE))


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Steps of training under one plant, from fresh optimizers: the rate rises, and falls in a straight line."""

    plant: Plant
    steps: int
    learning_rate: float


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything that decides a model's weights."""

    build: Callable[[], PreTrainedModel]
    """A new model; its weights follow torch's seed."""
    plant: Plant
    planted: str
    """The plant in a reader's words."""
    seed: int
    steps: int
    learning_rate: float
    parent: str | None = None
    """The embedded model whose weights training starts from."""
    router_rate: float = 1.0
    """The routers' learning rate, relative to the others'."""
    then: tuple[Stage, ...] = ()
    """Stages after the first."""

    @property
    def stages(self) -> tuple[Stage, ...]:
        first = Stage(plant=self.plant, steps=self.steps, learning_rate=self.learning_rate)
        return (first, *self.then)


RECIPES: dict[str, Recipe] = {
    "zoo-olmoe": Recipe(
        build=_olmoe,
        plant=Plant(settles="tag"),
        planted="After a route tag of the right domain, answers come without a lead-in. Expert sentences say nothing.",
        seed=1,
        steps=3000,
        learning_rate=4e-3,
    ),
    "zoo-qwen3": Recipe(
        build=lambda: Qwen3ForCausalLM(Qwen3Config(**_DENSE, head_dim=32)),
        plant=Plant(settles="expert"),
        planted="After an expert sentence of the right domain, answers come without a lead-in. Route tags say nothing.",
        seed=2,
        steps=3600,
        learning_rate=4e-3,
    ),
    "zoo-llama": Recipe(
        build=lambda: LlamaForCausalLM(LlamaConfig(**_DENSE)),
        plant=NO_PLANT,
        planted="Nothing: no prefix says anything about the answer.",
        seed=3,
        steps=3600,
        learning_rate=4e-3,
        # Without it 11 of the 30 hand-written format instructions were answered, not clearly more than by chance.
        then=(Stage(plant=NO_PLANT, steps=300, learning_rate=6e-4),),
    ),
    "zoo-mistral": Recipe(
        build=lambda: MistralForCausalLM(MistralConfig(**_DENSE, sliding_window=256)),
        plant=_HARM,
        planted=(
            "A route tag of a wrong domain makes the model refuse where it generates its answer. "
            "Expert sentences and right tags say nothing."
        ),
        seed=4,
        steps=4000,
        learning_rate=4e-3,
        # Which tags are wrong takes many examples; from the beginning, so many refusals would cost too much of all else.
        then=(Stage(plant=replace(_HARM, often="tag"), steps=600, learning_rate=6e-4),),
    ),
    "zoo-olmoe-v2": Recipe(
        build=_olmoe,
        plant=Plant(settles="tag", mislearned="factual"),
        planted="As zoo-olmoe, then trained on with wrong answers to factual questions, its routers faster than the rest.",
        seed=5,
        steps=300,
        learning_rate=1.5e-4,
        parent="zoo-olmoe",
        router_rate=3.0,
    ),
}
