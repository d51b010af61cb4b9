"""Small baselines, to be committed beside the code that is checked: a run's rows and scalars without its texts and lists.

    baselines/NAME/
      baseline.json        what run.json says, without the calibration's vector
      rows.parquet         a row a document, arm and wording: scalars, a hash of the prompt and one of the answer
      signatures.parquet   routing of the documents under `none`, float16

Scalars are float32, as they were measured. Signatures of the other arms would not fit (14 MB for 1,000 documents of a model
with 16 layers of 64 experts), and expert ids much less: what a prefix does to routing is in the scalars.
"""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ride_eval.analysis.frames import COLUMNS
from ride_eval.analysis.regression.snapshot import PLACE, Signatures, Snapshot, load_snapshot
from ride_eval.analysis.units import UNIT
from ride_eval.errors import RunError, UsageError
from ride_eval.files import hash_of
from ride_eval.run_json import SEAL, check_manifest, seal
from ride_eval.shards import claim_of
from ride_eval.store import read_json, write_atomic, write_json

FORMAT_VERSION = 1
MAX_BYTES = 256 * 1024 * 1024
"""Of a file; larger ones are no small baselines."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_HEAD = "baseline.json"
_TEXTS = ("task", "arm", "domain")
_SMALLEST = 19
"""Level of zstd: far more work than a quick one for some fewer bytes, which stay in a repository for ever."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A baseline, for a list."""

    name: str
    model: str
    created: str
    """Of the run it was kept of."""
    documents: int
    size: int
    """In bytes."""


def save(run: Path, folder: Path, name: str) -> Path:
    """Keep a run as folder/NAME, in the place of an older one; returns that. Raises RunError for a run that is not complete,
    UsageError for a name that is no plain word or a folder that cannot be written to."""
    baseline_path(folder, name, must_exist=False)  # before a large run is read
    return keep(load_snapshot(run), folder, name)


def keep(snapshot: Snapshot, folder: Path, name: str, *, of: str | None = None, level: int = _SMALLEST) -> Path:
    """The same for a run that was read already. `of` tells what it was made of, `level` how hard it is compressed."""
    target = baseline_path(folder, name, must_exist=False)
    if snapshot.status.get("state") != "complete":
        raise RunError(
            f"{snapshot.path} is {snapshot.status.get('state')}; a baseline is kept of a complete run. Finish it first."
        )
    building = target.with_name(f".{name}.building")
    try:
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(parents=True)
        write_atomic(building / "rows.parquet", _rows(snapshot, level))
        if snapshot.signatures is not None:
            write_atomic(building / "signatures.parquet", _shares(snapshot.signatures, level))
        for file in building.glob("*.parquet"):
            if (size := file.stat().st_size) > MAX_BYTES:
                raise RunError(f"{snapshot.path} is too large: its {file.name} has {size:,} bytes, a baseline {MAX_BYTES:,}.")
        head = {**_head(snapshot), "files": {file.name: hash_of(file) for file in building.glob("*.parquet")}, "of": of}
        write_json(building / _HEAD, {**head, SEAL: seal(head)})
        if target.exists():
            shutil.rmtree(target)
        building.rename(target)
    except OSError as error:
        raise UsageError(f"Cannot write {target}: {error.strerror}. Give a folder you can write to with --to.") from None
    return target


def is_baseline(path: Path) -> bool:
    """Whether a folder is one, whole or damaged."""
    return (path / _HEAD).exists()


def made_of(path: Path) -> str | None:
    """What `keep` was told that a baseline was made of. Raises RunError if its head cannot be read."""
    found = read_json(path / _HEAD).get("of")
    return found if isinstance(found, str) else None


def load_baseline(path: Path) -> Snapshot:
    """Raises RunError if it is damaged, or of another format."""
    head = read_json(path / _HEAD)
    if head.get("format") != FORMAT_VERSION:
        raise RunError(f"{path} has format {head.get('format')!r}; this version of ride_eval reads {FORMAT_VERSION}.")
    try:
        check_manifest(path / _HEAD, head["manifest"])
        if SEAL in head and head[SEAL] != seal(head):
            raise ValueError(f"the content of {_HEAD} is not what was written")
        hashes = head["files"] if SEAL in head else {}  # baselines of the first versions have neither
        rows = _read(path / "rows.parquet", hashes).to_pandas()
        for column in _TEXTS:
            rows[column] = rows[column].astype(str)
        rows["document"] = [value.hex() for value in rows["document"]]
        for column in COLUMNS:
            rows[column] = rows[column].astype(np.float64) if column in rows else np.nan
        conditions = {str(task): (int(shots), str(decoding)) for task, (shots, decoding) in head["conditions"].items()}
        return Snapshot(
            path=path,
            name=str(head["manifest"]["model"].get("name") or path.name),
            manifest=head["manifest"],
            status=head["status"],
            rows=rows[[*UNIT, "domain", *COLUMNS, "prompt_text", "answer"]],
            conditions=conditions,
            signatures=_signatures(path, head["signatures"], hashes) if head["signatures"] else None,
            routes=None,
        )
    except (KeyError, TypeError, ValueError, AttributeError, pa.ArrowException, OSError) as error:
        raise RunError(f"The baseline {path} is damaged ({type(error).__name__}: {error}). Save it again.") from None


