"""A run directory as one tidy frame: one row per document, arm and wording, one column per quantity.

What was not measured is NaN, never 0.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from ride_eval.analysis.answers import answer_labels, flips
from ride_eval.analysis.attention import ATTENTION, keyword_attention
from ride_eval.analysis.quantities import QUANTITIES
from ride_eval.analysis.routes import routing_shifts
from ride_eval.analysis.samples import (
    AGREEMENT,
    JUDGED,
    SAMPLED,
    agreements,
    half_values,
    judged_agreements,
    judged_classes,
    read_samples,
    sample_values,
)
from ride_eval.analysis.signatures import DISTANCES, VALUES, signature_distances, signature_values
from ride_eval.analysis.units import LAYER_MARK, PROMPT_KEY, UNIT, document_means, layer_columns, most
from ride_eval.errors import RunError
from ride_eval.metrics.bands import bands, early_and_middle
from ride_eval.progress import NOTHING_ASKED, Progress, progress
from ride_eval.store import read_manifest, read_status, read_table

COLUMNS = [quantity.name for quantity in QUANTITIES]
_BESIDE = ["meta_length", "aligned_tokens", "keyword_tokens", "heads_dropped", "confidence", "choice_brier"]
MEASURES = ("hoyer", "participation", "near_zero", "gini", "top10_energy")
"""Of density, at two sites; `hoyer` is shown as density, 1 - it."""
BANDS = ("early", "middle", "late")
TRUNCATED = "truncated"
"""How the reason of a prompt begins that the harness cut, in this arm or another: it is measured in none."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run directory, read."""

    path: Path
    name: str
    """Of the model, as recorded; the directory's name if the record has none."""
    manifest: dict[str, Any]
    status: dict[str, Any]
    documents: pd.DataFrame
    """UNIT, the quantities (float64), `meta_length` and `meta_unit` of the arm's text, `aligned_tokens` of the question (mean
    over its prompts), `keyword_tokens` and `heads_dropped` (see `attention`), `confidence`: the probability of the choice
    that was taken, `choice_brier` (see `metrics.choices`), and `reason`: why token statistics are missing (null: they are
    not). Sorted by UNIT."""
    layers: pd.DataFrame = field(default_factory=pd.DataFrame)
    """The rows of `documents`, with `density`, `density_resid`, `keyword_share` and `routing_shift` of each layer (float32):
    see `units.layer_columns`."""
    halves: pd.DataFrame = field(default_factory=pd.DataFrame)
    """Sample-based quantities from either half of the samples: see `samples.half_values`."""
    progress: Progress = NOTHING_ASKED
    judged_by: str | None = None
    """The model that judged which samples are equivalent, if one did."""


def load_run(path: Path | str, quantities: Collection[str] | None = None) -> Run:
    """Read a run directory, complete or not. Raises RunError if it is not one, or holds a damaged shard.

    `quantities`: only what these need is read; others may be NaN, and `layers` and `halves` are empty. By default, all.
    """
    path = Path(path)
    try:
        return _load_run(path, quantities)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError, pa.ArrowException) as error:
        # Files that each are whole and do not fit together: of several runs, or made to be read wrongly.
        raise RunError(f"What {path} holds does not fit together ({type(error).__name__}: {error}). Measure again.") from error


def _load_run(path: Path, quantities: Collection[str] | None) -> Run:
    manifest, status = read_manifest(path), read_status(path)
    model = manifest["model"]
    if quantities is not None:
        return Run(
            path=path,
            name=str(model.get("name") or path.name),
            manifest=manifest,
            status=status,
            documents=_join(_needed(path, model, set(quantities)))[0],
            progress=progress(path),
        )
    labels, samples, classes = answer_labels(path), read_samples(path), judged_classes(path)
    parts = [
        _prompts(path),
        _with_layers(keyword_attention(path), ATTENTION),
        _answers(path),
        _choices(path),
        _scores(path),
        document_means(sample_values(samples), SAMPLED),
        document_means(agreements(labels, samples), AGREEMENT),
        document_means(judged_agreements(classes, samples), JUDGED),
        document_means(flips(labels), ["flip"]),
    ]
    experts_per_token = model.get("experts_per_token") or 0
    if experts_per_token:
        shape = (len(model["moe_layers"]), int(model["experts"]))
        parts.append(_with_layers(routing_shifts(path, experts_per_token, shape[0]), ["routing_shift"]))
        parts.append(document_means(signature_distances(path, shape), DISTANCES))
        parts.append(document_means(signature_values(path, shape), VALUES))
    documents, layers = _join(parts)
    return Run(
        path=path,
        name=str(model.get("name") or path.name),
        manifest=manifest,
        status=status,
        documents=documents,
        layers=layers,
        halves=half_values(labels, samples, classes),
        progress=progress(path),
        judged_by=str(classes["judge"].iloc[0]) if len(classes) else None,
    )


