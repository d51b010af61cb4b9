"""Everything `ride-eval signatures` shows, computed once: terminal, JSON, Markdown and figures read it from here."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ride_eval.analysis.categories.arms import ArmsOnRouting, arms_on_routing
from ride_eval.analysis.categories.classify import HIDDEN, Classification, classify, unfit
from ride_eval.analysis.categories.experts import Experts, experts_of
from ride_eval.analysis.categories.maps import Maps, maps
from ride_eval.analysis.categories.matrix import (
    SPANS,
    Signatures,
    Span,
    category_tasks,
    known_origins,
    load_signatures,
)
from ride_eval.analysis.categories.measured import Measured, nothing
from ride_eval.analysis.categories.nulls import Baseline, baselines, headline
from ride_eval.analysis.categories.resampling import Separation, separation
from ride_eval.analysis.categories.robustness import Robustness, robustness
from ride_eval.analysis.categories.similarity import normalized
from ride_eval.analysis.categories.tokens import Routes, load_routes, overlap
from ride_eval.analysis.categories.transfer import Side, Transfer, between, prompt_and_answer, side
from ride_eval.analysis.notes import DENSE, no_routing
from ride_eval.errors import RunError
from ride_eval.perturbations import PERTURBED
from ride_eval.store import read_manifest, read_status, read_table

FORMAT_VERSION = 1
MOST = 5_000
"""Documents that classifiers, baselines, maps and transfer use; of more, so many are drawn. Similarity uses all."""


@dataclass(frozen=True, kw_only=True)
class SpanFindings:
    """The signatures of some tokens."""

    span: Span
    documents: int
    tokens: float
    """Mean of a document."""
    separation: Separation
    classification: Classification | None
    reason: str | None
    """Why there is no classification."""


@dataclass(frozen=True, kw_only=True)
class LayerFindings:
    """Question signatures of one routed layer."""

    layer: int
    """Of the model, from 0."""
    difference: Measured
    cohens_d: Measured
    accuracy: Measured
    macro_f1: float


@dataclass(frozen=True, kw_only=True)
class RunFindings:
    """One run whose routing tells several categories apart, or not."""

    name: str
    path: str
    untrained: bool
    tasks: tuple[str, ...]
    categories: tuple[str, ...]
    sizes: tuple[int, ...]
    """Documents of each category."""
    experts: int
    experts_per_token: int
    headline: str
    notes: tuple[str, ...]
    spans: tuple[SpanFindings, ...]
    layers: tuple[LayerFindings, ...]
    baselines: tuple[Baseline, ...]
    maps: Maps | None
    specialization: Experts | None
    arms: ArmsOnRouting
    robustness: tuple[Robustness, ...]
    answer: Transfer | None
    """Prompt against generated signatures."""
    side: Side = field(metadata=HIDDEN)

    def span(self, name: Span) -> SpanFindings | None:
        return next((found for found in self.spans if found.span == name), None)

    @property
    def question(self) -> SpanFindings:
        return self.spans[0]


@dataclass(frozen=True, kw_only=True)
class Without:
    """A run that has no signatures to compare, and why."""

    name: str
    path: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class SignatureFindings:
    """Runs side by side."""

    runs: tuple[RunFindings, ...]
    without: tuple[Without, ...]
    transfers: tuple[Transfer, ...]
    """Between each two runs."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: NaN and infinities as null; without the arrays that only figures need."""
        return {"format": FORMAT_VERSION, **_plain(self)}


def find_signatures(paths: Sequence[Path | str], *, seed: int = 0) -> SignatureFindings:
    """The findings of one or several runs, in the order given. RunError for what is not a run."""
    folders = [Path(path) for path in paths]
    found: list[RunFindings | Without] = []
    for path, name in zip(folders, _names(folders), strict=True):
        reason = _without(path)
        found.append(Without(name=name, path=str(path), reason=reason) if reason else _run(path, name, seed))
    runs = tuple(each for each in found if isinstance(each, RunFindings))
    return SignatureFindings(
        runs=runs,
        without=tuple(each for each in found if isinstance(each, Without)),
        transfers=tuple(between(one.side, other.side) for one, other in itertools.combinations(runs, 2)),
    )


