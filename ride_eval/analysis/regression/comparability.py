"""May two runs be compared at all? What must agree, by name, and what is only worth knowing.

A difference in the *question* (documents, arms, prompts, template, few-shot, decoding, how a number is defined) makes every
number of the answer mean something else. A difference in the *machine* (number format, kernels, package versions) is what
many a check is run for, and is said aloud. A difference in the *model* is what is being compared.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from ride_eval.analysis.regression.snapshot import Snapshot

Name = Literal["tasks", "documents", "arms", "prompts", "template", "few-shot", "decoding", "tokenizer", "metrics"]
NAMES: Mapping[Name, str] = {
    "tasks": "a task that one run has and the other lacks",
    "documents": "documents that one run has and the other lacks",
    "arms": "an arm that one run has and the other lacks",
    "prompts": "other texts: the files in prompts/, a task's own wording, the few-shot examples drawn",
    "template": "chat template, system instruction, placement of the arm's text",
    "few-shot": "number of few-shot examples",
    "decoding": "generation arguments, seed, number of samples, maximum length",
    "tokenizer": "vocabulary: an entropy or a length per token is another one",
    "metrics": "the version of ride_eval's definitions",
}
"""What must agree unless it is allowed, in the order they are named; and what each covers."""

_IDENTITY: Mapping[Name, tuple[str, ...]] = {
    "prompts": ("prompts",),
    "template": ("chat_template", "chat_template_args", "multiturn", "system_instruction", "placement", "add_bos_token"),
    "decoding": ("seed", "num_samples", "max_length"),
    "tokenizer": ("tokenizer",),
    "metrics": ("metrics", "calibration"),
}
_MODEL = ("model", "revision", "weights", "peft", "delta", "quantization")
_MACHINE = ("dtype", "attn_implementation", "experts_implementation", "device", "device_name", "share_prefill", "probes",
            "batch_size", "world_size")  # fmt: skip
_UNKNOWN = object()
_DOCUMENT = ["task", "document", "occurrence"]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One thing in which two runs differ that must agree."""

    name: Name
    text: str
    """What is there and here."""
    allowed: bool = False


def differences(baseline: Snapshot, run: Snapshot, allowed: Collection[str] = ()) -> tuple[Difference, ...]:
    """What makes the two incomparable, one entry a name, in the order of NAMES."""
    found: dict[Name, list[str]] = {}
    for name, text in (*_identity(baseline, run), *_rows(baseline, run)):
        found.setdefault(name, []).append(text)
    return tuple(Difference(name=name, text="; ".join(found[name]), allowed=name in allowed) for name in NAMES if name in found)


def machine(baseline: Snapshot, run: Snapshot) -> tuple[str, ...]:
    """Differences in how the numbers were computed, and runs that did not end well: warnings, a sentence each."""
    warnings = []
    for snapshot in (baseline, run):
        if (state := snapshot.status.get("state")) != "complete":
            warnings.append(f"{snapshot.path} is {state}, so documents may be missing")
    fields = [(field, _setting(baseline, field), _setting(run, field)) for field in _MACHINE]
    versions = [dict(snapshot.manifest.get("versions", {})) for snapshot in (baseline, run)]
    fields += [(package, *(own.get(package, _UNKNOWN) for own in versions)) for package in sorted({*versions[0], *versions[1]})]
    return (*warnings, *(f"{field}: {_change(a, b)}" for field, a, b in fields if _differ(a, b)))


def model(baseline: Snapshot, run: Snapshot) -> tuple[str, ...]:
    """What is being compared: how the models differ, as far as the runs know."""
    identities = [snapshot.manifest["identity"] for snapshot in (baseline, run)]
    fields = [(field, *(own.get(field, _UNKNOWN) for own in identities)) for field in _MODEL]
    return tuple(f"{field}: {_change(a, b)}" for field, a, b in fields if _differ(a, b))


def _identity(baseline: Snapshot, run: Snapshot) -> Iterator[tuple[Name, str]]:
    ours, theirs = run.manifest["identity"], baseline.manifest["identity"]
    for name, fields in _IDENTITY.items():
        for field in fields:
            before, after = theirs.get(field, _UNKNOWN), ours.get(field, _UNKNOWN)
            if _differ(before, after):
                yield name, f"{field}: {_change(before, after)}"


def _rows(baseline: Snapshot, run: Snapshot) -> Iterator[tuple[Name, str]]:
    tasks = [set(snapshot.rows["task"]) for snapshot in (baseline, run)]
    arms = [set(snapshot.rows["arm"]) for snapshot in (baseline, run)]
    names: tuple[tuple[Name, list[set[Any]]], ...] = (("tasks", tasks), ("arms", arms))
    for name, (before, after) in names:
        for side, extra in (("baseline", before - after), ("run", after - before)):
            if extra:
                yield name, f"only the {side} has {', '.join(sorted(map(str, extra)))}"
    common = sorted(tasks[0] & tasks[1])
    for task in common:
        (shots, arguments), (own_shots, own_arguments) = (side.conditions.get(task, (0, "")) for side in (baseline, run))
        if shots != own_shots:
            yield "few-shot", f"{task}: {_change(shots, own_shots)}"
        if arguments != own_arguments:
            yield "decoding", f"{task}: {_change(arguments, own_arguments)}"
    sides = [_documents(snapshot.rows, common) for snapshot in (baseline, run)]
    both = sides[0].merge(sides[1], on=_DOCUMENT, how="outer", indicator=True)
    for side, only in (("baseline", "left_only"), ("run", "right_only")):
        lost = both[both["_merge"] == only]
        if len(lost):
            counts = lost.groupby("task").size()
            yield "documents", f"only the {side} has {', '.join(f'{n} of {task}' for task, n in counts.items())}"
    pairs = baseline.rows[[*_DOCUMENT, "arm", "wording", "prompt_text"]].merge(
        run.rows[[*_DOCUMENT, "arm", "wording", "prompt_text"]], on=[*_DOCUMENT, "arm", "wording"]
    )
    measured = (pairs["prompt_text_x"] > 0) & (pairs["prompt_text_y"] > 0)
    changed = pairs[measured & (pairs["prompt_text_x"] != pairs["prompt_text_y"])]
    if len(changed):
        where = ", ".join(sorted(changed["task"].unique()))
        yield "prompts", f"{len(changed)} of {int(measured.sum())} prompts read otherwise ({where})"


def _documents(rows: pd.DataFrame, tasks: Collection[str]) -> pd.DataFrame:
    return rows.loc[rows["task"].isin(list(tasks)), _DOCUMENT].drop_duplicates()


def _setting(snapshot: Snapshot, field: str) -> Any:
    """dtype is part of the identity, the others are settings."""
    manifest = snapshot.manifest
    return manifest["identity"].get("dtype", _UNKNOWN) if field == "dtype" else manifest["settings"].get(field, _UNKNOWN)


def _differ(before: Any, after: Any) -> bool:
    """Fields that one side does not know (written by an older version) are not compared."""
    return before is not _UNKNOWN and after is not _UNKNOWN and before != after


def _change(before: Any, after: Any) -> str:
    return f"{_short(before)} -> {_short(after)}"


def _short(value: Any) -> str:
    text = "none" if value in (None, "") else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
