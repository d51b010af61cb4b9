"""Few-shot examples drawn by document, so that a prompt does not depend on process count, order or limit."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from lm_eval.api.samplers import ContextSampler, FirstNSampler

from ride_eval.errors import DataError


class DocumentSampler(ContextSampler):
    """Draws with a generator seeded by the document, and never an example that asks the document's own question."""

    _in_order: bool
    _question: Callable[[Any], Any]
    _pools: Mapping[Any, list[Any]]
    _within: str | None
    _check: Callable[[Any, str], None] | None
    _sound: set[tuple[Any, int]]
    """Examples that were checked."""
    _seed: int | None = 0

    @classmethod
    def like(
        cls,
        sampler: ContextSampler,
        question: Callable[[Any], Any],
        *,
        within: str | None = None,
        check: Callable[[Any, str], None] | None = None,
    ) -> DocumentSampler:
        """A sampler over the same examples; one that takes the first n in order still does.

        `within` is a field in which a document's examples equal it; `check` raises DataError for an example that is
        not to be shown, of which it is told the place, when it is first drawn.
        """
        own = cls(list(sampler.fewshot_docs()))
        own._within, own._check, own._sound = within, check, set()
        pools: dict[Any, list[Any]] = {}
        for example in own.df:
            pools.setdefault(example[within] if within else None, []).append(example)
        own._pools = pools
        own._in_order = isinstance(sampler, FirstNSampler)
        own._question = question
        return own

    def set_rnd(self, rnd: int | None) -> DocumentSampler:
        """Take the harness's few-shot seed."""
        self._seed = rnd
        return self

    def begin(self, doc: Any, document: str) -> None:
        """The document whose prompt is built next."""
        self._asked = str(self._question(doc))
        self._part = doc[self._within] if self._within else None
        self._pool = self._pools.get(self._part, [])
        self._random = random.Random(f"{self._seed}:{document}")  # noqa: S311 - a draw of examples, no secret

    def sample(self, n: int, eval_doc: Any = None, df: Any = None, **kwargs: Any) -> Sequence[Any]:
        pool = self._pool
        order = range(len(pool)) if self._in_order else _shuffled(len(pool), self._random)
        examples: list[Any] = []
        for i in order:
            if len(examples) == n:
                break
            if str(self._question(pool[i])) != self._asked:
                self._see(i)
                examples.append(pool[i])
        if len(examples) < n:
            raise DataError(f"{n} few-shot examples were asked for, but only {len(examples)} beside the question itself exist.")
        return examples

    def _see(self, place: int) -> None:
        if self._check is not None and (self._part, place) not in self._sound:
            self._check(self._pool[place], f"few-shot example {place} (from 0)" + (f" of {self._part}" if self._part else ""))
            self._sound.add((self._part, place))


def _shuffled(n: int, generator: random.Random) -> Iterator[int]:
    """0 to n - 1 in random order, one by one: few are taken of what may be 40,000, anew for each prompt."""
    moved: dict[int, int] = {}
    for i in range(n):
        j = generator.randrange(i, n)
        yield moved.get(j, j)
        moved[j] = moved.get(i, i)
