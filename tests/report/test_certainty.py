"""If these fail, a reader is told of the wrong arm that it makes overconfident, or trusts numbers made of noise."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from ride_eval.analysis.contrasts import CONTROL_CONTRASTS, Contrast
from ride_eval.analysis.findings import Findings, find
from ride_eval.analysis.frames import load_run
from ride_eval.analysis.measures import DENSER, agreements
from ride_eval.report import certainty, markdown, terminal
from ride_eval.report import json as json_report
from ride_eval.report.sections import Row
from ride_eval.report.text import NOTHING, number
from tests.synthetic_run import write_run

TAG = Contrast("tag", "tag_placebo")


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> Findings:
    """Two models: one with wrong and right answers of all kinds and four samples, one with four documents."""
    folder = tmp_path_factory.mktemp("certainty")
    tasks = {"arith": "generation", "colours": "choice"}
    effects = {"tag": 0.5, "expert": 0.05}
    runs = [
        write_run(folder / "a", n=40, samples=4, tasks=tasks, effects=effects),
        write_run(folder / "b", n=4, samples=0, moe=False),
    ]
    return find([load_run(run) for run in runs])


def under(rows: tuple[Row, ...], heading: str) -> dict[str, Row]:
    """The rows under a heading."""
    start = next(i for i, row in enumerate(rows) if not row.cells and row.label == heading) + 1
    ends = [i for i, row in enumerate(rows) if i >= start and not row.cells]
    return {row.label: row for row in rows[start : ends[0] if ends else None]}


def test_what_knows_is_shown_with_its_interval(findings: Findings) -> None:
    model = findings.models[0]
    brief, full = (certainty.knowing(findings, brief=brief).rows for brief in (True, False))
    for heading, quantity, measure, in_brief in (
        ("arith: AUROC of forced entropy", "forced_entropy", "auroc", True),
        ("arith: PRR of forced entropy", "forced_entropy", "prr", False),
        ("colours: AUROC of choice entropy", "choice_entropy", "auroc", True),
        ("colours: ECE", "confidence", "ece", True),
        ("colours: Brier score", "choice_brier", "brier", False),
    ):
        assert any(row.label == heading for row in brief) == in_brief, heading
        shown = under(full, heading)
        for arm in findings.arms:
            (level,) = [e for e in model.knowing.arms if (e.arm, e.quantity, e.measure) == (arm, quantity, measure)]
            assert shown[arm].cells[0].value == number(level.estimate.value, 3)
            assert not shown[arm].cells[0].strong, "that a level is not 0 is no finding"
        for contrast in CONTROL_CONTRASTS:
            changes = {(e.contrast, e.quantity, e.measure): e.estimate for e in model.knowing.contrasts}
            change = changes[contrast, quantity, measure]
            cell = shown[str(contrast)].cells[0]
            assert float(cell.value) == pytest.approx(change.value, abs=1e-3)
            assert cell.n == f"n={change.n}"
    assert under(brief, "arith: AUROC of forced entropy").keys() <= {"none", *map(str, CONTROL_CONTRASTS)}


def test_what_is_overconfident_is_named_with_both_numbers(findings: Findings) -> None:
    """The planted fall of entropy under `tag` comes with no more right answers."""
    (entry,) = [c for c in findings.models[0].knowing.confidence if (c.task, c.contrast) == ("arith", TAG)]
    assert entry.reading == "overconfident"
    rows = list(certainty.confidence(findings).rows)
    place = next(i for i, row in enumerate(rows) if row.label == str(TAG))
    assert [row.cells[0].value for row in rows[place : place + 3]] == [
        "overconfident",
        number(entry.entropy.value, 3),
        number(entry.accuracy.value, 3),
    ]
    assert rows[place].cells[1].value in (NOTHING, "too few documents"), "four documents make nobody overconfident"
    for layout in (" ".join(_terminal(findings).split()), markdown.render(findings)):
        assert "overconfident" in layout


def _terminal(findings: Findings) -> str:
    with Console(record=True, width=100, file=Path("/dev/null").open("w")) as console:
        terminal.show(findings, console)
    return console.export_text()


def test_reliability_is_of_differences_first(findings: Findings) -> None:
    shown = {row.label: row.cells for row in certainty.reliability(findings).rows}
    assert len(shown) == 7
    own = {entry.quantity: entry for entry in findings.models[0].reliability}["sequence_entropy"]
    assert shown["sequence entropy"][0].value == f"{number(own.differences, 2)} ({number(own.levels, 2)})"
    assert shown["sequence entropy"][0].n == f"n={own.n}" and shown["sequence entropy"][1].value == NOTHING


def test_measures_of_density_are_counted_by_the_direction_they_mean(findings: Findings) -> None:
    """Participation falls where things become sparser; the other three rise."""
    effects = [e for e in findings.models[0].contrasts if e.contrast == TAG and e.quantity in DENSER]
    sparser = {"density": -0.1, "participation_mlp": -0.1, "gini_mlp": 0.1, "top10_energy_mlp": 0.1, "near_zero_mlp": 0.1}

    def counted(**changes: float) -> tuple[int, int]:
        values = sparser | changes
        (entry,) = agreements([replace(e, estimate=replace(e.estimate, value=values[e.quantity], n=9)) for e in effects])
        return entry.agree, entry.measured

    assert counted() == (5, 5)
    assert counted(gini_mlp=-0.1) == (4, 5)
    assert counted(gini_mlp=-0.1, participation_mlp=0.1, near_zero_mlp=0.0) == (2, 5), "no difference agrees with none"
    assert agreements([replace(e, estimate=replace(e.estimate, value=0.0)) for e in effects]) == ()
    older = [e if e.quantity != "gini_mlp" else replace(e, estimate=replace(e.estimate, n=0)) for e in effects]
    assert agreements(older)[0].measured == 4, "what an older run did not measure is not counted against it"
    rows = {row.label: row.cells[0].value for row in certainty.measures(findings).rows}
    assert set(rows) == set(map(str, CONTROL_CONTRASTS)) and rows[str(TAG)].endswith("of 5")


def test_json_has_every_entropy_s(findings: Findings) -> None:
    stored = json.loads(json_report.render(findings))["models"][0]
    assert {entry["quantity"] for entry in stored["knowing"]["arms"]} >= {"semantic_entropy", "choice_entropy_summed"}
    assert stored["knowing"]["confidence"][0]["reading"]
    assert stored["reliability"][0]["quantity"] == "sequence_entropy" and stored["sensitivity"] == []
