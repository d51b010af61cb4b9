"""Files written whole or not at all, and files of others read no further than a limit."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ride_eval.errors import RunError

MAX_JSON_BYTES = 64 * 1024**2
"""The longest file of ours is run.json, by the calibration's vector of some 16,000 numbers."""


def write_atomic(file: Path, content: bytes) -> None:
    """Write a file so that it is either whole or absent, also after a power cut.

    The temporary file lies beside the final one (a rename across file systems is not atomic); the directory is synced too,
    else the name may be lost although the bytes are safe. Costs two fsyncs.
    """
    temporary = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(file)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(file.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder safe from a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_json(file: Path, content: Mapping[str, Any]) -> None:
    write_atomic(file, (json.dumps(content, indent=2) + "\n").encode("ascii"))


class TooLongError(ValueError):
    """A file is longer than any of its kind."""


def read_limited(file: Path, limit: int) -> bytes:
    """All of a file. Raises TooLongError if that is more than `limit` bytes, OSError.

    The limit holds for what is read, not for what the file system says: a device has no size.
    """
    with file.open("rb") as stream:
        content = stream.read(limit + 1)
    if len(content) > limit:
        raise TooLongError(f"it is longer than the {limit:,} bytes that are read of such a file")
    return content


def read_json(file: Path) -> dict[str, Any]:
    """A JSON object from a run directory. Raises RunError."""
    try:
        content = json.loads(read_limited(file, MAX_JSON_BYTES).decode("utf-8"))
    except FileNotFoundError:
        raise RunError(f"{file} does not exist, so {file.parent} is not a run directory of ride_eval.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise RunError(f"{file} cannot be read as JSON ({error}).") from None
    if not isinstance(content, dict):
        raise RunError(f"{file} holds {type(content).__name__}; a JSON object was expected.")
    return content


def hash_of(file: Path) -> str | None:
    """SHA-256 of a file; None if it cannot be read."""
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError:
        return None