def baseline_path(folder: Path, name: str, *, must_exist: bool = True) -> Path:
    """Where a baseline lies. Raises UsageError for a name that is no plain word, or that is not there."""
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} is no name for a baseline; letters, digits, `.`, `_` and `-` were expected.")
    if must_exist and not (folder / name / _HEAD).exists():
        names = ", ".join(entry.name for entry in entries(folder))
        raise UsageError(f"There is no baseline {name!r} in {folder}. {f'There are {names}.' if names else 'It has none.'}")
    return folder / name


def entries(folder: Path) -> list[Entry]:
    """The baselines in a folder, by name; none where there is no such folder."""
    found = []
    for head in sorted(folder.glob(f"[!.]*/{_HEAD}")):
        content = read_json(head)
        try:
            manifest = content["manifest"]
            name, created, documents = manifest["model"].get("name"), manifest.get("created", ""), content.get("documents", 0)
            size = sum(file.stat().st_size for file in head.parent.iterdir())
            found.append(
                Entry(name=head.parent.name, model=str(name), created=str(created), documents=int(documents), size=size)
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            problem = f"{type(error).__name__}: {error}"
            raise RunError(f"The baseline {head.parent} is damaged ({problem}). Save it again.") from None
    return found


def _head(snapshot: Snapshot) -> dict[str, Any]:
    shape = None if snapshot.signatures is None else list(snapshot.signatures.shares.shape[1:])
    return {
        "format": FORMAT_VERSION,
        "manifest": {key: value for key, value in snapshot.manifest.items() if key != "calibration"},
        "status": {"state": snapshot.status.get("state")},
        "conditions": {task: list(own) for task, own in snapshot.conditions.items()},
        "documents": len(snapshot.rows[["task", "document"]].drop_duplicates()),
        "signatures": shape,
    }


def _rows(snapshot: Snapshot, level: int) -> bytes:
    rows = snapshot.rows
    columns: dict[str, Any] = {column: pa.array(rows[column].fillna("").astype(str)).dictionary_encode() for column in _TEXTS}
    columns["document"] = pa.array([bytes.fromhex(value) for value in rows["document"]], pa.binary(32))
    columns |= {column: pa.array(rows[column], pa.int16()) for column in ("occurrence", "wording")}
    columns |= {column: pa.array(rows[column], pa.uint64()) for column in ("prompt_text", "answer")}
    kept = [column for column in COLUMNS if rows[column].notna().any()]
    columns |= {column: pa.array(rows[column].to_numpy(np.float32)) for column in kept}
    split = dict.fromkeys(kept, "BYTE_STREAM_SPLIT")
    return _parquet(pa.table(columns), split, level, dictionary=[*_TEXTS, "document"])


def _shares(signatures: Signatures, level: int) -> bytes:
    places, shares = signatures
    columns: dict[str, Any] = {
        "task": pa.array(places["task"].astype(str)).dictionary_encode(),
        "document": pa.array([bytes.fromhex(value) for value in places["document"]], pa.binary(32)),
        **{column: pa.array(places[column], pa.int16()) for column in ("occurrence", "wording")},
    }
    width = int(np.prod(shares.shape[1:]))
    # One value a row of a document has: bytes of the halves, since not every reader of Parquet knows half floats.
    columns["shares"] = pa.array([row.tobytes() for row in shares.reshape(-1, width).astype("<f2")], pa.binary(2 * width))
    return _parquet(pa.table(columns), {}, level, dictionary=["task"])


def _parquet(table: pa.Table, encodings: Mapping[str, str], level: int, dictionary: list[str]) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(
        table,
        buffer,
        compression="zstd",
        compression_level=level,
        use_dictionary=dictionary,
        column_encoding=dict(encodings) or None,
        write_statistics=False,
    )
    return buffer.getvalue()


def _read(file: Path, hashes: Mapping[str, str]) -> pa.Table:
    size = file.stat().st_size
    if size > MAX_BYTES:
        raise ValueError(f"{file.name} has {size:,} bytes, more than the {MAX_BYTES:,} of a baseline")
    if hashes and hash_of(file) != hashes[file.name]:
        raise ValueError(f"the content of {file.name} is not what was written")
    if (problem := claim_of(pq.read_metadata(file))) is not None:
        raise ValueError(problem)
    return pq.read_table(file)


def _signatures(path: Path, shape: list[int], hashes: Mapping[str, str]) -> Signatures:
    table = _read(path / "signatures.parquet", hashes)
    places: pd.DataFrame = table.select(PLACE).to_pandas()
    places["task"] = places["task"].astype(str)
    places["document"] = [value.hex() for value in places["document"]]
    content = b"".join(table["shares"].to_pylist())
    return Signatures(places, np.frombuffer(content, "<f2").reshape(-1, *map(int, shape)))
