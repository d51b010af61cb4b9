"""The run directory: what was measured, in Parquet shards that are written once and never rewritten.

    run.json                       identity and settings, written first, by rank 0
    <table>-r0-00001-<sha16>.parquet
    status.json                    written last: complete or failed, with counts and reasons

A shard appears under its final name only when it is whole (temporary file, fsync, rename), and no file has two writers, so
a kill at any moment leaves a valid directory. This module is all that the measuring and the reading half share; it imports
neither torch nor lm_eval.
"""

from __future__ import annotations

import hashlib
import io
import json
import time
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ride_eval.errors import RunError
from ride_eval.files import read_json as read_json
from ride_eval.files import write_atomic as write_atomic
from ride_eval.files import write_json as write_json
from ride_eval.run_json import FORMAT_VERSION as FORMAT_VERSION
from ride_eval.run_json import check_identity as check_identity
from ride_eval.run_json import read_manifest as read_manifest
from ride_eval.run_json import read_status as read_status
from ride_eval.run_json import write_manifest as write_manifest
from ride_eval.shards import SHARD, claim_of, problem_of

METRIC_VERSION = 3
"""Raised whenever a stored number is added or changes its meaning: runs of two versions are never mixed."""


class Key(NamedTuple):
    """What every row is found by. Not the harness's doc_id, which `--samples` renumbers."""

    task: str
    """The base task, e.g. gsm8k."""
    document: str
    """SHA-256 of the document's canonical JSON."""
    occurrence: int
    """0 for the first of several equal documents, 1 for the second, ..."""
    arm: str
    wording: int
    prompt: int
    """Index of the prompt, for documents that have several (WinoGrande has one per choice)."""


_floats = pa.list_(pa.float32())
_counts = pa.list_(pa.uint32())
_key = [
    ("task", pa.string()),
    ("document", pa.string()),
    ("occurrence", pa.int32()),
    ("arm", pa.string()),
    ("wording", pa.int16()),
    ("prompt", pa.int16()),
]
_generation_key = [*_key, ("answer", pa.string()), ("sample", pa.int16())]

TABLES: Mapping[str, pa.Schema] = {
    # One row per prompt that was asked for, written before anything is measured: what is missing can thereby be told.
    "requests": pa.schema(_key),
    # One row per rendered prompt. Lists have one value a layer; routing counts are layers x experts, flattened.
    "prompts": pa.schema(
        [
            *_key,
            ("domain", pa.string()),
            ("wrong_domain", pa.string()),
            ("fewshot", pa.int16()),
            ("decoding", pa.string()),
            ("text", pa.string()),
            # Where the question stands in it, characters; null where it is not found, and in runs of older versions.
            ("question_start", pa.int32()),
            ("question_end", pa.int32()),
            ("meta", pa.string()),
            ("meta_length", pa.int32()),
            ("meta_unit", pa.string()),
            ("prompt_tokens", pa.int32()),
            # Of them, the leading ones that were read once for several prompts; null in runs of versions that did not.
            ("shared_tokens", pa.int32()),
            ("question_tokens", pa.int32()),
            ("aligned_tokens", pa.int32()),
            ("reason", pa.string()),
            *[
                (f"{site}_{measure}{statistic}", _floats)
                for site in ("mlp", "resid")
                for measure in ("hoyer", "participation", "near_zero", "gini", "top10_energy")
                for statistic in ("", "_median")
            ],
            # Question tokens that gini and top10_energy were taken on.
            ("sorted_tokens", pa.int32()),
            # Masses a layer; shares a layer and head (layers x heads, flattened), NaN for heads without mass on the question.
            ("keyword_tokens", pa.int32()),
            ("keyword_share", _floats),
            ("keyword_mass", _floats),
            ("meta_mass", _floats),
            ("router_entropy", _floats),
            ("router_margin", _floats),
            ("routing_question", _counts),
            ("routing_prompt", _counts),
            # Gate weights by expert, as shares of a layer's: layers x experts, flattened.
            ("gates_question", _floats),
            ("gates_prompt", _floats),
        ]
    ),
    # One row per answer: `greedy`, `sample`, `forced` (none's greedy answer, teacher-forced), and with posix=True the same of
    # another arm, `forced_<arm>`. A sample's cosines and ROUGE-L values are those with the samples before it.
    "generations": pa.schema(
        [
            *_generation_key,
            ("text", pa.string()),
            ("token_ids", pa.list_(pa.int32())),
            ("entropies", _floats),
            ("logprobs", _floats),
            ("finish", pa.string()),
            ("routing_generated", _counts),
            ("gates_generated", _floats),
            ("cosines", _floats),
            ("rouge_l", _floats),
            ("reason", pa.string()),
        ]
    ),
    "choices": pa.schema(
        [
            *_key,
            ("choice", pa.int16()),
            ("text", pa.string()),
            ("loglikelihood", pa.float64()),
            ("bytes", pa.int32()),
            ("greedy", pa.bool_()),
            ("reason", pa.string()),
        ]
    ),
    # Expert ids, a token's by falling gate weight: tokens x layers x k, flattened. Of the aligned question tokens, and with
    # store_routes=prompt of all prompt tokens too.
    "routes": pa.schema(
        [
            *_key,
            ("token_ids", pa.list_(pa.int32())),
            ("experts", pa.list_(pa.uint16())),
            ("prompt_token_ids", pa.list_(pa.int32())),
            ("prompt_experts", pa.list_(pa.uint16())),
        ]
    ),
    "scores": pa.schema(
        [
            *_generation_key,
            ("filter", pa.string()),
            ("filtered", pa.string()),
            ("metric", pa.string()),
            ("correct", pa.float64()),
            # Index of the right choice, where there is one.
            ("gold", pa.int16()),
        ]
    ),
    # One row per sampled answer, written by `ride-eval equivalence`: its class among those of its prompt.
    "equivalences": pa.schema([*_generation_key, ("class", pa.int16()), ("judge", pa.string())]),
}

