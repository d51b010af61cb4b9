"""If these fail, a report says something the measurements do not."""

from __future__ import annotations

import dataclasses
import math
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ride_eval.analysis.contrasts import CONTROL_CONTRASTS, Effect
from ride_eval.analysis.findings import Findings, _share, find
from ride_eval.analysis.frames import COLUMNS, load_run
from ride_eval.analysis.intervals import Estimate
from ride_eval.analysis.links import LINKED
from ride_eval.analysis.notes import DENSE
from ride_eval.analysis.quantities import BY_NAME, QUANTITIES
from ride_eval.analysis.verdict import EXPERT, lacks
from ride_eval.store import METRIC_VERSION
from tests import synthetic_run
from tests.analysis import slow
from tests.synthetic_run import Synthetic, write_run

TASKS = {"arith": "generation", "colours": "choice", "pronouns": "choice_per_prompt"}


def findings(folder: Path, *specs: Synthetic) -> Findings:
    return find([load_run(write_run(folder / str(i), spec)) for i, spec in enumerate(specs)])


def notes(findings: Findings, model: int | None = 0) -> list[str]:
    found = findings.notes if model is None else findings.models[model].notes
    return [f"{note.level}: {note.text}" for note in found]


def agree(found: Estimate, tasks: dict[str, list[float]], bounds: tuple[float, float, float] | None = None) -> None:
    n = sum(map(len, tasks.values()))
    assert found.n == n
    if n == 0:
        assert math.isnan(found.value)
    elif found.has_interval and bounds is not None:
        assert (found.value, found.low, found.high) == pytest.approx(bounds, abs=1e-9)
    else:
        assert found.value == pytest.approx(slow.mean(statistics.fmean(values) for values in tasks.values()), abs=1e-9)


def t_bounds(effect: Effect, tasks: dict[str, list[float]], rows: list[tuple[str, int, float]]) -> tuple[float, float, float]:
    """Over wordings where the effect says so, else over documents."""
    if not effect.over_wordings:
        return slow.t_interval(tasks)
    found = slow.over_wordings(rows)
    half = float(stats.t.ppf(0.975, found["freedom"])) * found["error"]
    return found["effect"], found["effect"] - half, found["effect"] + half


@pytest.mark.parametrize(("moe", "one_of"), [(True, 0), (False, 0), (True, 3)])
def test_every_number_is_what_a_plain_recomputation_gives(tmp_path: Path, moe: bool, one_of: int) -> None:
    spec = Synthetic(
        tasks=TASKS,
        n=7,
        moe=moe,
        wordings=2,
        one_of=one_of,
        missing=frozenset({(0, "expert")}),
        reasons={(1, "tag"): "truncated: more than 99 tokens in some arm"},
    )
    model = findings(tmp_path, spec).models[0]
    documents = slow.documents(tmp_path / "0", synthetic_run.TOP_K if moe else 0)
    effects: tuple[Effect, ...] = (*model.contrasts, *model.descriptives)
    for effect in effects:
        tasks = slow.differences(documents, effect.quantity, *effect.contrast)
        rows = slow.worded(documents, effect.quantity, *effect.contrast) if one_of else []
        agree(effect.estimate, tasks, t_bounds(effect, tasks, rows) if one_of and effect.method else None)
        if effect.method and one_of:
            assert effect.wordings == len({wording for _, wording, _ in rows})
            means = [slow.mean_of_tasks(rows, wording) for wording in {wording for _, wording, _ in rows}]
            sign = 1 if effect.estimate.value > 0 else -1
            same = sum(mean * sign > 1e-12 for mean in means) / len(means)
            assert abs(effect.estimate.value) < 1e-12 or effect.same_sign == pytest.approx(same)
        assert {part.task: part.n for part in effect.tasks} == {task: len(values) for task, values in tasks.items()}
        for part in effect.tasks:
            assert part.value == pytest.approx(statistics.fmean(tasks[part.task]), abs=1e-9)
    for entry in model.correctness:
        tasks = {entry.task: slow.levels(documents, "correct", entry.arm)[entry.task]}
        if entry.estimate.has_interval:
            value, low, high = slow.t_interval(tasks)
            agree(entry.estimate, tasks, (value, max(low, 0.0), min(high, 1.0)))
        else:
            agree(entry.estimate, tasks)
    for level in model.levels:
        tasks = slow.levels(documents, level.quantity, level.arm)
        assert level.n == sum(map(len, tasks.values()))
        assert level.value == pytest.approx(slow.mean(statistics.fmean(v) for v in tasks.values()), nan_ok=True, abs=1e-9)
    compared = set(COLUMNS) - {"meta_mass", "keyword_mass"}
    assert {(e.quantity, e.contrast) for e in model.contrasts} == {(name, c) for name in compared for c in CONTROL_CONTRASTS}
    assert {e.quantity for e in model.descriptives} == compared - {q.name for q in QUANTITIES if q.distance}
    assert model.heads_dropped == pytest.approx(
        slow.mean(d["heads_dropped"] for d in documents.values() if not math.isnan(d.get("heads_dropped", math.nan)))
    )
    for link in model.links if moe else model.links[:1]:
        quantity, contrasts = LINKED[link.quantity]
        strata, pairs = slow.pairs(documents, quantity, contrasts)
        expected = max(-1.0, min(1.0, slow.correlation(strata)))
        assert link.estimate.value == pytest.approx(expected, abs=1e-9)
        assert link.pairs == pairs
    if one_of:
        for effect in model.contrasts:
            neutral = "filler", "none"
            level = {key: values for key, values in documents.items() if key[3] == "filler"}
            if BY_NAME[effect.quantity].distance:
                rows = slow.worded(
                    level | {(*key[:3], "none", key[4]): {effect.quantity: 0.0} for key in level}, effect.quantity, *neutral
                )
            else:
                rows = slow.worded(documents, effect.quantity, *neutral)
            expected = slow.over_wordings(rows)["wording_deviation"] if rows else math.nan
            assert effect.noise_floor == pytest.approx(expected, abs=1e-7, nan_ok=True), effect.quantity
    assert len(model.correctness) == len(TASKS) * 7
    assert len(model.levels) == len(COLUMNS) * 7


