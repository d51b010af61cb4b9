"""Local documents: what is read is what the file says, and every way it can be wrong has its sentence."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ride_eval.data import check_choices, check_right, read_folder, unreachable, use_splits
from ride_eval.errors import DataError


def folder_of(folder: Path, **splits: Any) -> Path:
    for name, rows in splits.items():
        content = rows if isinstance(rows, bytes) else "".join(json.dumps(row) + "\n" for row in rows).encode()
        (folder / f"{name}.jsonl").write_bytes(content)
    return folder


def test_each_file_is_a_split_in_its_own_order(tmp_path: Path) -> None:
    data = read_folder(folder_of(tmp_path, test=[{"q": "b"}, {"q": "a"}], train=[{"q": "Größe 🦙"}], notes=b'{"q": "x"}\n\n\n'))
    assert {name: split["q"][:] for name, split in data.items()} == {"test": ["b", "a"], "train": ["Größe 🦙"], "notes": ["x"]}


def test_a_field_that_begins_in_a_later_document_is_kept(tmp_path: Path) -> None:
    """`Dataset.from_list` alone reads the first row's fields and drops all others."""
    data = read_folder(folder_of(tmp_path, test=[{"q": "a"}, {"q": "b", "hint": "h"}]))
    assert list(data["test"]) == [{"q": "a", "hint": None}, {"q": "b", "hint": "h"}]


def test_a_file_that_changes_is_read_again(tmp_path: Path) -> None:
    """Read once for seven arms, but not kept for the next evaluation in the same notebook."""
    folder_of(tmp_path, test=[{"q": "a"}])
    assert read_folder(tmp_path)["test"]["q"][:] == ["a"]
    folder_of(tmp_path, test=[{"q": "b"}])
    os.utime(tmp_path / "test.jsonl", (1, 1))
    assert read_folder(tmp_path)["test"]["q"][:] == ["b"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "holds no document"),
        (b"\n \n", "holds no document"),
        (b"{}\n{}\n", "holds no document"),
        (b'{"q": 1}\n\n{"q": \n', "line 3: a JSON object was expected"),
        (b'{"q": 1}\n["q"]\n', "line 2: a JSON object was expected, got list"),
        (b'{"q": "\xff"}\n', "cannot be read as JSON lines .*utf-8"),
        (b'{"q": 1}\n{"q": "text"}\n', "each field must hold one kind of value in all documents"),
        (b'{"q": "\\ud83e"}\n', "each field must hold one kind of value.*surrogates not allowed"),
        (b"[" * 100_000, "line 1: a JSON object was expected"),
        (b'{"q": 1}\n{"q": {"": 1, "\\u0000": 2}}\n', r"line 2: a JSON object was expected \(the name of a field, .*null byte"),
    ],
    ids=["empty", "blank", "no field", "no JSON", "list", "latin-1", "mixed", "surrogate", "deep", "null byte"],
)
def test_a_file_that_holds_no_documents_is_refused(content: bytes, problem: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=problem) as caught:
        read_folder(folder_of(tmp_path, test=content))
    assert str(tmp_path / "test.jsonl") in str(caught.value)


def test_a_folder_without_data_is_named(tmp_path: Path) -> None:
    (tmp_path / "test.json").write_text("[]")
    for folder in (tmp_path, tmp_path / "gsm8k"):
        with pytest.raises(DataError, match=rf"There is no data in {folder}: <split>\.jsonl files"):
            read_folder(folder)


def config(test: str | None = None, validation: str | None = None, train: str | None = None, **fewshot: Any) -> Any:
    """The fields of a TaskConfig that say where documents come from."""
    given = {"split": None, "samples": None, **fewshot}
    return SimpleNamespace(
        test_split=test,
        validation_split=validation,
        training_split=train,
        fewshot_split=given["split"],
        fewshot_config=SimpleNamespace(**given),
    )


@pytest.mark.parametrize(
    ("wanted", "available", "test", "fewshot"),
    [
        (config("test", None, "train"), ["test", "train"], "test", "train"),
        (config("test", "validation", "train"), ["validation"], "validation", "validation"),
        (config(None, "validation", "train"), ["test", "validation", "train"], "validation", "train"),
        (config("test", "validation", None, split="dev"), ["validation", "dev"], "validation", "dev"),
        (config("test", None, "train"), ["train"], "train", "train"),
        (config("test", None, None), ["hard"], "hard", "hard"),
        (config(None, None, "train"), ["train", "validation"], "train", "train"),
    ],
)
def test_splits_fall_back_on_what_is_there(wanted: Any, available: list[str], test: str, fewshot: str) -> None:
    """The few-shot split is always named: without it the harness may draw the document's own question."""
    use_splits(wanted, available, "ride_x_none")
    assert (wanted.test_split, wanted.fewshot_split, wanted.fewshot_config.split) == (test, fewshot, fewshot)
    assert {wanted.validation_split, wanted.training_split} <= {None, *available}


def test_a_fallback_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """Scores on validation data must not pass for scores on test data."""
    with caplog.at_level(logging.WARNING):
        use_splits(config("test", "validation", "train"), ["validation", "train"], "ride_x_none")
    assert [record.getMessage() for record in caplog.records] == [
        "ride_x_none: the split 'test' is not there; using 'validation' instead."
    ]


def test_written_out_examples_need_no_split() -> None:
    given = config("test", None, None, samples=[{"q": "a"}])
    use_splits(given, ["test"], "ride_x_none")
    assert given.fewshot_config.split is None


def test_a_data_set_that_cannot_be_loaded_gets_one_sentence_with_the_way_out() -> None:
    error = unreachable("openai/gsm8k", "gsm8k", ConnectionError("no\n route  to host" + "!" * 1000))
    assert "'openai/gsm8k' cannot be loaded (ConnectionError: no route to host!" in str(error)
    assert "DIR/gsm8k/" in str(error) and '{"data_dir": "DIR"}' in str(error)
    assert "\n" not in str(error) and len(str(error)) < 700


@pytest.mark.parametrize("right", [0, 1, "b", [0], ["a", 1], np.int64(1)])
def test_a_document_that_can_be_scored_passes(right: Any) -> None:
    check_choices(["a", "b"], "quiz, document 3")
    check_right(right, ["a", "b"], "quiz, document 3")


@pytest.mark.parametrize("choices", [None, [], "ab", ["a", 1], {"a": 1}])
def test_a_document_without_choices_is_named(choices: Any) -> None:
    with pytest.raises(
        DataError, match=r"^quiz, document 3: a list of choices, each a text, was expected; got .*doc_to_choice"
    ):
        check_choices(choices, "quiz, document 3")


@pytest.mark.parametrize("right", [2, -1, "c", "", [0, 2], [], None, 0.0, {"right": 0}])
def test_a_right_choice_that_is_not_there_is_refused(right: Any) -> None:
    with pytest.raises(DataError, match=r"^quiz, document 3: the right choice is given as .*2 choices: 0 to 1.*doc_to_target"):
        check_right(right, ["a", "b"], "quiz, document 3")
