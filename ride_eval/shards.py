"""The files of a run's tables: whether one is what was written, and what happens to one that is not.

A shard's name ends with the first 16 hex digits of its content's SHA-256, so that a truncated file, a block that a disk lost
and a single changed bit are all told before any of it is read as a number. Limits come first: a file of a few bytes can claim
to hold billions of rows.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

SHARD = re.compile(r"(?P<table>[a-z]+)-r(?P<rank>\d+)-(?P<sequence>\d{5,})-(?P<sha>[0-9a-f]{16})\.parquet")
CORRUPT = ".corrupt"
"""Added to the name of a shard that was set aside."""
MAX_BYTES = 2 * 1024**3
MAX_ROWS = 1_000_000
"""In a shard, of which the writer puts 512."""
MAX_VALUES = 1_000_000_000
"""In a column of a shard, those in lists counted."""


def problem_of(file: Path) -> str | None:
    """Why a shard must not be read; None if it is whole. Raises FileNotFoundError."""
    status = file.stat()
    return _problem(file, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=1 << 16)
def _problem(file: Path, size: int, changed: int) -> str | None:
    """Remembered while a file's size and change time stay: a report reads the same shard for several tables of its own."""
    if size > MAX_BYTES:
        return f"it has {size:,} bytes, more than the {MAX_BYTES:,} of a shard"
    try:
        with file.open("rb") as stream:
            sha = hashlib.file_digest(stream, "sha256").hexdigest()[:16]
        if not file.name.endswith(f"-{sha}.parquet"):
            return f"its content is not what was written: its hash is {sha}"
    except OSError as error:
        return " ".join(str(error).split()) or type(error).__name__
    return None


def claim_of(head: pq.FileMetaData) -> str | None:
    """What a Parquet file's head claims that no shard has; None if nothing. A few bytes can claim billions of values."""
    if head.num_rows > MAX_ROWS:
        return f"it claims {head.num_rows:,} rows, more than the {MAX_ROWS:,} of a shard"
    groups = (head.row_group(i) for i in range(head.num_row_groups))
    values = max((group.column(i).num_values for group in groups for i in range(group.num_columns)), default=0)
    return f"it claims {values:,} values in a column" if values > MAX_VALUES else None


def set_aside(run: Path) -> list[str]:
    """Rename the shards that are not whole, so that nothing reads them; returns their names. Another rank may do the same."""
    moved = []
    for file in _shards(run):
        try:
            if problem_of(file) is not None or _unreadable(file):
                file.rename(file.with_name(file.name + CORRUPT))
                moved.append(file.name)
        except FileNotFoundError:
            continue
    return moved


def _unreadable(file: Path) -> bool:
    try:
        return claim_of(pq.read_metadata(file)) is not None
    except (pa.ArrowException, OSError):
        return file.exists()


def set_aside_before(run: Path) -> list[str]:
    """The names that shards set aside have now."""
    return sorted(file.name for file in run.glob(f"*{CORRUPT}") if SHARD.fullmatch(file.name.removesuffix(CORRUPT)))


def _shards(run: Path) -> Iterator[Path]:
    return (file for file in sorted(run.iterdir()) if SHARD.fullmatch(file.name))
