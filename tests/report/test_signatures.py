"""What `ride-eval signatures` shows: one set of tables everywhere, and figures that can be read on their own."""

from __future__ import annotations

import io
import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from rich.console import Console

from ride_eval.analysis.categories.findings import SignatureFindings, find_signatures
from ride_eval.analysis.categories.measured import Measured
from ride_eval.cli import main
from ride_eval.report import figures as house
from ride_eval.report import signatures, signatures_terminal
from ride_eval.report.signature_figures import FIGURES, figures
from ride_eval.report.signatures_files import markdown
from tests.synthetic_run import write_run


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> SignatureFindings:
    folder = tmp_path_factory.mktemp("runs")
    return find_signatures([write_run(folder / "moe", name="lab/<x>|*y*", n=16), write_run(folder / "dense", moe=False, n=3)])


@pytest.fixture(scope="module")
def made(found: SignatureFindings) -> dict[str, Figure]:
    return figures(found)


@pytest.fixture
def at_a_glance(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Without the slow parts."""
    for part in ("baselines", "maps", "_layers"):
        monkeypatch.setattr(f"ride_eval.analysis.categories.findings.{part}", lambda *_, **__: ())
    monkeypatch.setattr("ride_eval.analysis.categories.findings.headline", lambda _: "A headline.")
    yield


def terminal(found: SignatureFindings, width: int) -> str:
    stream = io.StringIO()
    signatures_terminal.show(found, Console(file=stream, width=width))
    return stream.getvalue()


def test_terminal_and_markdown_say_the_same(found: SignatureFindings) -> None:
    shown, written = terminal(found, 200), markdown(found)
    (run,) = found.runs
    for table in signatures.tables(run):
        assert table.title in shown and all(len(row) == len(table.columns) for row in table.rows)
        for row in table.rows:
            for cell in row:
                assert cell in shown
    assert "It is a dense model" in shown and "It is a dense model" in written
    assert "lab/\\<x\\>\\|\\*y\\*" in written, "a model's name is text, not markup"
    assert run.headline.split(";")[0] in shown.replace("\n", " ").replace("  ", " ")
    heads = [line for line in written.splitlines() if line.startswith("|---")]
    assert len(heads) == len(signatures.tables(run)) and "\n\n\n" not in written


@pytest.mark.parametrize("width", [40, 80])
def test_no_number_is_lost_on_a_narrow_terminal(width: int, found: SignatureFindings) -> None:
    shown = "".join(terminal(found, width).split())
    value = found.runs[0].question.separation.similarity.matrix[0, 1]
    assert f"{value:.3f}" in shown
    assert max(map(len, terminal(found, width).splitlines())) <= width


def test_every_figure_stands_on_its_own(made: dict[str, Figure], found: SignatureFindings) -> None:
    """Its caption names the model and n, its axes have names, and something is drawn."""
    assert set(made) - {"vocabulary"} == set(FIGURES) - {"robustness", "vocabulary"}
    for name, figure in made.items():
        caption = " ".join(text.get_text() for text in figure.texts).replace("\n", " ")
        assert len(caption) > 150 and "lab/<x>" in caption, name
        assert any(size in caption for size in ("32", "11", "10")) or "(n in" in caption, name
        for axes in figure.axes:
            if axes.get_visible():
                assert axes.has_data(), name
                place = axes.get_subplotspec()
                shared = place is None or not place.is_last_row()
                assert shared or axes.get_label() == "<colorbar>" or axes.get_xlabel(), name


def test_the_same_findings_give_the_same_bytes(made: dict[str, Figure], found: SignatureFindings) -> None:
    again = figures(found)
    for kind in house.FORMATS:
        assert house.render(made["layers"], kind) == house.render(again["layers"], kind)
    first, second = (house.render(made[name], "svg") for name in ("layers", "spans"))
    ids = [set(re.findall(rb'id="(f[0-9a-f]{8}-\d+)"', svg)) for svg in (first, second)]
    assert ids[0] and ids[1] and not ids[0] & ids[1], "several figures fit on one page"
    used = set(re.findall(rb"#(f[0-9a-f]{8}-\d+)", first))
    assert used and used <= ids[0]


def test_series_are_told_apart_without_colour() -> None:
    """Lightness of neighbours differs, and markers and dashes are all different."""
    from matplotlib.colors import to_rgb

    light = [float(np.dot((0.2126, 0.7152, 0.0722), to_rgb(colour))) for colour in house.COLOURS]
    assert min(abs(a - b) for a, b in itertools.pairwise(light)) > 0.1
    assert len(set(house.MARKERS)) == len(set(map(str, house.DASHES))) == len(house.COLOURS)
    from matplotlib import colormaps

    ramp = colormaps[house.HEAT](np.linspace(0, 1, 32))[:, :3] @ (0.2126, 0.7152, 0.0722)
    assert (np.diff(ramp) > 0).all(), "lightness of the heat map rises"


def test_a_category_keeps_its_style() -> None:
    one, other = house.styles(["story", "math", "law"]), house.styles(["math", "zebra", "law"])
    assert one["math"].colour == other["math"].colour and one["law"].marker == other["law"].marker


def test_intervals_without_numbers_are_left_out() -> None:
    with house.house_style():
        figure, axes = house.new(4, 2, "A caption.")
        house.with_intervals(axes[0, 0], [0, 1], [Measured(value=float("nan")), Measured(value=1.0)], house.Style(0), "x")
        house.with_intervals(axes[0, 0], [0], [Measured(value=float("nan"))], house.Style(0), "y")
    assert [len(line.get_xdata()) for line in axes[0, 0].lines[:1]] == [1] and figure.texts


@pytest.mark.usefixtures("at_a_glance")
def test_a_dense_run_is_an_answer_and_draws_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = write_run(tmp_path / "dense", moe=False, n=3)
    assert main(["signatures", str(run), "--figures", str(tmp_path / "f"), "--json", str(tmp_path / "x.json")]) == 0
    assert "It is a dense model (SyntheticForCausalLM)" in " ".join(capsys.readouterr().out.split())
    assert not (tmp_path / "f").exists()
    (without,) = json.loads((tmp_path / "x.json").read_text())["without"]
    assert without["path"] == str(run)


def test_what_cannot_be_read_or_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["signatures", str(tmp_path / "nowhere")]) == 2
    assert "There is no run directory" in capsys.readouterr().err
    run = write_run(tmp_path / "dense", moe=False, n=3)
    assert main(["signatures", str(run), "--md", str(tmp_path / "no" / "x.md")]) == 2
    assert "Cannot write" in capsys.readouterr().err
