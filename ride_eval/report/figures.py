"""How figures look: one style, colours that survive colour blindness and a black-and-white print, captions, SVG and PNG.

Figures are matplotlib `Figure` objects, made without pyplot: nothing global changes, and a notebook or an HTML report may
embed them. Colour never speaks alone: each series has a marker and a dash of its own too. Heat maps use one colour map whose
lightness rises evenly.
"""

from __future__ import annotations

import hashlib
import io
import re
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ride_eval.store import write_atomic

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's colours, in an order in which neighbours differ in lightness.
COLOURS = ("#0072B2", "#E69F00", "#000000", "#009E73", "#56B4E9", "#D55E00", "#CC79A7", "#B0B0B0")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
DASHES = ("-", "--", ":", "-.", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)), (0, (8, 3)))
HEAT = "cividis"
GREY = "#6E6E6E"
"""Of reference lines."""
DPI = 150
FORMATS = ("svg", "png")
_DOMAINS = ("math", "code", "story", "factual", "format", "commonsense")
"""Of prompts/: they keep their colour in every figure of every run."""
_CAPTION_SIZE = 8
_ID = re.compile(rb'(?<=id=")[a-z][0-9a-f]{10}(?=")')
_ID_USED = re.compile(rb"\b[a-z][0-9a-f]{10}\b")
_STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#E3E3E3",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.4,
    "lines.markersize": 5,
}


class Style:
    """The colour, marker and dash of one series."""

    def __init__(self, place: int) -> None:
        self.colour, self.marker, self.dash = (each[place % len(each)] for each in (COLOURS, MARKERS, DASHES))


def styles(names: Sequence[str]) -> dict[str, Style]:
    """A style for each category, the same wherever it is shown: known domains have their own, others the next in order."""
    others = [name for name in sorted(set(names)) if name not in _DOMAINS]
    order = [*_DOMAINS, *others]
    return {name: Style(order.index(name)) for name in names}


@contextmanager
def house_style() -> Iterator[None]:
    """Within it, figures are made and saved in the house's style."""
    import matplotlib as mpl

    with mpl.rc_context(_STYLE):  # type: ignore[arg-type, unused-ignore]
        yield


def new(width: float, height: float, caption: str, *, rows: int = 1, columns: int = 1, **kwargs: Any) -> tuple[Figure, Any]:
    """A figure of width x height inches above its caption, and its (rows, columns) array of axes. Within `house_style`.

    The caption must say what is seen, its n, and what an interval is: a figure is read without the text around it.
    """
    from matplotlib.figure import Figure

    lines = textwrap.wrap(caption, int(width * 16.3))
    below = 0.14 + 0.145 * len(lines)
    figure = Figure(figsize=(width, height + below), layout="constrained")
    figure.get_layout_engine().set(rect=(0, below / (height + below), 1, height / (height + below)))  # type: ignore[union-attr, call-arg]
    figure.text(
        0.1 / width, (below - 0.06) / (height + below), "\n".join(lines), va="top", fontsize=_CAPTION_SIZE, linespacing=1.25
    )
    return figure, figure.subplots(rows, columns, squeeze=False, **kwargs)


def reference(axes: Axes, value: float, text: str, *, vertical: bool = False) -> None:
    """A thin line at a value that needs no data: chance, no difference, uniform."""
    (axes.axvline if vertical else axes.axhline)(value, color=GREY, linewidth=1, linestyle=(0, (4, 3)), zorder=1, label=text)


def legend_above(axes: Axes) -> None:
    """The legend in one line over the axes, where it hides nothing."""
    axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=4, columnspacing=1.2, handletextpad=0.4, borderaxespad=0.1)


def with_intervals(
    axes: Axes, x: Sequence[float], values: Sequence[Any], style: Style, label: str, *, line: bool = True, shift: float = 0.0
) -> None:
    """Values (with `.value`, `.low`, `.high`) as markers with their intervals, those without a number left out."""
    known = [(place + shift, each) for place, each in zip(x, values, strict=True) if each.value == each.value]
    if not known:
        return
    places, kept = zip(*known, strict=True)
    centre = [each.value for each in kept]
    reach = [
        [each.value - each.low if each.has_interval else 0.0 for each in kept],
        [each.high - each.value if each.has_interval else 0.0 for each in kept],
    ]
    axes.errorbar(
        places,
        centre,
        yerr=[[max(0.0, length) for length in side] for side in reach],
        color=style.colour,
        marker=style.marker,
        linestyle=style.dash if line else "none",
        capsize=2.5,
        elinewidth=1,
        label=label,
        markeredgecolor="white",
        markeredgewidth=0.5,
    )


def heat(axes: Axes, values: Any, *, low: float | None = None, high: float | None = None) -> Any:
    """A matrix as a heat map, lighter is more; NaN stays white. Returns the image, for a colour bar."""
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return axes.imshow(values, cmap=HEAT, vmin=low, vmax=high, aspect="auto", interpolation="nearest")


def numbers(axes: Axes, image: Any, values: Any, form: str) -> None:
    """Write each cell's number into it, dark on light and light on dark."""
    for row, line in enumerate(values):
        for column, value in enumerate(line):
            if value == value:
                red, green, blue, _ = image.cmap(image.norm(value))
                dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.5
                axes.text(
                    column, row, format(value, form), ha="center", va="center", fontsize=8, color="white" if dark else "black"
                )


def render(figure: Figure, kind: str) -> bytes:
    """The figure as svg or png, the same bytes for the same figure."""
    buffer = io.BytesIO()
    with house_style():
        figure.savefig(buffer, format=kind, dpi=DPI, metadata={"Date": None} if kind == "svg" else {"Software": None})
    return _own_ids(buffer.getvalue()) if kind == "svg" else buffer.getvalue()


def _own_ids(svg: bytes) -> bytes:
    """The SVG with ids made from its content: matplotlib's differ from run to run, and plain numbers would clash where a page
    embeds several figures."""
    names = list(dict.fromkeys(_ID.findall(svg)))
    places = {name: b"%d" % place for place, name in enumerate(names)}
    plain = _ID_USED.sub(lambda found: places.get(found[0], found[0]), svg)
    prefix = b"f" + hashlib.sha256(plain).hexdigest()[:8].encode() + b"-"
    return _ID_USED.sub(lambda found: prefix + places[found[0]] if found[0] in places else found[0], svg)


def save(figure: Figure, folder: Path, name: str) -> list[Path]:
    """Write NAME.svg and NAME.png into a folder, which is made. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{name}.{kind}" for kind in FORMATS]
    for file, kind in zip(files, FORMATS, strict=True):
        write_atomic(file, render(figure, kind))
    return files
