"""What the answers of a run have in common: flips from `none`, and how far sampled answers agree.

A large run has a million sampled answers, so texts and log-probabilities are reduced as they are read, and two answers are
compared by a 64-bit hash of what equivalent ones share (`metrics.equivalence`).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from ride_eval.analysis.batches import batches, flat, keys, row_hashes
from ride_eval.analysis.units import PROMPT_KEY, UNIT, most
from ride_eval.metrics.equivalence import NO_ANSWER, label
from ride_eval.store import KEYS

SAMPLED = ("sequence_entropy", "normalized_sequence_entropy", "semantic_variation")
AGREEMENT = ("answer_agreement", "cluster_entropy")
NO_FILTER = "none"
"""The harness's name for a task's answers as they are: such a task extracts no answer."""
_ANSWER = [*PROMPT_KEY, "answer", "sample"]


def flips(labels: pd.DataFrame) -> pd.DataFrame:
    """Per greedy answer of every arm but `none` with a counterpart there: 1 if it differs, 0 if not. From `answer_labels`."""
    greedy = labels[labels["answer"] == "greedy"]
    of_none = greedy[greedy["arm"] == "none"].drop(columns=["arm", "answer", "sample"]).rename(columns={"label": "none_label"})
    pairs = greedy[greedy["arm"] != "none"].merge(of_none, on=[field for field in PROMPT_KEY if field != "arm"])
    return pairs[PROMPT_KEY].assign(flip=(pairs["label"] != pairs["none_label"]).to_numpy(np.float64))


def agreements(labels: pd.DataFrame) -> pd.DataFrame:
    """Per prompt with samples: its key and AGREEMENT, as `metrics.samples` has them, in bulk. From `answer_labels`."""
    sampled = labels[labels["answer"] == "sample"]
    prompts, code, sizes = _prompts(sampled)
    if not len(prompts):
        return prompts.assign(**dict.fromkeys(AGREEMENT, np.nan))
    counts = pd.DataFrame({"prompt": code, "label": sampled["label"].to_numpy()}).value_counts(sort=False).reset_index()
    owner, shares = counts["prompt"].to_numpy(), counts["count"].to_numpy() / sizes[counts["prompt"].to_numpy()]
    modal = np.zeros(len(prompts))
    np.maximum.at(modal, owner, shares)
    entropy = np.bincount(owner, weights=-shares * np.log(shares), minlength=len(prompts)) + 0.0
    usable = (sizes >= 2) & (sizes >= most(prompts, sizes))
    return prompts.assign(
        answer_agreement=np.where(usable, modal, np.nan), cluster_entropy=np.where(usable, np.abs(entropy), np.nan)
    )


def sample_values(run: Path) -> pd.DataFrame:
    """Per prompt with samples: its key and SAMPLED, as `scalars.sample_values` has them, in bulk; NaN where an arm has fewer
    samples than another arm of the document (a run that was stopped between them)."""
    parts = [_reduced(batch) for batch in batches(run, "generations", ["logprobs", "cosines"], [("answer", "==", "sample")])]
    if not parts:
        return pd.DataFrame(columns=[*PROMPT_KEY, *SAMPLED])
    samples = pd.concat(parts, ignore_index=True).drop_duplicates(_ANSWER, ignore_index=True)
    prompts, code, sizes = _prompts(samples)

    def total(column: str) -> NDArray[np.float64]:
        return np.asarray(np.bincount(code, weights=samples[column], minlength=len(prompts)), dtype=np.float64)

    n = np.where(sizes >= most(prompts, sizes), sizes, np.nan)
    pairs = np.where(total("pairs") > 0, total("pairs"), np.nan)
    return prompts.assign(
        sequence_entropy=-total("logprob") / n + 0.0,
        normalized_sequence_entropy=-total("per_token") / n + 0.0,
        semantic_variation=np.where(np.isfinite(n), 1.0 - total("cosines") / pairs, np.nan),
    )


def answer_labels(run: Path) -> pd.DataFrame:
    """Every scored answer: its key, `answer`, `sample`, and `label` (uint64), equal for equivalent answers.

    An answer whose filter found nothing is compared by its text; it is left out if the run has no text of it.
    """
    parts, unlabelled = [], []
    for batch in batches(run, "scores", ["filter", "filtered"]):
        key = keys(batch, "scores")
        filtered = batch["filtered"].to_pandas()
        extracts = (batch["filter"].to_pandas().fillna(NO_FILTER) != NO_FILTER).to_numpy(bool)
        textual = extracts & (filtered == NO_ANSWER).to_numpy(bool)
        usable = filtered.notna().to_numpy(bool) & ~textual
        for extracting in (True, False):
            rows = usable & (extracts == extracting)
            parts.append(key[rows].assign(label=_hashes(filtered[rows], extracts=extracting)))
        unlabelled.append(key[textual])
    if any(map(len, unlabelled)):
        parts += _labelled_by_text(run, np.sort(np.concatenate([row_hashes(key, _ANSWER) for key in unlabelled])))
    if not parts:
        return pd.DataFrame(columns=[*KEYS["scores"], "label"])
    labels: pd.DataFrame = pd.concat(parts, ignore_index=True).drop_duplicates(_ANSWER, ignore_index=True)
    return labels


def _labelled_by_text(run: Path, wanted: NDArray[np.uint64]) -> list[pd.DataFrame]:
    """Labels of the answers whose keys have these hashes, sorted."""
    parts = []
    for batch in batches(run, "generations", ["text"], [("answer", "in", ["greedy", "sample"])]):
        hashes = row_hashes(keys(batch, "generations"), _ANSWER)
        place = np.minimum(np.searchsorted(wanted, hashes), len(wanted) - 1)
        rows = np.flatnonzero((wanted[place] == hashes) & batch["text"].is_valid().to_numpy())
        found = batch.take(pa.array(rows))
        parts.append(keys(found, "generations").assign(label=_hashes(found["text"].to_pandas(), extracts=False)))
    return parts


def _hashes(answers: pd.Series[str], *, extracts: bool) -> NDArray[np.uint64]:
    """A number an answer; without an answer filter the harness's filtered answer is the text."""
    code, distinct = pd.factorize(answers.to_numpy(object))
    labels = np.array([label(answer, answer, extracts=extracts) for answer in distinct], dtype=object)
    return np.asarray(pd.util.hash_array(labels)[code] if len(code) else np.empty(0, np.uint64), dtype=np.uint64)