@pytest.mark.parametrize("scale", [1, 100])
def test_a_share_lies_between_0_and_1_and_another_score_where_it_is(scale: int) -> None:
    scores = np.array([1.0, 1.0, 1.0, 1.0, 0.0]) * scale
    value, low, high = slow.t_interval({"task": scores.tolist()})
    assert high > scale
    found = _share("task", scores)
    assert (found.value, found.low, found.high) == pytest.approx((value, low, 1.0 if scale == 1 else high))


def test_a_planted_effect_is_found_with_its_sign(tmp_path: Path) -> None:
    model = findings(tmp_path, Synthetic(effects={"tag": 0.05}, n=30)).models[0]
    for contrast in CONTROL_CONTRASTS:
        effect = model.contrast("density", contrast)
        assert effect is not None
        planted = 0.05 if contrast.arm == "tag" else -0.05 if contrast.control == "tag" else 0.0
        assert effect.estimate.value == pytest.approx(planted, abs=0.005), contrast


def test_distances_from_none_are_never_compared_with_it(tmp_path: Path) -> None:
    model = findings(tmp_path, Synthetic(n=6)).models[0]
    assert not [effect for effect in model.descriptives if BY_NAME[effect.quantity].distance]
    level = model.level("routing_shift", "none")
    assert level is not None
    assert (math.isnan(level.value), level.n) == (True, 0)
    shift = model.contrast("routing_shift", CONTROL_CONTRASTS[0])
    assert shift is not None
    assert shift.estimate.n == 12


def test_a_dense_model_has_no_routing_and_that_is_no_gap(tmp_path: Path) -> None:
    result = findings(tmp_path, Synthetic(moe=False, n=6, reasons={(0, "tag"): "truncated: more than 99 tokens in some arm"}))
    for effect in result.models[0].contrasts:
        if BY_NAME[effect.quantity].routed:
            assert (effect.estimate.n, effect.estimate.reason, effect.missing) == (0, DENSE, {})
    assert "info: dense model: no routing" in notes(result)


def test_what_a_reader_must_know_of_a_run(tmp_path: Path) -> None:
    assert not [n for n in notes(findings(tmp_path / "ok", Synthetic(untrained=False, one_of=4))) if n.startswith("warning")]
    assert any("untrained" in note for note in notes(findings(tmp_path / "a", Synthetic(n=3))))
    assert any("6 documents: no verdict" in note for note in notes(findings(tmp_path / "b", Synthetic(n=3))))
    assert any("not complete" in note for note in notes(findings(tmp_path / "c", Synthetic(n=3, state=None))))
    failed = notes(findings(tmp_path / "d", Synthetic(n=3, state="failed", error="out of memory")))
    assert any("failed (out of memory)" in note for note in failed)
    assert any("routing was not measured" in note for note in notes(findings(tmp_path / "e", Synthetic(n=3, routes=False))))
    dropped = notes(
        findings(tmp_path / "f", Synthetic(n=3, reasons={(0, "tag"): "truncated: more than 99 tokens in some arm"}))
    )
    assert any("truncated: up to 2 documents" in note and "density" in note for note in dropped)
    assert any("arm none was not run" in note for note in notes(findings(tmp_path / "g", Synthetic(n=3, arms=["tag"]))))
    assert any("nothing was measured" in note for note in notes(findings(tmp_path / "h", Synthetic(n=0))))
    one_wording = notes(findings(tmp_path / "i", Synthetic(n=6)))
    assert any("over documents only: no task has documents under two wordings" in note for note in one_wording)
    assert any("no noise floor" in note for note in one_wording)
    several = notes(findings(tmp_path / "j", Synthetic(n=24, one_of=4)))
    assert not any("no noise floor" in note or "no task has documents under two" in note for note in several)


