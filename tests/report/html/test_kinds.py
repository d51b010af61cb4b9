"""If these fail, some run has no report: one model or eight, nothing measured, one document."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ride_eval.report.html import render
from tests.report.html.building import TASKS, report, written
from tests.report.html.reading import Element, parse

SECTIONS = ("verdict", "run", "effects", "layers", "links", "signatures", "documents", "method")


def sections(root: Element) -> dict[str, Element]:
    return {e.attributes["id"]: e for e in root.walk() if e.tag == "section" and "id" in e.attributes}


@pytest.mark.parametrize(
    "specs",
    [
        pytest.param([{"n": 22}], id="one model"),
        pytest.param([{"n": 4, "seed": i, "name": f"lab/m{i}", "moe": i % 2 == 0} for i in range(8)], id="eight models"),
        pytest.param([{"n": 5, "moe": False}, {"n": 5, "moe": False, "name": "lab/other"}], id="dense only"),
        pytest.param([{"n": 5}, {"n": 5, "name": "lab/other"}], id="mixtures only"),
        pytest.param([{"n": 1}], id="one document"),
        pytest.param([{"n": 0}], id="nothing yet"),
        pytest.param([{"n": 6, "density": False, "attention": False}], id="without density and attention"),
        pytest.param([{"n": 6, "routes": False}], id="without routing"),
        pytest.param([{"n": 6, "scored": False}], id="without scores"),
        pytest.param([{"n": 6, "samples": 0}], id="without samples"),
        pytest.param([{"n": 6, "arms": ["none"]}], id="none only"),
        pytest.param([{"n": 6, "arms": ["tag"]}], id="without none"),
        pytest.param([{"n": 6, "state": None}, {"n": 6, "state": "failed", "error": "out of memory"}], id="not complete"),
        pytest.param([{"n": 6, "tasks": {"colours": "choice"}}, {"n": 6, "tasks": {"arith": "generation"}}], id="other tasks"),
        pytest.param([{"n": 5, "wordings": 3, "repeats": 2, "tasks": TASKS}], id="several wordings"),
    ],
)
def test_every_kind_of_run_has_a_page(tmp_path: Path, specs: list[dict[str, Any]]) -> None:
    made = report(written(tmp_path, *specs))
    found = sections(parse(made.page))
    assert set(SECTIONS) <= set(found)
    for model in made.findings.models:
        assert model.name in found["verdict"].text
    for model in made.findings.models:
        for note in model.notes:
            if note.level == "warning":
                assert note.text in found["verdict"].text, "a warning belongs on the first screen"


def test_no_run_at_all() -> None:
    assert "No run was given" in parse(render(type(report([]).findings)(models=(), notes=()), [], None)).text


def test_flips_are_listed_as_they_are(tmp_path: Path) -> None:
    made = report(written(tmp_path, {"n": 12, "tasks": TASKS, "seed": 3}))
    documents = made.runs[0].documents
    flipped = documents[documents["flip"] > 0]
    own = made.evidence[0].flips
    asked = {(row.task, row.document, row.occurrence, row.wording) for row in flipped.itertuples()}
    assert own.total == len(asked)
    assert {(d.task, d.document, d.occurrence, d.wording) for d in own.documents} == asked
    for document in own.documents:
        here = flipped[(flipped["document"] == document.document) & (flipped["task"] == document.task)]
        assert set(document.flipped) == set(here["arm"])
        assert document.prompt == f"none question {next(i for i in range(12) if document.prompt.endswith(f' {i}'))}"
        arms = {arm.arm: arm for arm in document.arms}
        assert arms["tag"].meta == "tag"
        if document.task == "arith":
            assert arms["none"].text
            assert len(arms["none"].samples) == 3
    page = parse(made.page)
    rows = [e for e in page.walk() if e.tag == "tbody" and "data-model" in e.attributes]
    assert len(rows) == len(own.documents)


def test_more_flips_than_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ride_eval.analysis.evidence.MOST_DOCUMENTS", 5)
    made = report(written(tmp_path, {"n": 12, "seed": 3}, {"n": 12, "seed": 4}))
    first, second = (own.flips for own in made.evidence)
    assert len(first.documents) == len(second.documents) == 5
    assert first.total > 5
    hashes = [document.document for document in first.documents]
    assert hashes == sorted(hashes), "chosen by hash, so models show the same documents where both flip"
    text = " ".join(sections(parse(made.page))["documents"].text.split())
    assert f"5 shown of {first.total} flipped, of {first.compared} compared" in text
