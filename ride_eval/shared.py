"""One prefill of a prompt serves everything asked about it: probes, greedy answer, samples, forced answer, all choices.

Answers keep the harness's order, batches and generation call, so texts are its own; only the prompt's cache is reused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from lm_eval.models.huggingface import HFLM
from lm_eval.models.utils import handle_stop_sequences, normalize_gen_kwargs
from transformers import LogitsProcessorList

from ride_eval.continuation import Followed, Prefilled, branch, follow, new_cache, pad, positions, prefill, repeat
from ride_eval.encoding import Placed
from ride_eval.ledger import Written
from ride_eval.metrics.embedding import prefix_cosines
from ride_eval.probes.bundle import Reading
from ride_eval.probes.layout import Layout
from ride_eval.prompt import Prompt, Request
from ride_eval.sampling import Chooser, draw, uniforms
from ride_eval.store import FORCED

Placing = tuple[Prompt, Placed]


class SharedPrefill:
    """Answers and choices of RIDE prompts for one `RideLM`."""

    def __init__(self, lm: Any) -> None:
        self._lm = lm
        self._pad = int(lm.tokenizer.pad_token_id)

    # Answers ------------------------------------------------------------------------------------------------------------

    def answers(self, placed: Sequence[Placing], gen_kwargs: dict[str, Any], batch_size: int) -> Iterator[int]:
        """Measure prompts that fit, with one set of generation arguments; yields how many each batch held."""
        kwargs = normalize_gen_kwargs(gen_kwargs, self._lm.max_gen_toks)
        end = self._lm.tok_decode(self._lm.eot_token_id, skip_special_tokens=False)
        stop = handle_stop_sequences(kwargs.pop("until", None), eos=end)
        n_new = int(kwargs.pop("max_gen_toks"))
        order = sorted(placed, key=lambda item: (-len(item[1].encoding.ids), item[0].rendering.text))
        for start in range(0, len(order), batch_size):
            batch = order[start : start + batch_size]
            self._answer(batch, n_new, stop, kwargs)
            yield len(batch)

    def _answer(self, batch: Sequence[Placing], n_new: int, stop: list[str], kwargs: dict[str, Any]) -> None:
        lm = self._lm
        context, mask = (part.to(lm.device) for part in pad([place.encoding.ids for _, place in batch], self._pad, left=True))
        width, n_samples = context.shape[1], lm.num_samples
        layout = self._layout(batch, width)
        cache = new_cache(lm.model)
        uniform = torch.from_numpy(np.stack([uniforms(lm.seed, prompt.key, n_samples, n_new) for prompt, _ in batch]))
        uniform = uniform.to(lm.device)
        with lm.bundle.attached(layout, decoding=True, states=n_samples > 1) as reading:
            run = {"past_key_values": cache, "stop": stop, **kwargs}
            out = HFLM._model_generate(lm, context=context, max_length=width + 1, attention_mask=mask, **run)
            read = Prefilled(cache=branch(cache), mask=mask, logits=reading.last[0])
            group = 1 + n_samples
            first = self._first_tokens(out[:, width], reading.last[0], uniform)
            repeat(cache, group)
            reading.branch(group)
            mask = torch.cat([mask, torch.ones_like(mask[:, :1])], 1).repeat_interleave(group, 0)
            tokens = torch.cat([context.repeat_interleave(group, 0), first[:, None]], 1)
            if n_new > 1:
                chooser = LogitsProcessorList([Chooser(uniform, reading.last)])
                tokens = HFLM._model_generate(
                    lm, context=tokens, max_length=width + n_new, attention_mask=mask, logits_processor=chooser, **run
                )
            generated = tokens[:, width:]
            written = lm.ledger.write(generated, stop, reading, group)
            cosines = self._cosines(written, generated, mask, cache, reading, group) if n_samples > 1 else None
        forced = self._forced(batch, read)
        lm.ledger.add_prompts(batch, reading)
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
        self, written: Sequence[Written], generated: torch.Tensor, mask: torch.Tensor, cache: Any, reading: Reading, group: int
    ) -> list[np.ndarray[Any, np.dtype[np.float32]]]:
        """Per prompt, (N, N) cosines of its samples."""
        lm, steps = self._lm, generated.shape[1]
        if any(answer.content_tokens == steps for answer in written):
            # Answers that never ended: their last token was not fed back yet, so its state is missing.
            fed = mask.shape[1] - 1
            full = torch.cat([mask[:, :fed], mask.new_ones((len(mask), steps))], 1)
            with torch.no_grad():
                lm.model(
                    input_ids=generated[:, -1:],
                    attention_mask=full,
                    position_ids=positions(full)[:, -1:],
                    past_key_values=cache,
                    use_cache=True,
                )
        n_samples = group - 1
        if not any(answer.content_tokens for answer in written):
            return [np.full((n_samples, n_samples), np.nan, dtype=np.float32) for _ in range(len(written) // group)]
        states, centre = reading.states(), lm.centre()
        found = []
        for start in range(0, len(written), group):
            lengths = [answer.content_tokens for answer in written[start + 1 : start + group]]
            found.append(prefix_cosines(states[start + 1 : start + group], lengths, centre.to(states.device)).cpu().numpy())
        return found

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

    def choices(
        self, placed: Sequence[tuple[Placing, Sequence[tuple[Request, Sequence[int]]]]], batch_size: int
    ) -> Iterator[int]:
        """Score the continuations (token ids) asked of each prompt; yields how many choices each batch held."""
        order = sorted(placed, key=lambda item: -len(item[0][1].encoding.ids))
        for start in range(0, len(order), batch_size):
            batch = order[start : start + batch_size]
            fresh = [(i, item) for i, (item, _) in enumerate(batch) if not self._lm.ledger.knows(item[0].key)]
            width = max(len(place.encoding.ids) for (_, place), _ in batch)
            rows = [place.measured_row(i, width - len(place.encoding.ids)) for i, (_, place) in fresh]
            with self._lm.bundle.attached(Layout((len(batch), width), rows), decoding=False) as reading:
                ids = [place.encoding.ids for (_, place), _ in batch]
                read = prefill(self._lm.model, ids, pad_id=self._pad, device=self._lm.device)
            self._lm.ledger.add_prompts([item for _, item in fresh], reading)
            asked = [(i, request, ids) for i, (_, asks) in enumerate(batch) for request, ids in asks]
            results = follow(self._lm.model, read, [i for i, _, _ in asked], [ids for _, _, ids in asked], pad_id=self._pad)
            for (_, request, _), result in zip(asked, results, strict=True):
                self._lm.ledger.add_choice(request, (float(result.logprobs.sum(dtype=np.float64)), result.greedy))
            yield len(asked)

    @staticmethod
    def _layout(batch: Sequence[Placing], width: int) -> Layout:
        rows = [place.measured_row(i, width - len(place.encoding.ids)) for i, (_, place) in enumerate(batch)]
        return Layout((len(batch), width), rows)