def _needed(path: Path, model: dict[str, Any], wanted: set[str]) -> list[pd.DataFrame]:
    """The parts of a run's frame that have these quantities, without the columns of single layers."""
    parts = [_prompts(path, wanted), _answers(path), _choices(path), _scores(path)]
    if wanted & set(ATTENTION):
        parts.append(document_means(keyword_attention(path), ATTENTION))
    if wanted & {*SAMPLED, *AGREEMENT, *JUDGED}:
        labels, samples = answer_labels(path), read_samples(path)
        parts.append(document_means(sample_values(samples), SAMPLED))
        parts.append(document_means(agreements(labels, samples), AGREEMENT))
        parts.append(document_means(judged_agreements(judged_classes(path), samples), JUDGED))
    elif "flip" in wanted:
        labels = answer_labels(path, ["greedy"])
    if "flip" in wanted:
        parts.append(document_means(flips(labels), ["flip"]))
    k = model.get("experts_per_token") or 0
    if k:
        shape = (len(model["moe_layers"]), int(model["experts"]))
        if "routing_shift" in wanted:
            parts.append(document_means(routing_shifts(path, k, shape[0]), ["routing_shift"]))
        if wanted & set(DISTANCES):
            parts.append(document_means(signature_distances(path, shape), DISTANCES))
        if wanted & set(VALUES):
            parts.append(document_means(signature_values(path, shape, distant="wrong_domain_distance" in wanted), VALUES))
    return parts


def layer_means(lists: pd.Series[Any], layers_of: Callable[[int], slice] = slice) -> NDArray[np.float64]:
    """Mean over layers of one list a row: rows of (L,) floats or null -> (rows,), NaN where there is no list.

    `layers_of` tells from the number of layers which are taken, by default all; NaN where it takes none.
    """
    means = np.full(len(lists), np.nan)
    values, lengths = _lists(lists)
    for length in np.unique(lengths[lengths > 0]).tolist():
        rows = np.flatnonzero(lengths == length)
        taken = np.stack([values[row] for row in rows])[:, layers_of(length)]
        if taken.shape[1]:
            means[rows] = taken.mean(1, dtype=np.float64)
    return means


def _prompts(path: Path, wanted: Collection[str] | None = None) -> pd.DataFrame:
    """`wanted`: of the density measures beside Hoyer's, only these quantities, and no column of a single layer."""
    places = [
        (site, measure)
        for site in ("mlp", "resid")
        for measure in MEASURES
        if wanted is None or _density_name(site, measure) in wanted or (site, measure) == ("mlp", "hoyer")
    ]
    lists = [f"{site}_{measure}" for site, measure in places]
    routers = ["router_entropy", "router_margin"]
    frame = read_table(path, "prompts", ["meta_length", "meta_unit", "aligned_tokens", "reason", *lists, *routers])
    density = {f"{measure}_{site}": layer_means(frame[f"{site}_{measure}"], early_and_middle) for site, measure in places}
    for site in ("mlp", "resid"):
        if f"hoyer_{site}" in density:
            density[_density_name(site, "hoyer")] = 1.0 - density.pop(f"hoyer_{site}")
    for band in (band for band in BANDS if wanted is None or f"density_{band}" in wanted):
        density[f"density_{band}"] = 1.0 - layer_means(frame["mlp_hoyer"], partial(_band, band))
    routing = {name: layer_means(frame[name]) for name in routers}
    lengths = {name: frame[name].astype(float) for name in ("meta_length", "aligned_tokens")}
    values = frame[PROMPT_KEY].assign(**density, **routing, **lengths)
    names = [*density, *routers, *lengths]
    sites = {"density": "mlp_hoyer", "density_resid": "resid_hoyer"}
    if wanted is None:
        values = pd.concat([values, *(_by_layer(name, frame[column]) for name, column in sites.items())], axis=1)
    texts = frame[[*UNIT, "meta_unit", "reason"]].groupby(UNIT, as_index=False, sort=False).first()
    return _with_layers(values, names).merge(texts, on=UNIT, how="left")


