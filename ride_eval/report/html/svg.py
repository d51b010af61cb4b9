"""A matplotlib figure as inline SVG that the page's content security policy and both colour schemes accept.

matplotlib writes its colours into `style` attributes, which the policy blocks, into a `<style>` element, which would act on the
whole page, and into ids that repeat from figure to figure. So styles become presentation attributes, ids get a prefix, black
becomes the page's own ink and white its paper. Text stays text: it can be read aloud, searched and copied.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET  # reads only what matplotlib has just written

from markupsafe import Markup

from ride_eval.report.figures import house_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SVG = "http://www.w3.org/2000/svg"
_XLINK = "{http://www.w3.org/1999/xlink}href"
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_FONT_SIZE = re.compile(r"([\d.]+)px")
_CLASSES = {"#000000": "ink", "#ffffff": "paper", "#e3e3e3": "rule", "#6e6e6e": "faint"}
"""Colours that follow the page, and the class that gives them: `ink-fill`, `ink-stroke`."""


def inline(figure: Figure, name: str, alternative: str) -> Markup:
    """The figure as an `<svg>` element. `name` must be a letter and letters or digits, and unlike any other's on the page."""
    import matplotlib as mpl

    buffer = io.StringIO()
    with house_style(), mpl.rc_context({"svg.fonttype": "none", "text.parse_math": False}):
        for text in figure.findobj(match=lambda artist: hasattr(artist, "set_parse_math")):
            text.set_parse_math(False)
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    ET.register_namespace("", _SVG)
    ET.register_namespace("xlink", "http://www.w3.org/1999/xlink")
    root = ET.fromstring(buffer.getvalue())  # noqa: S314 - see above
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{{{_SVG}}}metadata", f"{{{_SVG}}}style"):
                parent.remove(child)
    for element in root.iter():
        _restyle(element)
        _rename(element, name)
    width, height = (float(root.get(side, "0").removesuffix("pt")) for side in ("width", "height"))
    for attribute in ("width", "height", "version"):
        root.attrib.pop(attribute, None)
    root.set("role", "img")
    root.set("aria-label", alternative)
    root.set("class", "figure wide" if width > 1.2 * height and width > 400 else "figure")
    root.set("width", f"{width * 4 / 3:.0f}")
    # What matplotlib's style element said.
    root.set("stroke-linejoin", "round")
    root.set("stroke-linecap", "butt")
    return Markup(ET.tostring(root, encoding="unicode"))  # noqa: S704 - escaped by the serializer


def _restyle(element: ET.Element) -> None:
    style = element.attrib.pop("style", "")
    given = dict(part.split(":", 1) for part in style.split(";") if ":" in part)
    for key, value in given.items():
        property_, content = key.strip(), value.strip()
        if property_ == "font":
            if size := _FONT_SIZE.search(content):
                element.set("font-size", size[1])
            if "bold" in content or " 700 " in f" {content} ":
                element.set("font-weight", "bold")
        elif property_ not in ("font-family", "image-rendering"):
            element.set(property_, content)
    if element.tag == f"{{{_SVG}}}text" and "fill" not in element.attrib:
        element.set("fill", "#000000")
    classes = []
    for kind in ("fill", "stroke"):
        colour = element.get(kind, "").lower()
        if colour in _CLASSES:
            del element.attrib[kind]
            classes.append(f"{_CLASSES[colour]}-{kind}")
    if classes:
        element.set("class", " ".join(classes))


def _rename(element: ET.Element, name: str) -> None:
    for attribute, value in list(element.attrib.items()):
        if attribute == "id":
            element.set("id", f"{name}-{value}")
        elif attribute in (_XLINK, "href") and value.startswith("#"):
            element.set(attribute, f"#{name}-{value[1:]}")
        elif "url(#" in value:
            element.set(attribute, _REFERENCE.sub(rf"url(#{name}-\1)", value))