MEASURED = tuple(table for table in TABLES if table != "equivalences")
"""The tables that a run of a model writes."""

KEYS: Mapping[str, tuple[str, ...]] = {
    "requests": Key._fields,
    "prompts": Key._fields,
    "generations": (*Key._fields, "answer", "sample"),
    "choices": (*Key._fields, "choice"),
    "routes": Key._fields,
    "scores": (*Key._fields, "answer", "sample"),
    "equivalences": (*Key._fields, "answer", "sample"),
}
"""The columns no two rows of a table agree in."""

FORCED = "forced"
ROWS_PER_SHARD = 512
SECONDS_PER_SHARD = 10.0
_READ_AHEAD = 2


def forced_kind(source: str) -> str:
    """The `answer` under which the greedy answer of an arm, forced after another arm's prompt, is stored."""
    return FORCED if source == "none" else f"{FORCED}_{source}"


def document_hash(document: Mapping[str, Any]) -> str:
    """SHA-256 of a document's canonical JSON: keys sorted, no spaces, text as UTF-8."""
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


class TableWriter:
    """Appends rows to one table of a run, for one rank. Not for use by two threads."""

    def __init__(self, run: Path, table: str, rank: int = 0) -> None:
        self.run, self.table, self.rank = run, table, rank
        self._rows: list[Mapping[str, Any]] = []
        self._since = time.monotonic()

    def append(self, row: Mapping[str, Any]) -> None:
        """Take a row; it reaches the disk with its shard, at the latest SECONDS_PER_SHARD after the next append."""
        if not self._rows:
            self._since = time.monotonic()
        self._rows.append(row)
        if len(self._rows) >= ROWS_PER_SHARD or time.monotonic() - self._since > SECONDS_PER_SHARD:
            self.flush()

    def flush(self) -> None:
        if not self._rows:
            return
        buffer = io.BytesIO()
        schema = TABLES[self.table]
        try:
            rows = pa.Table.from_pylist(self._rows, schema=schema)
        except UnicodeEncodeError:  # half of a surrogate pair, which is no character, and which no file can hold
            rows = pa.Table.from_pylist([_encodable(row) for row in self._rows], schema=schema)
        pq.write_table(rows, buffer, compression="zstd")
        content = buffer.getvalue()
        sha = hashlib.sha256(content).hexdigest()[:16]
        name = f"{self.table}-r{self.rank}-{self._next_sequence():05d}-{sha}.parquet"
        try:
            write_atomic(self.run / name, content)
        except OSError as error:
            if not self.run.is_dir():
                raise RunError(
                    f"The run directory {self.run} was removed or moved while it was written, and what it held with it. Put it "
                    "back and give the same command again, or begin anew."
                ) from None
            raise RunError(
                f"Cannot write {self.run / name}: {error.strerror}. All earlier shards are safe; "
                "make room or mend the directory, and give the same command again."
            ) from None
        self._rows.clear()

    def _next_sequence(self) -> int:
        found = filter(None, map(SHARD.fullmatch, _names(self.run)))
        own = (int(shard["sequence"]) for shard in found if shard["table"] == self.table and int(shard["rank"]) == self.rank)
        return max(own, default=0) + 1


