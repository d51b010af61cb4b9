"""If these fail, a plot shows another number than the one beside it, or a figure does not fit into the page."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ride_eval.analysis.intervals import Estimate
from ride_eval.report.figures import house_style, new
from ride_eval.report.html.figures import uncaptioned
from ride_eval.report.html.plots import WIDTH, interval_plot, scale
from ride_eval.report.html.svg import inline

NAN = math.nan


def estimate(value: float, low: float = NAN, high: float = NAN) -> Estimate:
    return Estimate(value=value, low=low, high=high, n=30)


def places(plot: str) -> dict[str, list[float]]:
    root = ET.fromstring(plot)  # noqa: S314 - our own
    dots = [float(e.get("cx", "nan")) for e in root.iter() if e.tag.endswith("circle")]
    lines = [e for e in root.iter() if e.get("class") == "reach"]
    ends = [float(e.get(name, "nan")) for e in lines[:1] for name in ("x1", "x2")]
    return {"dots": dots, "ends": ends, "arrows": [1.0 for e in root.iter() if e.get("class") == "beyond"]}


@given(st.floats(-1, 1), st.floats(0.5, 2), st.floats(0.5, 2))
def test_a_plot_is_where_its_numbers_are(value: float, below: float, above: float) -> None:
    shown = estimate(value, value - below, value + above)
    limit = scale([shown])
    found = places(interval_plot(shown, limit, strong=True))
    half = (found["ends"][1] - found["ends"][0]) / (below + above)  # pixels a unit
    assert limit >= max(abs(shown.low), abs(shown.high)) * (1 - 1e-9)
    assert found["dots"][0] == pytest.approx(WIDTH / 2 + value * half, abs=0.3)
    assert not found["arrows"]


def test_what_lies_beyond_the_scale_ends_in_an_arrow() -> None:
    found = places(interval_plot(estimate(0.1, -0.2, 5.0), 1.0, strong=False))
    assert len(found["arrows"]) == 1
    assert found["ends"][1] < WIDTH
    assert not places(interval_plot(estimate(2.0), 1.0, strong=False))["dots"], "a dot at the edge would be another value"
    assert interval_plot(estimate(NAN), 1.0, strong=False) == ""


def test_one_extreme_interval_does_not_flatten_the_others() -> None:
    usual = [estimate(0.1, 0.0, 0.2)] * 5
    assert scale([*usual, estimate(0.1, 0.0, 1e6)]) < 5
    assert scale([*usual, estimate(7.0, 6.0, 8.0)]) >= 7, "but every value is shown"
    assert scale([estimate(0.1, -3.0, 3.0)], 1.0) == 1.0
    assert scale([]) == scale([estimate(NAN)]) == 1.0


def test_a_figure_fits_into_the_page() -> None:
    text = "<script>x</script> $a_b$ style=\"fill: red\" & 'q'"
    with house_style():
        figure, axes = new(4, 2, "What is seen. n = 3.")
        axes[0, 0].plot([0, 1], [0, 1], color="#000000", label=text, marker="o", markeredgecolor="white")
        axes[0, 0].set_title(text)
        axes[0, 0].legend()
    assert uncaptioned(figure) == "What is seen. n = 3."
    svg = str(inline(figure, "one", f'about "{text}"'))
    root = ET.fromstring(svg)  # noqa: S314 - our own
    assert "<script" not in svg
    assert not re.search(r"<(style|metadata|image)", svg)
    for element in root.iter():
        assert "style" not in element.attrib
        assert "#000000" not in element.attrib.values(), "black would vanish on a dark page"
        if "id" in element.attrib:
            assert element.attrib["id"].startswith("one-")
    ids = {element.attrib["id"] for element in root.iter() if "id" in element.attrib}
    used = set(re.findall(r'(?:href="|url\()#([^")]+)', svg))
    assert used
    assert used <= ids
    texts = ["".join(element.itertext()) for element in root.iter() if element.tag.endswith("}text")]
    assert texts.count(text) == 2, "in title and legend, letter by letter"
    assert root.get("aria-label") == f'about "{text}"'
    assert root.get("role") == "img"
