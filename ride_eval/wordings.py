"""Documents asked under several wordings of the arms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any


class Reworded(dict[str, Any]):
    """A document, to be asked under a later wording than its first."""

    later = 0
    """How many wordings later."""


class RewordedDocuments(Sequence[Reworded]):
    """Each document `times` times, its wordings one after another; so the harness's `--limit` and `--samples` count those."""

    def __init__(self, documents: Any, times: int) -> None:
        self._documents, self._times = documents, times

    def __len__(self) -> int:
        return len(self._documents) * self._times

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        number = range(len(self))[place]
        return _reworded(self._documents[number // self._times], number % self._times)

    def __iter__(self) -> Iterator[Reworded]:
        for document in self._documents:
            for later in range(self._times):
                yield _reworded(document, later)


def _reworded(document: dict[str, Any], later: int) -> Reworded:
    found = Reworded(document)
    found.later = later
    return found


def later_wording(document: dict[str, Any]) -> int:
    """How many wordings later than its first a document is asked."""
    return document.later if isinstance(document, Reworded) else 0
