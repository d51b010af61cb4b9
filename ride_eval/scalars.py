"""The scalars of a measurement: what the harness's own table shows beside correctness, made from stored rows.

Fresh and stored rows go through the same functions, so a resumed run reports the numbers of an uninterrupted one.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from ride_eval.metrics.bands import early_and_middle
from ride_eval.metrics.samples import normalized_sequence_entropy, semantic_variation, sequence_entropy

PROMPT_SCALARS: Mapping[str, tuple[str, ...]] = {
    "density": ("hoyer_mlp", "participation_mlp", "hoyer_resid", "participation_resid"),
    "routing": ("router_entropy",),
    "attention": ("keyword_share", "keyword_lift", "meta_mass"),
    "entropy": (),
}
"""By probe, the names every prompt has."""

ANSWER_SCALARS: Mapping[str, tuple[str, ...]] = {
    "density": (),
    "routing": (),
    "attention": (),
    "entropy": (
        "forced_entropy",
        "token_entropy",
        "first_token_entropy",
        "sequence_entropy",
        "normalized_sequence_entropy",
        "semantic_variation",
    ),
}
"""By probe, the names a prompt with a generated answer has beside them."""

LENGTH_SCALARS = ("answer_tokens", "truncated")
"""Of a generated answer, whatever the probes."""

AGREEMENT_SCALARS = ("answer_agreement", "cluster_entropy")
"""From the filtered answers of the samples, which only the task knows."""

ALL_SCALARS = (
    *(name for table in (PROMPT_SCALARS, ANSWER_SCALARS) for names in table.values() for name in names),
    *LENGTH_SCALARS,
    *AGREEMENT_SCALARS,
)


def names(probes: Collection[str], *, generated: bool) -> tuple[str, ...]:
    """Every name that these probes can give."""
    tables = (PROMPT_SCALARS, ANSWER_SCALARS) if generated else (PROMPT_SCALARS,)
    own = tuple(name for table in tables for probe in table if probe in probes for name in table[probe])
    return (*own, *LENGTH_SCALARS) if generated else own


def prompt_values(row: Mapping[str, Any]) -> dict[str, float]:
    """Scalars of a `prompts` row: layer means, of the early and middle layers for density."""
    values = {}
    for site in ("mlp", "resid"):
        for measure in ("hoyer", "participation"):
            layers = _layers(row.get(f"{site}_{measure}"))
            values[f"{measure}_{site}"] = _mean(layers[early_and_middle(len(layers))])
    values["keyword_share"] = _mean_share(_layers(row.get("keyword_share")), len(_layers(row.get("keyword_mass"))))
    values["keyword_lift"] = values["keyword_share"] / _keyword_size(row)
    values["meta_mass"] = _mean(_layers(row.get("meta_mass")))
    values["router_entropy"] = _mean(_layers(row.get("router_entropy")))
    return values


def answer_values(row: Mapping[str, Any]) -> dict[str, float]:
    """Scalars of a greedy `generations` row; an answer without tokens has no entropy."""
    entropies = _layers(row.get("entropies"))
    return {
        "token_entropy": _mean(entropies),
        "first_token_entropy": float(entropies[0]) if len(entropies) else math.nan,
        "answer_tokens": float(len(row["token_ids"])),
        "truncated": float(row["finish"] == "length"),
    }


def sample_values(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Scalars of a prompt's `sample` rows; NaN without samples, or without their log-probabilities."""
    logprobs = [_layers(row.get("logprobs")) for row in rows]
    measured = bool(rows) and all(row.get("logprobs") is not None for row in rows)
    sums, lengths = [float(part.sum()) for part in logprobs], [len(part) for part in logprobs]
    cosines = np.concatenate([_layers(row.get("cosines")) for row in rows]) if rows else np.empty(0)
    return {
        "sequence_entropy": sequence_entropy(sums) if measured else math.nan,
        "normalized_sequence_entropy": normalized_sequence_entropy(sums, lengths) if measured else math.nan,
        "semantic_variation": semantic_variation(cosines.tolist()),
    }


def forced_value(row: Mapping[str, Any] | None) -> float:
    """`forced_entropy` of a forced row (for `none`, its greedy one); NaN where there is none."""
    return math.nan if row is None else _mean(_layers(row.get("entropies")))


def _mean_share(shares: np.ndarray[Any, np.dtype[np.float64]], n_layers: int) -> float:
    """Mean over layers of the mean over heads that were not dropped; NaN if a whole prompt has none."""
    if not len(shares):
        return math.nan
    heads = [layer[np.isfinite(layer)] for layer in shares.reshape(n_layers, -1)]
    layers = [layer.mean() for layer in heads if len(layer)]
    return float(np.mean(layers)) if layers else math.nan


def _keyword_size(row: Mapping[str, Any]) -> float:
    """The keywords' share of the aligned tokens; NaN without keywords."""
    keywords, tokens = row.get("keyword_tokens"), row.get("aligned_tokens")
    return keywords / tokens if keywords and tokens else math.nan


def _layers(values: Sequence[float] | None) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.asarray([] if values is None else values, dtype=np.float64)


def _mean(values: np.ndarray[Any, np.dtype[np.float64]]) -> float:
    return float(values.mean()) if len(values) else math.nan
