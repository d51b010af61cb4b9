"""If these fail, a prompt is compared with something that is not itself in other words."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ride_eval.arms import data_folder
from ride_eval.perturbations import DRAWN, KINDS, origins, perturb, perturbed_documents
from ride_eval.store import document_hash

FOLDER = data_folder("tasks") / "signatures" / "data"
texts = st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789 .,?<='é"), max_size=80)


def rows(name: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in (FOLDER / name).read_text().splitlines()]


def test_the_file_in_tasks_is_what_the_generator_writes() -> None:
    assert rows("perturbed.jsonl") == perturbed_documents()


def test_every_prompt_has_every_kind_under_its_own_category() -> None:
    originals = {row["id"]: row for row in rows("test.jsonl")}
    found = rows("perturbed.jsonl")
    assert {(row["original"], row["perturbation"]) for row in found} == {(name, kind) for name in originals for kind in KINDS}
    known = origins()
    for row in found:
        original = originals[row["original"]]
        assert row["domain"] == original["domain"] and row["prompt"] != original["prompt"]
        assert known[document_hash(row)] == (document_hash(original), row["perturbation"])


def test_paraphrases_use_other_words() -> None:
    """Half of the words at most are common, on average; one prompt quotes a sentence that must stay."""
    originals = {row["id"]: row["prompt"] for row in rows("test.jsonl")}
    shares = []
    for row in rows("perturbed.jsonl"):
        if row["perturbation"] == "paraphrase":
            own, other = (set(re.findall(r"\w+", text.lower())) for text in (row["prompt"], originals[row["original"]]))
            shares.append(len(own & other) / len(own | other))
    assert np.mean(shares) < 0.5 and max(shares) < 0.9


@pytest.mark.parametrize("kind", DRAWN)
@given(text=texts, key=st.text(max_size=5))
def test_only_what_a_kind_may_change_changes(kind: str, text: str, key: str) -> None:
    changed = perturb(text, kind, key)
    assert changed == perturb(text, kind, key)
    if kind in ("lower case", "upper case"):
        assert changed.casefold() == text.casefold()
    elif kind == "white space":
        assert changed.split() == text.split()
        assert changed != text or " " not in text
    else:
        words, others = text.split(" "), changed.split(" ")
        assert len(words) == len(others), "a typing error is within a word"
        for word, other in zip(words, others, strict=True):
            assert abs(len(word) - len(other)) <= 1 and word[:1] == other[:1]
            if len(word) < 4 or not (word.isascii() and word.isalpha()):
                assert word == other


def test_some_word_is_mistyped_wherever_one_can_be() -> None:
    for number in range(200):
        assert perturb("an open door", "typos", str(number)) != "an open door"
        assert perturb("aaaa bbbb", "typos", str(number)) != "aaaa bbbb"
