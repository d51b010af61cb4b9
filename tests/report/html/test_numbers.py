"""If these fail, the page shows another number than the JSON report, or one that nobody can look up."""

from __future__ import annotations

import json
import math
import re
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from ride_eval.report.text import NOTHING, UNMATCHED
from tests.report.html.building import TASKS, Report, report, written
from tests.report.html.reading import Element, parse

FREE = {"svg", "style", "script", "title", "pre", "code", "summary", "nav"}
"""What may hold digits of its own: drawings, text from the data, headings of details (a document's hash)."""
CONSTANTS = re.compile(
    r"95 %|80 % of the wordings|on 20 documents|0 to 1|0 to 2|0\.1 to 1|1/n to 1|0 to 1/k"
    r"|At most 100 a model|on paper 30 in all|ride_eval \d[\w.]*|1 \u2212 (?=Hoyer)"
)
UNITS = {" K": 1e3, " M": 1e6, " B": 1e9}


def is_free(element: Element) -> bool:
    """Marked, or text that is not ours to mark: from the data, a legend's constants, a caption that came with its figure."""
    if element.tag == "data":
        return True
    for around in element.within():
        classes = around.attributes.get("class", "").split()
        if "own" in classes:
            return False
        if (
            around.tag in FREE
            or {"given", "legend", "unit"} & set(classes)
            or {"data-text", "data-caption"} & set(around.attributes)
        ):
            return True
    return False


class Page:
    def __init__(self, made: Report) -> None:
        self.made = made
        self.content: dict[str, Any] = json.loads(made.json)

    @cached_property
    def root(self) -> Element:
        return parse(self.made.page)

    @property
    def numbers(self) -> list[Element]:
        return [element for element in self.root.walk() if element.tag == "data"]

    def at(self, pointer: str) -> Any:
        """RFC 6901."""
        value: Any = self.content
        for token in pointer.removeprefix("/").split("/"):
            token = unquote(token).replace("~1", "/").replace("~0", "~")
            value = value[int(token)] if isinstance(value, list) else value[token]
        return value


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    folder = tmp_path_factory.mktemp("runs")
    reasons = {(0, "tag"): "truncated: more than 99 tokens in some arm"}
    specs = (
        {"name": "lab/some-mixture-7B", "tasks": TASKS, "reasons": reasons, "n": 24},
        {"name": "lab/dense", "moe": False, "tasks": {**TASKS, "a/b~c.d": "generation"}, "seed": 1},
    )
    return Page(report(written(folder, *specs), signatures=True))


def test_every_number_is_the_jsons(page: Page) -> None:
    assert len(page.numbers) > 1000
    for element in page.numbers:
        stored = page.at(element.attributes["data-path"])
        assert float(element.attributes["value"]) == stored, element.attributes
        scaled = stored * float(element.attributes.get("data-scale", 1))
        shown = element.text
        if shown[-2:] in UNITS:
            assert shown == f"{stored / UNITS[shown[-2:]]:.3g}{shown[-2:]}"
        elif shown.startswith("<"):
            assert stored < float(shown[1:])
        elif "." in shown and abs(scaled) < 1 and len(shown.rstrip("0").split(".")[1]) > 6:
            assert float(shown) == pytest.approx(scaled, rel=0.05)
        else:
            decimals = len(shown.partition(".")[2])
            expected = f"{scaled:.{decimals}f}"
            assert shown == (expected.lstrip("-") if float(expected) == 0 else expected), element.attributes


