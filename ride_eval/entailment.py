"""A language-inference model as a judge of whether one text entails another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer

from ride_eval.errors import UsageError

_LONGEST = 512
"""Tokens of a pair, where neither model nor tokenizer says how many fit."""


class EntailmentModel:
    """A sequence classifier over premise and hypothesis, one of whose classes is entailment.

    Raises UsageError for a model that cannot be loaded, holds no safetensors, or has no such class.
    """

    def __init__(self, pretrained: str, *, revision: str = "main", device: str = "cpu", batch_size: int = 32) -> None:
        source: dict[str, Any] = {"revision": revision, "trust_remote_code": False}
        # The revision is in `source`, which bandit does not look into (B615).
        try:
            config = AutoConfig.from_pretrained(pretrained, **source)  # nosec B615
            self._entailment = _entailment_class(pretrained, config.id2label)  # before the weights, which take minutes
            self._tokenizer = AutoTokenizer.from_pretrained(pretrained, **source)  # nosec B615
            classifier = AutoModelForSequenceClassification
            model = classifier.from_pretrained(pretrained, use_safetensors=True, **source)
            self._model = model.eval().to(device)
        except (OSError, ValueError, RuntimeError) as error:  # not found, not a classifier, no such device
            raise UsageError(f"The judge --model {pretrained} cannot be loaded: {' '.join(str(error).split())}") from error
        self.name = f"{pretrained}@{revision}"
        self._device, self._batch_size = device, batch_size
        self._tokenizer.truncation_side = "left"  # the answers stand at the end
        # -1 where positions have no limit of their own.
        limits = (getattr(config, "max_position_embeddings", None) or -1, self._tokenizer.model_max_length, _LONGEST)
        self._longest = min(limit for limit in limits if limit > 0)
        self.n_cut = 0
        """Pairs that did not fit whole, whose longer text lost its beginning."""

    @torch.inference_mode()
    def entails(self, pairs: Sequence[tuple[str, str]]) -> list[bool]:
        """Whether entailment is the likeliest class of (premise, hypothesis), of each pair."""
        found = [False] * len(pairs)
        order = sorted(range(len(pairs)), key=lambda place: -len(pairs[place][0]) - len(pairs[place][1]))
        for first in range(0, len(order), self._batch_size):
            places = order[first : first + self._batch_size]
            texts = [[pairs[place][side] for place in places] for side in (0, 1)]
            encoded = self._tokenizer(*texts, truncation="longest_first", max_length=self._longest, padding=True)
            whole = self._tokenizer(*texts)["input_ids"]
            self.n_cut += sum(len(ids) > self._longest for ids in whole)
            logits = self._model(**encoded.convert_to_tensors("pt").to(self._device)).logits
            for place, likeliest in zip(places, logits.argmax(-1).tolist(), strict=True):
                found[place] = likeliest == self._entailment
        return found


def _entailment_class(pretrained: str, labels: Mapping[int, str]) -> int:
    found = [number for number, label in labels.items() if str(label).lower().startswith("entail")]
    if len(found) != 1:
        raise UsageError(
            f"--model {pretrained} has the classes {', '.join(map(str, labels.values()))}; a model of language inference has "
            "one named entailment, as microsoft/deberta-large-mnli has."
        )
    return int(found[0])
