"""A check in its four forms: the same verdict in each, readable by standard parsers, and safe with texts of the data's own."""

from __future__ import annotations

import dataclasses
import io
import json
import math
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.console import Console

from ride_eval.analysis.intervals import Estimate
from ride_eval.analysis.regression.check import Check, Side
from ride_eval.analysis.regression.comparability import Difference
from ride_eval.analysis.regression.comparison import Comparison
from ride_eval.analysis.regression.measures import ALL_ARMS
from ride_eval.analysis.regression.verdict import judge
from ride_eval.report import check_json, check_junit, check_markdown, check_sections, check_terminal

HOSTILE = "a|b <b>`x`</b> \x1b[31m@team ]]> \u202e"


def row(**changes: object) -> Comparison:
    own = Comparison(
        metric="correct", task="gsm8k", domain="math", arm="tag", level="fail", better="higher", minimum=0.02, floor=math.nan,
        before=0.61, after=0.52, change=Estimate(value=-0.09, low=-0.13, high=-0.05, n=200), d_z=-0.3, p=0.0002,
        p_exchangeable=0.0001, equivalence=0.99, needed=2100.0, q=0.004, status="regression",
    )  # fmt: skip
    return dataclasses.replace(own, **changes)  # type: ignore[arg-type]


def example(*differences: Difference, task: str = "gsm8k") -> Check:
    nothing = Estimate(value=0.001, low=-0.01, high=0.012, n=200)
    rows = (
        row(task=task),
        row(task=task, arm=ALL_ARMS),
        row(task=task, metric="density", level="warn", better="neither", status="drift", change=nothing),
        row(task=task, metric="flip", status="not settled", change=nothing, q=0.7),
        row(
            task=task, metric="forced_entropy", status="too few documents", q=math.nan, change=dataclasses.replace(nothing, n=9)
        ),
    )
    kept = rows if all(difference.allowed for difference in differences) else ()
    return Check(
        baseline=Side(path="runs/jan", name="olmoe", created=None), run=Side(path="runs/mar", name="olmoe", created="2026"),
        alpha=0.05, policy="policy.yaml", noise=None, verdict=judge(differences, kept), differences=differences,
        models=("revision: a -> b",), warnings=("dtype: float32 -> bfloat16",), rows=kept, saturation=(0.9, 0.8),
        saturation_tokens=1234, self_flips=math.nan,
    )  # fmt: skip


def terminal(check: Check, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width)
    check_terminal.show(check, console)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def parsed(check: Check) -> ElementTree.Element:
    return ElementTree.fromstring(check_junit.render(check))  # noqa: S314 - we wrote it


def test_all_forms_tell_the_same_verdict() -> None:
    check = example()
    assert check.verdict.word == "regression"
    assert check.verdict.sentence.endswith(" Warns of: density in gsm8k.")
    assert terminal(check).startswith(
        "ride_eval check: regression\nWorse than the baseline: correct in gsm8k, math (tag, all arms)."
    )
    assert check_markdown.render(check).startswith("# ride_eval check: regression\n\nWorse than the baseline: correct in gsm8k")
    content = json.loads(check_json.render(check))
    assert (content["exit_code"], content["verdict"]["word"], len(content["rows"])) == (1, "regression", 5)
    assert content["rows"][0]["floor"] is None and content["rows"][4]["q"] is None
    root = parsed(check)
    assert (root.get("tests"), root.get("failures"), root.get("errors"), root.get("skipped")) == ("6", "2", "0", "1")


def test_junit_counts_are_those_of_its_cases() -> None:
    root = parsed(example())
    assert root.tag == "testsuites"
    for kind, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped"), ("tests", "testcase")):
        assert int(root.get(kind, "")) == len(list(root.iter(tag)))
        for suite in root:
            assert int(suite.get(kind, "")) == len(list(suite.iter(tag)))
    (failure, _) = root.iter("failure")
    assert "regression" in str(failure.get("message")) and "-0.09" in str(failure.get("message"))


def test_runs_that_cannot_be_compared_are_an_error_and_not_a_pass() -> None:
    check = example(Difference(name="prompts", text="3 of 4 prompts read otherwise"))
    assert check.verdict.exit_code == 2
    root = parsed(check)
    assert (root.get("errors"), root.get("failures")) == ("1", "0")
    for text in (
        terminal(check),
        check_markdown.render(check),
        json.dumps(check.to_dict()),
        check_junit.render(check).decode(),
    ):
        assert "3 of 4 prompts read otherwise" in " ".join(text.split()).replace("\\", "")


class Cells(HTMLParser):
    """Rows of cells of the tables."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


@pytest.mark.parametrize("task", ["gsm8k", HOSTILE])
def test_markdown_renders_as_tables_with_the_texts_as_they_are(task: str) -> None:
    """By rich's own CommonMark parser, with tables switched on: what a CI summary shows."""
    from markdown_it import MarkdownIt

    html = MarkdownIt("commonmark").enable("table").render(check_markdown.render(example(task=task)))
    assert html.count("<table>") == 3 and "<details>" in html and "<b>" not in html
    parser = Cells()
    parser.feed(html)
    widths = {len(cells) for cells in parser.rows}
    assert widths == {len(check_sections.CHANGES), len(check_sections.OVERVIEW), len(check_sections.DETAILS)}
    places = [cells[1].strip() for cells in parser.rows if len(cells) == len(check_sections.CHANGES)][1:]
    shown = "gsm8k, math" if task == "gsm8k" else "a|b <b>`x`</b> \\x1b[31m@team ]]> \\u202e, math"
    assert set(places) == {shown}


def test_texts_of_the_data_can_do_nothing() -> None:
    check = example(task=HOSTILE)
    printed = terminal(check)
    assert "\x1b" not in printed and "\u202e" not in printed
    root = parsed(check)
    assert all("\x1b" not in str(case.get("classname")) for case in root.iter("testcase"))
    assert check_json.render(check).isascii()


@pytest.mark.parametrize("width", [60, 80, 160])
def test_no_line_of_the_terminal_is_wider_than_it(width: int) -> None:
    assert max(map(len, terminal(example(), width).splitlines())) <= width


def test_files_are_written(tmp_path: Path) -> None:
    check = example()
    for module, name in ((check_json, "a.json"), (check_markdown, "a.md"), (check_junit, "a.xml")):
        module.write(check, tmp_path / name)
        assert (tmp_path / name).stat().st_size > 100


def test_the_verdict_s_rules() -> None:
    fine = judge((), [row(status="no change"), row(status="not settled", level="warn"), row(status="drift", level="warn")])
    assert (fine.word, fine.exit_code) == ("fine", 0)
    assert "Of 1 comparisons that can fail the check, 1 show that it is not worse" in fine.sentence
    assert judge((), [row(status="drift")]).exit_code == 1, "drift of a metric whose level is fail"
    assert judge((), [row(status="regression", level="warn")]).exit_code == 0
    assert judge((Difference(name="arms", text="x", allowed=True),), [row(status="no change")]).exit_code == 0
    assert judge((Difference(name="arms", text="x"),), [row()]).exit_code == 2, "first of all the runs must be comparable"
    assert judge((), []).exit_code == 2, "nothing compared is not fine"
