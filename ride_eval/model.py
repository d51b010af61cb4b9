"""RideLM: `--model ride`, the harness's Hugging Face model that also measures.

It opens the run directory, asks for what is not there yet, and hands every answer back with its measurement.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

import torch
from lm_eval.models.utils import normalize_gen_kwargs
from tqdm import tqdm

from ride_eval.batching import Batches, find_budget
from ride_eval.caches import new_cache
from ride_eval.encoding import Encoder
from ride_eval.errors import UsageError
from ride_eval.forcing import Forcing
from ride_eval.generation import refuse_unshared
from ride_eval.harness import ProbedHFLM, check_tokens
from ride_eval.interrupts import interruptible
from ride_eval.ledger import Ledger, TextRules
from ride_eval.manifest import describe
from ride_eval.measurement import MeasuredPair, MeasuredText
from ride_eval.metrics.sensitivity import POSIX_ARMS
from ride_eval.probes.bundle import Bundle, parse_probes
from ride_eval.probes.states import mean_state
from ride_eval.prompt import Prompt, Request, request_of
from ride_eval.recorder import Recorder
from ride_eval.shared import Placing, SharedPrefill
from ride_eval.store import Key
from ride_eval.zoo import resolve

log = logging.getLogger(__name__)
WINDOW = 512
ROUTES = ("question", "prompt")
"""What `store_routes` may be."""
_T = TypeVar("_T")


def _refuse_foreign_code(arguments: Mapping[str, Any]) -> None:
    """Weights are numbers: code from a checkpoint, or a pickle, could do anything, and change what is measured."""
    if arguments.get("trust_remote_code"):
        raise UsageError(
            "trust_remote_code=True in --model_args: --model ride runs no code that comes with a checkpoint, and its probes "
            "know the architectures of transformers only. Leave it out."
        )
    if arguments.get("use_safetensors") is False:
        raise UsageError(
            "use_safetensors=False in --model_args: --model ride loads no pickle. Convert the checkpoint to safetensors."
        )


class RideLM(ProbedHFLM):
    """HFLM with all its arguments, and these.

    Parameters
    ----------
    pretrained
        A local folder, a name on the hub, or an embedded model (`ride-eval zoo list`).
    run_dir
        Where measurements go; `runs/<model>` by default. A directory of the same run is added to.
    probes
        `all` the model has, or names joined by `+`: routing, density, attention, entropy. Naming one it lacks is an error.
    num_samples
        Sampled answers a prompt, beside the greedy one.
    seed
        Of the sampled answers.
    share_prefill
        One forward pass of a prompt for everything asked about it. With `False` the harness's own batches run instead:
        log-likelihoods are then equal to the last bit, and no samples are drawn.
    store_routes
        Expert ids of which tokens are stored: `question`, or `prompt` for all prompt tokens too.
    reuse_prefix
        Leading tokens that at least two prompts share, 64 or more, are read once; probes give the same values. Models with
        recurrent layers go without.
    token_budget
        Tokens a batch may hold, all rows and what they may still write included. By default batches have `batch_size` prompts,
        and with `batch_size=auto` a budget is looked for.
    posix
        Force the answers of four arms after each other's prompts, twelve passes a document, for its sensitivity to them.
    """

    def __init__(
        self,
        pretrained: Any,
        run_dir: str | None = None,
        probes: str = "all",
        num_samples: int = 10,
        seed: int = 0,
        share_prefill: bool = True,
        store_routes: str = "question",
        posix: bool = False,
        reuse_prefix: bool = True,
        token_budget: int | None = None,
        **kwargs: Any,
    ) -> None:
        wanted = parse_probes(probes)
        for name, value in (("num_samples", num_samples), ("seed", seed)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise UsageError(f"{name}={value!r} in --model_args; a whole number of at least 0 was expected.")
        if token_budget is not None and (type(token_budget) is not int or token_budget < 1):
            raise UsageError(f"token_budget={token_budget!r} in --model_args; a whole number of at least 1 was expected.")
        for name, flag in (("share_prefill", share_prefill), ("posix", posix), ("reuse_prefix", reuse_prefix)):
            if not isinstance(flag, bool):
                raise UsageError(f"{name}={flag!r} in --model_args; True or False was expected.")
        if store_routes not in ROUTES:
            raise UsageError(f"store_routes={store_routes!r} in --model_args; {' or '.join(ROUTES)} was expected.")
        if posix and wanted is not None and "entropy" not in wanted:
            raise UsageError(f"posix=True needs the log-probabilities of answers; add entropy to probes={probes}.")
        if isinstance(pretrained, str):
            pretrained = resolve(pretrained)
            _refuse_foreign_code(kwargs)
            kwargs["use_safetensors"] = True
        try:
            super().__init__(pretrained=pretrained, **kwargs)
        except (OSError, ValueError) as error:  # not found, not a model, or arguments that do not go together
            raise UsageError(f"The model pretrained={pretrained} cannot be loaded: {' '.join(str(error).split())}") from error
        if self.backend != "causal":
            raise UsageError(f"--model ride measures causal language models; pretrained={pretrained} is {self.backend}.")
        if self.peft:
            self._unwrap_adapter()
        if hasattr(self.model.config, "output_router_logits"):
            # Saved as true in some checkpoints: it computes a training loss, and crashes batched generation.
            self.model.config.output_router_logits = False
        self._refuse_what_sharing_cannot_do(share_prefill)
        self.num_samples, self.seed, self.share_prefill = (num_samples if share_prefill else 0), seed, share_prefill
        self.store_routes, self.posix, self.reuse_prefix, self.token_budget = store_routes, posix, reuse_prefix, token_budget
        self.bundle = Bundle(self.model, wanted, prompt_experts=store_routes == "prompt")
        for limit in self.bundle.limits.values() if self.rank == 0 else ():
            log.warning("%s", limit)
        manifest = describe(self, self.bundle)
        # str: the harness reads run_dir=2026 as a number.
        folder = Path(f"runs/{manifest['model']['name']}" if run_dir is None else str(run_dir))
        self.recorder = Recorder(folder, manifest, self.rank, self.world_size)
        tokenizer: Any = self.tokenizer
        self.encoder = Encoder(tokenizer, add_bos_token=self.add_bos_token, prefix=tokenizer.decode(self.prefix_token_id))
        think_end = self.think_end_token if isinstance(self.think_end_token, str) else None
        rules = TextRules(decode=self.tok_decode, end_ids=frozenset(self._end_ids()), think_end=think_end)
        self.ledger = Ledger(self.recorder, self.bundle.names, rules, self.num_samples, POSIX_ARMS if posix else ("none",))
        self.forcing = Forcing(self, posix=posix)
        self._shared = SharedPrefill(self, reuse_prefix=reuse_prefix)

    def _unwrap_adapter(self) -> None:
        """Take the model that an adapter was put into: generation calls that one, so passes are counted and read there."""
        wrapped: Any = self.model
        if wrapped.active_peft_config.is_prompt_learning:
            raise UsageError(
                f"The adapter peft={self.peft} puts virtual tokens before each prompt, which probes would take for it. "
                "Run it with --model hf, or give an adapter in the model's layers, such as LoRA."
            )
        self._model = wrapped.get_base_model()

    def _refuse_what_sharing_cannot_do(self, share_prefill: bool) -> None:
        if isinstance(self.think_end_token, int):
            raise UsageError(
                f"think_end_token={self.think_end_token} is a token id; with --model ride give the token's text, e.g. </think>."
            )
        if share_prefill:
            new_cache(self.model)  # refuses a model that keeps a cache of its own
        config = self.model.generation_config
        if share_prefill:
            refuse_unshared(vars(config), "The model's generation_config")
        names = ("max_new_tokens", "min_new_tokens", "min_length", "cache_implementation")
        given = [f"{name}={value}" for name in names if (value := getattr(config, name, None))]
        if share_prefill and given:
            raise UsageError(
                f"The model's generation_config sets {', '.join(given)}, which a shared prefill cannot keep. Give "
                "share_prefill=False in --model_args (no samples then), or take it out of generation_config.json."
            )

    def set_cache_hook(self, cache_hook: Any) -> None:
        """Refuse `--use_cache`: only a real cache has a database."""
        if getattr(cache_hook, "dbdict", None) is not None:
            raise UsageError(
                "--use_cache cannot be used with --model ride: its key holds neither model nor revision, and a hit runs no "
                "forward pass, so nothing would be measured. Leave it out; a run directory already continues where it ended."
            )
        super().set_cache_hook(cache_hook)

    # What the harness asks ----------------------------------------------------------------------------------------------

    @interruptible()
    def generate_until(self, requests: list[Any], disable_tqdm: bool = False) -> list[str]:
        """Greedy answers, those of RIDE tasks with their measurement."""
        self._open(requests)
        if self.share_prefill:
            self._share_answers(requests, disable_tqdm)
        rest = [r for r in requests if (asked := request_of(r)) is None or not self.ledger.has_answer(asked.prompt.key)]
        plain = dict(zip(map(id, rest), self.harness_answers(rest, disable_tqdm), strict=True))
        self.forcing.force([asked.prompt for request in requests if (asked := request_of(request))], disable_tqdm)
        self._finish()
        responses = []
        for request in requests:
            asked = request_of(request)
            if asked is None:
                responses.append(plain[id(request)])
            else:
                measurement = self.ledger.measurement(asked.prompt, generated=True)
                responses.append(MeasuredText(self.ledger.text(asked.prompt.key), measurement))
        return responses

    @interruptible()
    def loglikelihood(self, requests: list[Any], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        """Log-likelihoods, those of RIDE tasks with their measurement."""
        self._open(requests)
        if self.share_prefill:
            self._share_choices(requests, disable_tqdm)
        rest = [r for r in requests if (asked := request_of(r)) is None or not self._has_choice(asked)]
        plain = dict(zip(map(id, rest), self.harness_choices(rest, disable_tqdm) if rest else [], strict=True))
        responses: list[tuple[float, bool]] = []
        for request in requests:
            asked = request_of(request)
            if asked is None:
                responses.append(plain[id(request)])
                continue
            if id(request) in plain:
                self.ledger.add_choice(asked, plain[id(request)])
            pair = self.ledger.choice(asked.prompt.key, asked.choice or 0)
            responses.append(MeasuredPair(pair, self.ledger.measurement(asked.prompt, generated=False)))
        self._finish()
        return responses

    def gather_object(self, obj: Any, dst: int = 0) -> list[Any] | None:
        """What the harness gathers comes after each rank's last score, so with it the run is complete."""
        gathered = super().gather_object(obj, dst)
        self.recorder.finish()
        return gathered

    # How it is measured -------------------------------------------------------------------------------------------------

    def _share_answers(self, requests: Iterable[Any], disable_tqdm: bool) -> None:
        """Answer what fits into the model, `none` first, since the other arms are scored on its answer."""
        groups: dict[tuple[bool, str], dict[Key, Prompt]] = defaultdict(dict)
        arguments: dict[str, dict[str, Any]] = {}
        for request in requests:
            asked = request_of(request)
            if asked is not None and not self.ledger.has_answer(asked.prompt.key):
                name = json.dumps(request.args[1], sort_keys=True, default=str)
                arguments[name] = request.args[1]
                groups[asked.prompt.key.arm != "none", name][asked.prompt.key] = asked.prompt
        total = sum(map(len, groups.values()))
        with tqdm(total=total, desc="Answers and samples", disable=disable_tqdm or self.rank != 0 or not total) as bar:
            for (_, name), prompts in sorted(groups.items()):
                room = self.max_length - int(normalize_gen_kwargs(arguments[name], self.max_gen_toks)["max_gen_toks"])
                for window in self._windows(list(prompts.values())):
                    placed = [(prompt, self.encoder.place(prompt, "answer", room)) for prompt in window]
                    # What is cut stays with the harness, which knows how.
                    fits = [(prompt, place) for prompt, place in placed if not place.truncated]
                    bar.update(len(placed) - len(fits))
                    for n in self._shared.answers(fits, arguments[name], self.batches):
                        bar.update(n)
                        self.recorder.check()

    def _share_choices(self, requests: Iterable[Any], disable_tqdm: bool) -> None:
        """Score the choices of prompts that fit, with one pass a prompt."""
        asks: dict[Key, list[tuple[Request, list[int], list[int]]]] = defaultdict(list)
        for request in requests:
            asked = request_of(request)
            if asked is not None and not self._has_choice(asked) and request.args[0].strip():
                context, continuation = self._encode_pair(*request.args)
                asks[asked.prompt.key].append((asked, context, continuation))
        longest: dict[Key, int] = defaultdict(int)
        for key, found in asks.items():
            cell = key._replace(arm="")
            longest[cell] = max(longest[cell], *(len(continuation) for _, _, continuation in found))
        total = sum(map(len, asks.values()))
        with tqdm(total=total, desc="Choices", disable=disable_tqdm or self.rank != 0 or not total) as bar:
            for window in self._windows(list(asks.items())):
                placed: list[tuple[Placing, list[tuple[Request, list[int]]]]] = []
                for key, found in window:
                    prompt = found[0][0].prompt
                    place = self.encoder.place(prompt, "choice", self.max_length + 1 - longest[key._replace(arm="")])
                    if place.truncated:
                        bar.update(len(found))
                    else:
                        check_tokens(prompt, place, found[0][1])
                        placed.append(((prompt, place), [(asked, continuation) for asked, _, continuation in found]))
                for n in self._shared.choices(placed, self.batches):
                    bar.update(n)
                    self.recorder.check()

    def _windows(self, items: list[_T]) -> Iterator[list[_T]]:
        """Parts to tokenize and sort by length at a time: tokens with offsets of a whole benchmark do not fit in memory."""
        size = max(WINDOW, 4 * (self.batches.rows or 0))
        return (items[start : start + size] for start in range(0, len(items), size))

    def centre(self) -> torch.Tensor:
        """(D,) the model's mean state over the calibration text, measured once a run and kept in it."""
        if not self.recorder.centre:
            self.recorder.centre = self._calibration["mean_state"]
        return torch.tensor(self.recorder.centre, device=self.device)

    @cached_property
    def _calibration(self) -> dict[str, Any]:
        text = resources.files("ride_eval").joinpath("calibration.txt").read_text(encoding="utf-8")
        ids = self.encoder.encode(text, "answer").ids[: self.max_length]
        state = mean_state(self.model, list(ids), self.device)
        return {"text": hashlib.sha256(text.encode()).hexdigest(), "mean_state": state.tolist()}

    def _finish(self) -> None:
        """All that was asked is answered: write it, unless a check says that it is no measurement."""
        if self.recorder.is_open:
            self.recorder.flush()
            self.recorder.check()

    # Small things -------------------------------------------------------------------------------------------------------

    def _open(self, requests: Sequence[Any]) -> None:
        """Open the run directory when the first RIDE request comes: other tasks leave no trace."""
        for request in requests:
            asked = request_of(request)
            if asked is not None:
                if not self.recorder.is_open:
                    calibration = self._calibration if self.num_samples > 1 else None
                    with self.first_rank_first():
                        self.recorder.open(asked.prompt.settings, calibration)
                self.recorder.expect(request.task_name, asked.prompt)

    def _has_choice(self, asked: Request) -> bool:
        return self.ledger.has_choice(asked.prompt.key, asked.choice or 0)

    @cached_property
    def batches(self) -> Batches:
        """How prompts are cut into batches; shared by all that is asked, so that what did not fit is not tried again."""
        if self.token_budget is not None:
            return Batches(tokens=self.token_budget)
        if self.batch_size == "auto":
            return Batches(tokens=find_budget(self.model, self.max_length, self.device))
        return Batches(rows=int(self.batch_size))

    def _end_ids(self) -> set[int]:
        """The tokens at which generation stops: the model's; the tokenizer's only where the model names none."""
        given = self.model.generation_config.eos_token_id
        ids = given if isinstance(given, list) else [given]
        return {int(token) for token in ids if token is not None} or {int(self.eot_token_id)}
