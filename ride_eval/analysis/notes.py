"""What a reader must know beside the numbers: of one run, and of several read side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ride_eval.analysis.contrasts import NO_KEYWORD, Effect
from ride_eval.analysis.frames import Run
from ride_eval.analysis.quantities import BY_NAME, QUANTITIES

FEW_DOCUMENTS = 20
"""Below this a verdict is never given."""
DENSE = "dense model: no routing"
_SAME = {
    "prompts": "their prompts/ differ, so the arms have other texts",
    "metrics": "they were measured by versions that define the numbers differently",
    "placement": "the arm's text stands in different places of the prompt",
    "system_instruction": "their system instructions differ",
    "multiturn": "few-shot examples are turns of their own in one only",
    "dtype": "they ran in different number formats",
    "seed": "their seeds differ",
}
"""Fields of the identity in which runs read side by side should agree, and what it means if they do not."""

_HARMLESS = {NO_KEYWORD, *(quantity.absent for quantity in QUANTITIES if quantity.absent)}
"""Reasons for which a document is left out although nothing went wrong."""


@dataclass(frozen=True)
class Note:
    """A sentence for the reader."""

    level: Literal["warning", "info"]
    text: str


def no_routing(manifest: Mapping[str, Any]) -> str | None:
    """Why a run has no routing, by its record; null where it has."""
    if manifest["model"].get("experts"):
        return None
    return str((manifest["settings"].get("limits") or {}).get("routing") or DENSE)


def run_notes(
    run: Run, contrasts: Sequence[Effect], *, documents: int, no_routing: str | None, heads_dropped: float
) -> tuple[Note, ...]:
    """On one run. `contrasts`: its control contrasts; `no_routing`: why it has none; `heads_dropped`: share."""
    notes = _state_notes(run) + _check_notes(run)
    if run.manifest["model"].get("untrained"):
        notes.append(
            Note("warning", "untrained weights: the numbers show that the tool works, and nothing about language models")
        )
    if not documents:
        notes.append(Note("warning", "nothing was measured yet"))
    elif documents < FEW_DOCUMENTS:
        notes.append(Note("warning", f"{documents} documents: no verdict is given below {FEW_DOCUMENTS}"))
    if documents and "none" not in set(run.documents["arm"].unique()):
        notes.append(
            Note("warning", "arm none was not run, so there is no routing shift, and nothing to describe the arms against")
        )
    if run.judged_by is not None:
        notes.append(Note("info", f"which sampled answers mean the same was judged by {run.judged_by}"))
    notes += _of_wordings(contrasts)
    notes += _dropped(contrasts)
    if heads_dropped > 0:
        notes.append(
            Note(
                "info",
                f"keyword share leaves out {heads_dropped:.2%} of the attention heads: some arm's hardly look at the question",
            )
        )
    if no_routing is not None:
        notes.append(Note("info" if no_routing == DENSE else "warning", no_routing))
    elif documents and not run.documents[["routing_shift", "router_entropy"]].notna().any().any():
        probes = ", ".join(map(str, run.manifest["settings"].get("probes") or ())) or "none recorded"
        notes.append(Note("warning", f"a mixture of experts, but its routing was not measured (probes: {probes})"))
    return tuple(notes)


def compared(runs: Sequence[tuple[str, Run]]) -> tuple[Note, ...]:
    """On reading several runs (name, run) side by side."""
    notes = [Note("warning", text) for field, text in _SAME.items() if len(_distinct(runs, field)) > 1]
    judges = sorted({run.judged_by for _, run in runs if run.judged_by is not None})
    if len(judges) > 1:
        notes.append(Note("warning", f"their judges of equivalence differ: {', '.join(judges)}"))
    templates = _distinct(runs, "chat_template")
    if len(templates) > 1:
        without = [name for name, run in runs if run.manifest["identity"].get("chat_template") is None]
        if without:
            notes.append(Note("warning", f"without a chat template: {', '.join(without)}; the others have one"))
        else:
            notes.append(Note("info", "the chat templates differ, as models' own do"))
    return (*notes, *_document_sets(runs))


def _state_notes(run: Run) -> list[Note]:
    state = run.status.get("state")
    if state == "complete":
        return []
    if state == "failed":
        error = run.status.get("error") or "no reason recorded"
        return [Note("warning", f"the run failed ({error}); what it had measured is shown")]
    return [Note("warning", "the run is not complete (it is running, or was stopped); what it has measured is shown")]


def _check_notes(run: Run) -> list[Note]:
    """What failed a check, or was damaged and measured again."""
    notes = []
    if n := run.status.get("failed_checks"):
        notes.append(Note("warning", f"{n} rows failed a check of what a probe saw; they are left out (run directory: reason)"))
    if shards := run.status.get("set_aside"):
        notes.append(Note("info", f"{len(shards)} damaged files were set aside, and what they held was measured again"))
    return notes


def _of_wordings(contrasts: Sequence[Effect]) -> list[Note]:
    """Whether intervals could be over wordings, and effects be held against a noise floor."""
    judged = [effect for effect in contrasts if effect.method is not None]
    notes = []
    alone = [effect for effect in judged if not effect.over_wordings]
    if alone and len(alone) == len(judged):
        text = (
            "intervals and p are over documents only: no task has documents under two wordings, so nothing is known of others"
        )
        notes.append(Note("warning", text))
    elif alone:
        labels = ", ".join(dict.fromkeys(BY_NAME[effect.quantity].label for effect in alone))
        notes.append(Note("info", f"intervals and p over documents only, for want of wordings or of differences: {labels}"))
    if judged and not any(math.isfinite(effect.noise_floor) for effect in judged):
        notes.append(
            Note("warning", "no noise floor (it takes arms filler and none under two wordings), so no verdict on effects")
        )
    return notes


def _dropped(contrasts: Sequence[Effect]) -> list[Note]:
    """One note a reason: the largest number of documents a contrast lost by it, and the quantities concerned."""
    most: dict[str, int] = {}
    concerned: dict[str, list[str]] = {}
    for effect in contrasts:
        for reason, n in effect.missing.items():
            most[reason] = max(most.get(reason, 0), n)
            concerned.setdefault(reason, []).append(BY_NAME[effect.quantity].label)
    everything = {BY_NAME[effect.quantity].label for effect in contrasts if effect.estimate.n}
    return [
        Note(
            "info" if reason in _HARMLESS else "warning",
            f"{reason}: up to {n} documents of a contrast left out "
            f"({'every quantity' if everything <= set(concerned[reason]) else ', '.join(dict.fromkeys(concerned[reason]))})",
        )
        for reason, n in most.items()
    ]


def _distinct(runs: Sequence[tuple[str, Run]], field: str) -> list[Any]:
    """The different values of a field of the identity; runs that do not record it are left out."""
    values: list[Any] = []
    for _, run in runs:
        identity = run.manifest["identity"]
        if field in identity and identity[field] not in values:
            values.append(identity[field])
    return values


def _document_sets(runs: Sequence[tuple[str, Run]]) -> list[Note]:
    sets: dict[str, list[set[str]]] = {}
    for _, run in runs:
        for task, rows in run.documents.groupby("task"):
            sets.setdefault(str(task), []).append(set(rows["document"]))
    notes = []
    for task, documents in sorted(sets.items()):
        if len(documents) < len(runs):
            notes.append(Note("warning", f"{task} was run by {len(documents)} of the {len(runs)} models only"))
        if any(other != documents[0] for other in documents):
            shared = set.intersection(*documents)
            counts = ", ".join(str(len(part)) for part in documents)
            notes.append(Note("warning", f"{task}: not the same documents ({counts}; {len(shared)} shared)"))
    return notes
