"""Which sampled answers mean the same, as a model of language inference judges: `ride-eval equivalence`.

Two answers are equivalent when each entails the other, read behind their question. The first answer makes the first class; each
further one joins the first class whose first member it is equivalent to, or makes another (Kuhn et al., 2302.09664; Farquhar et
al. 2024). The classes are stored beside the run's samples, so that a report has entropies over them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pandas as pd
from rich.console import Console
from rich.progress import track

from ride_eval import lock
from ride_eval.analysis.batches import batches, keys
from ride_eval.analysis.units import PROMPT_KEY
from ride_eval.errors import RunError, UsageError
from ride_eval.metrics.equivalence import normalized
from ride_eval.store import TableWriter, read_manifest, read_table

TABLE = "equivalences"
_QUESTION = [column for column in PROMPT_KEY if column not in ("arm", "wording")]
"""What has one question: the prompts of all arms and wordings."""
_WINDOW = 32
"""Questions whose pairs are judged together, so that batches are full."""


class Judge(Protocol):
    """Says of (premise, hypothesis) pairs whether the one entails the other."""

    name: str
    n_cut: int

    def entails(self, pairs: Sequence[tuple[str, str]]) -> list[bool]: ...


class Judged(NamedTuple):
    """What a call did."""

    prompts: int
    pairs: int
    """Directed pairs the judge was asked about."""
    cut: int
    """Of them, those too long for it."""
    without_question: int
    """Questions whose place in the prompt is not known: their answers were compared alone."""


def check_judgeable(run: Path, name: str) -> None:
    """Raises RunError for what is no run or has no sampled answers, UsageError where another judge has judged."""
    read_manifest(run)
    if not any(part.num_rows for part in batches(run, "generations", [], [("answer", "==", "sample")])):
        raise RunError(f"{run} holds no sampled answers, so there is nothing to compare. Measure it with num_samples=10.")
    others = set(read_table(run, TABLE, ["judge"])["judge"]) - {name}
    if others:
        raise UsageError(
            f"{run} was judged by {', '.join(sorted(others))}, not by {name}, and one run has one judge. Give that model, or "
            f"remove {run / TABLE}-*.parquet."
        )


def judge(run: Path, by: Judge) -> Judged:
    """Judge all sampled answers that are not judged yet, with a progress bar on standard error; what was judged is kept when
    this is stopped. Holds the texts of all samples. Raises as `check_judgeable` does, and RunError where another process
    writes.
    """
    check_judgeable(run, by.name)
    try:
        lock.acquire(run, 0)
    except OSError as error:
        raise RunError(f"Cannot write to {run}: {error.strerror}. Copy the run to a place you can write to.") from None
    writer = TableWriter(run, TABLE)
    asked = {"prompts": 0, "pairs": 0, "without_question": 0}
    cut_before = by.n_cut
    try:
        waiting = _waiting(run)
        asked["without_question"] = sum(question is None for question, _ in waiting)
        windows = [waiting[first : first + _WINDOW] for first in range(0, len(waiting), _WINDOW)]
        for window in track(windows, "Equivalence", console=Console(stderr=True), disable=not windows):
            entailed, n = _entailed(window, by)
            asked["pairs"] += n
            for (_, prompts), known in zip(window, entailed, strict=True):
                for prompt in prompts:
                    asked["prompts"] += 1
                    for row, number in zip(prompt.rows, classes(prompt.texts, known), strict=True):
                        writer.append({**row, "class": number, "judge": by.name})
    finally:
        writer.flush()
        lock.release(run, 0)
    return Judged(**asked, cut=by.n_cut - cut_before)


def classes(texts: Sequence[str], entailed: set[tuple[str, str]]) -> list[int]:
    """The class of each text, numbered from 0 by first appearance; `entailed`: the (premise, hypothesis) pairs, of texts as
    `normalized` leaves them, in which the one entails the other."""
    first: list[str] = []
    found = []
    for text in map(normalized, texts):
        same = (i for i, other in enumerate(first) if text == other or {(text, other), (other, text)} <= entailed)
        place = next(same, len(first))
        if place == len(first):
            first.append(text)
        found.append(place)
    return found


class _Prompt(NamedTuple):
    rows: list[dict[str, Any]]
    """The samples' keys."""
    texts: list[str]


_Waiting = tuple[str | None, list[_Prompt]]
"""A question and its prompts."""


def _waiting(run: Path) -> list[_Waiting]:
    """The questions with samples that are not judged yet."""
    columns = [*PROMPT_KEY, "answer", "sample"]
    samples = pd.concat(
        keys(batch, "generations").assign(text=batch["text"].to_pandas())
        for batch in batches(run, "generations", ["text"], [("answer", "==", "sample")])
    )
    samples = samples.drop_duplicates(columns).dropna(subset="text")
    done = pd.MultiIndex.from_frame(read_table(run, TABLE, [])[columns])
    samples = samples.assign(done=pd.MultiIndex.from_frame(samples[columns]).isin(done) if len(done) else False)
    # A prompt whose samples are judged in part (a stop between shards) is judged as a whole: its classes are one numbering.
    samples = samples[~samples.groupby(PROMPT_KEY)["done"].transform("all").astype(bool)].sort_values(columns)
    questions = _questions(run)
    found: dict[tuple[Any, ...], list[_Prompt]] = {}
    for _, rows in samples.groupby(PROMPT_KEY, sort=True):
        place = tuple(rows.iloc[0][_QUESTION])
        found.setdefault(place, []).append(_Prompt(rows[columns].to_dict("records"), rows["text"].tolist()))  # type: ignore[arg-type]
    return [(questions.get(place), prompts) for place, prompts in found.items()]


def _questions(run: Path) -> dict[tuple[Any, ...], str]:
    """The question of each document's prompt, where the run says where it stands."""
    found: dict[tuple[Any, ...], str] = {}
    for batch in batches(run, "prompts", ["text", "question_start", "question_end"]):
        frame = keys(batch, "prompts").assign(
            **{name: batch[name].to_pandas() for name in ("text", "question_start", "question_end")}
        )
        for row in frame.dropna(subset=["text", "question_start"]).to_dict("records"):
            text = str(row["text"])[int(row["question_start"]) : int(row["question_end"])]
            found.setdefault(tuple(row[column] for column in _QUESTION), text)
    return found


def _entailed(window: Sequence[_Waiting], by: Judge) -> tuple[list[set[tuple[str, str]]], int]:
    """For each question, the pairs of its answers in which the one entails the other; and how many were asked about."""
    asked, shown = [], []
    for place, (question, prompts) in enumerate(window):
        spelled = {normalized(text): text.strip() for prompt in prompts for text in reversed(prompt.texts)}
        before = f"{question} " if question else ""
        for pair in sorted(_pairs(prompts)):
            asked.append((place, pair))
            shown.append((before + spelled[pair[0]], before + spelled[pair[1]]))
    found: list[set[tuple[str, str]]] = [set() for _ in window]
    for (place, pair), entails in zip(asked, by.entails(shown), strict=True):
        if entails:
            found[place].add(pair)
    return found, len(asked)


def _pairs(prompts: Iterable[_Prompt]) -> set[tuple[str, str]]:
    """Ordered pairs of different texts that some prompt has both of; an empty answer is like no other."""

    def of(prompt: _Prompt) -> Iterator[tuple[str, str]]:
        texts = dict.fromkeys(filter(None, map(normalized, prompt.texts)))
        yield from ((one, other) for one in texts for other in texts if one != other)

    return {pair for prompt in prompts for pair in of(prompt)}