def _encodable(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _encoded(value) if isinstance(value, str) else value for name, value in row.items()}


def _encoded(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def read_table(
    run: Path, table: str, columns: Sequence[str] | None = None, filters: Sequence[tuple[str, str, Any]] | None = None
) -> pd.DataFrame:
    """All rows of a table, of all ranks, one per key.

    `columns` beside the key's; all by default. `filters` are (column, comparison, value), all of which must hold. A table
    nothing was written to gives an empty frame; a column that a shard of an older version lacks is null. Raises RunError naming
    a shard that cannot be read.
    """
    wanted = list(dict.fromkeys([*KEYS[table], *(TABLES[table].names if columns is None else columns)]))
    parts = list(read_shards(run, shards(run, table), table, wanted, filters or ()))
    if not parts:
        return pd.DataFrame(columns=wanted)
    frame: pd.DataFrame = pa.concat_tables(parts).to_pandas()
    return frame.drop_duplicates(subset=list(KEYS[table]), ignore_index=True)


def read_shards(
    run: Path, names: Iterable[str], table: str, columns: Sequence[str], filters: Sequence[tuple[str, str, Any]] = ()
) -> Iterator[pa.Table]:
    """`read_shard` of each name in turn; the next ones are read in a thread while the caller works on one."""
    with ThreadPoolExecutor(1) as reader:
        ahead: deque[Future[pa.Table]] = deque()
        for name in names:
            try:
                ahead.append(reader.submit(read_shard, run, name, table, columns, filters))
            except RuntimeError:  # no thread starts while the process ends, when a run's status is written
                while ahead:
                    yield ahead.popleft().result()
                yield read_shard(run, name, table, columns, filters)
            if len(ahead) > _READ_AHEAD:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


def read_shard(
    run: Path, name: str, table: str, columns: Sequence[str], filters: Sequence[tuple[str, str, Any]] = ()
) -> pa.Table:
    """The rows of a shard that pass all `filters`, whose columns must be among `columns`.

    A column that a shard of an older version lacks is null. Raises RunError naming a shard that cannot be read.
    """
    schema = pa.schema([TABLES[table].field(column) for column in columns])
    # Not pq.read_table, which takes three times as long to open a file: a run has thousands of them.
    try:
        if (problem := problem_of(run / name)) is not None:
            raise damaged(run / name, problem)
        with pq.ParquetFile(run / name) as file:
            if (problem := claim_of(file.metadata)) is not None:
                raise damaged(run / name, problem)
            there = set(file.schema_arrow.names)
            if not filters:
                return _columns(file, there, schema)
            # Shards mostly hold one arm: all of their rows pass, or none.
            tested = {column for column, _, _ in filters}
            passing = _columns(file, there, pa.schema([field for field in schema if field.name in tested]))
            n = passing.filter(wanted := pq.filters_to_expression(list(filters))).num_rows
            if not n:
                return schema.empty_table()
            rows = _columns(file, there, schema)
            return rows if n == rows.num_rows else rows.filter(wanted)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise damaged(run / name, (str(error).splitlines() or [type(error).__name__])[0]) from None


def damaged(file: Path, problem: str) -> RunError:
    """What to say of a shard that is not what was written."""
    return RunError(f"The shard {file} is damaged ({problem}). Give the run's command again: it measures those rows anew.")


def _columns(file: pq.ParquetFile, there: Collection[str], schema: pa.Schema) -> pa.Table:
    rows = file.read(columns=[name for name in schema.names if name in there], use_threads=False)
    n = file.metadata.num_rows
    arrays = [rows[field.name].cast(field.type) if field.name in there else pa.nulls(n, field.type) for field in schema]
    return pa.table(arrays, schema=schema)


def shards(run: Path, table: str) -> list[str]:
    """The names of a table's shards, in alphabetical order."""
    if table not in TABLES:
        raise ValueError(f"no table {table!r}; there are {', '.join(TABLES)}")
    return sorted(name for name in _names(run) if (found := SHARD.fullmatch(name)) and found["table"] == table)


def merge_frames(frames: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Stack frames of several runs, without the warning pandas gives for empty ones."""
    kept = [frame for frame in frames if len(frame)]
    return pd.concat(kept, ignore_index=True) if kept else pd.DataFrame()


def _names(run: Path) -> list[str]:
    return [file.name for file in run.iterdir()] if run.is_dir() else []
