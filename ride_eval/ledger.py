"""From readings to rows: writes what the probes saw to the run directory, and keeps the scalars that responses carry."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from lm_eval.models.utils import postprocess_generated_text
from numpy.typing import NDArray

from ride_eval.answer import Finish, find_end, through_end
from ride_eval.encoding import Placed
from ride_eval.errors import ProbeError
from ride_eval.measurement import Measurement
from ride_eval.metrics.rouge import rouge_l
from ride_eval.probes.bundle import Reading
from ride_eval.probes.layout import FLAW
from ride_eval.prompt import Prompt, Request
from ride_eval.recorder import Recorder
from ride_eval.scalars import answer_values, forced_value, names, prompt_values, sample_values
from ride_eval.soundness import failed, is_failed, unsound_answer, unsound_choice
from ride_eval.store import FORCED, Key


@dataclass(frozen=True, kw_only=True)
class TextRules:
    """How the model's tokens become the harness's answer."""

    decode: Callable[[Sequence[int]], str]
    end_ids: frozenset[int]
    think_end: str | None


@dataclass(frozen=True, kw_only=True)
class Written:
    """An answer as it was generated."""

    text: str
    token_ids: list[int]
    """Its end token included, the tokens of a stop string not."""
    finish: Finish
    entropies: NDArray[np.float32] | None
    logprobs: NDArray[np.float32] | None
    routing: NDArray[np.int64] | None
    gates: NDArray[np.float32] | None
    """Selections by expert, and gate weights by expert as shares of a layer's: (Lm x E,) each."""
    flaw: str | None = None
    """Why nothing but the text and its tokens is kept."""

    @property
    def content_tokens(self) -> int:
        """Tokens without the end token."""
        return len(self.token_ids) - (self.finish == "eos")


