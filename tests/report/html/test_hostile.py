"""If these fail, text from a model, a benchmark or a run directory acts on the reader's screen instead of being read."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from ride_eval import cli
from ride_eval.analysis.findings import find
from ride_eval.report import csv as csv_report
from ride_eval.report import markdown, terminal
from ride_eval.report.html.documents import ANSWER, PROMPT
from ride_eval.report.html.texts import MOST
from ride_eval.report.text import visible
from tests.report.html.building import Report, report
from tests.report.html.reading import Element, parse
from tests.synthetic_run import rewrite, write_run

SCRIPT = "<script>window.broken = 1</script>"
NASTY = (
    f"""{SCRIPT}<img src=x onerror=window.broken=1>"'`&amp;\x1b[31m\x1b]8;;http://x\x07\u202egpj\u2067\u200b"""
    "{{ 7*7 }}{% raw %}$x_1^2$ --><!--"
)
LONG = "x" * 1_000_000 + SCRIPT
ARM = f"mine{NASTY}"
TASK = f"arith/{NASTY}"
PLACE = "<script>\x1b[2J\u202e\"'`"
REACH = {"script": 1, "style": 1}


def planted(folder: Path) -> Path:
    """A run whose every text is hostile, some of it a million characters on one line."""
    path = write_run(
        folder, name=f"lab/{NASTY}", tasks={TASK: "generation", "colours": "choice"}, n=6, arms=["none", "tag", ARM]
    )
    for file in sorted(path.glob("*.parquet")):
        table = pq.read_table(file)
        for column, make in (("text", texts), ("meta", texts), ("domain", lambda n: [NASTY] * n), ("filtered", answers)):
            if column in table.column_names:
                place = table.column_names.index(column)
                table = table.set_column(place, column, pa.array(make(table.num_rows), pa.string()))
        rewrite(file, table)
    return path


def texts(n: int) -> list[str]:
    return [f"{i} {NASTY}" if i % 3 else LONG for i in range(n)]


def answers(n: int) -> list[str]:
    return [f"={i}{NASTY}" if i % 4 else LONG for i in range(n)]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return report([planted(tmp_path_factory.mktemp("runs") / PLACE)])


@pytest.fixture(scope="module")
def root(hostile: Report) -> Element:
    return parse(hostile.page)


def test_nothing_from_the_data_becomes_an_element_or_an_attribute(root: Element) -> None:
    for element in root.walk():
        assert element.tag not in {"img", "iframe", "object", "link"}
        assert not [name for name in element.attributes if name.startswith("on")]
        assert "style" not in element.attributes, "the policy blocks it"
    for tag, number in REACH.items():
        assert sum(element.tag == tag for element in root.walk()) == number


def test_it_is_shown_as_it_is(root: Element) -> None:
    shown = root.text
    assert visible(f"lab/{NASTY}") in shown, "the model's name"
    assert visible(ARM) in shown
    assert visible(TASK) in shown
    assert visible(PLACE) in shown
    assert "{{ 7*7 }}" in shown, "no template of ours runs it"
    cells = [e.text for e in root.walk() if e.tag == "td"]
    assert any(SCRIPT in cell for cell in cells)
    figures = [e for e in root.walk() if e.tag == "svg" and e.attributes.get("role") == "img"]
    assert figures
    assert any(visible(ARM)[:20] in figure.text for figure in figures), "in a figure too"


def test_no_character_that_acts_is_left(hostile: Report) -> None:
    page = hostile.page
    assert not set(re.findall(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]", page))
    page.encode("utf-8")


def test_a_million_characters_are_cut_and_counted(hostile: Report) -> None:
    assert len(hostile.page) < 3_000_000
    longest = max(len(run) for run in re.findall(r"x{100,}", hostile.page))
    assert longest <= max(PROMPT, ANSWER, MOST)
    assert "more characters)" in hostile.page
    assert "characters left out" in hostile.page


def test_the_policy_allows_no_more_than_our_own(root: Element) -> None:
    policy = next(e.attributes["content"] for e in root.walk() if e.attributes.get("http-equiv") == "Content-Security-Policy")
    parts = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
    assert parts["default-src"] == "'none'"
    assert re.fullmatch(r"'sha256-[A-Za-z0-9+/=]+'", parts["script-src"])
    assert re.fullmatch(r"'sha256-[A-Za-z0-9+/=]+'", parts["style-src"])
    assert set(parts) <= {"default-src", "script-src", "style-src", "base-uri", "form-action", "img-src"}


def test_nothing_points_outside(root: Element) -> None:
    for element in root.walk():
        for name in ("src", "href", "action", "xlink:href"):
            given = element.attributes.get(name, "")
            assert not given or given.startswith(("#", "data:image/png;base64,")) or given == "report.flipped.csv", given


def test_the_terminal_and_markdown_show_it_too(hostile: Report) -> None:
    stream = io.StringIO()
    terminal.show(hostile.findings, Console(file=stream, width=100))
    assert not {letter for letter in stream.getvalue() if not letter.isprintable()} - {"\n"}
    rendered = markdown.render(hostile.findings)
    assert not {letter for letter in rendered if not letter.isprintable()} - {"\n"}
    assert SCRIPT not in rendered
    rendered.encode("utf-8")


def test_csv_has_the_texts_whole_and_no_formula(hostile: Report, tmp_path: Path) -> None:
    csv_report.write(hostile.runs, hostile.findings, tmp_path / "tables")
    csv.field_size_limit(10_000_000)
    with (tmp_path / "tables" / "flipped.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert rows
    assert any(row["prompt"] == LONG or row["text"] == LONG for row in rows)
    assert all(not value.startswith(("=", "@")) for row in rows for value in row.values())
    assert any(row["answer"].startswith("'=") for row in rows)


def test_a_lone_surrogate_in_the_record(hostile: Report) -> None:
    run = replace(hostile.runs[0], name="lab/\ud800bad")
    made = Report(runs=[run], findings=find([run]), evidence=hostile.evidence, signatures=None)
    assert "lab/\\ud800bad" in made.page
    json.loads(made.json)


def test_a_folder_whose_name_is_no_utf8_is_one_clear_error(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Parquet's readers cannot open it; and nothing in a name acts on the terminal."""
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe\x1b[2J"))
    write_run(tmp_path / "run", n=1)
    (tmp_path / "run").rename(folder)
    assert cli.main(["report", str(folder)]) == 2
    said = capfd.readouterr().err
    assert "no UTF-8" in said
    assert "\x1b" not in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("name", ["run.json", "status.json"])
def test_a_record_that_is_no_utf8_is_one_clear_error(tmp_path: Path, name: str) -> None:
    from ride_eval.errors import RunError

    path = write_run(tmp_path / "run", n=2)
    (path / name).write_bytes(b'{"format": 1, "state": "\xff\xfe"}')
    with pytest.raises(RunError, match=name):
        report([path])
