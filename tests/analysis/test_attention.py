"""If these fail, arms are compared over other attention heads than each other's."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from ride_eval.analysis import batches
from ride_eval.analysis.attention import keyword_attention
from ride_eval.analysis.findings import find
from ride_eval.analysis.frames import load_run
from ride_eval.errors import RunError
from ride_eval.store import TableWriter
from tests.synthetic_run import rewrite, write_run

NAN = math.nan
KEY = {"task": "arith", "document": "d", "occurrence": 0, "wording": 0, "prompt": 0}


def read(path: Path, *rows: dict[str, Any]) -> pd.DataFrame:
    writer = TableWriter(path, "prompts")
    for row in rows:
        writer.append({**KEY, "keyword_tokens": 1, "aligned_tokens": 4, "keyword_mass": [0.1, 0.1], **row})
    writer.flush()
    return keyword_attention(path).set_index("arm")


def test_a_head_that_one_arm_lacks_is_left_out_of_all(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        {"arm": "none", "keyword_share": [0.2, 0.4, 0.6, 0.8]},
        {"arm": "tag", "keyword_share": [0.3, NAN, 0.5, 0.7]},
        {"arm": "expert", "keyword_share": [0.2, 0.4, 0.0, 0.4], "meta_mass": [0.25, 0.75]},
    )
    assert found["keyword_share"].to_dict() == pytest.approx({"none": 0.45, "tag": 0.45, "expert": 0.2})
    assert found["heads_dropped"].tolist() == [0.25] * 3
    assert found["keyword_lift"].to_dict() == pytest.approx({"none": 1.8, "tag": 1.8, "expert": 0.8})
    assert found["meta_mass"].to_dict() == pytest.approx({"none": NAN, "tag": NAN, "expert": 0.5}, nan_ok=True)


def test_an_arm_of_the_users_own_takes_no_head_from_the_others(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        {"arm": "none", "keyword_share": [0.2, 0.4, 0.6, NAN]},
        {"arm": "mine", "keyword_share": [NAN, 0.4, 0.6, 0.8]},
    )
    assert found["keyword_share"].to_dict() == pytest.approx({"none": 0.45, "mine": 0.5})


def test_other_wordings_and_prompts_keep_their_heads(tmp_path: Path) -> None:
    whole = {"arm": "none", "keyword_share": [0.2, 0.4, 0.6, 0.8]}
    found = read(tmp_path, *({**whole, "wording": w, "prompt": p} for w, p in ((1, 0), (0, 1))), {**whole, "document": "e"}, {
        "arm": "tag", "keyword_share": [NAN] * 4
    })  # fmt: skip
    assert found.loc["none", "heads_dropped"].tolist() == [0.0] * 3
    assert found.loc["tag", ["keyword_share", "heads_dropped"]].tolist() == pytest.approx([NAN, 1.0], nan_ok=True)


def test_a_layer_without_heads_is_left_out(tmp_path: Path) -> None:
    found = read(tmp_path, {"arm": "none", "keyword_share": [NAN, NAN, 0.6, 0.8]})
    assert found.loc["none", "keyword_share"] == pytest.approx(0.7)


def test_a_question_without_keywords_is_nan(tmp_path: Path) -> None:
    found = read(tmp_path, {"arm": "none", "keyword_tokens": 0, "keyword_mass": None}, {"arm": "tag", "keyword_tokens": None})
    assert found[["keyword_share", "keyword_lift", "heads_dropped"]].isna().all(axis=None)
    assert found["keyword_tokens"].tolist() == pytest.approx([0, NAN], nan_ok=True)


@pytest.mark.parametrize(
    ("changed", "message"),
    [({"keyword_share": [0.1] * 6}, "numbers of heads"), ({"keyword_mass": [0.1]}, "numbers of layers")],
)
def test_rows_of_several_models_are_an_error(tmp_path: Path, changed: dict[str, Any], message: str) -> None:
    with pytest.raises(RunError, match=message):
        read(
            tmp_path, *({"arm": arm, "keyword_share": [0.1] * 4} | (changed if arm == "tag" else {}) for arm in ("none", "tag"))
        )


def test_pieces_of_any_size_give_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ride_eval.store.ROWS_PER_SHARD", 5)
    path = write_run(tmp_path, n=6, tasks={"pronouns": "choice_per_prompt", "arith": "generation"})
    whole = load_run(path).documents
    monkeypatch.setattr(batches, "ROWS", 1)
    pd.testing.assert_frame_equal(load_run(path).documents, whole)


def test_a_run_without_attention_or_of_an_older_version_has_none(tmp_path: Path) -> None:
    path = write_run(tmp_path, n=4, attention=False)
    for shard in list(path.glob("prompts-*.parquet")):
        table = pq.read_table(shard)
        rewrite(shard, table.drop_columns(["keyword_tokens", "keyword_share", "keyword_mass", "meta_mass"]))
    found = load_run(path).documents
    assert found[["keyword_share", "keyword_lift", "meta_mass", "keyword_tokens"]].isna().all(axis=None)
    assert found["density"].notna().all()


def test_heads_left_out_are_said_and_counted(tmp_path: Path) -> None:
    model = find([load_run(write_run(tmp_path / "a", n=6))]).models[0]
    assert 0 < model.heads_dropped < 1
    assert any(f"leaves out {model.heads_dropped:.2%} of the attention heads" in note.text for note in model.notes)
    without = find([load_run(write_run(tmp_path / "b", n=6, attention=False))]).models[0]
    assert math.isnan(without.heads_dropped)
    assert not any("attention heads" in note.text for note in without.notes)


def test_no_keyword_anywhere_is_the_reason_given(tmp_path: Path) -> None:
    model = find([load_run(write_run(tmp_path, n=6, keywords=False))]).models[0]
    reasons = {e.estimate.reason for e in model.contrasts if e.quantity == "keyword_share"}
    assert reasons == {"no keyword of its domain in the question"}


def test_attention_to_the_arms_text_is_never_compared(tmp_path: Path) -> None:
    model = find([load_run(write_run(tmp_path, n=6))]).models[0]
    assert not [effect for effect in (*model.contrasts, *model.descriptives) if effect.quantity == "meta_mass"]
    levels = {level.arm: level.value for level in model.levels if level.quantity == "meta_mass"}
    assert np.isfinite([value for arm, value in levels.items() if arm != "none"]).all()
    assert math.isnan(levels["none"])
