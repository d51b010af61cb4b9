"""Answers of one arm forced after the prompt of another: how likely the same text is there.

`none`'s answer after every other arm's prompt gives `forced_entropy`; each of four arms' answers after each of the others'
prompts gives POSIX. A prompt's cache serves all answers forced after it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tqdm import tqdm

from ride_eval.continuation import Followed, follow, prefill
from ride_eval.encoding import Placed
from ride_eval.metrics.sensitivity import POSIX_ARMS
from ride_eval.prompt import Prompt
from ride_eval.store import Key, forced_kind

_Item = tuple[Prompt, Placed, Mapping[str, list[int]]]
"""A prompt, and by source arm the answers to force after it."""


class Forcing:
    """Forces answers that are known by now, for one `RideLM`."""

    def __init__(self, lm: Any, *, posix: bool) -> None:
        self._lm, self._posix = lm, posix

    def sources(self, key: Key) -> tuple[str, ...]:
        """The arms whose answers are wanted after a prompt."""
        wanted = POSIX_ARMS if self._posix and key.arm in POSIX_ARMS else ("none",)
        return tuple(arm for arm in wanted if arm != key.arm)

    def force(self, prompts: Sequence[Prompt], disable_tqdm: bool) -> None:
        """Force what is wanted and not there yet: `none`'s answer comes with a prompt's own pass where it was known then."""
        lm = self._lm
        if lm.world_size > 1:
            self._fetch(prompts)
        todo: dict[Key, tuple[Placed, Mapping[str, list[int]]]] = {}
        for prompt in prompts:
            if prompt.key in todo or lm.ledger.is_cut(prompt.key) or not self._open(prompt.key):
                continue
            place = lm.encoder.place(prompt, "answer", lm.max_length)
            if answers := self.answers(prompt.key, place):
                todo[prompt.key] = (place, answers)
        by_key = {prompt.key: prompt for prompt in prompts}
        order = sorted(todo.items(), key=lambda item: -len(item[1][0].encoding.ids) - max(map(len, item[1][1].values())))
        items = [(by_key[key], place, answers) for key, (place, answers) in order]
        with tqdm(total=len(items), desc="Forced answers", disable=disable_tqdm or lm.rank != 0 or not items) as bar:
            for n in lm.batches.run(items, _tokens, self._force):
                bar.update(n)
                lm.recorder.check()

    def _fetch(self, prompts: Sequence[Prompt]) -> None:
        """Look for answers that other ranks have given by now: `--samples` can give one document's arms to different ranks."""
        lm = self._lm
        lm.recorder.flush()
        lm.barrier()
        wanted = {prompt.key._replace(arm=arm) for prompt in prompts for arm in self._open(prompt.key)}
        lm.recorder.fetch_greedy({key for key in wanted if not lm.ledger.greedy_tokens(key)})

    def answers(self, key: Key, place: Placed) -> Mapping[str, list[int]]:
        """By source arm, the tokens to force after a prompt: those that are known, missing, not empty, and fit."""
        room = self._lm.max_length - len(place.encoding.ids)
        found = {source: self._lm.ledger.greedy_tokens(key._replace(arm=source)) for source in self._open(key)}
        return {source: answer for source, answer in found.items() if answer and len(answer) <= room}

    def _open(self, key: Key) -> list[str]:
        """The sources whose answer is not forced yet."""
        if "entropy" not in self._lm.bundle.names:
            return []
        return [source for source in self.sources(key) if not self._lm.ledger.has_forced(key, forced_kind(source))]

    def _force(self, part: Sequence[_Item]) -> int:
        lm, pad_id = self._lm, int(self._lm.tokenizer.pad_token_id)
        read = prefill(lm.model, [place.encoding.ids for _, place, _ in part], pad_id=pad_id, device=lm.device)
        asked = [(i, source, answer) for i, (_, _, answers) in enumerate(part) for source, answer in answers.items()]
        results: list[Followed] = []
        for start in range(0, len(asked), len(part)):  # no more rows at once than there are prompts
            some = asked[start : start + len(part)]
            results += follow(lm.model, read, [i for i, _, _ in some], [answer for _, _, answer in some], pad_id=pad_id)
        for (i, source, _), followed in zip(asked, results, strict=True):
            lm.ledger.add_forced(part[i][0], forced_kind(source), followed.entropies, followed.logprobs)
        return len(part)


def _tokens(item: _Item) -> int:
    """Of a prompt, once for itself and once for the answer after it."""
    return 2 * len(item[1].encoding.ids) + max(map(len, item[2].values()))
