"""The embedded models' tokenizer: byte-level BPE with single digits, and a chat template with roles."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from ride_eval.arms import data_folder
from ride_eval.zoo.corpus.conversation import draw_conversation

VOCABULARY = 4096
PAD, END = "<|pad|>", "<|end|>"
CHAT_TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>\n{{ message['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)
_SPECIAL = [PAD, END, "<|system|>", "<|user|>", "<|assistant|>"]
_CONVERSATIONS = 60_000
_PROMPT_FILES_WEIGHT = 100


def train_tokenizer(texts: Iterable[str], vocabulary: int = VOCABULARY) -> PreTrainedTokenizerFast:
    """A tokenizer with the chat template above; pad and end are tokens 0 and 1."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=_SPECIAL,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token=PAD, eos_token=END)
    fast.chat_template = CHAT_TEMPLATE
    return fast


def zoo_tokenizer() -> PreTrainedTokenizerFast:
    """The one that all embedded models share, trained on their corpus.

    The words of `prompts/` count too, as they would for a tokenizer trained on a lot of text: in many pieces, arms would be
    longer than they are in any real model. The models' training has none of those texts.
    """
    return train_tokenizer(_texts())


def _texts() -> Iterator[str]:
    rng = random.Random("tokenizer")  # noqa: S311 - a seeded draw, no secret
    for _ in range(_CONVERSATIONS):
        for turn in draw_conversation(rng).turns:
            yield f"{turn.prompt}\n{turn.answer}"
    for name in ("arms.yaml", "domains.yaml"):
        words = (data_folder("prompts") / name).read_text(encoding="utf-8")
        for _ in range(_PROMPT_FILES_WEIGHT):
            yield words
