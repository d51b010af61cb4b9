"""Which answers of a run are equivalent, and which greedy ones flip from `none`'s.

A large run has a million sampled answers, so texts are reduced as they are read, and two answers are compared by a 64-bit hash
of what equivalent ones share (`metrics.equivalence`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from ride_eval.analysis.batches import batches, keys, row_hashes
from ride_eval.analysis.units import PROMPT_KEY
from ride_eval.metrics.equivalence import NO_ANSWER, label
from ride_eval.store import KEYS

NO_FILTER = "none"
"""The harness's name for a task's answers as they are: such a task extracts no answer."""
_ANSWER = [*PROMPT_KEY, "answer", "sample"]


def flips(labels: pd.DataFrame) -> pd.DataFrame:
    """Per greedy answer of every arm but `none` with a counterpart there: 1 if it differs, 0 if not. From `answer_labels`."""
    greedy = labels[labels["answer"] == "greedy"]
    of_none = greedy[greedy["arm"] == "none"].drop(columns=["arm", "answer", "sample"]).rename(columns={"label": "none_label"})
    pairs = greedy[greedy["arm"] != "none"].merge(of_none, on=[field for field in PROMPT_KEY if field != "arm"])
    return pairs[PROMPT_KEY].assign(flip=(pairs["label"] != pairs["none_label"]).to_numpy(np.float64))


def answer_labels(run: Path, kinds: Sequence[str] = ("greedy", "sample")) -> pd.DataFrame:
    """Every scored answer of these kinds: its key, `answer`, `sample`, and `label` (uint64), equal for equivalent answers.

    An answer whose filter found nothing is compared by its text; it is left out if the run has no text of it.
    """
    parts, unlabelled = [], []
    for batch in batches(run, "scores", ["filter", "filtered"], [("answer", "in", list(kinds))]):
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
