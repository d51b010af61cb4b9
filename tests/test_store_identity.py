"""What a run is: a directory is only ever added to, or read, as the run it was made by."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ride_eval.errors import RunError
from ride_eval.store import (
    FORMAT_VERSION,
    check_identity,
    document_hash,
    read_json,
    read_manifest,
    read_status,
    write_json,
)

MANIFEST = {"format": FORMAT_VERSION, "identity": {}, "settings": {}, "model": {}}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(st.text(max_size=5), JSON, max_size=5)


@given(DOCUMENTS)
def test_a_document_keeps_its_hash_whatever_the_order_of_its_fields(document: dict[str, Any]) -> None:
    """Else a data set saved anew would be another one, and `none` of an earlier run not found."""
    turned = dict(reversed(document.items()))
    assert document_hash(turned) == document_hash(document)
    assert document_hash(json.loads(json.dumps(document))) == document_hash(document)


@given(DOCUMENTS, DOCUMENTS)
def test_different_documents_have_different_hashes(one: dict[str, Any], other: dict[str, Any]) -> None:
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (document_hash(one) == document_hash(other)) == same


def test_the_hash_is_of_the_canonical_json() -> None:
    """Pinned: it is the key of every row of every run ever made."""
    document = {"question": "Größe\ud83e 🦙?", "choices": ["a", 1], "answer": None}
    assert document_hash(document) == "a5970f786f566e1b70ac25a26b044707be18f8cee163f7383cf27994bc3fe676"
    assert document_hash({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


def test_json_is_read_back_as_written_even_with_half_of_a_surrogate_pair(tmp_path: Path) -> None:
    write_json(tmp_path / "run.json", {"model": "Größe \ud83e 🦙", "lengths": [1, None, 0.1]})
    assert read_json(tmp_path / "run.json") == {"model": "Größe \ud83e 🦙", "lengths": [1, None, 0.1]}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "does not exist, so .* is not a run directory of ride_eval"),
        (b"", "cannot be read as JSON"),
        (b'{"format": 1,', "cannot be read as JSON"),
        (b"\xff\xfe", "cannot be read as JSON"),
        (b"[1]", "holds list; a JSON object was expected"),
        (
            json.dumps({**MANIFEST, "format": 99}).encode(),
            rf"has format 99; this version of ride_eval reads format {FORMAT_VERSION}",
        ),
        *[
            (json.dumps({key: value for key, value in MANIFEST.items() if key != field}).encode(), f"lacks '{field}'")
            for field in MANIFEST
        ],
    ],
)
def test_a_directory_that_is_no_run_is_refused(content: bytes | None, problem: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "run.json").write_bytes(content)
    with pytest.raises(RunError, match=problem) as caught:
        read_manifest(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"There is no run directory .*/olmoe\. Give the run_dir"):
        read_manifest(tmp_path / "olmoe")


def test_a_run_without_a_status_is_not_taken_for_a_complete_one(tmp_path: Path) -> None:
    assert read_status(tmp_path) == {"state": "incomplete"}
    write_json(tmp_path / "status.json", {"state": "complete"})
    assert read_status(tmp_path) == {"state": "complete"}


def test_an_identity_that_differs_is_refused_by_field_with_both_values(tmp_path: Path) -> None:
    recorded = {"model": "a/b", "dtype": "float32", "seed": 0, "older": 1}
    check_identity(tmp_path, recorded, {"model": "a/b", "dtype": "float32", "newer": 2})
    with pytest.raises(RunError) as caught:
        check_identity(tmp_path, recorded, {**recorded, "dtype": "bfloat16", "seed": 1})
    message = str(caught.value)
    assert "dtype is 'float32' there and 'bfloat16' here; seed is 0 there and 1 here" in message
    assert "model is" not in message
    assert message.startswith(f"{tmp_path} holds another run: ")
