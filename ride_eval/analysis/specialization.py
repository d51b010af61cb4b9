"""OLMoE's four looks at routing (arXiv 2409.02060, section 5), from the stored expert ids of question or of all prompt tokens.

Routed layers keep their order in the model. Each prompt counts once: a document's first wording and occurrence, by default
under `none`, since a prefix moves routing, and of all base tasks. Ids are read piece by piece, and only counts are held;
`saturation` holds those of one run's arm, some 200 MB for OLMoE and 10,000 questions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from ride_eval.analysis.batches import batches, flat, keys, row_hashes
from ride_eval.analysis.routes import common_experts
from ride_eval.analysis.units import PROMPT_KEY
from ride_eval.errors import RunError
from ride_eval.metrics.routing import coactivation, pair_counts, selection_counts
from ride_eval.store import read_manifest, read_table

MIN_OCCURRENCES = 10
"""Of a token id, for its vocabulary specialization."""
_ROWS = 512
Span = Literal["question", "prompt"]
"""Aligned question tokens, or all tokens of the prompt, which a run has if it was made with store_routes=prompt."""
_COLUMNS: dict[Span, tuple[str, str]] = {
    "question": ("token_ids", "experts"),
    "prompt": ("prompt_token_ids", "prompt_experts"),
}
_Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Saturation:
    """How much of its routing a checkpoint shares with another."""

    share: _Array
    """(routed layers,) mean over tokens of |T1 n T2| / k, 0 to 1; k / E by chance."""
    n_tokens: int


@dataclass(frozen=True, kw_only=True)
class VocabularySpecialization:
    """Per token id that occurs at least MIN_OCCURRENCES times."""

    token_ids: NDArray[np.int64]
    occurrences: NDArray[np.int64]
    share: _Array
    """(ids, routed layers): share of its occurrences whose first expert is its most frequent one, 1 / E to 1."""


class _Routes(NamedTuple):
    """Some prompts of a run."""

    keys: pd.DataFrame
    lengths: NDArray[np.int64]
    token_ids: NDArray[np.int64]
    """(tokens,) of all of them."""
    experts: NDArray[np.uint16]
    """(tokens, routed layers, k), by falling gate weight."""


def saturation(first: Path, second: Path, *, arm: str = "none", span: Span = "question") -> Saturation:
    """Of two runs of one model's checkpoints, over the prompts that both have with the same tokens.

    Raises RunError if the models have another number of routed layers, experts or chosen experts.
    """
    shapes = [_shape(run) for run in (first, second)]
    if shapes[0] != shapes[1]:
        raise RunError(
            f"{first} and {second} have (routed layers, experts, chosen) {shapes[0]} and {shapes[1]}, so they are not of one "
            "model's checkpoints."
        )
    layers, _, k = shapes[0]
    others = {place: (tokens, experts) for part in _routes(second, arm, span) for place, tokens, experts in _by_prompt(part)}
    common, n_tokens = np.zeros(layers), 0
    for part in _routes(first, arm, span):
        for place, tokens, experts in _by_prompt(part):
            other = others.get(place)
            if other is not None and np.array_equal(tokens, other[0]):
                both = common_experts(experts.reshape(-1, k), other[1].reshape(-1, k))
                common += both.reshape(-1, layers).sum(0)
                n_tokens += len(tokens)
    share = common / (n_tokens * k) if n_tokens else np.full(layers, np.nan)
    return Saturation(share=share, n_tokens=n_tokens)


def coactivations(run: Path, *, arm: str = "none", span: Span = "question", tasks: Sequence[str] = ()) -> _Array:
    """(routed layers, E, E): share of expert i's tokens that went to expert j too, over all pairs of a top-k set."""
    layers, n_experts, _ = _shape(run)
    pairs = np.zeros((layers, n_experts, n_experts), dtype=np.int64)
    for part in _routes(run, arm, span, tasks):
        pairs += pair_counts(part.experts, n_experts)
    return coactivation(pairs)


def domain_specialization(
    run: Path, *, arm: str = "none", span: Span = "question", tasks: Sequence[str] = ()
) -> dict[str, _Array]:
    """Per domain, (routed layers, E): share of its question tokens whose chosen experts include e; k / E where experts do not
    specialise. Rows sum to k."""
    _, n_experts, _ = _shape(run)
    domains = read_table(run, "prompts", ["domain"], [("arm", "=", arm)])
    named = dict(zip(row_hashes(domains, PROMPT_KEY).tolist(), domains["domain"], strict=True))
    counts: dict[str, NDArray[np.int64]] = {}
    tokens: dict[str, int] = {}
    for part in _routes(run, arm, span, tasks):
        of_prompt = np.array([str(named.get(place)) for place in row_hashes(part.keys, PROMPT_KEY).tolist()], dtype=object)
        of_token = np.repeat(of_prompt, part.lengths)
        for domain in np.unique(of_prompt):
            own = part.experts[of_token == domain]
            counts[domain] = counts.get(domain, 0) + selection_counts(own, n_experts)
            tokens[domain] = tokens.get(domain, 0) + len(own)
    return {domain: count / tokens[domain] for domain, count in sorted(counts.items()) if tokens[domain]}


