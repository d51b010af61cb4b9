"""ProbedHFLM: the harness's own batching, with probes on the passes it makes.

HFLM tokenizes, batches, runs and scores; this class only learns which row of a batch is which prompt, and reads the probes.
So answers and log-likelihoods are those of `--model hf`, bit for bit.
"""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Sequence
from typing import Any

import torch

from ride_eval.encoding import Encoder, Placed
from ride_eval.errors import ProbeError
from ride_eval.ledger import Ledger
from ride_eval.parallel import RankedHFLM
from ride_eval.probes.bundle import Bundle
from ride_eval.probes.layout import Layout, MeasuredRow
from ride_eval.prompt import Prompt, request_of
from ride_eval.store import Key


class ProbedHFLM(RankedHFLM):
    """HFLM whose rows of RIDE tasks are measured. `RideLM` sets the four attributes below after loading the model."""

    bundle: Bundle
    encoder: Encoder
    ledger: Ledger
    auto_batch: int | None = None
    """The batch size that `batch_size auto` found."""

    _contexts: Sequence[str] = ()
    _queues: dict[str, deque[Prompt]]
    _choice_rows: dict[tuple[int, ...], list[tuple[Prompt, Placed]]] | None = None

    # Answers ------------------------------------------------------------------------------------------------------------

    def harness_answers(self, requests: list[Any], disable_tqdm: bool) -> list[str]:
        """Greedy answers by the harness's generation, once for each set of generation arguments, as it groups them itself."""
        groups: dict[str, list[int]] = defaultdict(list)
        for i, request in enumerate(requests):
            groups[json.dumps(request.args[1], sort_keys=True, default=str)].append(i)
        answers = [""] * len(requests)
        for indices in groups.values():
            self._queues = defaultdict(deque)
            queued: set[Key] = set()
            for i in indices:
                asked = request_of(requests[i])
                if asked is not None and asked.prompt.key not in queued:  # `repeats` and rank padding ask twice
                    queued.add(asked.prompt.key)
                    self._queues[requests[i].args[0]].append(asked.prompt)
            for i, text in zip(indices, super().generate_until([requests[i] for i in indices], disable_tqdm), strict=True):
                answers[i] = text
                asked = request_of(requests[i])
                if asked is not None and self.ledger.text(asked.prompt.key) != text:
                    raise ProbeError(
                        f"The answer recorded for {asked.prompt.key} is not the harness's; nothing can be trusted."
                    )
            self._queues = {}
        return answers

    def tok_batch_encode(self, strings: list[str], *args: Any, **kwargs: Any) -> tuple[torch.Tensor, torch.Tensor]:
        self._contexts = strings
        encoded: tuple[torch.Tensor, torch.Tensor] = super().tok_batch_encode(strings, *args, **kwargs)
        return encoded

    def _model_generate(self, context: torch.Tensor, max_length: int, stop: list[str], **kwargs: Any) -> torch.Tensor:
        queues = getattr(self, "_queues", {})
        room = self.max_length - (max_length - context.shape[1])
        rows: list[MeasuredRow] = []
        placed: list[tuple[int, Prompt, Placed]] = []
        for row, text in enumerate(self._contexts):
            if not queues.get(text):
                continue
            prompt = queues[text].popleft()
            place = self.encoder.place(prompt, "answer", room)
            start = context.shape[1] - int(kwargs["attention_mask"][row].sum())
            if not place.truncated:
                check_tokens(prompt, place, context[row, start:].tolist())
            rows.append(place.measured_row(row, start))
            placed.append((row, prompt, place))
        if not placed:
            plain: torch.Tensor = super()._model_generate(context=context, max_length=max_length, stop=stop, **kwargs)
            return plain
        self.ledger.recorder.check()
        with self.bundle.attached(Layout((context.shape[0], context.shape[1]), rows), decoding=True) as reading:
            output: torch.Tensor = super()._model_generate(context=context, max_length=max_length, stop=stop, **kwargs)
        self.ledger.add_prompts([(prompt, place) for _, prompt, place in placed], reading)
        written = self.ledger.write(output[:, context.shape[1] :], stop, reading)
        for row, prompt, _ in placed:
            self.ledger.add_answers(prompt, written[row])
        return output

    # Choices ------------------------------------------------------------------------------------------------------------

    def harness_choices(self, requests: list[Any], disable_tqdm: bool) -> list[tuple[float, bool]]:
        """Log-likelihoods by the harness's own scoring."""
        self._scored = requests
        try:
            pairs: list[tuple[float, bool]] = super().loglikelihood(requests, disable_tqdm=disable_tqdm)
        finally:
            self._scored = []
        return pairs

    def _loglikelihood_tokens(self, requests: list[Any], *args: Any, **kwargs: Any) -> list[tuple[float, bool]]:
        """Learn which row will hold which prompt, then let the harness batch, run and score.

        A prompt is measured on the row of its first choice; its other rows hold the same tokens.
        """
        asks = [request_of(request) for request in getattr(self, "_scored", [])]
        if not any(asks):
            return list(super()._loglikelihood_tokens(requests, *args, **kwargs))
        self._choice_rows = defaultdict(list)
        longest: dict[Key, int] = defaultdict(int)
        for asked, (_, _, continuation) in zip(asks, requests, strict=True):
            if asked is not None:
                cell = asked.prompt.key._replace(arm="")
                longest[cell] = max(longest[cell], len(continuation))
        waiting: set[Key] = set()
        for asked, (_, context, continuation) in zip(asks, requests, strict=True):
            if asked is None or asked.prompt.key in waiting or self.ledger.knows(asked.prompt.key):
                continue
            waiting.add(asked.prompt.key)
            room = self.max_length + 1 - longest[asked.prompt.key._replace(arm="")]
            place = self.encoder.place(asked.prompt, "choice", room)
            if not place.truncated:
                check_tokens(asked.prompt, place, context)
            row = tuple((context + continuation)[-(self.max_length + 1) :][:-1])
            self._choice_rows[row].append((asked.prompt, place))
        try:
            results = list(super()._loglikelihood_tokens(requests, *args, **kwargs))
            unseen = [prompt.key for found in self._choice_rows.values() for prompt, _ in found]
        finally:
            self._choice_rows = None
        if unseen:
            raise ProbeError(
                f"{len(unseen)} prompts never came through the model, the first {unseen[0]}; nothing can be trusted."
            )
        return results

    def _model_call(self, inps: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        rows: list[MeasuredRow] = []
        placed: list[tuple[Prompt, Placed]] = []
        if self._choice_rows:
            lengths = sorted({len(row) for row in self._choice_rows}, reverse=True)
            for row, tokens in enumerate(inps.tolist()):
                for prompt, place in self._take_row(tokens, lengths):
                    rows.append(place.measured_row(row, 0))
                    placed.append((prompt, place))
        if not placed:
            plain: torch.Tensor = super()._model_call(inps, *args, **kwargs)
            return plain
        self.ledger.recorder.check()
        with self.bundle.attached(Layout((inps.shape[0], inps.shape[1]), rows), decoding=False) as reading:
            logits: torch.Tensor = super()._model_call(inps, *args, **kwargs)
        self.ledger.add_prompts(placed, reading)
        return logits

    def _take_row(self, tokens: list[int], lengths: list[int]) -> list[tuple[Prompt, Placed]]:
        """The prompts waiting for a row. Rows are padded right with zeros, without a mask, so its length is tried."""
        for n in lengths:
            if n <= len(tokens) and not any(tokens[n:]):
                found = (self._choice_rows or {}).pop(tuple(tokens[:n]), None)
                if found:
                    return found
        return []

    def _detect_batch_size(self, requests: Sequence[Any] | None = None, pos: int = 0) -> int:
        """As the harness does, on dummy rows that are not measured.

        Each rank finds its own: the harness takes the smallest of all, and would wait for ranks with nothing left to measure.
        """
        rows, self._choice_rows = self._choice_rows, None
        world_size, self._world_size = self._world_size, 1
        try:
            self.auto_batch = int(super()._detect_batch_size(requests, pos))
        finally:
            self._choice_rows, self._world_size = rows, world_size
        return self.auto_batch


def check_tokens(prompt: Prompt, place: Placed, tokens: Sequence[int]) -> None:
    """Refuse a prompt whose tokens are not those that run: its spans would point elsewhere."""
    if list(place.encoding.ids) != list(tokens):
        raise ProbeError(
            f"The tokens of {prompt.key.task}, arm {prompt.key.arm}, are not those the harness runs "
            f"({len(place.encoding.ids)} against {len(tokens)}), so spans would point elsewhere."
        )
