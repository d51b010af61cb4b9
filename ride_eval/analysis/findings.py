"""Everything a report shows, computed once: terminal, JSON and Markdown read it from here, so they cannot disagree."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ride_eval.analysis.by_task import TaskEffect, task_effects
from ride_eval.analysis.calibration import Curve, curves
from ride_eval.analysis.contrasts import (
    CONTROL_CONTRASTS,
    NO_KEYWORD,
    NOT_MEASURED,
    Contrast,
    Effect,
    effects,
    no_effect,
    noise_floors,
)
from ride_eval.analysis.families import corrected
from ride_eval.analysis.frames import COLUMNS, Run
from ride_eval.analysis.grid import Grid
from ride_eval.analysis.intervals import Estimate, estimate
from ride_eval.analysis.knowing import KnowingTable, knowing
from ride_eval.analysis.layers import LayerEffect, layer_effects
from ride_eval.analysis.links import LINKED, Link, link, no_link
from ride_eval.analysis.links import corrected as corrected_links
from ride_eval.analysis.measures import Agreement, agreements
from ride_eval.analysis.notes import Note, compared, no_routing, run_notes
from ride_eval.analysis.quantities import BY_NAME, QUANTITIES, Quantity
from ride_eval.analysis.reliability import Reliability, split_half
from ride_eval.analysis.sensitivity import Sensitivity, sensitivities
from ride_eval.analysis.units import DOCUMENT
from ride_eval.analysis.verdict import EXPERT, Verdict, verdict
from ride_eval.arms import STANDARD_ARMS

FORMAT_VERSION = 2
SEED = 0
"""Of all draws, so that a report of the same runs has the same numbers."""


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What was run, as the run directory records it; null where it does not."""

    revision: str | None
    dtype: str | None
    architecture: str | None
    layers: int | None
    parameters: int | None
    experts: int
    """Experts a layer; 0 where there is no routing."""
    experts_per_token: int
    probes: tuple[str, ...]
    chat_template: bool
    created: str | None
    state: str
    """complete, failed or incomplete."""
    arms: tuple[str, ...]
    tasks: Mapping[str, int]
    """Documents of each base task."""
    no_routing: str | None = None
    """Why there is none: a dense model, or routers that the probes do not find."""
    progress: str | None = None
    """`412 of 500 documents` where some that were asked for are not measured under every arm."""


@dataclass(frozen=True, kw_only=True)
class Correctness:
    """Share of a task's documents answered correctly under an arm."""

    task: str
    arm: str
    estimate: Estimate


@dataclass(frozen=True, kw_only=True)
class Level:
    """Mean of task means of a quantity under an arm, in its unit; without an interval, since no claim rests on a level."""

    quantity: str
    arm: str
    value: float
    n: int


@dataclass(frozen=True, kw_only=True)
class ModelFindings:
    """One run."""

    name: str
    """Unlike any other in the report."""
    path: str
    setup: Setup
    notes: tuple[Note, ...]
    correctness: tuple[Correctness, ...]
    contrasts: tuple[Effect, ...]
    """Every quantity but descriptive ones x the five control contrasts, corrected within two families."""
    descriptives: tuple[Effect, ...]
    """The same but distances x (arm - none): described, never the basis of a claim."""
    levels: tuple[Level, ...]
    links: tuple[Link, ...]
    """Of density, routing shift and routing pull with stability."""
    verdict: Verdict
    heads_dropped: float
    """Share of the attention heads that keyword share leaves out, mean over documents; NaN if it was not measured."""
    measures: tuple[Agreement, ...]
    """How many of the five measures of density agree, by control contrast."""
    knowing: KnowingTable
    """Whether uncertainty knows of wrong answers, and which arms make overconfident."""
    reliability: tuple[Reliability, ...]
    """Of the sample-based quantities."""
    sensitivity: tuple[Sensitivity, ...]
    """POSIX, where it was asked for."""
    by_task: tuple[TaskEffect, ...]
    """Of the primary quantities and correctness, where there are several tasks."""
    layers: tuple[LayerEffect, ...]
    curves: tuple[Curve, ...]
    """Right answers by the uncertainty the model had."""

    def contrast(self, quantity: str, contrast: Contrast) -> Effect | None:
        """The effect of an arm against its control, or against `none`."""
        effects = (*self.contrasts, *self.descriptives)
        return next((effect for effect in effects if (effect.quantity, effect.contrast) == (quantity, contrast)), None)

    def correct(self, task: str, arm: str) -> Correctness | None:
        return next((row for row in self.correctness if (row.task, row.arm) == (task, arm)), None)

    def level(self, quantity: str, arm: str) -> Level | None:
        return next((row for row in self.levels if (row.quantity, row.arm) == (quantity, arm)), None)


