"""How the numbers came about: definitions, the arms' texts, each run's record, and command lines to repeat it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ride_eval.analysis.evidence import Evidence
from ride_eval.analysis.findings import Findings, ModelFindings
from ride_eval.analysis.quantities import Quantity

_ARGUMENTS = {"dtype": "auto", "revision": "main", "num_samples": 10, "seed": 0, "peft": None, "max_length": None}
"""Fields of a run's identity that are model arguments, and the values that need not be given."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """One run's."""

    name: str
    command: str
    manifest: str
    status: str


def records(findings: Findings, evidence: Sequence[Evidence]) -> list[Record]:
    return [
        Record(
            name=model.name,
            command=command(model, own.manifest),
            manifest=_json(own.manifest),
            status=_json(own.status),
        )
        for model, own in zip(findings.models, evidence, strict=True)
    ]


def command(model: ModelFindings, manifest: Mapping[str, Any]) -> str:
    """A command line that would measure the same again, from the run's record, which lacks few-shot counts and limits."""
    identity, settings = manifest["identity"], manifest["settings"]
    arguments = {"pretrained": identity.get("model"), "run_dir": model.path}
    arguments |= {
        name: identity[name] for name, usual in _ARGUMENTS.items() if name in identity and identity[name] not in (usual, None)
    }
    given = ",".join(f"{name}={value}" for name, value in arguments.items())
    tasks = ",".join(f"ride_{task}" for task in model.setup.tasks)
    parts = ["lm_eval", "--model", "ride", "--model_args", given, "--tasks", tasks]
    if model.setup.chat_template:
        parts.append("--apply_chat_template")
    if identity.get("multiturn"):
        parts.append("--fewshot_as_multiturn")
    if identity.get("system_instruction"):
        parts += ["--system_instruction", str(identity["system_instruction"])]
    if identity.get("placement") == "system":
        parts += ["--metadata", '{"placement": "system"}']
    if settings.get("batch_size"):
        parts += ["--batch_size", str(settings["batch_size"])]
    return shlex.join([*parts, "--device", str(settings.get("device", "cuda"))])


def definitions(findings: Findings) -> list[Quantity]:
    """Primary ones first."""
    return sorted(findings.quantities, key=lambda quantity: not quantity.primary)


def _json(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=2, default=str)
