"""Do words about an expert move the real routing? Shift and pull of the arms against their controls, by domain and by layer.

`routing_shift` is a distance from `none` and never below 0, so it is compared between an arm and its control. The pull of a
domain's word is the difference in `wrong_domain_distance` between the right and the wrong text (see `analysis.signatures`):
positive, if the word moved routing toward the domain that it names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ride_eval.analysis.batches import batches, keys
from ride_eval.analysis.beside_none import beside_none
from ride_eval.analysis.categories.association import Association, association
from ride_eval.analysis.categories.measured import Measured
from ride_eval.analysis.contrasts import Contrast, effect
from ride_eval.analysis.frames import load_run
from ride_eval.analysis.routes import common_experts
from ride_eval.analysis.signatures import Shape, domain_centres, signatures
from ride_eval.analysis.units import PROMPT_KEY, UNIT, document_means
from ride_eval.metrics.routing import cosine
from ride_eval.perturbations import PERTURBED
from ride_eval.store import read_manifest, read_table

SHIFTS = (
    Contrast("tag", "tag_placebo"),
    Contrast("tag", "tag_wrong"),
    Contrast("expert", "filler"),
    Contrast("expert", "expert_wrong"),
)
PULLS = (Contrast("tag", "tag_wrong"), Contrast("expert", "expert_wrong"))
SHIFT, PULL = "routing_shift", "wrong_domain_distance"
"""Columns of a run's documents; the second one's difference between right and wrong text is the pull."""
ALL = "all"


@dataclass(frozen=True, kw_only=True)
class ArmEffect:
    """An arm against its control on the routing of the question's tokens."""

    what: str
    """shift or pull."""
    contrast: str
    domain: str
    """ALL, or one."""
    effect: Measured
    """n counts documents."""
    layers: tuple[Measured, ...] = ()
    """The same in each routed layer; of ALL domains only."""


@dataclass(frozen=True, kw_only=True)
class PullLink:
    """Do documents on which the word pulls more change otherwise too?"""

    contrast: str
    beside: str
    """correctness: right text - wrong text; certainty: minus the same difference in entropy."""
    association: Association


@dataclass(frozen=True, kw_only=True)
class ArmsOnRouting:
    """None of it where only `none` was run."""

    effects: tuple[ArmEffect, ...]
    links: tuple[PullLink, ...]


def arms_on_routing(run: Path) -> ArmsOnRouting:
    """Of a run of a mixture of experts."""
    model = read_manifest(run)["model"]
    shape, k = (len(model["moe_layers"]), int(model["experts"])), int(model["experts_per_token"])
    documents = load_run(run).documents
    documents = documents[documents["task"] != PERTURBED]
    if not set(documents["arm"].unique()) - {"none"}:
        return ArmsOnRouting(effects=(), links=())
    domains = read_table(run, "prompts", ["domain"])[["task", "document", "domain"]].drop_duplicates(["task", "document"])
    documents = documents.merge(domains, on=["task", "document"], how="left")
    found: list[ArmEffect] = []
    for what, column, contrasts, by_layer in (
        ("shift", SHIFT, SHIFTS, shift_by_layer(run, k, shape[0])),
        ("pull", PULL, PULLS, wrong_distance_by_layer(run, shape)),
    ):
        present = [contrast for contrast in contrasts if set(contrast) <= set(documents["arm"].unique())]
        layered = documents[UNIT].merge(by_layer, on=UNIT, how="left") if len(by_layer) else None
        for contrast in present:
            layers = [] if layered is None else [layered[name] for name in _names(shape[0])]
            found.append(
                ArmEffect(
                    what=what,
                    contrast=str(contrast),
                    domain=ALL,
                    effect=_effect(documents, column, contrast),
                    layers=tuple(
                        _effect(documents.assign(**{column: values.to_numpy()}), column, contrast) for values in layers
                    ),
                )
            )
            for domain, own in documents.groupby("domain"):
                found.append(
                    ArmEffect(what=what, contrast=str(contrast), domain=str(domain), effect=_effect(own, column, contrast))
                )
    links = [link for contrast in PULLS if (link := _links(documents, contrast))]
    return ArmsOnRouting(effects=tuple(found), links=tuple(each for link in links for each in link))