@dataclass(frozen=True, kw_only=True)
class Findings:
    """One report: models side by side."""

    models: tuple[ModelFindings, ...]
    notes: tuple[Note, ...]
    """On reading the models side by side."""
    seed: int = SEED
    quantities: tuple[Quantity, ...] = QUANTITIES

    @property
    def arms(self) -> tuple[str, ...]:
        return ordered_arms({arm for model in self.models for arm in model.setup.arms})

    @property
    def tasks(self) -> tuple[str, ...]:
        return tuple(sorted({task for model in self.models for task in model.setup.tasks}))

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: NaN and infinities as null, contrasts as {"arm", "control"}."""
        return {"format": FORMAT_VERSION, **plain(self)}


def find(runs: Sequence[Run]) -> Findings:
    """The findings of one or several runs, in the order given."""
    names = _distinct_names(runs)
    return Findings(
        models=tuple(_model(run, name) for run, name in zip(runs, names, strict=True)),
        notes=compared(list(zip(names, runs, strict=True))),
    )


def ordered_arms(arms: set[str]) -> tuple[str, ...]:
    """The standard arms in their own order, then a user's by name."""
    return (*[arm for arm in STANDARD_ARMS if arm in arms], *sorted(arms - set(STANDARD_ARMS)))


def _model(run: Run, name: str) -> ModelFindings:
    setup = _setup(run)
    others = [arm for arm in setup.arms if arm != "none"]
    against_none = [Contrast(arm, "none") for arm in others]
    comparable = [quantity.name for quantity in QUANTITIES if not quantity.descriptive]
    undistanced = [name for name in comparable if not BY_NAME[name].distance]
    grid = Grid(run.documents, [*COLUMNS, "aligned_tokens"])
    floors = noise_floors(grid, comparable)
    contrasts = tuple(
        dataclasses.replace(effect, noise_floor=floors[effect.quantity])
        for effect in corrected(_effects(run, grid, setup, comparable, CONTROL_CONTRASTS, tested=True))
    )
    links = _links(run, grid, setup)
    dropped = float(run.documents["heads_dropped"].mean())
    return ModelFindings(
        name=name,
        path=str(run.path),
        setup=setup,
        notes=run_notes(
            run, contrasts, documents=sum(setup.tasks.values()), no_routing=setup.no_routing, heads_dropped=dropped
        ),
        correctness=_correctness(run.documents, setup),
        contrasts=contrasts,
        descriptives=_effects(run, grid, setup, undistanced, against_none, tested=False),
        levels=_levels(run.documents, setup),
        links=links,
        verdict=verdict(
            {effect.quantity: effect for effect in contrasts if effect.contrast == EXPERT},
            links[0],
            untrained=bool(run.manifest["model"].get("untrained")),
        ),
        heads_dropped=dropped,
        measures=agreements(contrasts),
        knowing=knowing(run.documents),
        reliability=split_half(run.halves),
        sensitivity=sensitivities(run.path, setup.tasks),
        by_task=_by_task(run, setup, against_none),
        layers=layer_effects(run, setup.arms),
        curves=curves(run.documents),
    )


def _by_task(run: Run, setup: Setup, against_none: Sequence[Contrast]) -> tuple[TaskEffect, ...]:
    names = [quantity.name for quantity in QUANTITIES if quantity.primary or quantity.name == "correct"]
    undistanced = [name for name in names if not BY_NAME[name].distance]
    asked = dict.fromkeys(CONTROL_CONTRASTS, names) | dict.fromkeys(against_none, undistanced)
    return task_effects(run.documents, tuple(setup.tasks), asked, seed=SEED)


def _links(run: Run, grid: Grid, setup: Setup) -> tuple[Link, ...]:
    """Those of LINKED, in its order."""
    reasons = {name: _impossible(run.documents, setup, BY_NAME[quantity]) for name, (quantity, _) in LINKED.items()}
    return corrected_links(
        [no_link(name, reason) if reason else link(grid, name, seed=SEED) for name, reason in reasons.items()]
    )


