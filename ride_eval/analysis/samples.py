"""What sampled answers say of a prompt, from all of them or from every second one.

A large run has a million, so log-probabilities and likenesses are reduced as they are read. `metrics.samples` has the same
formulas for one prompt.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from ride_eval.analysis.batches import batches, flat, keys
from ride_eval.analysis.units import PROMPT_KEY, UNIT, document_means, most
from ride_eval.store import read_table

SAMPLED = ("sequence_entropy", "normalized_sequence_entropy", "semantic_variation", "lexical_variation")
AGREEMENT = ("answer_agreement", "cluster_entropy", "semantic_entropy")
JUDGED = ("nli_cluster_entropy", "nli_semantic_entropy")
"""The entropies of AGREEMENT over the classes that a model of language inference found."""
Half = Literal[0, 1]
"""Samples of even, or of odd number."""
HALVES: tuple[Half, Half] = (0, 1)
_LIKENESS = {"cosines": "semantic_variation", "rouge_l": "lexical_variation"}
_SAMPLE = [*PROMPT_KEY, "sample"]


def read_samples(run: Path) -> pd.DataFrame:
    """A row a sampled answer: its key, `logprob` (NaN for null), `per_token`, and for `cosines` and `rouge_l` the sum over the
    samples before it and their number (`_n`); the same over those of its own half (`half_...`)."""
    columns = ["logprobs", *_LIKENESS]
    parts = [_reduced(batch) for batch in batches(run, "generations", columns, [("answer", "==", "sample")])]
    if not parts:
        return pd.DataFrame(columns=[*_SAMPLE, "logprob", "per_token"])
    return pd.concat(parts, ignore_index=True).drop_duplicates(_SAMPLE, ignore_index=True)


def sample_values(samples: pd.DataFrame, half: Half | None = None) -> pd.DataFrame:
    """Per prompt with samples: its key and SAMPLED; NaN where an arm has fewer samples than another arm of the document (a run
    that was stopped between them). From `read_samples`."""
    samples = _half(samples, half)
    prompts, code, sizes = _prompts(samples)
    if not len(prompts):
        return prompts.assign(**dict.fromkeys(SAMPLED, np.nan))

    def total(column: str) -> NDArray[np.float64]:
        return np.asarray(np.bincount(code, weights=samples[column], minlength=len(prompts)), dtype=np.float64)

    n = np.where(sizes >= most(prompts, sizes), sizes, np.nan)
    variation = {}
    for column, name in _LIKENESS.items():
        prefix = "" if half is None else "half_"
        pairs = total(f"{prefix}{column}_n")
        known = np.where(pairs > 0, pairs, np.nan)
        variation[name] = np.where(np.isfinite(n), 1.0 - total(f"{prefix}{column}") / known, np.nan)
    return prompts.assign(
        sequence_entropy=-total("logprob") / n + 0.0, normalized_sequence_entropy=-total("per_token") / n + 0.0, **variation
    )


def agreements(labels: pd.DataFrame, samples: pd.DataFrame, half: Half | None = None) -> pd.DataFrame:
    """Per prompt with scored samples: its key and AGREEMENT. From `answers.answer_labels` and `read_samples`."""
    sampled = _half(labels[labels["answer"] == "sample"], half)
    prompts, code, sizes = _prompts(sampled)
    if not len(prompts):
        return prompts.assign(**dict.fromkeys(AGREEMENT, np.nan))
    n = len(prompts)
    per_token = (
        sampled[_SAMPLE].merge(samples[[*_SAMPLE, "per_token"]], on=_SAMPLE, how="left")["per_token"].to_numpy(np.float64)
    )
    largest = np.full(n, -np.inf)
    np.fmax.at(largest, code, per_token)
    likelihood = np.exp(per_token - largest[code])
    named = pd.DataFrame({"prompt": code, "label": sampled["label"].to_numpy()})
    cluster = named.groupby(["prompt", "label"], sort=False).ngroup().to_numpy()
    owner = code[np.unique(cluster, return_index=True)[1]]
    counts = np.bincount(cluster).astype(np.float64)
    mass = np.asarray(np.bincount(cluster, weights=likelihood), dtype=np.float64)
    modal = np.zeros(n)
    np.maximum.at(modal, owner, counts / sizes[owner])
    usable = (sizes >= 2) & (sizes >= most(prompts, sizes))
    values = {
        "answer_agreement": modal,
        "cluster_entropy": _entropies(counts, owner, n),
        "semantic_entropy": _entropies(mass, owner, n),
    }
    return prompts.assign(**{name: np.where(usable, value, np.nan) for name, value in values.items()})


def judged_classes(run: Path) -> pd.DataFrame:
    """The classes that `ride-eval equivalence` stored: the samples' keys, `label` and `judge`; no rows where nobody judged."""
    return read_table(run, "equivalences", ["class", "judge"]).rename(columns={"class": "label"})