class Ledger:
    """What one process has measured, or found measured, for one run."""

    def __init__(
        self,
        recorder: Recorder,
        probes: Collection[str],
        rules: TextRules,
        n_samples: int,
        forced_arms: Collection[str] = ("none",),
    ) -> None:
        """`forced_arms`: those whose answers are forced after other prompts, and so kept."""
        self.recorder, self._probes, self._rules, self._n_samples = recorder, probes, rules, n_samples
        self._forced_arms = forced_arms
        self._values: dict[Key, dict[str, float]] = {}
        self._texts: dict[Key, str] = {}
        self._greedy: dict[Key, list[int]] = {}
        self._forced: set[tuple[Key, str]] = set()
        self._pairs: dict[tuple[Key, int], tuple[float, bool]] = {}
        self._cut: set[Key] = set()
        self._unsound: set[Key] = set()

    # What is known ------------------------------------------------------------------------------------------------------

    def knows(self, key: Key) -> bool:
        """Whether the prompt was measured, now or by an earlier run that wrote all of it."""
        return key in self._values or self.recorder.holds_prompt(key)

    def has_answer(self, key: Key) -> bool:
        """Whether the greedy answer and every sample are there: a kill can leave some of them."""
        return self.knows(key) and (key in self._texts or self.recorder.holds_answers(key, self._n_samples))

    def has_choice(self, key: Key, choice: int) -> bool:
        return (key, choice) in self._pairs or (self.knows(key) and (key, choice) in self.recorder.choices)

    def has_forced(self, key: Key, kind: str) -> bool:
        """Whether an answer was forced after a prompt; `kind` by `store.forced_kind`."""
        return (key, kind) in self._forced or (key, kind) in self.recorder.generations

    def is_cut(self, key: Key) -> bool:
        """Whether the prompt was truncated in some arm: it is then answered and scored, but measured in none."""
        stored = self.recorder.prompts.get(key)
        return key in self._cut or (stored is not None and str(stored["reason"]).startswith("truncated"))

    def text(self, key: Key) -> str:
        """The greedy answer, as the harness returns it."""
        return self._texts[key] if key in self._texts else str(self.recorder.generations[key, "greedy"]["text"])

    def choice(self, key: Key, choice: int) -> tuple[float, bool]:
        if (key, choice) in self._pairs:
            return self._pairs[key, choice]
        row = self.recorder.choices[key, choice]
        return float(row["loglikelihood"]), bool(row["greedy"])

    def greedy_tokens(self, key: Key) -> list[int]:
        """Tokens of the greedy answer of one of the forced arms; empty if there is none."""
        if key not in self._greedy and (key, "greedy") in self.recorder.generations:
            stored = self.recorder.generations[key, "greedy"]
            self._greedy[key] = [] if is_failed(stored["reason"]) else [int(i) for i in stored["token_ids"]]
        return self._greedy.get(key, [])

    def measurement(self, prompt: Prompt, *, generated: bool) -> Measurement:
        """The scalars of a prompt: every name the probes can give, NaN where there is no value."""
        known = {} if self.is_cut(prompt.key) else self._of(prompt.key)
        wanted = names(self._probes, generated=generated)
        return Measurement(
            key=prompt.key,
            run=str(self.recorder.run),
            values={name: known.get(name, math.nan) for name in wanted},
            sound=prompt.key not in self._unsound and prompt.key not in self.recorder.unsound,
        )

    def _of(self, key: Key) -> dict[str, float]:
        if key not in self._values:
            values = prompt_values(self.recorder.prompts[key])
            stored = self.recorder.generations
            if (key, "greedy") in stored:
                values |= answer_values(stored[key, "greedy"])
                if key.arm == "none":
                    values["forced_entropy"] = values["token_entropy"]
            values |= sample_values(self.recorder.samples.get(key, []))
            if (key, "forced") in stored:
                values["forced_entropy"] = forced_value(stored[key, "forced"])
            self._values[key] = values
        return self._values[key]

    # What is new --------------------------------------------------------------------------------------------------------

    def add_prompts(
        self, placed: Sequence[tuple[Prompt, Placed]], reading: Reading, reused: Sequence[int] | None = None
    ) -> None:
        """The prompts of one batch, in the order of the layout's rows; `reused`: leading tokens that another pass read."""
        shared = [0] * len(placed) if reused is None else reused
        for (prompt, place), columns, n_shared in zip(placed, reading.prompt_rows(len(placed)), shared, strict=True):
            flaw = columns.pop(FLAW, None)
            experts, prompt_experts = (columns.pop(name, None) for name in ("experts", "prompt_experts"))
            if place.truncated:
                self._cut.add(prompt.key)
            question = prompt.rendering.question
            row = {
                **prompt.key._asdict(),
                "domain": prompt.domain,
                "wrong_domain": prompt.wrong_domain,
                "fewshot": prompt.fewshot,
                "decoding": prompt.decoding,
                "text": prompt.rendering.text,
                "question_start": question and question.start,
                "question_end": question and question.end,
                "meta": prompt.meta,
                "meta_length": prompt.meta_length,
                "meta_unit": prompt.meta_unit,
                "prompt_tokens": len(place.encoding.ids),
                "shared_tokens": n_shared,
                "question_tokens": place.question_tokens,
                "aligned_tokens": len(place.aligned),
                "keyword_tokens": len(place.keywords),
                "reason": place.reason if flaw is None else failed(flaw),
                **{name: values.ravel() if values.ndim else values.item() for name, values in columns.items()},
            }
            self._values[prompt.key] = prompt_values(row)
            self.recorder.add("prompts", row)
            if flaw is not None:
                self.recorder.flawed(prompt.key, flaw)
            routes: dict[str, Any] = {}
            if experts is not None:
                routes["token_ids"] = [place.encoding.ids[position] for position in place.aligned]
                routes["experts"] = experts.ravel()
            if prompt_experts is not None:
                routes |= {"prompt_token_ids": place.encoding.ids, "prompt_experts": prompt_experts.ravel()}
            if routes:
                self.recorder.add("routes", {**prompt.key._asdict(), **routes})

    def has_ended(self, stop: Sequence[str], tokens: Sequence[int], n_new: int) -> bool:
        """Whether an answer that had not ended before its last `n_new` tokens has ended with them.

        Only those are read, and as many before as a stop string can begin in: all would be read again at every look.
        """
        latest = tokens[-n_new:]
        if not self._rules.end_ids.isdisjoint(latest):
            return True
        stops = [part for part in stop if part]
        if not stops:
            return False
        text = self._rules.decode(tokens[-n_new - max(len(part.encode("utf-8", "surrogatepass")) for part in stops) :])
        return any(part in text for part in stops)

    def write(self, generated: torch.Tensor, stop: Sequence[str], reading: Reading, group: int = 1) -> list[Written]:
        """What followed the prompts, (rows, S) tokens, as answers; `group` rows a prompt, the greedy answer first."""
        # What follows an end token is padding, or, after a shared prefill, whatever the row went on with.
        tokens = [through_end(ids, self._rules.end_ids) for ids in generated.tolist()]
        entropies, logprobs, flaw = None, None, None
        try:
            entropies, logprobs = reading.decoding.steps(generated) if reading.decoding else (None, None)
        except ProbeError as error:
            flaw = str(error)
        ends = [find_end(ids, end_ids=self._rules.end_ids, stops=stop, decode=self._rules.decode) for ids in tokens]
        # An end token is fed back only while other rows of the batch go on, so it never counts.
        fed = [end.n_tokens - (end.finish == "eos") for end in ends[::group]]
        routing, gates = None, None
        try:
            routing, gates = reading.routing.generated(fed) if reading.routing else (None, None)
        except ProbeError as error:
            flaw = flaw or str(error)
        written = []
        for row, end in enumerate(ends):
            own = [None if part is None else part[row, : end.n_tokens] for part in (entropies, logprobs)]
            found = flaw or (None if own[0] is None or own[1] is None else unsound_answer(own[0], own[1]))
            keep, first = reading.wants_entropy and found is None, row % group == 0 and found is None
            written.append(
                Written(
                    text=postprocess_generated_text(
                        self._rules.decode(tokens[row]), stop=list(stop), think_end_token=self._rules.think_end
                    ),
                    token_ids=tokens[row][: end.n_tokens],
                    finish=end.finish,
                    entropies=own[0] if keep else None,
                    logprobs=own[1] if keep else None,
                    routing=routing[row // group].ravel() if first and routing is not None else None,
                    gates=gates[row // group].ravel() if first and gates is not None else None,
                    flaw=found,
                )
            )
        return written

    def add_answers(
        self, prompt: Prompt, greedy: Written, samples: Sequence[Written] = (), cosines: NDArray[np.float32] | None = None
    ) -> None:
        """A prompt's greedy answer and its samples, with the (N, N) cosines of their embeddings."""
        values = self._of(prompt.key)
        row = self._add_answer(prompt, greedy, "greedy", 0)
        values |= answer_values(row)
        self._texts[prompt.key] = greedy.text
        if prompt.key.arm in self._forced_arms:
            self._greedy[prompt.key] = greedy.token_ids if greedy.flaw is None else []
        bad = [i for i, sample in enumerate(samples) if sample.flaw is not None]
        if greedy.flaw is not None or bad:
            self._unsound.add(prompt.key)
            self.recorder.flawed(prompt.key, greedy.flaw or str(samples[bad[0]].flaw))
        if prompt.key.arm == "none":
            values["forced_entropy"] = values["token_entropy"]
        overlaps = rouge_l([sample.text for sample in samples])
        pairs = {"rouge_l": overlaps} if cosines is None else {"rouge_l": overlaps, "cosines": cosines}
        for matrix in pairs.values():
            matrix[bad], matrix[:, bad] = np.nan, np.nan
        rows = [
            self._add_answer(prompt, sample, "sample", i, {name: matrix[i, :i] for name, matrix in pairs.items()})
            for i, sample in enumerate(samples)
        ]
        values |= sample_values(rows)

    def _add_answer(
        self, prompt: Prompt, answer: Written, kind: str, sample: int, pairs: Mapping[str, NDArray[np.float32]] | None = None
    ) -> dict[str, Any]:
        """`pairs`: columns of a sample's likeness to the samples before it."""
        row = {
            **prompt.key._asdict(),
            "answer": kind,
            "sample": sample,
            "text": answer.text,
            "token_ids": answer.token_ids,
            "entropies": answer.entropies,
            "logprobs": answer.logprobs,
            "finish": answer.finish if answer.flaw is None else None,
            "routing_generated": answer.routing,
            "gates_generated": answer.gates,
            "reason": None if answer.flaw is None else failed(answer.flaw),
            **(pairs or {}),
        }
        self.recorder.add("generations", row)
        return row

    def add_forced(self, prompt: Prompt, kind: str, entropies: Any, logprobs: Any) -> None:
        """Another arm's answer after this prompt: (n,) nats each; `kind` by `store.forced_kind`."""
        flaw = unsound_answer(entropies, logprobs)
        row: dict[str, Any] = {"answer": kind, "sample": 0, "finish": "forced"}
        if flaw is None:
            row |= {"entropies": entropies, "logprobs": logprobs}
        else:
            row["reason"] = failed(flaw)
            self.recorder.flawed(prompt.key, flaw)
        self._forced.add((prompt.key, kind))
        if kind == FORCED:
            self._of(prompt.key)["forced_entropy"] = forced_value(row)
        self.recorder.add("generations", {**prompt.key._asdict(), **row})

    def add_choice(self, asked: Request, pair: tuple[float, bool]) -> None:
        """The log-likelihood of a choice, and whether its tokens were the likeliest."""
        self._pairs[asked.prompt.key, asked.choice or 0] = pair
        flaw = unsound_choice(pair[0])
        if flaw is not None:
            self._unsound.add(asked.prompt.key)
            self.recorder.flawed(asked.prompt.key, flaw)
        self.recorder.add(
            "choices",
            {
                **asked.prompt.key._asdict(),
                "choice": asked.choice or 0,
                "text": asked.choice_text,
                "loglikelihood": pair[0] if flaw is None else None,
                "bytes": asked.choice_bytes,
                "greedy": pair[1] if flaw is None else None,
                "reason": None if flaw is None else failed(flaw),
            },
        )