@pytest.mark.parametrize(
    ("identity", "expected"),
    [
        ({"prompts": "c" * 16}, "warning: their prompts/ differ"),
        ({"metrics": METRIC_VERSION + 1}, "warning: they were measured by versions"),
        ({"placement": "system"}, "warning: the arm's text stands"),
        ({"chat_template": "d" * 16}, "info: the chat templates differ"),
        ({"chat_template": None}, "warning: without a chat template: other"),
    ],
)
def test_what_a_reader_must_know_of_two_runs(tmp_path: Path, identity: dict[str, object], expected: str) -> None:
    same = findings(tmp_path / "same", Synthetic(n=2), Synthetic(n=2, name="other", moe=False))
    assert notes(same, None) == []
    different = findings(tmp_path / "different", Synthetic(n=2), Synthetic(n=2, name="other", identity=identity))
    assert [note.startswith(expected) for note in notes(different, None)] == [True]


def test_other_documents_and_other_tasks_are_said(tmp_path: Path) -> None:
    result = findings(tmp_path, Synthetic(n=5), Synthetic(n=3, tasks={"arith": "generation"}))
    assert notes(result, None) == [
        "warning: arith: not the same documents (5, 3; 3 shared)",
        "warning: colours was run by 1 of the 2 models only",
    ]


def test_models_of_one_name_are_told_apart(tmp_path: Path) -> None:
    runs = [load_run(write_run(tmp_path / folder, n=1)) for folder in ("a/x", "b/x", "c/y")]
    names = [model.name for model in find(runs).models]
    assert names == ["lab/synthetic (x) #1", "lab/synthetic (x) #2", "lab/synthetic (y)"]


def test_no_runs_are_no_models() -> None:
    assert find([]).to_dict()["models"] == []


def test_the_lines_of_pandas_in_the_docs_give_the_reports_number(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text(encoding="utf-8")
    lines = page.partition("\n## Statistics")[2].split("```python\n")[1].split("```")[0]
    run = write_run(
        tmp_path, Synthetic(tasks=TASKS, n=40, one_of=4, reasons={(1, "expert"): "alignment coverage 0.8 below 0.90"})
    )
    names: dict[str, Any] = {"run": run}
    exec(lines, names)  # noqa: S102 - our own page
    effect = find([load_run(run)]).models[0].contrast("density", EXPERT)
    assert effect is not None
    assert names["effect"] == pytest.approx(effect.estimate.value)
    assert len(names["difference"]) == effect.estimate.n
    assert (names["by_wording"] > 0).mean() == effect.same_sign


def test_a_seed_makes_every_number_repeatable(tmp_path: Path) -> None:
    run = load_run(write_run(tmp_path, Synthetic(n=30, one_of=5)))
    assert repr(find([run])) == repr(find([run]))


def test_a_claim_can_be_had_and_everything_else_is_corrected_apart(tmp_path: Path) -> None:
    model = findings(tmp_path, Synthetic(n=40, one_of=5)).models[0]
    by_family = {family: [e for e in model.contrasts if e.family == family] for family in ("primary", "exploratory")}
    assert {BY_NAME[effect.quantity].primary for effect in by_family["primary"]} == {True}
    for effects in by_family.values():
        tested = [effect for effect in effects if math.isfinite(effect.p)]
        expected = stats.false_discovery_control([effect.p for effect in tested])
        assert [effect.q for effect in tested] == pytest.approx(expected)
    density = model.contrast("density", EXPERT)
    assert density is not None
    assert (density.method, density.over_wordings, lacks(density)) == ("bootstrap-t", True, ())
    assert density.d_z > 3
    assert {effect.family for effect in model.descriptives} == {None}
    assert all(math.isnan(effect.p) and math.isnan(effect.p_exchangeable) for effect in model.descriptives)


def test_reading_needs_neither_torch_nor_the_harness(tmp_path: Path) -> None:
    path = write_run(tmp_path, n=6)
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "import ride_eval.report.terminal, ride_eval.report.markdown, ride_eval.report.json\n"
        "early = {'scipy', 'torch', 'transformers', 'lm_eval'} & set(sys.modules)\n"
        "from ride_eval.analysis.frames import load_run\n"
        "from ride_eval.analysis.findings import find\n"
        "ride_eval.report.markdown.render(find([load_run(Path(sys.argv[1]))]))\n"
        "late = {'torch', 'transformers', 'lm_eval', 'datasets'} & set(sys.modules)\n"
        "sys.exit(f'{early} {late}' if early or late else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_task_of_one_arm_does_not_move_that_arms_level(tmp_path: Path) -> None:
    run = load_run(write_run(tmp_path, n=6))
    extra = run.documents[(run.documents["task"] == "arith") & (run.documents["arm"] == "none")].assign(
        task="changed", density=0.9
    )
    more = dataclasses.replace(run, documents=pd.concat([run.documents, extra], ignore_index=True))
    (alone,), (beside,) = find([run]).models, find([more]).models
    for arm in alone.setup.arms:
        assert beside.level("density", arm) == alone.level("density", arm)
    assert beside.setup.tasks["changed"] == 6