def _setup(run: Run) -> Setup:
    identity, settings, model = (run.manifest[part] for part in ("identity", "settings", "model"))
    documents = run.documents[["task", "document"]].drop_duplicates()
    return Setup(
        revision=identity.get("revision"),
        dtype=identity.get("dtype"),
        architecture=model.get("architecture"),
        layers=model.get("layers"),
        parameters=model.get("parameters"),
        experts=int(model.get("experts") or 0),
        experts_per_token=int(model.get("experts_per_token") or 0),
        probes=tuple(settings.get("probes") or ()),
        chat_template=identity.get("chat_template") is not None,
        created=run.manifest.get("created"),
        state=str(run.status.get("state", "incomplete")),
        arms=ordered_arms(set(run.documents["arm"].unique())),
        tasks={str(task): int(n) for task, n in documents["task"].value_counts().sort_index().items()},
        no_routing=no_routing(run.manifest),
        progress=run.progress.sentence,
    )


def _effects(
    run: Run, grid: Grid, setup: Setup, names: Sequence[str], contrasts: Sequence[Contrast], *, tested: bool
) -> tuple[Effect, ...]:
    """Quantity by quantity, then contrast by contrast."""
    impossible = {name: reason for name in names if (reason := _impossible(run.documents, setup, BY_NAME[name]))}
    possible = [name for name in names if name not in impossible]
    measured = effects(grid, possible, contrasts, seed=SEED, tested=tested)
    found = {(effect.quantity, effect.contrast): effect for effect in measured}
    return tuple(
        found[name, contrast] if name in possible else no_effect(name, contrast, impossible[name])
        for name in names
        for contrast in contrasts
    )


def _impossible(documents: pd.DataFrame, setup: Setup, quantity: Quantity) -> str | None:
    """Why no document of the run can have the quantity."""
    if quantity.routed and setup.no_routing:
        return setup.no_routing
    nowhere = not documents[quantity.name].notna().any()
    if not nowhere:
        return None
    if quantity.source == "keywords" and len(documents) and (documents["keyword_tokens"] == 0).all():
        return NO_KEYWORD
    explained = quantity.source in ("question", "keywords") and documents["reason"].notna().all()
    return None if explained else quantity.absent or NOT_MEASURED


def _correctness(documents: pd.DataFrame, setup: Setup) -> tuple[Correctness, ...]:
    means = _document_means(documents, ["correct"])
    samples = {key: rows["correct"].dropna().to_numpy(np.float64) for key, rows in means.groupby(["task", "arm"])}
    return tuple(
        Correctness(task=task, arm=arm, estimate=_share(task, samples[task, arm]))
        for task in setup.tasks
        for arm in setup.arms
        if (task, arm) in samples
    )


def _share(task: str, scores: NDArray[np.float64]) -> Estimate:
    """The mean score; of scores from 0 to 1 the mean lies there too, where a t interval of few of them may not."""
    found = estimate({task: scores})
    if not len(scores) or scores.min() < 0 or scores.max() > 1:
        return found
    return dataclasses.replace(found, low=float(np.clip(found.low, 0, 1)), high=float(np.clip(found.high, 0, 1)))


def _levels(documents: pd.DataFrame, setup: Setup) -> tuple[Level, ...]:
    # A task of one arm (changed prompts, say) would make that arm's level one of other questions than the other arms'.
    arms = documents.groupby("task")["arm"].nunique()
    comparable = documents[documents["task"].isin(arms[arms > 1].index)] if (arms > 1).any() else documents
    means = _document_means(comparable, COLUMNS)
    by_task = means.groupby(["arm", "task"])[COLUMNS].mean().groupby("arm").mean().reindex(setup.arms)
    counts = means.groupby("arm")[COLUMNS].count().reindex(setup.arms, fill_value=0)
    return tuple(
        Level(quantity=name, arm=arm, value=float(by_task.loc[arm, name]), n=int(counts.loc[arm, name]))  # type: ignore[arg-type]
        for name in COLUMNS
        for arm in setup.arms
    )


def _document_means(documents: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """One row a document and arm: the mean over its wordings, those that were measured."""
    unit = [column for column in DOCUMENT if column != "occurrence"]
    return documents.groupby([*unit, "arm"], sort=True)[list(columns)].mean().reset_index()


def _distinct_names(runs: Sequence[Run]) -> list[str]:
    """The models' names, with the directory's where two runs are of one model, and a number where that is equal too."""
    names = [run.name for run in runs]
    names = [f"{run.name} ({run.path.name})" if names.count(run.name) > 1 else run.name for run in runs]
    return [f"{name} #{names[:i].count(name) + 1}" if names.count(name) > 1 else name for i, name in enumerate(names)]


def plain(value: Any) -> Any:
    """Dataclasses as objects, without fields marked json=False, and non-finite numbers as null, at any depth."""
    if isinstance(value, Contrast):
        return value._asdict()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        kept = [field.name for field in dataclasses.fields(value) if field.metadata.get("json", True)]
        return {name: plain(getattr(value, name)) for name in kept}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