def _without(run: Path) -> str | None:
    """Why nothing can be said of a run, in one sentence."""
    manifest = read_manifest(run)
    model, reason = manifest["model"], no_routing(manifest)
    if reason is not None and reason != DENSE:
        return f"Its routing was not measured: {reason}"
    if reason is not None:
        return f"It is a dense model ({model.get('architecture')}): it has no experts, so there is no routing to look at."
    frame = read_table(run, "prompts", ["domain", "routing_question"], [("arm", "==", "none")])
    if not len(frame):
        return "Nothing was run under arm none, whose routing is what is looked at. Run some ride_*_none tasks into it."
    if not frame["routing_question"].notna().any():
        return (
            "It is a mixture of experts, but its routing was not recorded. Run it with probes=all, or with routing among them."
        )
    domains = frame.loc[(frame["task"] != PERTURBED) & frame["routing_question"].notna(), "domain"].dropna().unique()
    if len(domains) < 2:
        return (
            f"Its documents have one category ({', '.join(map(str, domains)) or 'none'}), so there is nothing to tell apart. "
            "Run ride_signatures, or tasks of several domains, into it."
        )
    return None


def _run(run: Path, name: str, seed: int) -> RunFindings | Without:
    model = read_manifest(run)["model"]
    tasks, within = category_tasks(run)
    notes = _notes(run, model, tasks, within)
    whole = _load(run, "question", tasks)
    if isinstance(whole, str):
        return Without(name=name, path=str(run), reason=whole)
    spans = [_span("question", whole, seed)]
    for span in SPANS[1:]:
        # One at a time: of 100,000 prompts, each is a gigabyte.
        found = _load(run, span, tasks)
        if isinstance(found, str):
            notes.append(f"{span} tokens: {found}")
        else:
            spans.append(_span(span, found, seed))
            if found.categories != whole.categories:
                notes.append(f"{span} tokens: only of {', '.join(found.categories)}")
    own = _fewer(whole, seed)
    if len(own.labels) < len(whole.labels):
        notes.append(f"classifiers, baselines and maps use {MOST} of the {len(whole.labels)} documents, drawn with seed {seed}")
    routes = _routes(run, own)
    compared = baselines(own, routes, _support(run, own))
    own_side = side(name, own, routes)
    generated = _load(run, "generated", tasks)
    changed = _perturbed(run)
    changes = _robustness(run, own, changed, own_side, seed) if changed else ()
    if changed and (others := len(changed.labels) - sum(row.to_itself.n for row in changes)):
        notes.append(f"{others} of {len(changed.labels)} changed prompts are left out: their originals are not in the run")
    sizes = np.bincount(whole.labels, minlength=len(whole.categories))
    return RunFindings(
        name=name,
        path=str(run),
        untrained=bool(model.get("untrained")),
        tasks=tasks,
        categories=whole.categories,
        sizes=tuple(sizes.tolist()),
        experts=int(model["experts"]),
        experts_per_token=int(model["experts_per_token"]),
        headline=headline(compared),
        notes=tuple(notes),
        spans=tuple(spans),
        layers=_layers(whole, [int(layer) for layer in model["moe_layers"]], seed),
        baselines=compared,
        maps=maps(own.features, own.labels, seed=seed) if len(own.labels) >= 4 else None,
        specialization=experts_of(run, tasks) if isinstance(routes, Routes) else None,
        arms=arms_on_routing(run),
        robustness=changes,
        answer=prompt_and_answer(run, own_side, generated) if isinstance(generated, Signatures) else None,
        side=own_side,
    )


def _notes(run: Path, model: Mapping[str, Any], tasks: Sequence[str], within: bool) -> list[str]:
    notes = []
    if (state := read_status(run).get("state")) != "complete":
        notes.append(f"the run is {'incomplete' if state == 'incomplete' else 'failed'}; what it has measured is shown")
    if model.get("untrained"):
        notes.append("untrained weights: the numbers show that the tool works, and nothing about language models")
    if not within:
        notes.append(
            f"no task has documents of several domains, so categories are benchmarks ({', '.join(tasks)}), and can be told by "
            "their formats: run ride_signatures for categories that differ in content"
        )
    return notes


