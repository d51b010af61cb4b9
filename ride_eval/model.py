"""RideLM: `--model ride`, the harness's Hugging Face model that also measures.

It opens the run directory, asks for what is not there yet, and hands every answer back with its measurement.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ride_eval.encoding import Encoder, Placed
from ride_eval.errors import UsageError
from ride_eval.forcing import force
from ride_eval.harness import ProbedHFLM
from ride_eval.ledger import Ledger, TextRules
from ride_eval.manifest import describe, model_slug
from ride_eval.measurement import MeasuredPair, MeasuredText
from ride_eval.probes.bundle import Bundle, parse_probes
from ride_eval.prompt import Prompt, request_of
from ride_eval.recorder import Recorder
from ride_eval.store import Key


class RideLM(ProbedHFLM):
    """HFLM with all its arguments, and these.

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
        share_prefill: bool = False,
        **kwargs: Any,
    ) -> None:
        wanted = parse_probes(probes)
        for name, value in (("num_samples", num_samples), ("seed", seed)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise UsageError(f"{name}={value!r} in --model_args; a whole number of at least 0 was expected.")
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
        self.bundle = Bundle(self.model, wanted)
        manifest = describe(self, self.bundle)
        self.recorder = Recorder(Path(run_dir or f"runs/{model_slug(manifest)}"), manifest, self.rank)
        tokenizer: Any = self.tokenizer
        self.encoder = Encoder(tokenizer, add_bos_token=self.add_bos_token, prefix=tokenizer.decode(self.prefix_token_id))
        think_end = self.think_end_token if isinstance(self.think_end_token, str) else None
        rules = TextRules(decode=self.tok_decode, end_ids=self._end_ids(), think_end=think_end)
        self.ledger = Ledger(self.recorder, self.bundle.names, rules)

    def set_cache_hook(self, cache_hook: Any) -> None:
        """Refuse `--use_cache`: only a real cache has a database."""
        if getattr(cache_hook, "dbdict", None) is not None:
            raise UsageError(
                "--use_cache cannot be used with --model ride: its key holds neither model nor revision, and a hit runs no "
                "forward pass, so nothing would be measured. Leave it out; a run directory already continues where it ended."
            )
        super().set_cache_hook(cache_hook)

    def generate_until(self, requests: list[Any], disable_tqdm: bool = False) -> list[str]:
        """Greedy answers, those of RIDE tasks with their measurement."""
        self._open(requests)
        todo = [
            request
            for request in requests
            if (asked := request_of(request)) is None or not self.ledger.has_answer(asked.prompt.key)
        ]
        plain = dict(zip(map(id, todo), self.harness_answers(todo, disable_tqdm), strict=True))
        self._force([asked.prompt for request in requests if (asked := request_of(request))], disable_tqdm)
        self.recorder.flush()
        responses = []
        for request in requests:
            asked = request_of(request)
            if asked is None:
                responses.append(plain[id(request)])
            else:
                measurement = self.ledger.measurement(asked.prompt, generated=True)
                responses.append(MeasuredText(self.ledger.text(asked.prompt.key), measurement))
        return responses

    def loglikelihood(self, requests: list[Any], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        """Log-likelihoods, those of RIDE tasks with their measurement."""
        self._open(requests)
        todo = [
            request
            for request in requests
            if (asked := request_of(request)) is None or not self.ledger.has_choice(asked.prompt.key, asked.choice or 0)
        ]
        fresh = dict(zip(map(id, todo), self.harness_choices(todo, disable_tqdm) if todo else [], strict=True))
        responses: list[tuple[float, bool]] = []
        for request in requests:
            asked = request_of(request)
            if asked is None:
                responses.append(fresh[id(request)])
                continue
            if id(request) in fresh:
                self.ledger.add_choice(asked, fresh[id(request)])
            pair = fresh.get(id(request)) or self.ledger.choice(asked.prompt.key, asked.choice or 0)
            responses.append(MeasuredPair(pair, self.ledger.measurement(asked.prompt, generated=False)))
        self.recorder.flush()
        return responses

    def _open(self, requests: Sequence[Any]) -> None:
        """Open the run directory when the first RIDE request comes: other tasks leave no trace."""
        for request in requests:
            asked = request_of(request)
            if asked is not None:
                self.recorder.open(asked.prompt.settings)
                self.recorder.expect(request.task_name, asked.prompt)

    def _force(self, prompts: Sequence[Prompt], disable_tqdm: bool) -> None:
        """Teacher-force `none`'s greedy answer in every other arm. Last, since it needs all of `none` first."""
        todo: dict[Key, tuple[Prompt, Placed, list[int]]] = {}
        for prompt in prompts if "entropy" in self.bundle.names else ():
            answer = self.ledger.none_answer(prompt.key)
            if not answer or prompt.key.arm == "none" or self.ledger.has_forced(prompt.key):
                continue
            room = self.max_length - len(answer)
            place = self.encoder.place(prompt, "answer", room)
            if len(place.encoding.ids) <= room:
                todo[prompt.key] = (prompt, place, answer)
        order = sorted(todo.values(), key=lambda item: -len(item[1].encoding.ids) - len(item[2]))
        size = int(self.batch_size) if self.batch_size != "auto" else (self.auto_batch or 1)
        starts = range(0, len(order), size)
        for start in tqdm(starts, desc="Teacher-forcing none's answers", disable=disable_tqdm or self.rank != 0 or not order):
            part = order[start : start + size]
            forced = force(
                self.model,
                [place.encoding.ids for _, place, _ in part],
                [answer for _, _, answer in part],
                pad_id=int(self.tokenizer.pad_token_id),
                device=self.device,
            )
            for (prompt, _, _), (entropies, logprobs) in zip(part, forced, strict=True):
                self.ledger.add_forced(prompt, entropies, logprobs)

    def _end_ids(self) -> set[int]:
        given = self.model.generation_config.eos_token_id
        ids = given if isinstance(given, list) else [given]
        return {int(token) for token in [*ids, self.eot_token_id] if token is not None}
