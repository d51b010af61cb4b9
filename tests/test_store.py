"""The run directory: after a kill at any moment it is valid, and nothing in it is read as what it is not."""

from __future__ import annotations

import hashlib
import math
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from ride_eval import store
from ride_eval.errors import RunError
from ride_eval.store import (
    KEYS,
    TABLES,
    Key,
    TableWriter,
    document_hash,
    read_table,
    shards,
    write_atomic,
)

KEY = Key("gsm8k", "0" * 64, 0, "tag", 3, 0)
Break = Callable[..., Any]


def score(number: int = 0, **changes: Any) -> dict[str, Any]:
    row = {**KEY._asdict(), "answer": "greedy", "sample": 0, "filter": "none", "metric": "acc", "correct": 1.0}
    return {**row, "document": document_hash({"number": number}), "filtered": str(number), **changes}


def write(run: Path, *rows: dict[str, Any], rank: int = 0, table: str = "scores") -> None:
    writer = TableWriter(run, table, rank)
    for row in rows:
        writer.append(row)
    writer.flush()


class Killed(BaseException):
    """Neither an Exception nor an OSError, as a kill is."""


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), Killed()], ids=["full disk", "kill"])
@pytest.mark.parametrize("step", ["write", "fsync", "replace"])
def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(
    step: str, failure: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "run.json"
    write_atomic(file, b"old")

    def fail(*args: Any, **kwargs: Any) -> None:
        raise failure

    if step == "write":
        opened = Path.open
        monkeypatch.setattr(Path, "open", lambda self, *args, **kwargs: _HalfWritten(opened(self, *args, **kwargs), fail))
    else:
        monkeypatch.setattr(*{"fsync": (os, "fsync"), "replace": (Path, "replace")}[step], fail)
    with pytest.raises(type(failure)):
        write_atomic(file, b"new and longer")
    monkeypatch.undo()
    assert file.read_bytes() == b"old"
    assert [left.name for left in tmp_path.iterdir()] == ["run.json"]


class _HalfWritten:
    """A file that takes the first byte and then fails."""

    def __init__(self, stream: Any, fail: Break) -> None:
        self._stream, self._fail = stream, fail

    def __enter__(self) -> _HalfWritten:
        return self

    def __exit__(self, *error: object) -> None:
        self._stream.close()

    def write(self, content: bytes) -> None:
        self._stream.write(content[:1])
        self._fail()


def test_content_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Renamed first, a power cut could leave an empty file under the final name."""
    steps: list[str] = []
    for owner, name in ((os, "fsync"), (Path, "replace")):
        real = getattr(owner, name)
        monkeypatch.setattr(owner, name, lambda *args, real=real, name=name: (steps.append(name), real(*args))[1])
    write_atomic(tmp_path / "run.json", b"x")
    assert steps == ["fsync", "replace", "fsync"], "the content, the name, the directory"


def test_a_shard_is_named_by_table_rank_sequence_and_content(tmp_path: Path) -> None:
    write(tmp_path, score(1), rank=3)
    (file,) = tmp_path.iterdir()
    sha = hashlib.sha256(file.read_bytes()).hexdigest()[:16]
    assert file.name == f"scores-r3-00001-{sha}.parquet"


def test_a_second_process_goes_on_after_the_last_shard_of_its_rank(tmp_path: Path) -> None:
    """A number used twice would make the order of shards, and with it which duplicate counts, a matter of hashes."""
    for i in range(3):
        write(tmp_path, score(i))
    write(tmp_path, score(3), rank=1)
    write(tmp_path, {**KEY._asdict(), "choice": 0}, table="choices")
    numbers = [re.findall(r"-r(\d)-(\d+)-", name)[0] for name in shards(tmp_path, "scores")]
    assert numbers == [("0", "00001"), ("0", "00002"), ("0", "00003"), ("1", "00001")]
    assert len(shards(tmp_path, "choices")) == 1


def test_rows_reach_the_disk_by_number_and_by_age(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not on the disk is lost by a kill."""
    writer = TableWriter(tmp_path, "scores")
    for i in range(store.ROWS_PER_SHARD - 1):
        writer.append(score(i))
    assert shards(tmp_path, "scores") == []
    writer.append(score(-1))
    assert len(read_table(tmp_path, "scores")) == store.ROWS_PER_SHARD
    now = store.time.monotonic()
    writer.append(score(-2))
    monkeypatch.setattr(store.time, "monotonic", lambda: now + store.SECONDS_PER_SHARD + 60)
    writer.append(score(-3))
    assert len(read_table(tmp_path, "scores")) == store.ROWS_PER_SHARD + 2
    writer.flush()
    assert len(shards(tmp_path, "scores")) == 2, "nothing new, no shard"


def test_a_disk_that_is_full_is_named_and_the_rows_can_be_written_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, score(1))
    writer = TableWriter(tmp_path, "scores")
    writer.append(score(2))

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunError, match=r"Cannot write .*scores-r0-00002-.*No space left on device.*earlier shards are safe"):
        writer.flush()
    assert read_table(tmp_path, "scores")["filtered"].tolist() == ["1"]
    monkeypatch.undo()
    writer.flush()
    assert read_table(tmp_path, "scores")["filtered"].tolist() == ["1", "2"]