def _load(run: Path, span: Span, tasks: Sequence[str]) -> Signatures | str:
    try:
        found = load_signatures(run, span, tasks=tasks)
    except RunError as error:
        return str(error)
    if (np.bincount(found.labels, minlength=len(found.categories)) > 0).sum() < max(2, len(found.categories)):
        return "not recorded for every category"
    return found


def _span(span: Span, signatures: Signatures, seed: int) -> SpanFindings:
    few = _fewer(signatures, seed)
    reason = unfit(few.labels)
    return SpanFindings(
        span=span,
        documents=len(signatures.labels),
        tokens=float(signatures.n_tokens.mean()),
        separation=separation(normalized(signatures.features), signatures.labels, seed=seed),
        classification=None if reason else classify(few.features, few.labels, seed=seed),
        reason=reason,
    )


def _layers(whole: Signatures, numbers: Sequence[int], seed: int) -> tuple[LayerFindings, ...]:
    few = _fewer(whole, seed)
    reason = unfit(few.labels)
    found = []
    for place, number in enumerate(numbers):
        units = normalized(whole.values[:, place])
        apart = separation(units, whole.labels, permutations=0, seed=seed)
        accuracy, macro_f1 = nothing(reason or ""), math.nan
        if not reason:
            figures = classify(few.values[:, place], few.labels, seed=seed)
            accuracy = Measured(value=figures.accuracy, low=figures.low, high=figures.high, n=figures.n)
            macro_f1 = figures.macro_f1
        found.append(
            LayerFindings(
                layer=number, difference=apart.difference, cohens_d=apart.cohens_d, accuracy=accuracy, macro_f1=macro_f1
            )
        )
    return tuple(found)


def _fewer(signatures: Signatures, seed: int) -> Signatures:
    n = len(signatures.labels)
    if n <= MOST:
        return signatures
    return signatures.rows(np.sort(np.random.default_rng([seed, 3]).choice(n, MOST, replace=False)))


def _routes(run: Path, signatures: Signatures) -> Routes | str:
    try:
        return load_routes(run, signatures)
    except RunError as error:
        return str(error)


def _support(run: Path, own: Signatures) -> tuple[Routes, NDArray[np.intp]] | str:
    """The routes of all documents under `none` but the perturbed, and which of them are `own`."""
    tasks = read_table(run, "prompts", [], [("arm", "==", "none")])["task"].unique()
    every = load_signatures(run, tasks=sorted(set(tasks) - {PERTURBED}))
    places = {document: i for i, document in enumerate(every.documents)}
    routes = _routes(run, every)
    return routes if isinstance(routes, str) else (routes, np.array([places[document] for document in own.documents]))


def _robustness(run: Path, own: Signatures, changed: Signatures, own_side: Side, seed: int) -> tuple[Robustness, ...]:
    routes = _routes(run, changed)
    overlaps: dict[int, float] = {}
    if isinstance(routes, Routes) and own_side.token_ids is not None:
        others = np.split(routes.token_ids, np.cumsum(routes.lengths)[:-1])
        cosines = overlap([*own_side.token_ids, *others])[len(own_side.token_ids) :, : len(own_side.token_ids)]
        place = {document: i for i, (_, document) in enumerate(own.documents)}
        origin = known_origins(changed)
        for row, document in enumerate(changed.documents):
            original, _ = origin.get(document, ("", ""))
            if original in place:
                overlaps[row] = float(cosines[row, place[original]])
    return robustness(own, changed, overlaps, seed=seed)


def _perturbed(run: Path) -> Signatures | None:
    try:
        return load_signatures(run, tasks=[PERTURBED])
    except RunError:
        return None


def _names(paths: Sequence[Path]) -> list[str]:
    """The models' names, with the directory's where two runs are of one model, and a number where that is equal too."""
    names = [str(read_manifest(path)["model"].get("name") or path.name) for path in paths]
    names = [f"{name} ({path.name})" if names.count(name) > 1 else name for name, path in zip(names, paths, strict=True)]
    return [f"{name} #{names[:i].count(name) + 1}" if names.count(name) > 1 else name for i, name in enumerate(names)]


def _plain(value: Any) -> Any:
    """Dataclasses as objects without hidden fields, arrays as lists, and non-finite numbers as null, at any depth."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        shown = [each.name for each in dataclasses.fields(value) if each.metadata.get("json", True)]
        return {name: _plain(getattr(value, name)) for name in shown}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
