"""Pages and figures that come from the code: as it is now."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from handbook import arguments_page, run_page
from handbook.__main__ import GENERATED
from handbook.blocks import DOCS, ROOT
from ride_eval import zoo


@pytest.mark.parametrize("name", GENERATED)
def test_a_generated_page_is_today_s(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == GENERATED[name](), "run `python -m handbook` and commit what it wrote"


def test_every_option_and_column_is_described(monkeypatch: pytest.MonkeyPatch) -> None:
    assert arguments_page.options_read() == set(arguments_page.OPTIONS)
    assert all(text for columns in run_page.COLUMNS.values() for text in columns.values())
    monkeypatch.setitem(run_page.COLUMNS, "choices", {**run_page.COLUMNS["choices"], "colour": "?"})
    with pytest.raises(ValueError, match="choices has no column colour"):
        run_page.write()


def test_the_readme_s_model_arguments_have_the_code_s_defaults() -> None:
    import inspect

    from ride_eval.model import RideLM

    defaults = {
        name: parameter.default
        for name, parameter in inspect.signature(RideLM.__init__).parameters.items()
        if parameter.default is not inspect.Parameter.empty and name != "run_dir"
    }
    rows = re.findall(r"^\| `(\w+)` \| `?([\w]+)`? \|", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    shown = {name: value for name, value in rows if name in defaults}
    assert shown == {name: "none" if default is None else str(default) for name, default in defaults.items()}


def test_the_readme_s_example_has_the_cards_numbers() -> None:
    """Its lines on generation and density are those of the models' cards, which `ride_eval.zoo.evaluate` writes."""
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    found = 0
    for name in ("zoo-qwen3", "zoo-llama"):
        card = json.loads((Path(zoo.path(name)) / "card.json").read_text(encoding="utf-8"))
        part = (
            text[text.index("``` zoo-qwen3 expert") :]
            if name == "zoo-qwen3"
            else text[text.index("zoo-llama expert prompts") :]
        )
        for quantity, label in (("density", "density"), ("forced_entropy", "forced entropy")):
            (row,) = [
                entry
                for entry in card["differences"]
                if entry["quantity"] == quantity and entry["contrast"] == "expert - filler"
            ]
            shown = f"({label}, expert - filler {row['value']:.3f} [{row['low']:.3f}, {row['high']:.3f}] n={row['n']}"
            assert shown in part[: part.index("density-stability")], shown
            found += 1
        for sentence in card["verdict"].split("; "):
            if "multiple choice" not in sentence:
                assert sentence in part[: part.index("[", part.index("rank correlation"))], sentence
    assert found == 4