def shift_by_layer(run: Path, k: int, layers: int) -> pd.DataFrame:
    """UNIT and, per routed layer, 1 - share of the aligned question tokens' experts in common with `none`."""
    return _document_means(_shifts(run, k, layers), layers)


def wrong_distance_by_layer(run: Path, shape: Shape) -> pd.DataFrame:
    """UNIT and, per routed layer, 1 - cosine of the signature to the mean one of the document's wrong domain in `none`."""
    return _document_means(_wrong_distances(run, shape), shape[0])


def _shifts(run: Path, k: int, layers: int) -> Iterator[tuple[pd.DataFrame, NDArray[np.float64]]]:
    for key, own, none in beside_none(run, "routes", ["token_ids", "experts"]):
        shifts = np.full((len(key), layers), np.nan)
        rows = zip(own.to_pylist(), none.to_pylist(), strict=True)
        for i, (one, other) in enumerate(rows):
            if one["token_ids"] and one["token_ids"] == other["token_ids"]:
                ids = [np.asarray(row["experts"], dtype=np.uint16).reshape(-1, k) for row in (one, other)]
                shifts[i] = 1 - common_experts(*ids).reshape(-1, layers).mean(0) / k
        yield key, shifts


def _wrong_distances(run: Path, shape: Shape) -> Iterator[tuple[pd.DataFrame, NDArray[np.float64]]]:
    centres = domain_centres(run, shape)
    unknown = np.full(shape, np.nan)
    for batch in batches(run, "prompts", ["routing_question", "wrong_domain"], rows=512):
        own = signatures(batch["routing_question"], shape)
        named = np.stack([centres.get(domain, unknown) for domain in batch["wrong_domain"].to_pylist()])
        yield keys(batch, "prompts"), np.maximum(1 - cosine(own, named), 0)


def _names(layers: int) -> list[str]:
    return [f"layer_{i}" for i in range(layers)]


def _document_means(parts: Iterator[tuple[pd.DataFrame, NDArray[np.float64]]], layers: int) -> pd.DataFrame:
    names = _names(layers)
    frames = [key[PROMPT_KEY].assign(**dict(zip(names, values.T, strict=True))) for key, values in parts]
    if not frames:
        return pd.DataFrame(columns=[*UNIT, *names])
    return document_means(pd.concat(frames, ignore_index=True).drop_duplicates(PROMPT_KEY, ignore_index=True), names)


def _effect(documents: pd.DataFrame, column: str, contrast: Contrast) -> Measured:
    found = effect(documents.drop(columns="domain"), column, contrast).estimate
    return Measured(value=found.value, low=found.low, high=found.high, n=found.n, reason=found.reason)


# Pull beside what else changes ---------------------------------------------------------------------------------------------


def _links(documents: pd.DataFrame, contrast: Contrast) -> Sequence[PullLink]:
    if not set(contrast) <= set(documents["arm"].unique()):
        return ()
    entropy = documents["forced_entropy"].fillna(documents["choice_entropy"])
    columns = {"pull": documents[PULL], "correctness": documents["correct"], "certainty": -entropy}
    rows = documents[UNIT].assign(**columns)
    place = ["task", "document", "occurrence", "wording"]
    both = rows[rows["arm"] == contrast.arm].merge(rows[rows["arm"] == contrast.control], on=place, suffixes=("", "_control"))
    changes = both[place].assign(**{name: both[name] - both[f"{name}_control"] for name in columns})
    changes = changes.groupby(["task", "document"], as_index=False)[[*columns, "wording"]].mean()
    strata = np.asarray(changes.groupby(["task", "wording"]).ngroup(), dtype=np.int64)
    pull = changes["pull"].to_numpy(np.float64)
    return [
        PullLink(contrast=str(contrast), beside=name, association=association(pull, changes[name].to_numpy(np.float64), strata))
        for name in ("correctness", "certainty")
    ]