def _density_name(site: str, measure: str) -> str:
    """The quantity of a measure at a site."""
    return f"{measure}_{site}" if measure != "hoyer" else {"mlp": "density", "resid": "density_resid"}[site]


def _by_layer(name: str, lists: pd.Series[Any]) -> pd.DataFrame:
    """1 - one list a row, a column a layer: rows without a list, or with another number of layers than most, are NaN."""
    values, lengths = _lists(lists)
    there = lengths[lengths > 0]
    n_layers = int(np.bincount(there).argmax()) if len(there) else 0
    found = np.full((len(lists), n_layers), np.nan, dtype=np.float32)
    rows = np.flatnonzero((lengths == n_layers) & (lengths > 0))
    if len(rows):
        found[rows] = 1.0 - np.stack([values[row] for row in rows])
    return pd.DataFrame(found, columns=layer_columns(name, n_layers), index=lists.index)


def _with_layers(prompts: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """`document_means` of the columns named and of those that hold a layer."""
    return document_means(prompts, [*names, *(str(column) for column in prompts if LAYER_MARK in str(column))])


def _band(name: str, n_layers: int) -> slice:
    return bands(n_layers)[name]


def _answers(path: Path) -> pd.DataFrame:
    frame = read_table(path, "generations", ["entropies", "finish"], [("answer", "in", ["greedy", "forced"])])
    values, lengths = _lists(frame["entropies"])
    means, first = np.full(len(frame), np.nan), np.full(len(frame), np.nan)
    rows = np.flatnonzero(lengths > 0)
    if len(rows):
        flat = np.concatenate([values[row] for row in rows]).astype(np.float64)
        starts = np.concatenate([[0], np.cumsum(lengths[rows])[:-1]])
        means[rows] = np.add.reduceat(flat, starts) / lengths[rows]
        first[rows] = flat[starts]
    key = frame[PROMPT_KEY]
    greedy = (frame["answer"] == "greedy").to_numpy(bool)
    # `none` answers its own greedy text, so its own entropies are what the other arms are compared with.
    forced = np.where(frame["arm"] == "none", greedy, frame["answer"] == "forced").astype(bool)
    own = key[greedy].assign(
        token_entropy=means[greedy],
        first_token_entropy=first[greedy],
        answer_tokens=np.where(lengths[greedy] >= 0, lengths[greedy], np.nan),
        truncated=(frame["finish"] == "length").astype(float).where(frame["finish"].notna())[greedy],
    )
    own_means = document_means(own, ["token_entropy", "first_token_entropy", "answer_tokens", "truncated"])
    forced_means = document_means(key[forced].assign(forced_entropy=means[forced]), ["forced_entropy"])
    return own_means.merge(forced_means, on=UNIT, how="outer")


def _choices(path: Path) -> pd.DataFrame:
    frame = read_table(path, "choices", ["loglikelihood", "bytes"])
    frame = frame.sort_values([*UNIT, "prompt", "choice"], ignore_index=True)
    groups = frame.groupby(UNIT, sort=False)
    number = groups.ngroup().to_numpy()
    sizes = np.bincount(number) if len(frame) else np.zeros(0, dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum(sizes)])[: len(sizes)].astype(int)
    summed = frame["loglikelihood"].to_numpy(np.float64)
    scores = summed / np.maximum(frame["bytes"].to_numpy(np.float64), 1.0)
    units = frame[UNIT].iloc[starts].reset_index(drop=True)
    taken, gold = _scored(path, units)
    names = ("choice_entropy", "choice_margin", "confidence", "choice_entropy_summed", "choice_brier")
    found = {name: np.full(len(units), np.nan) for name in names}
    for size in np.unique(sizes[sizes >= 2]).tolist():
        rows = np.flatnonzero(sizes == size)
        places = starts[rows][:, None] + np.arange(size)
        found["choice_entropy"][rows], found["choice_margin"][rows], shares = choice_uncertainty(scores[places])
        found["choice_entropy_summed"][rows] = choice_uncertainty(summed[places])[0]
        known = taken[rows] < size
        found["confidence"][rows[known]] = shares[known, taken[rows][known].astype(int)]
        known = gold[rows] < size
        right = np.arange(size) == gold[rows][known, None]
        found["choice_brier"][rows[known]] = ((shares[known] - right) ** 2).sum(1)
    # Some of the choices only (a run killed between them) are another question than all of them.
    partial = sizes < most(units, sizes)
    return units.assign(**{name: np.where(partial, np.nan, values) for name, values in found.items()})


