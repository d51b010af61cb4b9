"""docs/tasks.md, and the stand-in documents it is made from."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from benchmarks import stand_ins, tasks
from ride_eval.base import RideSpec, load_base


def config(base: str) -> dict[str, Any]:
    return load_base(base, RideSpec(base=base, benchmark=base, arm="none", domain="factual"), Path())[0] | {"task": base}


@pytest.mark.parametrize("base", ["boolq", "openbookqa", "copa", "gsm8k", "lambada_openai", "truthfulqa_mc1"])
def test_a_stand_in_is_what_the_harness_s_own_class_takes(base: str) -> None:
    """Templates with nested fields, functions with keys of their own, an index as target: none is told to the search."""
    rows = stand_ins.stand_ins(config(base))
    assert len(rows) == stand_ins.N
    assert rows[0] != rows[1], "equal documents would test one"
    task = type("Given", (stand_ins.Reference,), {"rows": rows})(config=config(base))
    for doc in task.eval_docs:
        assert task.fewshot_context(doc, 0).strip()
    assert rows == stand_ins.stand_ins(config(base)), "the page must come out the same"


def test_a_search_without_end_says_what_failed() -> None:
    never = {
        "task": "never",
        "output_type": "generate_until",
        "test_split": "test",
        "doc_to_text": "{{q}}",
        "doc_to_target": lambda doc: int("no number"),
        "metric_list": [{"metric": "exact_match", "aggregation": "mean", "higher_is_better": True}],
    }
    with pytest.raises(stand_ins.NoStandInError, match="invalid literal"):
        stand_ins.stand_ins(never)


def test_the_page_counts_its_own_rows() -> None:
    page = tasks.PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\S+)` \| ([a-z -]+) \| (.*) \|$", page, re.MULTILINE)
    assert len({name for name, _, _ in rows}) == len(rows) == sum(tasks.SHARES.values()) == 40
    kinds = [kind for _, kind, _ in rows]
    assert {kind: kinds.count(kind) for kind in tasks.SHARES} == tasks.SHARES
    works = sum(result.startswith("works") for _, _, result in rows)
    unknown = sum(result.startswith("not tried: ") for _, _, result in rows)
    assert all(result.startswith(("works", "no: ", "not tried: ")) for _, _, result in rows)
    said = re.search(r"\*\*(\d+) work, (\d+) do not, and (\d+) could not be tried\*\*", page)
    assert said is not None
    assert tuple(map(int, said.groups())) == (works, 40 - works - unknown, unknown)


@pytest.mark.slow
def test_the_page_has_the_draw_of_this_harness() -> None:
    page = tasks.PAGE.read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(\S+)` \| ([a-z -]+) \|", page, re.MULTILINE)
    assert listed == tasks.draw()
