"""docs/models.md says what the doctor finds: a row that no longer holds would send a user to a probe that is wrong."""

from __future__ import annotations

import pytest

from benchmarks.models import ARCHITECTURES, BEGIN, END, PAGE, row

QUICK = ("olmoe", "deepseek_v3", "llama4_text", "gpt2")
"""Experts of each kind that routers have, and a dense model with names of its own."""


def on_the_page() -> str:
    return PAGE.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0]


def check(name: str) -> None:
    found = row(name)
    assert found.line() in on_the_page().splitlines(), found
    for reason in found.reasons if found.status != "pass" else ():
        # How far off a failing comparison is differs between machines.
        assert f"- {found.name}: {reason.split(' largest difference ')[0]}" in on_the_page()


@pytest.mark.parametrize("name", QUICK)
def test_the_page_says_what_the_doctor_finds(name: str) -> None:
    check(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in ARCHITECTURES if name not in QUICK])
def test_every_row_of_the_page(name: str) -> None:
    check(name)


def test_every_architecture_has_its_row() -> None:
    lines = [line for line in on_the_page().splitlines() if line.startswith("| ") and "architecture" not in line]
    assert [line.split(" | ")[0] for line in lines] == [f"| {architecture.name}" for architecture in ARCHITECTURES.values()]
    assert not [line for line in lines if "| fail |" in line], "a failing probe is no row to be committed"
