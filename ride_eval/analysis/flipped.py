"""The documents whose greedy answer an arm flipped, with what was asked and answered: where a doubter looks.

A run may have thousands, so a report shows some and a table beside it has all. Which are shown is decided by the document's
hash: as good as drawn by lot, and the same in every model.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ride_eval.analysis.batches import batches
from ride_eval.analysis.frames import Run
from ride_eval.arms import Prompts
from ride_eval.errors import RideError
from ride_eval.spans import Span, keyword_spans

_ASKED = ["task", "document", "occurrence", "wording"]
_ANSWER = [*_ASKED, "arm"]
_TEXT = {"json": False}
_NUMBERS = ("flip", "correct", "forced_entropy", "choice_entropy", "token_entropy")
OTHER_PROMPTS = "the prompts/ of this run are not the installed ones, so keywords are not marked"


@dataclass(frozen=True, kw_only=True)
class ArmAnswer:
    """What the model did with a document under one arm. NaN where there is no number."""

    arm: str
    flip: float
    """1 if the answer differs from `none`'s (of several prompts: the share); NaN for `none`."""
    correct: float
    forced_entropy: float
    choice_entropy: float
    token_entropy: float
    meta: str = field(metadata=_TEXT)
    """The arm's text."""
    answer: str | None = field(metadata=_TEXT)
    """What the task's filter found in the greedy answer; of a choice, the one taken."""
    text: str | None = field(metadata=_TEXT)
    """The greedy answer as it is; null for a choice."""
    samples: tuple[str, ...] = field(metadata=_TEXT)

    @property
    def entropy(self) -> float:
        """Forced entropy, or of a choice its own."""
        return self.forced_entropy if np.isfinite(self.forced_entropy) else self.choice_entropy


@dataclass(frozen=True, kw_only=True)
class FlippedDocument:
    """One question in one wording of the arms."""

    task: str
    document: str
    """SHA-256."""
    occurrence: int
    wording: int
    domain: str
    flipped: tuple[str, ...]
    """Arms whose answer differs from `none`'s."""
    arms: tuple[ArmAnswer, ...]
    change: float
    """Of the entropy from `none`'s, the largest in size among the flipped arms."""
    prompt: str = field(metadata=_TEXT)
    """As `none` puts it."""
    start: int = field(metadata=_TEXT)
    """Where in it the arm's text would stand; 0 if no other arm tells."""
    keywords: tuple[Span, ...] = field(metadata=_TEXT)
    """Where it holds keywords of its domain, after the place of the arm's text."""


@dataclass(frozen=True, kw_only=True)
class Flips:
    """Of one run."""

    total: int
    """Documents x wordings with at least one flip."""
    compared: int
    """Documents x wordings whose answers could be compared."""
    shown: int
    """Those listed here."""
    documents: tuple[FlippedDocument, ...]
    unmarked: str | None
    """Why no keywords are marked."""


def flips(run: Run, arms: Sequence[str], most: int) -> Flips:
    """Up to `most` documents of a run, by hash, with their texts. Raises RunError for a damaged shard."""
    units = run.documents[run.documents["flip"].notna()]
    asked = units[units["flip"] > 0].groupby(_ASKED, sort=True)["arm"].agg(tuple).reset_index(name="flipped")
    chosen = asked.sort_values(["document", "task", "occurrence", "wording"], ignore_index=True).iloc[:most]
    words, unmarked = _keywords(run)
    texts = _texts(run.path, set(chosen["document"]))
    numbers = run.documents[run.documents["document"].isin(set(chosen["document"]))].set_index(_ANSWER)[list(_NUMBERS)]
    rows = numbers.to_dict("index")
    documents = []
    for task, document, occurrence, wording, flipped in chosen.itertuples(index=False):
        asked_key = (task, document, occurrence, wording)
        there = [arm for arm in arms if (*asked_key, arm) in rows]
        answers = tuple(texts.answer((*asked_key, arm), rows[(*asked_key, arm)]) for arm in there)
        documents.append(
            FlippedDocument(
                task=task,
                document=document,
                occurrence=int(occurrence),
                wording=int(wording),
                domain=texts.domain(asked_key, there),
                flipped=tuple(arm for arm in arms if arm in flipped),
                arms=answers,
                change=_change(answers, flipped),
                prompt=texts.prompts.get((*asked_key, "none"), ""),
                start=(start := texts.start(asked_key, there)),
                keywords=texts.keywords(asked_key, there, start, words),
            )
        )
    compared = len(units.drop_duplicates(_ASKED))
    return Flips(total=len(asked), compared=compared, shown=len(documents), documents=tuple(documents), unmarked=unmarked)


def _change(answers: Sequence[ArmAnswer], flipped: Sequence[str]) -> float:
    none = next((own.entropy for own in answers if own.arm == "none"), math.nan)
    changes = [own.entropy - none for own in answers if own.arm in flipped and math.isfinite(own.entropy - none)]
    return max(changes, key=abs, default=math.nan)


def flipped_table(run: Run) -> pd.DataFrame:
    """Every flipped document under every arm, a row each: _ANSWER, the numbers, `meta`, `answer`, `text`, and under `none` the
    `prompt`. Its samples stay in the run directory."""
    documents = run.documents
    flipped = documents[documents["flip"] > 0][_ASKED].drop_duplicates()
    rows = documents[[*_ANSWER, *_NUMBERS]].merge(flipped, on=_ASKED)
    texts = _texts(run.path, set(flipped["document"]), samples=False)
    keys = [tuple(key) for key in rows[_ANSWER].itertuples(index=False)]
    for name, column in (("meta", texts.metas), ("answer", texts.answers), ("text", texts.texts)):
        rows[name] = [column.get(key) for key in keys]
    rows["prompt"] = [texts.prompts.get(key) if key[-1] == "none" else None for key in keys]
    return rows


