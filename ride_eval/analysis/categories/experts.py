"""OLMoE's looks at experts, of the documents whose signatures are compared (see `analysis.specialization`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ride_eval.analysis.categories.classify import HIDDEN
from ride_eval.analysis.specialization import (
    MIN_OCCURRENCES,
    coactivations,
    domain_specialization,
    vocabulary_specialization,
)
from ride_eval.store import read_manifest

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Experts:
    """Of L routed layers of E experts, k to a token."""

    layers: tuple[int, ...]
    """Their numbers in the model."""
    domains: tuple[str, ...]
    domain_shares: Floats = field(metadata=HIDDEN)
    """(D, L, E) share of a domain's tokens whose k experts include e; k / E where experts do not specialise."""
    uniform: float
    """k / E."""
    furthest: tuple[float, ...]
    """Per layer, the largest share of an expert in a domain, by k / E."""
    coactivation: Floats = field(metadata=HIDDEN)
    """(L, E, E) share of expert i's tokens that went to j too."""
    strongest: tuple[float, ...]
    """Per layer, the mean over experts of the share of their most frequent partner."""
    by_chance: float
    """Of a pair of experts: (k - 1) / (E - 1)."""
    vocabulary: Floats = field(metadata=HIDDEN)
    """(ids, L) share of a token id's occurrences whose first expert is its most frequent one."""
    vocabulary_ids: int
    vocabulary_median: tuple[float, ...]
    """Per layer; empty without an id that occurs MIN_OCCURRENCES times."""
    occurrences: int = MIN_OCCURRENCES


def experts_of(run: Path, tasks: tuple[str, ...]) -> Experts:
    """Of a run with stored routes."""
    model = read_manifest(run)["model"]
    n_experts, k = int(model["experts"]), int(model["experts_per_token"])
    by_domain = domain_specialization(run, tasks=tasks)
    shares = np.stack([by_domain[domain] for domain in sorted(by_domain)])
    pairs = coactivations(run, tasks=tasks)
    others = pairs.copy()
    diagonal = np.arange(n_experts)
    others[:, diagonal, diagonal] = np.nan
    # Rows of experts without tokens are NaN, and have no partner.
    best = np.where(np.isnan(pairs).all(-1), np.nan, np.fmax.reduce(others, axis=-1))
    vocabulary = vocabulary_specialization(run, tasks=tasks)
    return Experts(
        layers=tuple(int(layer) for layer in model["moe_layers"]),
        domains=tuple(sorted(by_domain)),
        domain_shares=shares,
        uniform=k / n_experts,
        furthest=tuple((shares.max(axis=(0, 2)) / (k / n_experts)).tolist()),
        coactivation=pairs,
        strongest=tuple(np.nanmean(best, axis=1).tolist()),
        by_chance=(k - 1) / (n_experts - 1) if n_experts > 1 else float("nan"),
        vocabulary=vocabulary.share,
        vocabulary_ids=len(vocabulary.token_ids),
        vocabulary_median=tuple(np.median(vocabulary.share, axis=0).tolist()) if len(vocabulary.share) else (),
    )
