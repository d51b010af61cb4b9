"""If these fail, a reader sees another number than was found, or text from the data acts on his screen."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from ride_eval.analysis.contrasts import Contrast, Effect
from ride_eval.analysis.findings import Findings, ModelFindings, find
from ride_eval.analysis.frames import load_run
from ride_eval.analysis.intervals import Estimate
from ride_eval.analysis.quantities import BY_NAME, QUANTITIES
from ride_eval.analysis.samples import JUDGED
from ride_eval.analysis.verdict import lacks
from ride_eval.report import json as json_report
from ride_eval.report import markdown, sections, terminal
from ride_eval.report.reading import QUESTIONS, WORDS
from ride_eval.report.text import NOTHING, count, interval, number, p_and_q, probability, visible
from tests.synthetic_run import write_run

HOSTILE = "[bold]a|b*c_[/]\x1b[31mred\x1b]8;;http://x\x07 \u202egpj`<b>\n# x @someone\ud800"
TASKS = {"arith": "generation", "colours": "choice", "pronouns": "choice_per_prompt"}


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Findings:
    """A mixture of experts and a dense model, with a gap of each kind."""
    folder = tmp_path_factory.mktemp("runs")
    reasons = {(0, "tag"): "truncated: more than 99 tokens in some arm"}
    moe = write_run(
        folder / "moe", name="lab/some-mixture-7B-Instruct", tasks=TASKS, reasons=reasons, one_of=5, effects={"expert": 0.3}
    )
    dense = write_run(folder / "dense", name="lab/dense", moe=False, tasks=TASKS, seed=1, one_of=5)
    return find([load_run(moe), load_run(dense)])


def shown(findings: Findings, width: int, **options: Any) -> str:
    stream = StringIO()
    terminal.show(findings, Console(file=stream, width=width, **options))
    return stream.getvalue()


@pytest.mark.parametrize("width", [40, 80, 100, 160])
@pytest.mark.parametrize("n_models", [1, 2, 5])
def test_no_number_is_cut_at_any_width(pair: Findings, width: int, n_models: int) -> None:
    findings = Findings(models=(pair.models * 3)[:n_models], notes=pair.notes)
    text = shown(findings, width)
    assert "\u2026" not in text
    words = set(re.findall(r"[^\s]+", text))
    tables = (
        sections.correctness,
        lambda f: sections.control_contrasts(f, primary=True),
        sections.links,
        sections.flips,
        lambda f: sections.against_none(f, primary=True),
    )
    for table in tables:
        for row in table(findings).rows:
            for cell in row.cells:
                assert {*cell.value.split(), *cell.interval.split(), *cell.test.split(), *cell.n.split()} <= words, (
                    row.label,
                    cell,
                )


@pytest.mark.parametrize("width", [80, 100, 160])
def test_no_line_is_wider_than_the_screen(pair: Findings, width: int) -> None:
    assert max(len(line.rstrip()) for line in shown(pair, width).splitlines()) <= width


def test_values_stand_under_their_model_and_beside_their_contrast(pair: Findings) -> None:
    lines = shown(pair, 160).splitlines()
    start = lines.index("An arm minus its control")
    row = next(line for line in lines[start:] if "tag - tag_placebo" in line)
    effects = [model.contrasts[5] for model in pair.models]
    assert [(e.quantity, str(e.contrast)) for e in effects] == [("density", "tag - tag_placebo")] * 2
    shown_parts = [(interval(effect.estimate, BY_NAME["density"].decimals), p_and_q(effect.p, effect.q)) for effect in effects]
    expected = [f"{value} {bounds} {test} {n}" for (value, bounds, n), test in shown_parts]
    floor = next(line for line in lines[start:] if "noise floor" in line).split()[2:]
    assert floor == [
        number(model.contrasts[5].noise_floor, len(text) - 2) for model, text in zip(pair.models, floor, strict=True)
    ]
    assert re.split(r"\s{2,}", row.strip()) == ["tag - tag_placebo", *expected]


def test_what_can_be_claimed_is_bold_and_nothing_else(pair: Findings) -> None:
    section = sections.control_contrasts(pair, primary=True)
    cells = [cell for row in section.rows for cell in row.cells if cell.test]
    for cell in cells:
        low, high = (float(part) for part in cell.interval.strip("[]").split(", "))
        q = float(cell.test.split("q=")[1].lstrip("<"))
        assert not cell.strong or (q < 0.05 and (low > 0 or high < 0)), cell
    for model in pair.models:
        for effect in (*model.contrasts, *model.descriptives):
            claimed = effect.family is not None and math.isfinite(effect.q) and not lacks(effect)
            assert sections._cell(effect, BY_NAME[effect.quantity]).strong == claimed
    assert {cell.strong for cell in cells} == {True, False}
    styled = shown(pair, 160, force_terminal=True, color_system="standard")
    strong = next(cell for cell in cells if cell.strong)
    assert re.search(r"\x1b\[1m" + re.escape(strong.value), styled)


def test_a_gap_has_its_reason_in_the_legend(pair: Findings) -> None:
    text = shown(pair, 160)
    assert f"{NOTHING} in lab/dense: dense model: no routing (routing shift)" in text
    assert "truncated: up to" in text
    assert "rovisional" not in text
    assert "expert - tag \u2020" in text, "the contrast of unlike lengths must say so"


def test_the_verdict_comes_first_with_its_numbers(pair: Findings) -> None:
    text, rendered = " ".join(shown(pair, 80).split()), markdown.render(pair)
    for model in pair.models:
        qualified, clauses = sections.verdict(model)
        assert qualified == "untrained weights"
        for clause, found in zip(clauses, model.verdict.clauses, strict=True):
            assert found.says in clause
            decimals = sections.RHO_DECIMALS if found.quantity is None else BY_NAME[found.quantity].decimals
            assert " ".join(interval(found.estimate, decimals)) in clause
            assert f"q={probability(found.q)}" in clause
            assert all(part in clause for part in found.lacks)
            assert text.index(clause) < text.index("What was run")
            assert rendered.index(markdown.escape(clause)) < rendered.index("##")
    assert [clause.says for clause in pair.models[0].verdict.clauses][:2] == ["densify", "more stable"]


def test_a_verdict_says_that_lengths_differ(pair: Findings) -> None:
    model = pair.models[0]
    clause = replace(model.verdict.clauses[0], length_matched=0.5)
    changed = replace(model, verdict=replace(model.verdict, clauses=(clause,)))
    assert "expert - filler \u2020" in sections.verdict(changed)[1][0]
    assert "\u2020" not in sections.verdict(model)[1][0]


def test_links_and_flips_are_shown_with_what_they_are_read_beside(pair: Findings) -> None:
    rows = {row.label: row.cells for row in sections.links(pair).rows}
    for model, cell in zip(pair.models, rows["density"], strict=True):
        estimate = model.links[0].estimate
        assert (cell.value, cell.interval, cell.n) == interval(estimate, sections.RHO_DECIMALS)
    assert rows["routing shift"][1].value == NOTHING, "a dense model has no routing"
    section = sections.flips(pair)
    assert [cell.value for cell in section.rows[-1].cells] == ["not measured"] * 2
    assert len(section.rows) == 7
    for row in section.rows[:-1]:
        for model, cell in zip(pair.models, row.cells, strict=True):
            level = model.level("flip", row.label.removesuffix(" (mean)"))
            assert level is not None
            assert cell.value == number(level.value, 3)
    text = shown(pair, 100)
    assert "none against itself" in text


def test_a_task_without_scores_is_left_out_and_named(tmp_path: Path) -> None:
    scored = load_run(write_run(tmp_path / "a", n=3, tasks={"arith": "generation"}))
    runs = [scored, load_run(write_run(tmp_path / "b", n=3, tasks={"maps": "generation"}, scored=False))]
    findings = find(runs)
    assert [row.label for row in sections.correctness(findings).rows if not row.cells] == ["arith"]
    assert "Without a score of their own, so not among the correct answers: maps." in sections.legend(findings)
    assert not any(line.startswith("Without a score") for line in sections.legend(find([scored])))


def beside_the_verdict(model: ModelFindings) -> list[Effect]:
    """By the verdict's rule: effects of tags and expert prompts, but for those that the verdict has itself."""
    own = {("expert", "filler", name) for name in ("density", "forced_entropy", "choice_entropy")}
    asked = [(contrast, name) for contrast, _, _ in QUESTIONS for name in WORDS if (*contrast, name) not in own]
    effects = [model.contrast(name, contrast) for contrast, name in asked]
    return [e for e in effects if e is not None and e.family is not None and e.estimate.n and not lacks(e)]


