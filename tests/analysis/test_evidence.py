"""If these fail, a reader who looks for himself sees other documents, points or texts than the findings rest on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ride_eval.analysis.evidence import arm_texts, points
from ride_eval.analysis.findings import find
from ride_eval.analysis.flipped import OTHER_PROMPTS, flipped_table, flips
from ride_eval.analysis.frames import load_run
from ride_eval.analysis.links import LINKED
from ride_eval.arms import STANDARD_ARMS, Prompts
from tests.analysis.slow import rows
from tests.synthetic_run import rewrite, write_run

TASKS = {"arith": "generation", "colours": "choice", "pronouns": "choice_per_prompt"}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(tmp_path_factory.mktemp("run"), n=9, tasks=TASKS, missing=frozenset({(1, "expert")}), repeats=2)


def test_points_are_the_pairs_of_the_link(path: Path) -> None:
    run = load_run(path)
    for link in find([run]).models[0].links:
        found = points(run.documents, link.quantity)
        assert found.total == link.pairs
        assert len(found.x) == len(found.y) == found.total
    frame = run.documents
    quantity, contrasts = LINKED["density"]
    expected = []
    for arm, control in contrasts:
        for (_, _), own in frame.groupby(["task", "document"]):
            sides = [own[own["arm"] == name].set_index("occurrence") for name in (arm, control)]
            both = sides[0].index.intersection(sides[1].index)
            entropy = "forced_entropy" if own["forced_entropy"].notna().any() else "choice_entropy"
            x, y = ((sides[0].loc[both, name] - sides[1].loc[both, name]).mean() for name in (quantity, entropy))
            if np.isfinite(x + y):
                expected.append((x, -y))
    found = points(frame, "density")
    assert np.array(sorted(zip(found.x, found.y, strict=True))) == pytest.approx(np.array(sorted(expected)))


def test_of_many_points_some_are_drawn_the_same_every_time(path: Path) -> None:
    frame = load_run(path).documents
    few, again, every = (points(frame, "density", most=most) for most in (10, 10, 1000))
    assert few.total == every.total > len(few.x) == 10
    assert few.x.tolist() == again.x.tolist()
    assert {*zip(few.x, few.y, strict=True)} <= {*zip(every.x, every.y, strict=True)}


def test_the_texts_of_the_arms_are_counted(path: Path) -> None:
    run = load_run(path)
    found = arm_texts(run, STANDARD_ARMS)
    stored = [row for row in rows(path, "prompts") if row["meta"]]
    assert sum(text.documents for text in found) == len(stored)
    assert {(text.arm, text.text, text.domain) for text in found} == {(r["arm"], r["meta"], r["domain"]) for r in stored}


def test_the_table_has_every_arm_of_every_flipped_document(path: Path) -> None:
    run = load_run(path)
    table = flipped_table(run)
    frame = run.documents
    flipped = {tuple(key) for key in frame.loc[frame["flip"] > 0, ["task", "document", "occurrence", "wording"]].to_numpy()}
    assert {tuple(key) for key in table[["task", "document", "occurrence", "wording"]].to_numpy()} == flipped
    expected = frame[[tuple(key) in flipped for key in frame[["task", "document", "occurrence", "wording"]].to_numpy()]]
    assert len(table) == len(expected)
    texts = {
        (row["task"], row["document"], row["occurrence"], row["wording"], row["arm"]): row["text"]
        for row in rows(path, "prompts")
        if row["prompt"] == 0
    }
    for row in table.itertuples():
        key = (row.task, row.document, row.occurrence, row.wording, row.arm)
        assert row.prompt == texts[key] if row.arm == "none" else pd.isna(row.prompt)


def test_a_choice_is_named_with_its_text(path: Path) -> None:
    found = flips(load_run(path), STANDARD_ARMS, 100)
    answers = {d.task: arm.answer for d in found.documents for arm in d.arms}
    assert answers["colours"] is not None
    assert ": x" in answers["colours"]
    assert answers["pronouns"] in ("0", "1"), "each choice is a prompt of its own"


def test_keywords_are_marked_where_the_prompts_are_the_runs_own(tmp_path: Path) -> None:
    own = Prompts()
    path = write_run(tmp_path / "own", n=9, tasks={"arith": "generation"}, identity={"prompts": own.sha256})
    found = flips(load_run(path), STANDARD_ARMS, 100)
    assert found.unmarked is None
    assert flips(load_run(write_run(tmp_path / "other", n=9)), STANDARD_ARMS, 100).unmarked == OTHER_PROMPTS


def test_a_keyword_counts_only_behind_the_place_of_the_arms_text(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = write_run(tmp_path, n=9, tasks={"arith": "generation"}, identity={"prompts": Prompts().sha256})
    for file in list(path.glob("prompts-*.parquet")):
        table = pq.read_table(file)
        front = ["" if arm == "none" else f"[{arm}] " for arm in table["arm"].to_pylist()]
        texts = [f"<user> how many {text}How many apples are left?" for text in front]
        table = table.set_column(table.column_names.index("text"), "text", pa.array(texts))
        table = table.set_column(table.column_names.index("domain"), "domain", pa.array(["math"] * len(texts)))
        rewrite(file, table)
    document = flips(load_run(path), STANDARD_ARMS, 1).documents[0]
    marked = [document.prompt[start:end] for start, end in document.keywords]
    assert marked == ["How many", "left"], "not the template's own words in front"
