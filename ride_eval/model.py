"""RideLM: the harness's Hugging Face model, with probes on the passes that the evaluation makes anyway.

Prompts are tokenized, batched, run and scored by HFLM itself; this class only learns which row of a batch is which prompt,
reads the probes, and writes what they saw. So answers and log-likelihoods are those of `--model hf`, bit for bit.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import torch
from lm_eval.models.huggingface import HFLM
from lm_eval.models.utils import postprocess_generated_text
from tqdm import tqdm

from ride_eval.answer import find_end
from ride_eval.encoding import Encoder, Placed
from ride_eval.errors import ProbeError, UsageError
from ride_eval.forcing import force
from ride_eval.manifest import describe, model_slug
from ride_eval.measurement import MeasuredPair, MeasuredText, Measurement
from ride_eval.probes.bundle import Bundle, Reading, parse_probes
from ride_eval.probes.layout import Layout, MeasuredRow
from ride_eval.prompt import Prompt, Request, request_of
from ride_eval.recorder import Recorder
from ride_eval.scalars import answer_values, forced_value, names, prompt_values
from ride_eval.store import Key


class RideLM(HFLM):
    """`--model ride`: HFLM with all its arguments, and these.

    Parameters
    ----------
    run_dir
        Where measurements go; `runs/<model>` by default. A directory of the same run is added to.
    probes
        `all` the model has, or names joined by `+`: routing, density, entropy. Naming one it lacks is an error.
    num_samples
        Sampled answers a prompt, beside the greedy one.
    seed
        Of the sampled answers.
    share_prefill
        One forward pass of a prompt for everything asked about it.
    """

    def __init__(
        self,
        pretrained: Any,
        run_dir: str | None = None,
        probes: str = "all",
        num_samples: int = 10,
        seed: int = 0,
        share_prefill: bool = True,
        **kwargs: Any,
    ) -> None:
        wanted = parse_probes(probes)
        self._check_count("num_samples", num_samples)
        self._check_count("seed", seed)
        try:
            super().__init__(pretrained=pretrained, **kwargs)
        except OSError as error:
            raise UsageError(f"The model pretrained={pretrained} cannot be loaded: {' '.join(str(error).split())}") from error
        if self.backend != "causal":
            raise UsageError(f"--model ride measures causal language models; pretrained={pretrained} is {self.backend}.")
        if hasattr(self.model.config, "output_router_logits"):
            # Saved as true in some checkpoints: it computes a training loss, and crashes batched generation.
            self.model.config.output_router_logits = False
        self.num_samples, self.seed, self.share_prefill = num_samples, seed, share_prefill
        self._bundle = Bundle(self.model, wanted)
        manifest = describe(self, self._bundle)
        self._recorder = Recorder(Path(run_dir or f"runs/{model_slug(manifest)}"), manifest, self.rank)
        self._encoder = Encoder(
            self.tokenizer, add_bos_token=self.add_bos_token, prefix=self.tokenizer.decode(self.prefix_token_id)
        )
        self._prompt_values: dict[Key, dict[str, float]] = {}
        self._contexts: Sequence[str] = ()
        self._queues: dict[str, deque[Prompt]] = {}
        self._choice_rows: dict[tuple[int, ...], list[tuple[Prompt, Placed]]] | None = None
        self._texts: dict[Key, str] = {}
        self._answer_ids: dict[Key, list[int]] = {}
        self._auto_batch: int | None = None

    @staticmethod
    def _check_count(name: str, value: object) -> None:
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise UsageError(f"{name}={value!r} in --model_args; a whole number of at least 0 was expected.")

    def set_cache_hook(self, cache_hook: Any) -> None:
        """Refuse `--use_cache`: only a real cache has a database."""
        if getattr(cache_hook, "dbdict", None) is not None:
            raise UsageError(
                "--use_cache cannot be used with --model ride: its key holds neither model nor revision, and a hit runs no "
                "forward pass, so nothing would be measured. Leave it out; a run directory already continues where it ended."
            )
        super().set_cache_hook(cache_hook)

    # Generation ---------------------------------------------------------------------------------------------------------

    def generate_until(self, requests: list[Any], disable_tqdm: bool = False) -> list[str]:
        """Greedy answers, those of RIDE tasks with their measurement."""
        self._open(requests)
        todo = [request for request in requests if not self._has_answer(request_of(request))]
        fresh = dict(zip(map(id, todo), self._generate(todo, disable_tqdm), strict=True))
        self._force([asked.prompt for request in requests if (asked := request_of(request))], disable_tqdm)
        self._recorder.flush()
        responses = []
        for request in requests:
            asked = request_of(request)
            text = fresh.get(id(request))
            if asked is None:
                responses.append(str(text))
                continue
            stored = self._recorder.generations.get((asked.prompt.key, "greedy"))
            answer = text if text is not None else str(stored["text"] if stored else "")
            responses.append(MeasuredText(answer, self._measurement(asked.prompt, generated=True)))
        return responses

    def _has_answer(self, asked: Request | None) -> bool:
        if asked is None:
            return False
        return asked.prompt.key in self._recorder.prompts and (asked.prompt.key, "greedy") in self._recorder.generations

    def _generate(self, requests: list[Any], disable_tqdm: bool) -> list[str]:
        """The harness's own generation, once for each set of generation arguments, as it groups them itself."""
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
                if asked is not None and self._texts.get(asked.prompt.key) != text:
                    raise ProbeError(f"The answer recorded for {asked.prompt.key} is not the harness's; nothing can be trusted.")
        return answers

    def tok_batch_encode(self, strings: list[str], *args: Any, **kwargs: Any) -> tuple[torch.Tensor, torch.Tensor]:
        self._contexts = strings
        return super().tok_batch_encode(strings, *args, **kwargs)

    def _model_generate(self, context: torch.Tensor, max_length: int, stop: list[str], **kwargs: Any) -> torch.Tensor:
        mask = kwargs["attention_mask"]
        room = self.max_length - (max_length - context.shape[1])
        rows: list[MeasuredRow] = []
        placed: list[tuple[int, Prompt, Placed]] = []
        for row, text in enumerate(self._contexts):
            if not self._queues.get(text):
                continue
            prompt = self._queues[text].popleft()
            place = self._encoder.place(prompt, "answer", room)
            start = context.shape[1] - int(mask[row].sum())
            if not place.truncated:
                self._check_tokens(prompt, place, context[row, start:].tolist())
            rows.append(self._measured_row(row, start, place))
            placed.append((row, prompt, place))
        with self._bundle.attached(Layout((context.shape[0], context.shape[1]), rows), decoding=True) as reading:
            output = super()._model_generate(context=context, max_length=max_length, stop=stop, **kwargs)
        self._record_prompts([(prompt, place) for _, prompt, place in placed], reading)
        self._record_answers([(row, prompt) for row, prompt, _ in placed], output[:, context.shape[1] :], stop, reading)
        return output

    def _record_answers(
        self, rows: list[tuple[int, Prompt]], generated: torch.Tensor, stop: list[str], reading: Reading
    ) -> None:
        tokens = generated.tolist()
        entropies, logprobs = reading.decoding.steps(generated) if reading.decoding else (None, None)
        ends = [find_end(ids, end_ids=self._end_ids(), stops=stop, decode=self._decode) for ids in tokens]
        routing = reading.routing.generated([end.n_tokens for end in ends]) if reading.routing else None
        think_end = self.think_end_token if isinstance(self.think_end_token, str) else None
        for row, prompt in rows:
            n = ends[row].n_tokens
            text = postprocess_generated_text(self._decode(tokens[row]), stop=stop, think_end_token=think_end)
            self._texts[prompt.key] = text
            if prompt.key.arm == "none":
                self._answer_ids[prompt.key] = tokens[row][:n]
            values = {
                "entropies": None if entropies is None else entropies[row, :n],
                "finish": ends[row].finish,
            }
            self._prompt_values[prompt.key] |= answer_values(values)
            self._recorder.add(
                "generations",
                {
                    **prompt.key._asdict(),
                    **values,
                    "answer": "greedy",
                    "sample": 0,
                    "text": text,
                    "token_ids": tokens[row][:n],
                    "logprobs": None if logprobs is None else logprobs[row, :n],
                    "routing_generated": None if routing is None else routing[row].ravel(),
                },
            )

    def _end_ids(self) -> set[int]:
        given = self.model.generation_config.eos_token_id
        ids = given if isinstance(given, list) else [given]
        return {int(token) for token in [*ids, self.eot_token_id] if token is not None}

    def _decode(self, tokens: Sequence[int]) -> str:
        return str(self.tok_decode(tokens))

    # The forced answer --------------------------------------------------------------------------------------------------

    def _force(self, prompts: Iterable[Prompt], disable_tqdm: bool) -> None:
        """Teacher-force `none`'s greedy answer in every arm. Measured last, since it needs all of `none` first."""
        if "entropy" not in self._bundle.names:
            return
        todo: dict[Key, tuple[Prompt, Placed, list[int]]] = {}
        for prompt in prompts:
            answer = self._none_answer(prompt.key)
            stored = self._recorder.generations.get((prompt.key, "forced"))
            self._load_values(prompt)
            if prompt.key.arm == "none":
                values = self._prompt_values[prompt.key]
                values["forced_entropy"] = values["token_entropy"]
            elif stored is not None:
                self._prompt_values[prompt.key]["forced_entropy"] = forced_value(stored)
            elif answer:
                room = self.max_length - len(answer)
                place = self._encoder.place(prompt, "answer", room)
                if len(place.encoding.ids) <= room:
                    todo[prompt.key] = (prompt, place, answer)
        order = sorted(todo.values(), key=lambda item: -len(item[1].encoding.ids) - len(item[2]))
        size = self._batch_rows()
        starts = range(0, len(order), size)
        for start in tqdm(starts, desc="Teacher-forcing none's answers", disable=disable_tqdm or self.rank != 0 or not order):
            part = order[start : start + size]
            forced = force(
                self.model,
                [place.encoding.ids for _, place, _ in part],
                [answer for _, _, answer in part],
                pad_id=self.tokenizer.pad_token_id,
                device=self.device,
            )
            for (prompt, _, _), (entropies, logprobs) in zip(part, forced, strict=True):
                row = {"entropies": entropies, "logprobs": logprobs, "finish": "forced", "answer": "forced", "sample": 0}
                self._prompt_values[prompt.key]["forced_entropy"] = forced_value(row)
                self._recorder.add("generations", {**prompt.key._asdict(), **row})

    def _none_answer(self, key: Key) -> list[int]:
        none = key._replace(arm="none")
        if none not in self._answer_ids and (none, "greedy") in self._recorder.generations:
            self._answer_ids[none] = [int(i) for i in self._recorder.generations[none, "greedy"]["token_ids"]]
        return self._answer_ids.get(none, [])

    # Multiple choice ----------------------------------------------------------------------------------------------------

    def loglikelihood(self, requests: list[Any], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        """Log-likelihoods, those of RIDE tasks with their measurement."""
        self._open(requests)
        todo = [request for request in requests if not self._has_choice(request_of(request))]
        self._scored = todo
        results = super().loglikelihood(todo, disable_tqdm=disable_tqdm) if todo else []
        fresh = dict(zip(map(id, todo), results, strict=True))
        responses: list[tuple[float, bool]] = []
        for request in requests:
            asked = request_of(request)
            pair = fresh.get(id(request))
            if asked is None:
                responses.append(pair)  # type: ignore[arg-type]
                continue
            if pair is None:
                stored = self._recorder.choices[asked.prompt.key, asked.choice or 0]
                pair = (float(stored["loglikelihood"]), bool(stored["greedy"]))
            self._load_values(asked.prompt)
            self._record_choice(asked, pair)
            responses.append(MeasuredPair(pair, self._measurement(asked.prompt, generated=False)))
        self._recorder.flush()
        return responses

    def _has_choice(self, asked: Request | None) -> bool:
        if asked is None:
            return False
        return asked.prompt.key in self._recorder.prompts and (asked.prompt.key, asked.choice or 0) in self._recorder.choices

    def _record_choice(self, asked: Request, pair: tuple[float, bool]) -> None:
        self._recorder.add(
            "choices",
            {
                **asked.prompt.key._asdict(),
                "choice": asked.choice or 0,
                "text": asked.choice_text,
                "loglikelihood": pair[0],
                "bytes": asked.choice_bytes,
                "greedy": pair[1],
            },
        )

    def _loglikelihood_tokens(self, requests: list[Any], *args: Any, **kwargs: Any) -> list[tuple[float, bool]]:
        """Learn which row will hold which prompt, then let the harness batch, run and score.

        A prompt is measured on the row of its first choice; its other rows hold the same tokens.
        """
        self._choice_rows = defaultdict(list)
        waiting: set[Key] = set()
        longest: dict[Key, int] = defaultdict(int)
        asks = [request_of(request) for request in self._scored] if len(self._scored) == len(requests) else []
        for asked, (_, _, continuation) in zip(asks, requests, strict=False):
            if asked is not None:
                cell = asked.prompt.key._replace(arm="")
                longest[cell] = max(longest[cell], len(continuation))
        for asked, (_, context, continuation) in zip(asks, requests, strict=False):
            if asked is None or asked.prompt.key in waiting or asked.prompt.key in self._prompt_values:
                continue
            waiting.add(asked.prompt.key)
            room = self.max_length + 1 - longest[asked.prompt.key._replace(arm="")]
            place = self._encoder.place(asked.prompt, "choice", room)
            if not place.truncated:
                self._check_tokens(asked.prompt, place, context)
            row = tuple((context + continuation)[-(self.max_length + 1) :][:-1])
            self._choice_rows[row].append((asked.prompt, place))
        try:
            results: list[tuple[float, bool]] = super()._loglikelihood_tokens(requests, *args, **kwargs)
            unseen = [prompt.key for found in self._choice_rows.values() for prompt, _ in found]
        finally:
            self._choice_rows = None
        if unseen:
            raise ProbeError(f"{len(unseen)} prompts never came through the model, the first {unseen[0]}; the run cannot be trusted.")
        return results

    def _model_call(self, inps: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        if not self._choice_rows:
            return super()._model_call(inps, *args, **kwargs)
        rows: list[MeasuredRow] = []
        placed: list[tuple[Prompt, Placed]] = []
        lengths = sorted({len(row) for row in self._choice_rows}, reverse=True)
        for row, tokens in enumerate(inps.tolist()):
            for prompt, place in self._take_row(tokens, lengths):
                rows.append(self._measured_row(row, 0, place))
                placed.append((prompt, place))
        with self._bundle.attached(Layout((inps.shape[0], inps.shape[1]), rows), decoding=False) as reading:
            logits = super()._model_call(inps, *args, **kwargs)
        self._record_prompts(placed, reading)
        return logits

    def _take_row(self, tokens: list[int], lengths: list[int]) -> list[tuple[Prompt, Placed]]:
        """The prompts waiting for a row. Rows are padded right with zeros, without a mask, so its length is tried."""
        assert self._choice_rows is not None
        for n in lengths:
            if n <= len(tokens) and not any(tokens[n:]):
                found = self._choice_rows.pop(tuple(tokens[:n]), None)
                if found:
                    return found
        return []

    def _detect_batch_size(self, requests: Sequence[Any] | None = None, pos: int = 0) -> int:
        """As the harness does, on dummy rows that are not measured."""
        rows, self._choice_rows = self._choice_rows, None
        try:
            self._auto_batch = int(super()._detect_batch_size(requests, pos))
        finally:
            self._choice_rows = rows
        return self._auto_batch

    # What both share ----------------------------------------------------------------------------------------------------

    def _open(self, requests: Sequence[Any]) -> None:
        """Open the run directory when the first RIDE request comes: other tasks leave no trace."""
        for request in requests:
            asked = request_of(request)
            if asked is not None:
                self._recorder.open(asked.prompt.settings)
                self._recorder.expect(request.task_name, asked.prompt)

    def _batch_rows(self) -> int:
        return int(self.batch_size) if self.batch_size != "auto" else (self._auto_batch or 1)

    @staticmethod
    def _measured_row(row: int, start: int, place: Placed) -> MeasuredRow:
        n_tokens = 0 if place.truncated else len(place.encoding.ids)
        return MeasuredRow(row=row, start=start, n_tokens=n_tokens, question=place.aligned)

    @staticmethod
    def _check_tokens(prompt: Prompt, place: Placed, tokens: Sequence[int]) -> None:
        if list(place.encoding.ids) != list(tokens):
            raise ProbeError(
                f"The tokens of {prompt.key.task}, arm {prompt.key.arm}, are not those the harness runs "
                f"({len(place.encoding.ids)} against {len(tokens)}), so spans would point elsewhere."
            )

    def _record_prompts(self, placed: Sequence[tuple[Prompt, Placed]], reading: Reading) -> None:
        for (prompt, place), columns in zip(placed, reading.prompt_rows(len(placed)), strict=True):
            experts = columns.pop("experts", None)
            row = {
                **prompt.key._asdict(),
                "domain": prompt.domain,
                "wrong_domain": prompt.wrong_domain,
                "fewshot": prompt.fewshot,
                "decoding": prompt.decoding,
                "text": prompt.rendering.text,
                "meta": prompt.meta,
                "meta_length": prompt.meta_length,
                "meta_unit": prompt.meta_unit,
                "prompt_tokens": len(place.encoding.ids),
                "question_tokens": place.question_tokens,
                "aligned_tokens": len(place.aligned),
                "reason": place.reason,
                **{name: values.ravel() for name, values in columns.items()},
            }
            self._prompt_values[prompt.key] = prompt_values(row)
            self._recorder.add("prompts", row)
            if experts is not None:
                ids = [place.encoding.ids[position] for position in place.aligned]
                self._recorder.add("routes", {**prompt.key._asdict(), "token_ids": ids, "experts": experts.ravel()})

    def _load_values(self, prompt: Prompt) -> None:
        """Scalars of a prompt an earlier run measured."""
        if prompt.key not in self._prompt_values:
            values = prompt_values(self._recorder.prompts[prompt.key])
            greedy = self._recorder.generations.get((prompt.key, "greedy"))
            self._prompt_values[prompt.key] = values | (answer_values(greedy) if greedy else {})

    def _measurement(self, prompt: Prompt, *, generated: bool) -> Measurement:
        known = self._prompt_values[prompt.key]
        wanted = names(self._bundle.names, generated=generated)
        return Measurement(
            key=prompt.key, run=str(self._recorder.run), values={name: known.get(name, math.nan) for name in wanted}
        )