def _reduced(batch: pa.Table) -> pd.DataFrame:
    """A sample's sums: log-probability (NaN for null), the same by its tokens, cosines, and how many of those there are."""
    sizes, logprobs = flat(batch["logprobs"])
    row = np.repeat(np.arange(len(sizes)), np.maximum(sizes, 0))
    logprob = np.where(sizes >= 0, np.bincount(row, weights=logprobs, minlength=len(sizes)), np.nan)
    n_cosines, cosines = flat(batch["cosines"])
    known = np.isfinite(cosines)
    row = np.repeat(np.arange(len(n_cosines)), np.maximum(n_cosines, 0))[known]
    frame: pd.DataFrame = keys(batch, "generations").assign(
        logprob=logprob,
        per_token=np.divide(logprob, sizes, out=np.full(len(sizes), np.nan), where=sizes > 0),
        cosines=np.bincount(row, weights=cosines[known], minlength=len(sizes)),
        pairs=np.bincount(row, minlength=len(sizes)),
    )
    return frame


def _prompts(samples: pd.DataFrame) -> tuple[pd.DataFrame, NDArray[np.intp], NDArray[np.int64]]:
    """The prompts that have samples, which of them each sample is of, and how many each has."""
    code = samples.groupby([*UNIT, "prompt"], sort=False).ngroup().to_numpy().astype(np.intp)
    sizes = np.bincount(code) if len(code) else np.zeros(0, dtype=np.int64)
    first = np.unique(code, return_index=True)[1]
    return samples.iloc[first][PROMPT_KEY].reset_index(drop=True), code, sizes.astype(np.int64)
