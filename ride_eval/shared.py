"""One prefill of a prompt serves everything asked about it: probes, greedy answer, samples, forced answer, all choices.

Answers keep the harness's order, batches and generation call, so texts are its own; only the prompt's cache is reused.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from lm_eval.models.huggingface import HFLM
from lm_eval.models.utils import handle_stop_sequences, normalize_gen_kwargs

from ride_eval.batching import Batches
from ride_eval.caches import for_answers
from ride_eval.continuation import Followed, Prefilled, follow, pad, prefill
from ride_eval.encoding import Placed
from ride_eval.errors import ProbeError
from ride_eval.generation import Answers, refuse_unshared
from ride_eval.ledger import Written
from ride_eval.metrics.embedding import prefix_cosines
from ride_eval.prefixes import Prefix, Prefixes, Started
from ride_eval.probes.bundle import Reading
from ride_eval.probes.layout import Layout
from ride_eval.probes.transfer import to_host
from ride_eval.prompt import Prompt, Request
from ride_eval.sampling import Chooser, draw, uniforms
from ride_eval.store import FORCED

Placing = tuple[Prompt, Placed]
Asks = Sequence[tuple[Request, Sequence[int]]]
"""What is asked of a prompt: continuations to score, in token ids."""


class SharedPrefill:
    """Answers and choices of RIDE prompts for one `RideLM`."""

    def __init__(self, lm: Any, *, reuse_prefix: bool) -> None:
        self._lm = lm
        self._pad = int(lm.tokenizer.pad_token_id)
        self._prefixes = Prefixes(lm, self._pad, wanted=reuse_prefix)

    # Answers ------------------------------------------------------------------------------------------------------------

    def answers(self, placed: Sequence[Placing], gen_kwargs: dict[str, Any], batches: Batches) -> Iterator[int]:
        """Measure prompts that fit, with one set of generation arguments; yields how many each batch held."""
        lm = self._lm
        kwargs = normalize_gen_kwargs(gen_kwargs, lm.max_gen_toks)
        end = lm.tok_decode(lm.eot_token_id, skip_special_tokens=False)
        stop = handle_stop_sequences(kwargs.pop("until", None), eos=end)
        n_new = int(kwargs.pop("max_gen_toks"))
        refuse_unshared(kwargs, "--gen_kwargs or the task's generation_kwargs")
        planned = self._prefixes.plan([place.leading for _, place in placed])

        def cost(i: int) -> int:
            rows: int = 1 + lm.num_samples
            return rows * (len(placed[i][1].encoding.ids) + n_new)

        def work(batch: Sequence[int]) -> int:
            self._answer([placed[i] for i in batch], [planned[i] for i in batch], n_new, stop, kwargs)
            return len(batch)

        for order in _in_order([place.encoding.ids for _, place in placed], [p.rendering.text for p, _ in placed], planned):
            yield from batches.run(order, cost, work)

    def _answer(
        self, batch: Sequence[Placing], planned: Sequence[Prefix | None], n_new: int, stop: list[str], kwargs: dict[str, Any]
    ) -> None:
        """Everything that is asked of one batch; nothing is written before all of it is there."""
        lm, ids = self._lm, [place.encoding.ids for _, place in batch]
        context, mask = (part.to(lm.device) for part in pad(ids, self._pad, left=True))
        width, n_samples = context.shape[1], lm.num_samples
        started = self._prefixes.start(ids, planned)
        layout = _layout(started, ids, enumerate(place for _, place in batch))
        uniform = torch.from_numpy(np.stack([uniforms(lm.seed, prompt.key, n_samples, n_new) for prompt, _ in batch]))
        uniform = uniform.to(lm.device)
        with lm.bundle.attached(layout, decoding=True, states=n_samples > 1) as reading:
            one = {"max_length": width + 1, "min_new_tokens": min(1, kwargs.get("min_new_tokens") or 0)}
            run = {**kwargs, **one, "past_key_values": started.cache}
            out = HFLM._model_generate(lm, context=context, stop=stop, attention_mask=mask, **run)
            if not reading.last:
                raise ProbeError("The model's output was not seen while it read the prompt, so nothing can be sampled from it.")
            read = Prefilled(cache=started.cache, mask=mask, logits=reading.last[0])
            group = 1 + n_samples
            first = self._first_tokens(out[:, width], reading.last[0], uniform)
            answers = Answers(lm, reading, for_answers(started.cache, group), context, mask, first)
            reading.branch(group)
            answers.run(Chooser(uniform, reading.last), n_new, stop, partial(lm.ledger.has_ended, stop), kwargs)
            written = lm.ledger.write(answers.tokens, stop, reading, group)
            cosines = self._cosines(written, answers, reading, group) if n_samples > 1 else None
        del answers  # the answers' keys and values, before the forced ones' logits
        forced = self._forced(batch, read)
        lm.ledger.add_prompts(batch, reading, started.reused)
        for i, (prompt, _) in enumerate(batch):
            rows = written[i * group : (i + 1) * group]
            lm.ledger.add_answers(prompt, rows[0], rows[1:], None if cosines is None else cosines[i])
            followed = forced[i]
            if followed is not None:
                lm.ledger.add_forced(prompt, FORCED, followed.entropies, followed.logprobs)

    @staticmethod
    def _first_tokens(greedy: torch.Tensor, logprobs: torch.Tensor, uniform: torch.Tensor) -> torch.Tensor:
        """(B * (1 + N),) first tokens: the greedy one, then the samples'."""
        n_samples = uniform.shape[1]
        if not n_samples:
            return greedy
        drawn = draw(logprobs.repeat_interleave(n_samples, 0), uniform[:, :, 0].reshape(-1)).reshape(-1, n_samples)
        return torch.cat([greedy[:, None], drawn.to(greedy.device)], 1).reshape(-1)

    def _cosines(
        self, written: Sequence[Written], answers: Answers, reading: Reading, group: int
    ) -> list[np.ndarray[Any, np.dtype[np.float32]]]:
        """Per prompt, (N, N) cosines of its samples."""
        if any(answer.content_tokens == answers.tokens.shape[1] for answer in written):
            # Answers that never ended: their last token was not fed back yet, so its state is missing.
            answers.feed_last()
        n_samples = group - 1
        if not any(answer.content_tokens for answer in written):
            return [np.full((n_samples, n_samples), np.nan, dtype=np.float32) for _ in range(len(written) // group)]
        states, centre = reading.states(), self._lm.centre()
        found = []
        for start in range(0, len(written), group):
            lengths = [answer.content_tokens for answer in written[start + 1 : start + group]]
            found.append(prefix_cosines(states[start + 1 : start + group], lengths, centre.to(states.device)))
        return to_host(found)

    def _forced(self, batch: Sequence[Placing], read: Prefilled) -> list[Followed | None]:
        """`none`'s answer after each prompt of the other arms, where it is known by now."""
        lm = self._lm
        rows, answers = [], []
        for i, (prompt, place) in enumerate(batch):
            if answer := lm.forcing.answers(prompt.key, place).get("none"):
                rows.append(i)
                answers.append(answer)
        results: list[Followed | None] = [None] * len(batch)
        if rows:
            for i, followed in zip(rows, follow(lm.model, read, rows, answers, pad_id=self._pad), strict=True):
                results[i] = followed
        return results

    # Choices ------------------------------------------------------------------------------------------------------------

    def choices(self, placed: Sequence[tuple[Placing, Asks]], batches: Batches) -> Iterator[int]:
        """Score the continuations asked of each prompt; yields how many choices each batch held.

        A context that several prompts have is read once.
        """
        contexts: dict[tuple[int, ...], list[tuple[Placing, Asks]]] = defaultdict(list)
        for item in placed:
            contexts[item[0][1].encoding.ids].append(item)
        ids = list(contexts)
        planned = self._prefixes.plan([min((place.leading for (_, place), _ in items), key=len) for items in contexts.values()])

        def cost(i: int) -> int:
            lengths = [len(continuation) for _, asks in contexts[ids[i]] for _, continuation in asks]
            return (1 + len(lengths)) * (len(ids[i]) + max(lengths))

        def work(batch: Sequence[int]) -> int:
            return self._choose([contexts[ids[i]] for i in batch], [planned[i] for i in batch])

        for order in _in_order(ids, ids, planned):
            yield from batches.run(order, cost, work)

    def _choose(self, batch: Sequence[Sequence[tuple[Placing, Asks]]], planned: Sequence[Prefix | None]) -> int:
        """Each row's prompts, which have one context; nothing is written before everything is there."""
        lm, ids = self._lm, [items[0][0][1].encoding.ids for items in batch]
        fresh = [(row, item) for row, items in enumerate(batch) for item, _ in items if not lm.ledger.knows(item[0].key)]
        started = self._prefixes.start(ids, planned)
        layout = _layout(started, ids, ((row, place) for row, (_, place) in fresh))
        with lm.bundle.attached(layout, decoding=False) as reading:
            read = prefill(lm.model, ids, pad_id=self._pad, device=lm.device, cache=started.cache, before=started.before)
        asked = [(row, *ask) for row, items in enumerate(batch) for _, asks in items for ask in asks]
        rows, continuations = [row for row, _, _ in asked], [ids for _, _, ids in asked]
        results = follow(lm.model, read, rows, continuations, pad_id=self._pad, entropies=False)
        lm.ledger.add_prompts([item for _, item in fresh], reading, [started.reused[row] for row, _ in fresh])
        for (_, request, _), result in zip(asked, results, strict=True):
            lm.ledger.add_choice(request, (float(result.logprobs.sum(dtype=np.float64)), result.greedy))
        return len(asked)


def _in_order(ids: Sequence[Sequence[int]], ties: Sequence[Any], planned: Sequence[Prefix | None]) -> Iterator[list[int]]:
    """Indices of prompts, longest first; before, and in batches of their own, those with a prefix, which stay together."""
    longest: dict[Prefix, tuple[int, int]] = {}
    for i, prefix in enumerate(planned):
        if prefix is not None:
            length, first = longest.get(prefix, (0, i))
            longest[prefix] = (max(length, len(ids[i])), first)

    def place(i: int) -> tuple[Any, ...]:
        prefix = planned[i]
        group = (0, 0) if prefix is None else (-longest[prefix][0], longest[prefix][1])
        return (*group, -len(ids[i]), ties[i])

    for part in ([i for i, p in enumerate(planned) if p is not None], [i for i, p in enumerate(planned) if p is None]):
        yield sorted(part, key=place)


def _layout(started: Started, ids: Sequence[Sequence[int]], measured: Iterable[tuple[int, Placed]]) -> Layout:
    """Of the pass over what is left of a batch's prompts (token ids), padded left; `measured` by row."""
    width = max(map(len, ids))
    rows = [place.measured_row(row, width - len(ids[row]), started.routed[row]) for row, place in measured]
    return Layout((len(ids), width - started.before), rows, started.before)