def _scored(path: Path, units: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Per unit, the index of the choice the harness took, and of the right one; NaN where no score says."""
    frame = read_table(path, "scores", ["filtered", "gold"], [("answer", "==", "greedy")])
    index = pd.to_numeric(frame["filtered"], errors="coerce").to_numpy(np.float64)
    index = np.where((index >= 0) & (index == np.floor(index)), index, np.nan)
    scored = frame[UNIT].assign(taken=index, gold=frame["gold"].astype(float)).drop_duplicates(UNIT)
    found = units.merge(scored, on=UNIT, how="left")
    return found["taken"].to_numpy(np.float64), found["gold"].to_numpy(np.float64)


def choice_uncertainty(
    scores: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """(n, C) log-likelihoods per byte -> (n,) choice_entropy, (n,) choice_margin and (n, C) probabilities, as `metrics.choices`
    has them, in bulk."""
    entropy, margin = np.full(len(scores), np.nan), np.full(len(scores), np.nan)
    probabilities = np.full(scores.shape, np.nan)
    finite = np.isfinite(scores).all(1)
    weights = np.exp(scores[finite] - scores[finite].max(1, keepdims=True))
    shares = weights / weights.sum(1, keepdims=True)
    logs = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    entropy[finite] = -(shares * logs).sum(1) / np.log(scores.shape[1])
    ordered = np.sort(shares, axis=1)
    margin[finite] = ordered[:, -1] - ordered[:, -2]
    probabilities[finite] = shares
    return entropy, margin, probabilities


def _scores(path: Path) -> pd.DataFrame:
    frame = read_table(path, "scores", ["correct"], [("answer", "==", "greedy")])
    return document_means(frame[PROMPT_KEY].assign(correct=frame["correct"].astype(float)), ["correct"])


def _join(parts: Sequence[pd.DataFrame]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The parts side by side, a row for every unit any of them has, absent quantities as NaN columns; and the layers' columns
    of the same rows."""
    joined = pd.DataFrame(columns=UNIT)
    for part in parts:
        if len(part):
            joined = joined.merge(part, on=UNIT, how="outer") if len(joined) else part
    joined = joined.sort_values(UNIT, ignore_index=True)
    of_layers = [column for column in joined if LAYER_MARK in str(column)]
    layers = joined[of_layers].astype(np.float32)
    joined = joined.drop(columns=of_layers)
    for column in [*COLUMNS, *_BESIDE]:
        values = joined[column].to_numpy(np.float64, na_value=np.nan) if column in joined else np.nan
        joined = joined.assign(**{column: values})
    for column in ("meta_unit", "reason"):
        texts = joined[column].astype(object) if column in joined else pd.Series(None, index=joined.index, dtype=object)
        joined = joined.assign(**{column: texts.where(texts.notna(), None)})
    # The harness still answers and scores a cut prompt, but cuts the arm's text first: nothing of it can be compared.
    cut = joined["reason"].map(lambda reason: isinstance(reason, str) and reason.startswith(TRUNCATED)).astype(bool)
    unscored = [quantity.name for quantity in QUANTITIES if quantity.source != "score"]
    joined.loc[cut, ["confidence", "choice_brier", *unscored]] = np.nan
    return joined[[*UNIT, *COLUMNS, *_BESIDE, "meta_unit", "reason"]], layers


def _lists(column: pd.Series[Any]) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """A column of lists as an object array, and their lengths; -1 for null."""
    values = column.to_numpy(object)
    lengths = np.fromiter((len(value) if hasattr(value, "__len__") else -1 for value in values), np.int64, len(values))
    return values, lengths