def vocabulary_specialization(
    run: Path, *, arm: str = "none", span: Span = "question", tasks: Sequence[str] = ()
) -> VocabularySpecialization:
    """How firmly each token id is tied to one expert, by the first of its k experts."""
    layers, n_experts, _ = _shape(run)
    found = np.zeros((0, 2), dtype=np.int64)  # code of (id, layer, expert), count
    for part in _routes(run, arm, span, tasks):
        place = part.token_ids[:, None] * layers + np.arange(layers)
        codes, counts = np.unique(place * n_experts + part.experts[..., 0], return_counts=True)
        found = _added(np.concatenate([found, np.stack([codes, counts], 1)]))
    cell, count = found[:, 0] // n_experts, found[:, 1]
    cells, starts = np.unique(cell, return_index=True)
    largest, totals = (ufunc.reduceat(count, starts) if len(starts) else count for ufunc in (np.maximum, np.add))
    ids = cells.reshape(-1, layers)[:, 0] // layers
    occurrences, shares = totals.reshape(-1, layers)[:, 0], (largest / totals).reshape(-1, layers)
    often = occurrences >= MIN_OCCURRENCES
    return VocabularySpecialization(token_ids=ids[often], occurrences=occurrences[often], share=shares[often])


def _added(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """(code, count) rows with one row a code, by rising code."""
    codes, place = np.unique(rows[:, 0], return_inverse=True)
    counts = np.zeros(len(codes), dtype=np.int64)
    np.add.at(counts, place, rows[:, 1])
    return np.stack([codes, counts], 1)


def _shape(run: Path) -> tuple[int, int, int]:
    """Routed layers, experts, and chosen experts of a run's model. Raises RunError for a dense one."""
    model = read_manifest(run)["model"]
    if not model.get("experts"):
        raise RunError(f"{run} is of a dense model, which has no experts.")
    return len(model["moe_layers"]), int(model["experts"]), int(model["experts_per_token"])


def _routes(run: Path, arm: str, span: Span, tasks: Sequence[str] = ()) -> Iterator[_Routes]:
    layers, _, k = _shape(run)
    if span == "prompt" and read_manifest(run)["identity"].get("store_routes") != "prompt":
        raise RunError(f"{run} has no expert ids of all prompt tokens; measure it with store_routes=prompt in --model_args.")
    columns = _COLUMNS[span]
    of_tasks = [("task", "in", list(tasks))] if tasks else []
    prompts = read_table(run, "routes", [], [("arm", "=", arm), *of_tasks]).sort_values(
        ["occurrence", "wording"], kind="stable"
    )
    wanted = set(row_hashes(prompts.drop_duplicates(["task", "document", "prompt"]), PROMPT_KEY).tolist())
    for batch in batches(run, "routes", columns, [("arm", "==", arm), *of_tasks], rows=_ROWS):
        hashes = row_hashes(keys(batch, "routes"), PROMPT_KEY).tolist()
        rows = []
        for row, place in enumerate(hashes):
            if place in wanted:
                rows.append(row)
                wanted.remove(place)  # a resumed run may hold a prompt twice
        part = batch.take(pa.array(rows, type=pa.int64()))
        # A prompt whose question tokens could not be aligned has none of them, and may have all the others.
        (lengths, tokens), (sizes, experts) = ((np.maximum(n, 0), ids) for n, ids in (flat(part[name]) for name in columns))
        if (sizes != lengths * layers * k).any():
            raise RunError(
                f"A row of routes does not hold {layers} x {k} expert ids a token, as run.json says; the run is damaged."
            )
        yield _Routes(keys(part, "routes"), lengths, tokens.astype(np.int64), experts.reshape(-1, layers, k))


def _by_prompt(part: _Routes) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.uint16]]]:
    """Hash of the key, token ids and expert ids of each prompt."""
    ends = np.cumsum(part.lengths)[:-1]
    places = row_hashes(part.keys, PROMPT_KEY).tolist()
    yield from zip(places, np.split(part.token_ids, ends), np.split(part.experts, ends), strict=True)
