"""From readings to rows: writes what the probes saw to the run directory, and keeps the scalars that responses carry."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from lm_eval.models.utils import postprocess_generated_text

from ride_eval.answer import find_end
from ride_eval.encoding import Placed
from ride_eval.measurement import Measurement
from ride_eval.probes.bundle import Reading
from ride_eval.prompt import Prompt, Request
from ride_eval.recorder import Recorder
from ride_eval.scalars import answer_values, forced_value, names, prompt_values
from ride_eval.store import Key


@dataclass(frozen=True, kw_only=True)
class TextRules:
    """How the model's tokens become the harness's answer."""

    decode: Callable[[Sequence[int]], str]
    end_ids: Collection[int]
    think_end: str | None


class Ledger:
    """What one process has measured, or found measured, for one run."""

    def __init__(self, recorder: Recorder, probes: Collection[str], rules: TextRules) -> None:
        self.recorder, self._probes, self._rules = recorder, probes, rules
        self._values: dict[Key, dict[str, float]] = {}
        self._texts: dict[Key, str] = {}
        self._none_answers: dict[Key, list[int]] = {}

    # What is known ------------------------------------------------------------------------------------------------------

    def knows(self, key: Key) -> bool:
        """Whether the prompt was measured, now or by an earlier run."""
        return key in self._values or key in self.recorder.prompts

    def has_answer(self, key: Key) -> bool:
        return self.knows(key) and (key in self._texts or (key, "greedy") in self.recorder.generations)

    def has_choice(self, key: Key, choice: int) -> bool:
        return self.knows(key) and (key, choice) in self.recorder.choices

    def has_forced(self, key: Key) -> bool:
        return "forced_entropy" in self._values.get(key, {}) or (key, "forced") in self.recorder.generations

    def text(self, key: Key) -> str:
        """The greedy answer, as the harness returns it."""
        return self._texts[key] if key in self._texts else str(self.recorder.generations[key, "greedy"]["text"])

    def choice(self, key: Key, choice: int) -> tuple[float, bool]:
        row = self.recorder.choices[key, choice]
        return float(row["loglikelihood"]), bool(row["greedy"])

    def none_answer(self, key: Key) -> list[int]:
        """Tokens of `none`'s greedy answer to the same prompt; empty if there is none."""
        none = key._replace(arm="none")
        if none not in self._none_answers and (none, "greedy") in self.recorder.generations:
            self._none_answers[none] = [int(i) for i in self.recorder.generations[none, "greedy"]["token_ids"]]
        return self._none_answers.get(none, [])

    def measurement(self, prompt: Prompt, *, generated: bool) -> Measurement:
        """The scalars of a prompt: every name the probes can give, NaN where there is no value."""
        known = self._of(prompt.key)
        wanted = names(self._probes, generated=generated)
        return Measurement(
            key=prompt.key, run=str(self.recorder.run), values={name: known.get(name, math.nan) for name in wanted}
        )

    def _of(self, key: Key) -> dict[str, float]:
        if key not in self._values:
            values = prompt_values(self.recorder.prompts[key])
            stored = self.recorder.generations
            if (key, "greedy") in stored:
                values |= answer_values(stored[key, "greedy"])
                if key.arm == "none":
                    values["forced_entropy"] = values["token_entropy"]
            if (key, "forced") in stored:
                values["forced_entropy"] = forced_value(stored[key, "forced"])
            self._values[key] = values
        return self._values[key]

    # What is new --------------------------------------------------------------------------------------------------------

    def add_prompts(self, placed: Sequence[tuple[Prompt, Placed]], reading: Reading) -> None:
        """The prompts of one batch, in the order of the layout's rows."""
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
            self._values[prompt.key] = prompt_values(row)
            self.recorder.add("prompts", row)
            if experts is not None:
                ids = [place.encoding.ids[position] for position in place.aligned]
                self.recorder.add("routes", {**prompt.key._asdict(), "token_ids": ids, "experts": experts.ravel()})

    def add_greedy(
        self, rows: Sequence[tuple[int, Prompt]], generated: torch.Tensor, stop: Sequence[str], reading: Reading
    ) -> None:
        """Greedy answers: `generated` (B, S) is what followed the prompts, of which `rows` are measured."""
        tokens = generated.tolist()
        entropies, logprobs = reading.decoding.steps(generated) if reading.decoding else (None, None)
        ends = [find_end(ids, end_ids=self._rules.end_ids, stops=stop, decode=self._rules.decode) for ids in tokens]
        routing = reading.routing.generated([end.n_tokens for end in ends]) if reading.routing else None
        for row, prompt in rows:
            n = ends[row].n_tokens
            text = postprocess_generated_text(
                self._rules.decode(tokens[row]), stop=list(stop), think_end_token=self._rules.think_end
            )
            written = {
                **prompt.key._asdict(),
                "answer": "greedy",
                "sample": 0,
                "text": text,
                "token_ids": tokens[row][:n],
                "entropies": None if entropies is None else entropies[row, :n],
                "logprobs": None if logprobs is None else logprobs[row, :n],
                "finish": ends[row].finish,
                "routing_generated": None if routing is None else routing[row].ravel(),
            }
            self._texts[prompt.key] = text
            values = self._of(prompt.key)
            values |= answer_values(written)
            if prompt.key.arm == "none":
                self._none_answers[prompt.key] = tokens[row][:n]
                values["forced_entropy"] = values["token_entropy"]
            self.recorder.add("generations", written)

    def add_forced(self, prompt: Prompt, entropies: Any, logprobs: Any) -> None:
        """`none`'s answer after this prompt: (n,) nats each."""
        row = {"answer": "forced", "sample": 0, "entropies": entropies, "logprobs": logprobs, "finish": "forced"}
        self._of(prompt.key)["forced_entropy"] = forced_value(row)
        self.recorder.add("generations", {**prompt.key._asdict(), **row})

    def add_choice(self, asked: Request, pair: tuple[float, bool]) -> None:
        self.recorder.add(
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