def judged_agreements(classes: pd.DataFrame, samples: pd.DataFrame, half: Half | None = None) -> pd.DataFrame:
    """Per prompt all of whose samples are judged: its key and JUDGED. From `judged_classes` and `read_samples`."""
    # A judge stopped within a prompt: entropy grows with the number of samples.
    n_samples, n_judged = (rows.groupby(PROMPT_KEY).size() for rows in (samples, classes))
    whole = n_judged.index[n_judged.to_numpy() == n_samples.reindex(n_judged.index).to_numpy()]
    found = agreements(classes[pd.MultiIndex.from_frame(classes[PROMPT_KEY]).isin(whole)], samples, half)
    return found[PROMPT_KEY].assign(**{name: found[name.removeprefix("nli_")] for name in JUDGED})


def half_values(labels: pd.DataFrame, samples: pd.DataFrame, classes: pd.DataFrame) -> pd.DataFrame:
    """UNIT and, of each of SAMPLED, AGREEMENT and where somebody judged JUDGED, its value from either half of the samples:
    `<quantity>_0`, `..._1`."""
    halves = []
    for half in HALVES:
        own = document_means(sample_values(samples, half), SAMPLED)
        own = own.merge(document_means(agreements(labels, samples, half), AGREEMENT), on=UNIT, how="outer")
        if len(classes):
            own = own.merge(document_means(judged_agreements(classes, samples, half), JUDGED), on=UNIT, how="outer")
        halves.append(own)
    return halves[0].merge(halves[1], on=UNIT, suffixes=("_0", "_1"))


def _entropies(masses: NDArray[np.float64], owner: NDArray[np.intp], n: int) -> NDArray[np.float64]:
    """Entropy of each owner's masses, which are divided by their sum: (n,) nats; NaN where a mass is."""
    shares = masses / np.bincount(owner, weights=masses, minlength=n)[owner]
    logs = np.log(shares, out=np.zeros_like(shares), where=~(shares <= 0))
    return np.abs(np.bincount(owner, weights=-shares * logs, minlength=n))


def _half(rows: pd.DataFrame, half: Half | None) -> pd.DataFrame:
    return rows if half is None else rows[rows["sample"] % 2 == half]


def _reduced(batch: pa.Table) -> pd.DataFrame:
    sizes, logprobs = flat(batch["logprobs"])
    row = np.repeat(np.arange(len(sizes)), np.maximum(sizes, 0))
    logprob = np.where(sizes >= 0, np.bincount(row, weights=logprobs, minlength=len(sizes)), np.nan)
    frame: pd.DataFrame = keys(batch, "generations").drop(columns="answer")
    frame = frame.assign(logprob=logprob, per_token=np.divide(logprob, sizes, out=np.full(len(sizes), np.nan), where=sizes > 0))
    parity = frame["sample"].to_numpy(np.int64) % 2
    for column in _LIKENESS:
        n_before, values = flat(batch[column])
        n_before = np.maximum(n_before, 0)
        row = np.repeat(np.arange(len(frame)), n_before)
        other = np.arange(len(row)) - np.repeat(np.cumsum(n_before) - n_before, n_before)
        known = np.isfinite(values)
        for prefix, counted in (("", known), ("half_", known & (other % 2 == parity[row]))):
            sums = np.bincount(row[counted], weights=values[counted], minlength=len(frame))
            numbers = np.bincount(row[counted], minlength=len(frame))
            frame = frame.assign(**{f"{prefix}{column}": sums, f"{prefix}{column}_n": numbers})
    return frame


def _prompts(samples: pd.DataFrame) -> tuple[pd.DataFrame, NDArray[np.intp], NDArray[np.int64]]:
    """The prompts that have samples, which of them each sample is of, and how many each has."""
    code = samples.groupby([*UNIT, "prompt"], sort=False).ngroup().to_numpy().astype(np.intp)
    sizes = np.bincount(code) if len(code) else np.zeros(0, dtype=np.int64)
    first = np.unique(code, return_index=True)[1]
    return samples.iloc[first][PROMPT_KEY].reset_index(drop=True), code, sizes.astype(np.int64)