def test_a_pointer_leads_to_what_the_number_stands_beside(page: Page) -> None:
    """Not only to some equal number: in the forest plots, to the row's contrast and the column's model."""
    tables = [e for e in page.root.walk() if e.tag == "table" and "forest" in e.attributes.get("class", "")]
    assert len(tables) > 10
    checked = 0
    for table in tables:
        section = next((e for e in table.within() if e.attributes.get("id", "").startswith("effect-")), None)
        if section is None:
            continue  # of what uncertainty knows
        quantity = section.attributes["id"].removeprefix("effect-")
        for row in (e for e in table.walk() if e.tag == "tr" and any(c.tag == "td" for c in e.walk())):
            label = next(e for e in row.walk() if e.tag == "th").text.strip().removesuffix(UNMATCHED).strip()
            for place, cell in enumerate(e for e in row.walk() if e.tag == "td"):
                for number in (e for e in cell.walk() if e.tag == "data"):
                    pointer = number.attributes["data-path"]
                    assert pointer.startswith(f"/models/{place}/")
                    if row.attributes.get("class") == "floor":
                        continue
                    effect = page.at(re.sub(r"/(estimate/\w+|p|q)$", "", pointer))
                    assert effect["quantity"] == quantity
                    arm, _, control = label.partition(" \u2212 ")
                    assert effect["contrast"]["arm"] == arm
                    wanted = {"placebo tag": "tag_placebo", "wrong tag": "tag_wrong", "wrong expert": "expert_wrong"}
                    assert effect["contrast"]["control"] == wanted.get(control, control)
                    checked += 1
    assert checked > 500


def test_no_number_stands_outside_a_mark(page: Page) -> None:
    """Nor can one be added to a template without a mark."""
    found = []
    for element in page.root.walk():
        if is_free(element):
            continue
        own = CONSTANTS.sub("", " ".join(child for child in element.children if isinstance(child, str)))
        if re.search(r"(?<![\w/.-])[-\u2212]?\d+(\.\d+)?(?![\w/])", own):
            found.append((element.tag, own.strip()))
    assert not found, found[:10]


def test_text_from_the_findings_is_the_jsons(page: Page) -> None:
    texts = [e for e in page.root.walk() if "data-text" in e.attributes]
    assert texts
    for element in texts:
        assert " ".join(element.text.split()) == " ".join(page.at(element.attributes["data-text"]).split())


def test_every_effect_of_the_shown_quantities_is_on_the_page(page: Page) -> None:
    shown = {element.attributes["data-path"] for element in page.numbers}
    for i, model in enumerate(page.content["models"]):
        for j, effect in enumerate(model["contrasts"]):
            wanted = effect["quantity"] in {
                "correct",
                "density",
                "forced_entropy",
                "choice_entropy",
                "keyword_share",
                "routing_shift",
            }
            if wanted and effect["estimate"]["n"]:
                for name in ("value", "low", "high", "n"):
                    assert f"/models/{i}/contrasts/{j}/estimate/{name}" in shown
        for j in range(len(model["by_task"])):
            assert f"/models/{i}/by_task/{j}/effect/estimate/value" in shown
        for j, clause in enumerate(model["verdict"]["clauses"]):
            if clause["estimate"]["n"]:
                text = next(e.text for e in page.root.walk() if e.tag == "article" and model["name"] in e.text)
                assert clause["says"] in text, j


def test_a_missing_number_is_a_dash_with_its_reason(page: Page) -> None:
    cells = [e for e in page.root.walk() if e.attributes.get("class") == "none"]
    assert any("dense model: no routing" in cell.text for cell in cells)
    assert all(cell.text.strip().startswith(NOTHING) and len(cell.text.strip()) > 2 for cell in cells)
    shown = [e.text.lower() for e in page.root.walk() if e.tag in {"td", "p", "li", "dd", "figcaption"}]
    assert not any("nan" in text.split() for text in shown)


def test_json_has_no_texts_of_documents(page: Page) -> None:
    documents = page.content["evidence"][0]["flips"]["documents"]
    assert documents
    for document in documents:
        assert "prompt" not in document
        assert all(not {"meta", "text", "samples"} & set(arm) for arm in document["arms"])
    assert all(math.isfinite(point["total"]) and "x" not in point for point in page.content["evidence"][0]["points"])


def test_every_run_kind_has_its_numbers_checked(tmp_path: Path) -> None:
    made = Page(report(written(tmp_path, {"n": 3}, {"n": 1, "moe": False})))
    for element in made.numbers:
        assert float(element.attributes["value"]) == made.at(element.attributes["data-path"])
