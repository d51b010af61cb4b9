"""If these fail, equal answers count as different ones, or different ones as equal."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ride_eval.analysis.frames import load_run
from ride_eval.analysis.samples import AGREEMENT, SAMPLED
from ride_eval.metrics.equivalence import label, normalized
from ride_eval.metrics.samples import (
    answer_agreement,
    cluster_entropy,
    lexical_variation,
    normalized_sequence_entropy,
    semantic_entropy,
    semantic_variation,
    sequence_entropy,
)
from ride_eval.store import TableWriter
from tests.synthetic_run import write_run

NAN = math.nan
VARIATIONS = {"semantic_variation", "lexical_variation"}
FIRST: dict[str, list[float]] = {"cosines": [], "rouge_l": []}
SECOND = {"cosines": [0.5], "rouge_l": [0.5]}
KEY = {"task": "arith", "document": "d", "occurrence": 0, "arm": "none", "wording": 0, "prompt": 0}


def write(path: Path, *answers: dict[str, Any]) -> pd.DataFrame:
    """Rows of both tables; `text` or `filtered` left out: no row, as in a run that was stopped. Returns rows by arm."""
    writers = {table: TableWriter(path, table) for table in ("scores", "generations")}
    for given in answers:
        row = {**KEY, "answer": "greedy", "sample": 0, **given}
        if "filtered" in row:
            writers["scores"].append({**row, "filter": row.get("filter", "strict"), "correct": 0.0})
        if "text" in row:
            writers["generations"].append(row)
    for writer in writers.values():
        writer.flush()
    return load_run(path).documents.set_index("arm")


def samples(*answers: dict[str, Any], **common: Any) -> list[dict[str, Any]]:
    return [{"answer": "sample", "sample": i, **common, **answer} for i, answer in enumerate(answers)]


@pytest.mark.parametrize(
    ("filter_name", "none", "tag", "flipped"),
    [
        ("strict", ("42", "It is 42"), ("42", "42 it is"), 0.0),
        ("strict", ("42", "x"), ("43", "x"), 1.0),
        ("strict", ("[invalid]", "No idea."), ("[invalid]", " no  idea"), 0.0),
        ("strict", ("[invalid]", "No idea"), ("[invalid]", "none"), 1.0),
        ("strict", ("[invalid]", "No idea"), ("42", "No idea"), 1.0),
        ("strict", ("a b", "x"), ("A b", "x"), 1.0),
        ("none", ("Paris.", "Paris."), (" paris", " paris"), 0.0),
        ("none", ("Paris", "Paris"), ("London", "London"), 1.0),
        ("none", ("0", None), ("1", None), 1.0),
    ],
)
def test_a_flip_is_another_answer_and_not_another_spelling(
    tmp_path: Path, filter_name: str, none: tuple[str, str], tag: tuple[str, str], flipped: float
) -> None:
    path = write_run(tmp_path, n=0)
    rows = ({"arm": arm, "filtered": f, "filter": filter_name, "text": t} for arm, (f, t) in (("none", none), ("tag", tag)))
    found = write(path, *rows)
    assert found["flip"].to_dict() == pytest.approx({"none": NAN, "tag": flipped}, nan_ok=True)


def test_without_none_or_without_a_text_there_is_no_flip(tmp_path: Path) -> None:
    path = write_run(tmp_path, n=0)
    found = write(
        path,
        {"arm": "tag", "filtered": "1"},
        {"arm": "none", "filtered": "1", "document": "e"},
        {"arm": "tag", "filtered": "[invalid]", "document": "e"},
        {"arm": "tag", "filtered": "1", "document": "e", "wording": 1},
    )
    assert found["flip"].isna().all()


def test_samples_are_the_metrics_prompt_by_prompt(tmp_path: Path) -> None:
    path = write_run(tmp_path, n=0)
    logprobs, cosines = [[-1.0, -2.0], [-0.5], [-3.0, -1.0, -1.0]], [[], [0.5], [0.25, NAN]]
    answers = [("7", "seven"), ("[invalid]", "Hm."), ("[invalid]", "hm")]
    rows = samples(
        *(
            {"logprobs": p, "cosines": c, "rouge_l": [x / 2 for x in c], "filtered": f, "text": t}
            for p, c, (f, t) in zip(logprobs, cosines, answers, strict=True)
        )
    )
    found = write(path, *rows).loc["none"]
    labels = [label(f, t, extracts=True) for f, t in answers]
    assert labels == ["7", "hm", "hm"]
    sums, lengths = [sum(p) for p in logprobs], [len(p) for p in logprobs]
    assert found["sequence_entropy"] == pytest.approx(sequence_entropy(sums))
    assert found["normalized_sequence_entropy"] == pytest.approx(normalized_sequence_entropy(sums, lengths))
    assert found["semantic_variation"] == pytest.approx(semantic_variation([0.5, 0.25, NAN]))
    assert found["lexical_variation"] == pytest.approx(lexical_variation([0.25, 0.125, NAN]))
    assert found["semantic_entropy"] == pytest.approx(semantic_entropy(labels, sums, lengths))
    assert found["answer_agreement"] == pytest.approx(answer_agreement(labels))
    assert found["cluster_entropy"] == pytest.approx(cluster_entropy(labels))


@pytest.mark.parametrize(
    ("rows", "missing"),
    [
        ([], {*SAMPLED, *AGREEMENT}),
        ([{"logprobs": [-1.0], **FIRST}], {*VARIATIONS, *AGREEMENT}),
        ([{"logprobs": [-1.0], **FIRST}, {"logprobs": None, **SECOND}], {*SAMPLED, "semantic_entropy"} - VARIATIONS),
        ([{"logprobs": [-1.0], **FIRST}, {"logprobs": [], **SECOND}], {"normalized_sequence_entropy", "semantic_entropy"}),
        ([{"logprobs": [-1.0]}, {"logprobs": [-1.0]}], VARIATIONS),
    ],
)
def test_too_few_samples_are_nan(tmp_path: Path, rows: list[dict[str, Any]], missing: set[str]) -> None:
    path = write_run(tmp_path, n=0)
    found = write(path, {"filtered": "1", "text": "1"}, *samples(*rows, filtered="1", text="1")).loc["none"]
    assert {name for name in (*SAMPLED, *AGREEMENT) if math.isnan(found[name])} == missing


def test_an_arm_with_fewer_samples_than_another_is_nan(tmp_path: Path) -> None:
    """A run that was stopped: entropy grows with the number of samples."""
    path = write_run(tmp_path, n=0)
    sample = {"logprobs": [-1.0], **SECOND, "filtered": "1", "text": "1"}
    found = write(path, *samples(sample, sample, sample), *samples(sample, sample, arm="tag"))
    assert found.loc["none", [*SAMPLED, *AGREEMENT]].notna().all()
    assert found.loc["tag", [*SAMPLED, *AGREEMENT]].isna().all()


def test_answers_that_agree_have_no_entropy_and_no_negative_zero(tmp_path: Path) -> None:
    path = write_run(tmp_path, n=0)
    found = write(path, *samples(*[{"logprobs": [0.0], "cosines": [1.0], "filtered": "1", "text": "1"}] * 4)).loc["none"]
    for name in ("cluster_entropy", "semantic_entropy", "sequence_entropy"):
        assert (found[name], np.signbit(found[name])) == (0.0, False)
    assert found["answer_agreement"] == 1.0


def test_a_row_that_is_there_twice_counts_once(tmp_path: Path) -> None:
    path = write_run(tmp_path, n=3)
    once = load_run(path).documents
    for table in ("generations", "scores", "prompts"):
        for shard in path.glob(f"{table}-r0-00001-*"):
            (path / shard.name.replace("-r0-", "-r1-")).write_bytes(shard.read_bytes())
    pd.testing.assert_frame_equal(load_run(path).documents, once)


def test_a_spelling_is_normalised() -> None:
    assert normalized(' "The  Answer\nis: 4"!') == "the answer\u0020is: 4"
    assert label("[invalid]", "So.", extracts=True) == label("x", "so", extracts=False)