def test_what_may_be_claimed_of_tags_stands_beside_the_verdict(tmp_path: Path) -> None:
    run = write_run(tmp_path, n=60, one_of=6, effects={"tag": 0.2})
    findings = find([load_run(run)])
    (model,) = findings.models
    tag = model.contrast("density", Contrast("tag", "tag_placebo"))
    assert tag is not None and not lacks(tag)
    lines = sections.found(model)
    assert any(line.startswith("found: a route tag against a tag without meaning: the inside is denser (0.2") for line in lines)
    assert len(lines) == len(beside_the_verdict(model))
    rendered = " ".join(shown(findings, 400).split())
    assert all(line in rendered for line in lines)
    assert "the inside is denser" in markdown.render(findings).partition("info")[0]
    none = find([load_run(write_run(tmp_path / "none", n=60, one_of=6, effects={}))]).models[0]
    assert sections.found(none) == () and beside_the_verdict(none) == []


def test_what_is_from_samples_is_marked(pair: Findings) -> None:
    rendered = markdown.render(pair)
    for quantity in QUANTITIES:
        there = quantity.noisy and quantity.name not in JUDGED  # nobody judged these runs
        assert (f"{quantity.label} ({quantity.unit}, noisy" in rendered) == there


def test_json_holds_the_findings_and_null_for_nan(pair: Findings) -> None:
    content = json.loads(json_report.render(pair), parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    for model, stored in zip(pair.models, content["models"], strict=True):
        assert stored["name"] == model.name
        for found, kept in zip(
            (*model.contrasts, *model.descriptives), stored["contrasts"] + stored["descriptives"], strict=True
        ):
            assert kept["contrast"] == {"arm": found.contrast.arm, "control": found.contrast.control}
            assert kept["quantity"] == found.quantity
            assert kept["missing"] == dict(found.missing)
            for name in ("p", "q", "p_exchangeable", "d_z", "same_sign", "noise_floor", "family", "method"):
                value = getattr(found, name)
                assert kept[name] == (None if isinstance(value, float) and math.isnan(value) else value)
            for name in ("value", "low", "high", "n", "reason"):
                value = getattr(found.estimate, name)
                assert kept["estimate"][name] == (None if isinstance(value, float) and math.isnan(value) else value)
        assert [row["estimate"]["value"] for row in stored["correctness"]] == [r.estimate.value for r in model.correctness]
        for link, kept in zip(model.links, stored["links"], strict=True):
            assert (kept["quantity"], kept["direction"], kept["pairs"]) == (link.quantity, link.direction, link.pairs)
            assert kept["estimate"]["n"] == link.estimate.n
        assert stored["verdict"]["sentence"] == model.verdict.sentence
        assert stored["heads_dropped"] == model.heads_dropped
    assert content["seed"] == pair.seed
    assert [entry["name"] for entry in content["quantities"]] == [quantity.name for quantity in QUANTITIES]


def well_formed(text: str) -> int:
    """Every table has the same number of cells in each line. Returns the number of tables."""
    tables = 0
    columns = None
    for line in text.splitlines():
        if not line.startswith("|"):
            columns = None
            continue
        assert line.endswith("|")
        cells = len(re.findall(r"(?<!\\)\|", line)) - 1
        tables += columns is None
        assert columns in (None, cells), line
        columns = cells
    return tables


def test_markdown_tables_are_well_formed(pair: Findings) -> None:
    text = markdown.render(pair)
    assert well_formed(text) == 12
    for section in (sections.correctness(pair), sections.control_contrasts(pair, primary=False)):
        for row in section.rows:
            for cell in row.cells:
                assert markdown.escape(cell.value) in text


def test_hostile_names_are_shown_and_do_nothing(tmp_path: Path) -> None:
    path = write_run(tmp_path / "[red]run", tasks={"t[/]|\x1b[2J": "generation"}, n=6, arms=["none", "tag", "x[/]\x07|y"])
    findings = find([replace(load_run(path), name=HOSTILE)])
    text = shown(findings, 100)
    assert not {letter for letter in text if not letter.isprintable()} - {"\n"}
    assert "\\x1b[2J" in text
    assert "[red]run" in text
    rendered = markdown.render(findings)
    assert well_formed(rendered) == 6
    assert rendered.count(sections.NO_VALUES) == 3, "an empty table must say that it is"
    assert not {letter for letter in rendered if not letter.isprintable()} - {"\n"}
    assert "<b>" not in rendered.replace("\\<b\\>", "")
    assert "@" not in rendered
    rendered.encode()
    assert json.loads(json_report.render(findings))["models"][0]["name"] == HOSTILE


def test_reports_are_written_whole(pair: Findings, tmp_path: Path) -> None:
    markdown.write(pair, tmp_path / "report.md")
    json_report.write(pair, [], None, tmp_path / "report.json")
    assert (tmp_path / "report.md").read_text(encoding="utf-8") == markdown.render(pair)
    assert (tmp_path / "report.json").read_text(encoding="utf-8") == json_report.render(pair)
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize(
    "spec",
    [
        {"n": 0},
        {"n": 1},
        {"n": 6, "arms": ["tag"]},
        {"n": 6, "arms": ["none"]},
        {"density": False, "n": 6},
        {"n": 1, "one_of": 3},
        {"n": 3, "one_of": 3, "repeats": 2},
        {"n": 5, "wordings": 2, "keywords": False},
        {"n": 52, "one_of": 2, "tasks": {"arith": "generation"}, "missing": frozenset((i, "tag") for i in range(0, 52, 2))},
        {"n": 8, "one_of": 2, "missing": frozenset((i, ("tag", "tag_placebo")[i % 2]) for i in range(8))},
    ],
)
def test_odd_runs_have_a_report(tmp_path: Path, spec: dict[str, Any]) -> None:
    findings = find([load_run(write_run(tmp_path, **spec))])
    assert "ride_eval: 1 model" in shown(findings, 80)
    well_formed(markdown.render(findings))
    json.loads(json_report.render(findings))


def test_no_runs_have_a_report() -> None:
    assert "0 models" in shown(find([]), 80)
    assert markdown.render(find([])).startswith("# ride_eval report")


def test_numbers_have_the_digits_their_interval_asks_for() -> None:
    def estimate(value: float, low: float, high: float) -> Estimate:
        return Estimate(value=value, low=low, high=high, n=120)

    density, length = BY_NAME["density"].decimals, BY_NAME["answer_tokens"].decimals
    assert interval(estimate(-0.012, -0.020, -0.004), density) == ("-0.012", "[-0.020, -0.004]", "n=120")
    assert interval(estimate(-0.00042, -0.00061, -0.00023), density)[:2] == ("-0.00042", "[-0.00061, -0.00023]")
    assert interval(estimate(0.03, 0.0004, 0.0596), density)[1] == "[0.0004, 0.0596]", "an interval without 0 must not show it"
    assert interval(estimate(12.34, -1.0, 26.0), length)[:2] == ("12.3", "[-1.0, 26.0]")
    assert interval(Estimate(value=math.nan, low=math.nan, high=math.nan, n=0), density) == (NOTHING, "", "")
    assert number(-0.0001, 3) == "0.000"
    assert [count(n) for n in (None, 999, 6_919_161_856, 1_000_000)] == [NOTHING, "999", "6.92 B", "1 M"]


@given(st.text())
def test_visible_text_has_no_control_characters_and_keeps_the_rest(text: str) -> None:
    result = visible(text)
    assert "\x1b" not in result
    assert "\n" not in result
    result.encode()
    assert all(letter in result for letter in text if letter.isalnum())
