"""Scores of a RIDE task: what a base task makes of greedy and sampled answers, as rows and as scalars."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from lm_eval.api.instance import Instance

from ride_eval.errors import DataError
from ride_eval.metrics.choices import choice_entropy, choice_margin, choice_probabilities
from ride_eval.metrics.equivalence import label
from ride_eval.metrics.samples import answer_agreement, cluster_entropy
from ride_eval.prompt import request_of
from ride_eval.recorder import recorder_of
from ride_eval.store import Key


def lacks_language_data(base: str, nltk_path: str | None, *, leave_unscored: bool) -> bool:
    """Whether scores of documents that need nltk's data must be left out.

    Raises DataError unless that was asked for: without this check the harness fails in scoring, after all generation.
    """
    if nltk_path is None:
        return False
    import nltk

    try:
        nltk.data.find(nltk_path)
    except LookupError:
        package = nltk_path.rpartition("/")[2]
        if not leave_unscored:
            raise DataError(
                f"{base} is scored with nltk's {package!r}, which is not installed. Where there is internet, run "
                f"`python -m nltk.downloader {package}` (and copy ~/nltk_data), or give --metadata "
                '\'{"missing_scoring_data": "nan"}\' to leave the scores of documents that need it out, counted.'
            ) from None
        return True
    return False


def filtered_samples(instances: Sequence[Any], run: str, answer_filter: Any) -> dict[Key, list[tuple[Any, str]]]:
    """The sampled answers of a task's prompts, by key: each through the task's answer filter, and as it was written.

    Texts are read back from the run directory: a response carries no array.
    """
    recorder = recorder_of(run)
    asked = {request.prompt.key: instance for instance in instances if (request := request_of(instance)) is not None}
    if recorder is None or not asked:
        return {}
    key = next(iter(asked))
    copies = [
        (key, Instance(request_type="generate_until", doc=asked[key].doc, arguments=asked[key].arguments, idx=0, resps=[text]))
        for key, texts in recorder.sample_texts(key.task, key.arm).items()
        if key in asked
        for text in texts
    ]
    if copies:
        answer_filter.apply([copy for _, copy in copies])
    filtered: dict[Key, list[tuple[Any, str]]] = {}
    for key, copy in copies:
        filtered.setdefault(key, []).append((copy.filtered_resps[answer_filter.name], copy.resps[0]))
    return filtered


def agreement(filtered: Sequence[Any], texts: Sequence[str], *, extracts: bool) -> dict[str, float]:
    """How far a prompt's sampled answers agree; `extracts` says that the task's filter looks for the answer in the text."""
    labels = [label(answer, text, extracts=extracts) for answer, text in zip(filtered, texts, strict=True)]
    return {"answer_agreement": answer_agreement(labels), "cluster_entropy": cluster_entropy(labels)}


def choice_values(loglikelihoods: Sequence[float], scored: Sequence[str]) -> dict[str, float]:
    """How certain the choice is, from the log-likelihoods of texts: what every model type can give."""
    probabilities = choice_probabilities(loglikelihoods, [len(text.encode("utf-8", "replace")) for text in scored])
    return {"choice_entropy": choice_entropy(probabilities), "choice_margin": choice_margin(probabilities)}


def chosen(loglikelihoods: Sequence[float], choices: Sequence[str], metric: str | None) -> int:
    """Index of the choice the harness's metric of that name takes as the model's."""
    by: Mapping[str, Callable[[str], int]] = {"acc_norm": len, "acc_bytes": lambda text: len(text.encode())}
    length: Callable[[str], int] = by.get(str(metric), lambda _: 1)
    return int(np.argmax([value / length(choice) for value, choice in zip(loglikelihoods, choices, strict=True)]))


def gold_index(target: Any, choices: Sequence[str]) -> int | None:
    """Index of the one right choice, from what the harness holds as a document's target.

    That is an index, a choice's text, or a list; None where it names several choices, or none of them.
    """
    if isinstance(target, (list, tuple)):
        return gold_index(target[0], choices) if len(target) == 1 else None
    if isinstance(target, str):
        return choices.index(target) if target in choices else None
    return int(target) if isinstance(target, (int, np.integer)) and 0 <= target < len(choices) else None


def score_row(
    key: Key,
    *,
    answer: str,
    sample: int,
    filter_name: str,
    filtered: Any,
    metric: str | None,
    score: Any,
    gold: int | None = None,
) -> dict[str, Any]:
    """A row of the `scores` table. A score that is not a number (a pair for a corpus metric) is NaN."""
    return {
        **key._replace(prompt=0)._asdict(),
        "answer": answer,
        "sample": sample,
        "filter": filter_name,
        "filtered": None if filtered is None else str(filtered),
        "metric": metric,
        "correct": float(score) if isinstance(score, (bool, int, float, np.number)) else math.nan,
        "gold": gold,
    }
