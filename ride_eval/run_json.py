"""run.json and status.json: what a run is, and how it ended. Sealed, so that a changed field is told instead of believed."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ride_eval.errors import RunError
from ride_eval.files import read_json, write_json

FORMAT_VERSION = 1
SEAL = "seal"
"""SHA-256 of the rest's canonical JSON; runs of an older version have none."""
STATES = ("complete", "failed", "incomplete")


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 2**50


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _numbers(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, (int, float)) and not isinstance(item, bool) for item in value)


def _counts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_count, value))


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _object(value: Any) -> bool:
    return isinstance(value, dict)


_Check = Callable[[Any], bool]
_MANIFEST: Mapping[str, tuple[_Check, str]] = {
    "identity": (_object, "an object"),
    "settings": (_object, "an object"),
    "model": (_object, "an object"),
    "versions": (_object, "an object"),
    "created": (_text, "text"),
    "calibration": (_numbers, "a list of numbers"),
    "settings.probes": (_texts, "a list of names"),
    "identity.model": (_text, "text"),
    "identity.metrics": (_count, "a whole number"),
    "model.name": (_text, "text"),
    "model.architecture": (_text, "text"),
    "model.layers": (_count, "a whole number"),
    "model.hidden_size": (_count, "a whole number"),
    "model.parameters": (_count, "a whole number"),
    "model.experts": (_count, "a whole number"),
    "model.experts_per_token": (_count, "a whole number"),
    "model.moe_layers": (_counts, "a list of whole numbers"),
    "model.untrained": (_flag, "true or false"),
}
"""What fields must be where they are there, and not null."""
_REQUIRED = ("format", "identity", "settings", "model")


def write_manifest(run: Path, content: Mapping[str, Any]) -> None:
    """Write run.json with its seal. Raises OSError."""
    write_json(run / "run.json", {**content, SEAL: seal(content)})


def seal(content: Mapping[str, Any]) -> str:
    """Of everything but the seal itself."""
    rest = {key: value for key, value in content.items() if key != SEAL}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode("ascii")).hexdigest()


def read_manifest(run: Path) -> dict[str, Any]:
    """The content of run.json. Raises RunError if the directory is missing, or is not a run of this format."""
    try:
        os.fspath(run).encode("utf-8")
    except UnicodeEncodeError:
        raise RunError(f"The name of {run} is no UTF-8, so its shards cannot be opened. Rename the folder.") from None
    if not run.is_dir():
        raise RunError(f"There is no run directory {run}. Give the run_dir of an `lm_eval --model ride` run.")
    file = run / "run.json"
    manifest = read_json(file)
    for field in _REQUIRED:
        if manifest.get(field) is None:
            raise RunError(f"{file} lacks {field!r}; it is damaged, or not a run of ride_eval.")
    if manifest["format"] != FORMAT_VERSION:
        raise RunError(f"{run} has format {manifest['format']!r}; this version of ride_eval reads format {FORMAT_VERSION}.")
    check_manifest(file, manifest)
    if SEAL in manifest and manifest[SEAL] != seal(manifest):
        raise RunError(
            f"{file} is not what was written: its content has changed since. Put the file back from a copy, or measure again "
            "in another run_dir."
        )
    return manifest


def check_manifest(file: Path, manifest: Mapping[str, Any]) -> None:
    """Raise RunError naming a field of a run's manifest, kept in `file`, that is not what it must be."""
    check_fields(file, manifest, _MANIFEST)
    model = manifest["model"]
    if model.get("experts_per_token") and not (model.get("experts") and model.get("moe_layers")):
        raise RunError(f"{file} names experts a token, but not the experts or layers they are of; it is damaged.")


_STATUS: Mapping[str, tuple[_Check, str]] = {
    "state": (lambda value: value in STATES, f"one of {', '.join(STATES)}"),
    "rows": (_object, "an object"),
    "documents": (_object, "an object"),
    "reasons": (_object, "an object"),
    "failed_checks": (_count, "a whole number"),
    "set_aside": (_texts, "a list of names"),
    "error": (_text, "text"),
}


def read_status(run: Path) -> dict[str, Any]:
    """The content of status.json, or {"state": "incomplete"}: a run without it is running, or was killed. Raises RunError."""
    file = run / "status.json"
    if not file.exists():
        return {"state": "incomplete"}
    status = read_json(file)
    if status.get("state") is None:
        raise RunError(f"{file} lacks 'state'; it is damaged. Remove it: the run then counts as incomplete.")
    check_fields(file, status, _STATUS)
    return status


def check_fields(file: Path, content: Mapping[str, Any], fields: Mapping[str, tuple[_Check, str]]) -> None:
    """Raise RunError for a field, `part.field` within an object, that is there and is not what it must be."""
    for name, (check, wanted) in fields.items():
        part, _, field = name.rpartition(".")
        value = (content.get(part) or {} if part else content).get(field)
        if value is not None and not check(value):
            shown = repr(value)
            raise RunError(
                f"{file}: {name} is {shown if len(shown) < 80 else shown[:80] + '...'}; {wanted} was expected. It is damaged."
            )


def check_identity(run: Path, recorded: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Refuse to add to a run that was made otherwise. Fields one side does not know yet are not compared."""
    differences = [
        f"{field} is {recorded[field]!r} there and {given[field]!r} here"
        for field in given
        if field in recorded and recorded[field] != given[field]
    ]
    if differences:
        raise RunError(
            f"{run} holds another run: {'; '.join(differences)}. Give another run_dir, or remove that directory, or use the "
            "settings of that run to add to it."
        )
