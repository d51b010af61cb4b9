"""If these fail, a difference between two arms is computed from other documents than it says."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ride_eval.analysis.contrasts import CONTROL_CONTRASTS, NO_KEYWORD, Contrast, differences, effect, noise_floors
from ride_eval.analysis.frames import COLUMNS, load_run
from ride_eval.analysis.grid import Grid, kind_of_reason
from ride_eval.arms import STANDARD_ARMS
from tests.synthetic_run import write_run

TAG = Contrast("tag", "tag_placebo")


def frame(values: dict[str, list[float | None]], task: str = "arith", **columns: object) -> pd.DataFrame:
    """Documents with one density an arm; None: no row. Columns may be one value for all, or {arm: value}."""
    rows = []
    for arm, column in values.items():
        for i, value in enumerate(column):
            if value is not None:
                row: dict[str, object] = dict.fromkeys(COLUMNS, math.nan)
                row |= {"task": task, "document": f"d{i:03}", "occurrence": 0, "arm": arm, "wording": 0, "density": value}
                row |= {"meta_length": 5.0, "meta_unit": "tokens", "reason": None, "keyword_tokens": 1.0}
                row |= {name: given[arm] if isinstance(given, dict) else given for name, given in columns.items()}
                rows.append(row)
    return pd.DataFrame(rows)


def test_the_control_contrasts_are_the_five_of_the_design() -> None:
    assert [str(contrast) for contrast in CONTROL_CONTRASTS] == [
        "tag - tag_placebo",
        "tag - tag_wrong",
        "expert - filler",
        "expert - expert_wrong",
        "expert - tag",
    ]
    assert {arm for contrast in CONTROL_CONTRASTS for arm in contrast} <= set(STANDARD_ARMS)


def test_planted_differences_come_back() -> None:
    found = effect(frame({"tag": [1.5, 2.0, 2.5, 3.0, 3.5], "tag_placebo": [1.0, 1.0, 1.0, 1.0, 1.0]}), "density", TAG)
    assert found.estimate.value == pytest.approx(1.5)
    assert found.estimate.n == 5
    assert found.estimate.low == pytest.approx(1.5 - 2.7764451 * math.sqrt(0.625 / 5))
    assert found.length_matched == 1.0
    assert found.missing == {}


def test_tasks_count_the_same_whatever_their_size() -> None:
    small = frame({"tag": [1.0, 1.1, 0.9], "tag_placebo": [0.0, 0.0, 0.0]}, task="small")
    large = frame({"tag": [0.1, -0.1] * 20, "tag_placebo": [0.0] * 40}, task="large")
    found = effect(pd.concat([small, large]), "density", TAG)
    assert found.estimate.value == pytest.approx(0.5)
    assert {task.task: (round(task.value, 9), task.n) for task in found.tasks} == {"small": (1.0, 3), "large": (0.0, 40)}


def test_wordings_and_equal_documents_are_one_pair() -> None:
    once = frame({"tag": [1.0, 2.0, 4.0, 3.0, 2.0], "tag_placebo": [0.0] * 5})
    expected = effect(once, "density", TAG)
    for column in ("wording", "occurrence"):
        repeated = pd.concat([once.assign(**{column: i}) for i in range(3)], ignore_index=True)
        found = effect(repeated, "density", TAG)
        assert vars(found.estimate) == pytest.approx(vars(expected.estimate)), "repeating a question added evidence"
        assert found.p == pytest.approx(expected.p)
        assert found.p_exchangeable == expected.p_exchangeable
        assert (found.tasks, found.d_z) == (expected.tasks, expected.d_z)


@pytest.mark.parametrize(
    ("values", "n", "missing"),
    [
        ({"tag": [1.0], "tag_placebo": [0.5]}, 1, {}),
        ({"tag": [math.nan] * 3, "tag_placebo": [math.nan] * 3}, 0, {}),
        (
            {"tag": [1.0, None, 1.0], "tag_placebo": [1.0, 1.0, None]},
            1,
            {"no row of arm tag": 1, "no row of arm tag_placebo": 1},
        ),
        ({"tag": [1.0, None], "tag_placebo": [None, 1.0]}, 0, {"no row of arm tag": 1, "no row of arm tag_placebo": 1}),
        ({"tag": [1.0, math.nan], "tag_placebo": [1.0, 1.0]}, 1, {"not measured": 1}),
        ({"tag": [1.0] * 9, "tag_placebo": [0.5] * 9}, 9, {}),
    ],
)
def test_odd_inputs_give_a_number_with_its_n_or_a_reason(
    values: dict[str, list[float | None]], n: int, missing: dict[str, int]
) -> None:
    found = effect(frame(values), "density", TAG)
    assert found.estimate.n == n
    assert dict(found.missing) == missing
    assert math.isnan(found.estimate.value) == (n == 0)
    assert not found.estimate.has_interval
    assert found.estimate.reason


def test_an_arm_that_was_not_run_is_said_so() -> None:
    found = effect(frame({"tag": [1.0, 2.0]}), "density", TAG)
    assert (found.estimate.n, found.estimate.reason, found.missing) == (0, "arm tag_placebo was not run", {})
    with pytest.raises(ValueError, match="unknown quantities"):
        effect(frame({"tag": [1.0]}), "happiness", TAG)


def test_missing_pairs_are_counted_by_reason(tmp_path: Path) -> None:
    reasons = {
        (0, "tag"): "truncated: more than 99 tokens",
        (1, "tag"): "alignment coverage 0.81 below 0.90",
        (2, "tag_placebo"): "alignment coverage 0.70 below 0.90",
    }
    documents = load_run(
        write_run(tmp_path, tasks={"arith": "generation", "colours": "choice"}, n=8, reasons=reasons)
    ).documents
    density = effect(documents, "density", TAG)
    assert dict(density.missing) == {"alignment coverage below 0.90": 4, "truncated": 2}
    assert density.estimate.n == 10
    forced = effect(documents, "forced_entropy", TAG)
    assert (forced.estimate.n, dict(forced.missing)) == (7, {"truncated": 1}), "a choice task has no forced answer to miss"
    keywords = effect(documents, "keyword_share", TAG)
    assert dict(keywords.missing) == {"alignment coverage below 0.90": 4, NO_KEYWORD: 4, "truncated": 2}
    correct = effect(documents, "correct", TAG)
    assert (correct.estimate.n, dict(correct.missing)) == (16, {}), "the harness scores a truncated prompt all the same"


def test_differences_are_those_the_effect_is_the_mean_of(tmp_path: Path) -> None:
    documents = load_run(write_run(tmp_path, n=6, wordings=2, missing=frozenset({(0, "tag")}))).documents
    names = ["density", "keyword_share"]
    grid = Grid(documents, names)
    for name, values in zip(names, differences(grid, names, TAG).T, strict=True):
        found = pd.DataFrame({"task": grid.document_task, "value": values}).dropna()
        expected = effect(documents, name, TAG)
        assert found.groupby("task")["value"].mean().mean() == pytest.approx(expected.estimate.value)
        assert len(found) == expected.estimate.n


def test_a_reasons_own_number_does_not_split_it() -> None:
    assert kind_of_reason("alignment coverage 0.81 below 0.90") == "alignment coverage below 0.90"
    assert kind_of_reason("truncated: more than 2048 tokens in some arm") == "truncated"
    assert kind_of_reason("question not found in the rendered prompt") == "question not found in the rendered prompt"


def test_length_matched_needs_tokens_and_at_most_one_of_difference() -> None:
    values: dict[str, list[float | None]] = {"tag": [1.0, 2.0], "tag_placebo": [0.0, 0.0]}
    lengths = {"tag": 5.0, "tag_placebo": 6.0}
    assert effect(frame(values, meta_length=lengths), "density", TAG).length_matched == 1.0
    assert effect(frame(values, meta_length=lengths, meta_unit="words"), "density", TAG).length_matched == 0.0
    assert effect(frame(values, meta_length={"tag": 5.0, "tag_placebo": 7.0}), "density", TAG).length_matched == 0.0


def worded(values: list[float], wordings: list[int]) -> pd.DataFrame:
    documents = frame({"tag": list(values), "tag_placebo": [0.0] * len(values)})
    return documents.assign(wording=documents["document"].map({f"d{i:03}": w for i, w in enumerate(wordings)}))


def test_the_share_of_wordings_with_the_effects_sign() -> None:
    found = effect(worded([1.0, 2.0, 3.0, -1.0, -2.0, 2.0], [0, 0, 1, 2, 2, 3]), "density", TAG)
    assert (found.wordings, found.same_sign) == (4, 0.75)
    assert found.d_z == pytest.approx(np.mean([1, 2, 3, -1, -2, 2]) / np.std([1, 2, 3, -1, -2, 2], ddof=1))


@pytest.mark.parametrize("n", [30, 90])
def test_p_is_below_5_percent_exactly_where_the_interval_excludes_zero(n: int) -> None:
    rng = np.random.default_rng(n)
    refuted = []
    for shift in np.linspace(0, 1.2, 12):
        wordings = rng.integers(5, size=n)
        values = rng.standard_normal(n) + shift + 0.3 * rng.standard_normal(5)[wordings]
        found = effect(worded(values.tolist(), wordings.tolist()), "density", TAG)
        assert found.method == ("t" if n < 50 else "bootstrap-t")
        assert found.over_wordings
        excluded = found.estimate.low > 0 or found.estimate.high < 0
        assert (found.p < 0.05) == excluded
        refuted.append(excluded)
    assert len(set(refuted)) == 2


def test_few_documents_that_differ_at_all_get_students_interval() -> None:
    """Two of 90: many draws hold neither, have no error, and would make an interval without end."""
    values = [0.0] * 88 + [1.0, 1.0]
    found = effect(worded(values, [i % 6 for i in range(90)]), "density", TAG)
    assert found.method == "t"
    assert -0.1 < found.estimate.low < 0 < found.estimate.high < 0.1


def test_wordings_that_disagree_are_no_effect_of_the_arm() -> None:
    """Documents alone would be sure of it: half of the wordings raise the number, more of them a little more."""
    wordings = [i % 4 for i in range(80)]
    values = [(3.0, -1.0, 2.5, -1.5)[w] + 0.01 * (i % 7) for i, w in enumerate(wordings)]
    found = effect(worded(values, wordings), "density", TAG)
    assert found.p > 0.3
    assert found.p_exchangeable < 0.01


def test_the_noise_floor_is_what_neutral_wordings_differ_by() -> None:
    rng = np.random.default_rng(0)
    planted = np.array([-0.4, -0.2, 0.0, 0.2, 0.4])
    wordings = np.arange(2000) % 5
    filler = 0.5 * rng.standard_normal(2000) + planted[wordings]
    documents = frame({"filler": filler.tolist(), "none": [1.0] * 2000})
    documents["wording"] = documents["document"].map({f"d{i:03}": int(w) for i, w in enumerate(wordings)})
    documents["routing_shift"] = documents["density"].where(documents["arm"] == "filler")
    found = noise_floors(Grid(documents, ["density", "routing_shift"]), ["density", "routing_shift"])
    assert found["density"] == pytest.approx(planted.std(ddof=1), rel=0.1)
    assert found["routing_shift"] == pytest.approx(found["density"]), "a distance from none has no value in none"
    without = Grid(documents[documents["arm"] == "filler"], ["density"])
    assert math.isnan(noise_floors(without, ["density"])["density"])


CELLS = st.lists(st.none() | st.floats(-5, 5, width=32) | st.just(math.nan), min_size=1, max_size=12)


@given(CELLS, CELLS)
def test_swapping_the_arms_swaps_the_sign(arm: list[float | None], control: list[float | None]) -> None:
    documents = frame({"tag": arm, "tag_placebo": control})
    if set(documents.get("arm", ())) != {"tag", "tag_placebo"}:
        return
    one, other = effect(documents, "density", TAG), effect(documents, "density", Contrast("tag_placebo", "tag"))
    assert one.estimate.value == pytest.approx(-other.estimate.value, nan_ok=True, abs=1e-12)
    assert one.estimate.low == pytest.approx(-other.estimate.high, nan_ok=True, abs=1e-12)
    assert one.estimate.n == other.estimate.n
    if one.estimate.n:
        pairs = {i for column in (arm, control) for i, value in enumerate(column) if value is not None}
        assert one.estimate.n + sum(one.missing.values()) == len(pairs), "a document was neither used nor counted as missing"


@given(st.lists(st.floats(-5, 5, width=32), min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_the_documents_does_not_matter(values: list[float], random: object) -> None:
    documents = frame({"tag": list(values), "tag_placebo": [0.1 * i for i in range(len(values))]})
    seed = random.randrange(2**32)  # type: ignore[attr-defined]
    shuffled = documents.sample(frac=1, random_state=np.random.default_rng(seed))
    assert repr(effect(documents, "density", TAG)) == repr(effect(shuffled, "density", TAG))