def test_every_table_comes_back_with_its_types(tmp_path: Path) -> None:
    for table, schema in TABLES.items():
        write(tmp_path, dict.fromkeys(KEYS[table], None) | {"task": "t"}, table=table)
        assert pq.read_schema(tmp_path / shards(tmp_path, table)[0]).equals(schema), table
        assert read_table(tmp_path, table).columns.tolist() == [
            *KEYS[table],
            *(c for c in schema.names if c not in KEYS[table]),
        ]


def test_lists_come_back_with_the_values_and_the_order_they_had(tmp_path: Path) -> None:
    row = {**KEY._asdict(), "answer": "greedy", "sample": 0, "token_ids": [5, 0, 7], "entropies": [0.5, float("nan"), 1.5]}
    write(tmp_path, row, {**row, "sample": 1, "entropies": None, "token_ids": []}, table="generations")
    first, second = read_table(tmp_path, "generations").to_dict("records")
    assert first["token_ids"].tolist() == [5, 0, 7]
    assert first["entropies"].tolist() == pytest.approx([0.5, float("nan"), 1.5], nan_ok=True)
    assert (second["entropies"], second["token_ids"].tolist()) == (None, [])


def test_a_column_that_an_older_version_did_not_write_is_null(tmp_path: Path) -> None:
    write(tmp_path, {**KEY._asdict(), "mlp_hoyer": [0.5], "mlp_gini": [0.25]}, table="prompts")
    (name,) = shards(tmp_path, "prompts")
    older = pq.read_table(tmp_path / name).drop_columns(["mlp_gini", "router_margin", "sorted_tokens"])
    (tmp_path / name).unlink()
    pq.write_table(older, tmp_path / "older")
    sha = hashlib.sha256((tmp_path / "older").read_bytes()).hexdigest()[:16]
    (tmp_path / "older").rename(tmp_path / f"{name.rpartition('-')[0]}-{sha}.parquet")
    row = read_table(tmp_path, "prompts", ["mlp_hoyer", "mlp_gini", "sorted_tokens"], [("arm", "=", KEY.arm)]).iloc[0]
    assert row["mlp_hoyer"].tolist() == [0.5]
    assert row["mlp_gini"] is None and math.isnan(row["sorted_tokens"])


@pytest.mark.parametrize("column", KEYS["scores"])
def test_one_row_a_key_the_first_written(column: str, tmp_path: Path) -> None:
    """A batch repeated after a kill must not count twice; rows that differ in one key column are two."""
    other = {"occurrence": 1, "wording": 4, "prompt": 1, "sample": 2}.get(column, "other")
    write(tmp_path, score(1), score(1, **{column: other}))
    write(tmp_path, score(1, correct=0.0), rank=1)
    frame = read_table(tmp_path, "scores")
    assert frame[column].tolist() == [score(1)[column], other]
    assert frame["correct"].tolist() == [1.0, 1.0]


def test_a_table_reads_only_the_columns_and_rows_asked_for(tmp_path: Path) -> None:
    write(tmp_path, score(1), score(2, arm="none"))
    frame = read_table(tmp_path, "scores", ["correct"], [("arm", "=", "none")])
    assert frame.columns.tolist() == [*KEYS["scores"], "correct"]
    assert frame["arm"].tolist() == ["none"]
    assert read_table(tmp_path / "nowhere", "scores").empty
    with pytest.raises(ValueError, match="no table 'score'; there are requests, prompts"):
        shards(tmp_path, "score")


@pytest.mark.parametrize(
    "damage", [lambda b: b[:-20], lambda b: b"", lambda b: b"PAR1" + b[4:200]], ids=["cut", "empty", "half"]
)
def test_a_damaged_shard_is_named(damage: Callable[[bytes], bytes], tmp_path: Path) -> None:
    write(tmp_path, score(1))
    write(tmp_path, score(2))
    second = tmp_path / shards(tmp_path, "scores")[1]
    second.write_bytes(damage(second.read_bytes()))
    with pytest.raises(RunError, match=f"{re.escape(second.name)} is damaged .*measures those rows anew"):
        read_table(tmp_path, "scores")


def test_files_that_are_no_shards_are_left_alone(tmp_path: Path) -> None:
    """Also what a kill between writing and renaming left behind."""
    write(tmp_path, score(1))
    (name,) = shards(tmp_path, "scores")
    for other in (f".{name}.123.tmp", "scores.parquet", "scores-r0-00009-XYZ.parquet", "notes.txt", name.replace("sc", "unsc")):
        (tmp_path / other).write_bytes(b"not a shard")
    assert read_table(tmp_path, "scores")["filtered"].tolist() == ["1"]
    write(tmp_path, score(2))
    assert len(shards(tmp_path, "scores")) == 2