@dataclass(frozen=True, kw_only=True)
class _Texts:
    """By (task, document, occurrence, wording, arm)."""

    prompts: Mapping[tuple[Any, ...], str]
    metas: Mapping[tuple[Any, ...], str]
    domains: Mapping[tuple[Any, ...], str]
    texts: Mapping[tuple[Any, ...], str]
    answers: Mapping[tuple[Any, ...], str]
    samples: Mapping[tuple[Any, ...], list[str]]

    def answer(self, key: tuple[Any, ...], numbers: Mapping[str, float]) -> ArmAnswer:
        return ArmAnswer(
            arm=key[-1],
            **{name: float(numbers[name]) for name in _NUMBERS},
            meta=self.metas.get(key, ""),
            answer=self.answers.get(key),
            text=self.texts.get(key),
            samples=tuple(self.samples.get(key, ())),
        )

    def domain(self, asked: tuple[Any, ...], arms: Sequence[str]) -> str:
        return next((self.domains[(*asked, arm)] for arm in arms if (*asked, arm) in self.domains), "")

    def start(self, asked: tuple[Any, ...], arms: Sequence[str]) -> int:
        """Where the prompts of `none` and of another arm part: what comes before is the template's."""
        others = (self.prompts[(*asked, arm)] for arm in arms if arm != "none" and (*asked, arm) in self.prompts)
        pairs = zip(self.prompts.get((*asked, "none"), ""), next(others, ""), strict=False)
        return next((place for place, (own, other) in enumerate(pairs) if own != other), 0)

    def keywords(
        self, asked: tuple[Any, ...], arms: Sequence[str], start: int, words: Mapping[str, Sequence[str]]
    ) -> tuple[Span, ...]:
        """In `none`'s prompt, from `start` on."""
        prompt = self.prompts.get((*asked, "none"), "")
        return tuple(keyword_spans(prompt, Span(start, len(prompt)), words.get(self.domain(asked, arms), ())))


def _texts(run: Path, documents: set[str], *, samples: bool = True) -> _Texts:
    """Of these documents. Of several prompts the first one's."""
    found: dict[str, dict[tuple[Any, ...], Any]] = {name: {} for name in _Texts.__dataclass_fields__}
    if documents:
        wanted = ("document", "in", sorted(documents))
        for batch in batches(run, "prompts", ["text", "meta", "domain"], [wanted, ("prompt", "==", 0)]):
            frame = batch.select([*_ANSWER, "text", "meta", "domain"]).to_pandas()
            for *key, text, meta, domain in frame.itertuples(index=False):
                found["prompts"][tuple(key)] = text or ""
                found["metas"][tuple(key)] = meta or ""
                found["domains"][tuple(key)] = domain or ""
        kinds = ["greedy", "sample"] if samples else ["greedy"]
        for batch in batches(run, "generations", ["text"], [wanted, ("prompt", "==", 0), ("answer", "in", kinds)]):
            frame = batch.select([*_ANSWER, "answer", "sample", "text"]).to_pandas()
            for *key, answer, number, text in frame.sort_values("sample", kind="stable").itertuples(index=False):
                if answer == "greedy":
                    found["texts"][tuple(key)] = text
                else:
                    found["samples"].setdefault(tuple(key), {})[number] = text
        for batch in batches(run, "scores", ["filtered"], [wanted, ("prompt", "==", 0), ("answer", "==", "greedy")]):
            frame = batch.select([*_ANSWER, "filtered"]).to_pandas()
            for *key, filtered in frame.itertuples(index=False):
                found["answers"][tuple(key)] = filtered
        _name_choices(run, wanted, found["answers"])
    found["samples"] = {key: [own[number] for number in sorted(own)] for key, own in found["samples"].items()}
    return _Texts(**found)


def _name_choices(run: Path, wanted: tuple[str, str, list[str]], answers: dict[tuple[Any, ...], str]) -> None:
    """Put a choice's text beside its number, which alone says nothing; not where each choice is a prompt of its own."""
    offered: dict[tuple[Any, ...], dict[str, str]] = {}
    for batch in batches(run, "choices", ["text"], [wanted, ("prompt", "==", 0)]):
        frame = batch.select([*_ANSWER, "choice", "text"]).to_pandas()
        for *key, choice, text in frame.itertuples(index=False):
            offered.setdefault(tuple(key), {})[str(choice)] = str(text).strip()
    for key, choices in offered.items():
        taken = answers.get(key)
        if len(choices) > 1 and taken in choices:
            answers[key] = f"{taken}: {choices[taken]}"


def _keywords(run: Run) -> tuple[Mapping[str, Sequence[str]], str | None]:
    """The keywords of each domain, if the installed prompts/ are the run's own."""
    try:
        prompts = Prompts()
    except RideError as error:
        return {}, str(error)
    if run.manifest["identity"].get("prompts") != prompts.sha256:
        return {}, OTHER_PROMPTS
    return {name: domain.keywords for name, domain in prompts.domains.items()}, None
