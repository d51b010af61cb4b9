"""The prompts of `ride_signatures`, worded or typed otherwise: does the category still show when the surface changes?

`python -m ride_eval.perturbations` writes them again. Paraphrases are our own and lie in `tasks/signatures/paraphrases.jsonl`;
the other kinds are drawn here, seeded by prompt and kind, so that one prompt's do not depend on the rest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from ride_eval.arms import data_folder
from ride_eval.store import document_hash, write_atomic

TYPO_RATE = 0.2
"""Share of the words of at least four letters that get one typing error."""
SPACE_RATE = 0.25
"""Share of the gaps between words that get other white space."""
_GAPS = ("  ", "   ", "\t", "\n", " \n")
_NEIGHBOURS = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo", "j": "hk", "k": "jl",
    "l": "k", "m": "n", "n": "bm", "o": "ip", "p": "o", "q": "w", "r": "et", "s": "ad", "t": "ry", "u": "yi", "v": "cb",
    "w": "qe", "x": "zc", "y": "tu", "z": "x",
}  # fmt: skip
"""Keys beside each other on a QWERTY keyboard."""


def typos(text: str, rng: np.random.Generator) -> str:
    """Some words with one letter left out, doubled, exchanged with the next, or replaced by its neighbour on the keyboard.

    At least one word, if any has four letters; words with other characters than ASCII letters stay as they are.
    """
    words = text.split(" ")
    fit = [i for i, word in enumerate(words) if len(word) >= 4 and word.isascii() and word.isalpha()]
    hit = [i for i in fit if rng.random() < TYPO_RATE] or fit[:1]
    for i in hit:
        word = words[i]
        # Not the first letter: readers and typists keep it.
        place = int(rng.integers(1, len(word) - 1))
        kind = int(rng.integers(4))
        if kind == 2 and word[place] == word[place + 1]:
            kind = 0  # exchanging equal letters changes nothing
        keys = _NEIGHBOURS[word[place].lower()]
        letter = keys[int(rng.integers(len(keys)))]
        middle = ("", word[place] * 2, word[place + 1] + word[place], letter)[kind]
        words[i] = word[:place] + middle + word[place + 1 + (kind == 2) :]
    return " ".join(words)


def spaces(text: str, rng: np.random.Generator) -> str:
    """Some gaps between words as two or three spaces, a tab or a line break; at least one, if there is a gap."""
    words = text.split(" ")
    hit = rng.random(len(words) - 1) < SPACE_RATE
    if len(hit) and not hit.any():
        hit[int(rng.integers(len(hit)))] = True
    gaps = [_GAPS[int(rng.integers(len(_GAPS)))] if other else " " for other in hit.tolist()]
    return "".join(word + gap for word, gap in zip(words, [*gaps, ""], strict=True))


def lower(text: str, _: np.random.Generator) -> str:
    return text.lower()


def upper(text: str, _: np.random.Generator) -> str:
    return text.upper()


DRAWN: Mapping[str, Callable[[str, np.random.Generator], str]] = {
    "typos": typos,
    "lower case": lower,
    "upper case": upper,
    "white space": spaces,
}
KINDS = (*DRAWN, "paraphrase")
PERTURBED = "signatures_perturbed"
"""The base task of the changed prompts: near copies, so they count among no other documents."""


def perturb(text: str, kind: str, key: str) -> str:
    """A text under one of the DRAWN kinds; the same key draws the same changes."""
    seed = int.from_bytes(hashlib.sha256(f"{kind}|{key}".encode()).digest()[:8], "big")
    return DRAWN[kind](text, np.random.default_rng(seed))


def perturbed_documents() -> list[dict[str, str]]:
    """Every kind of every prompt, a prompt's together, so that `--limit` keeps whole prompts; a text equal to its original is
    left out."""
    folder = data_folder("tasks") / "signatures"
    paraphrases = {row["id"]: row["paraphrase"] for row in _rows(folder / "paraphrases.jsonl")}
    found = []
    for row in _rows(folder / "data" / "test.jsonl"):
        texts = {kind: perturb(row["prompt"], kind, row["id"]) for kind in DRAWN}
        for kind, text in {**texts, "paraphrase": paraphrases[row["id"]]}.items():
            if text != row["prompt"]:
                named = {"id": f"{row['id']}, {kind}", "original": row["id"], "perturbation": kind}
                found.append({**named, "domain": row["domain"], "prompt": text})
    return found


def origins() -> dict[str, tuple[str, str]]:
    """Hash of each shipped perturbed document -> the hash of its original, and the kind.

    A run directory holds documents by their hash, so this is how a reader knows which prompt is whose.
    """
    folder = data_folder("tasks") / "signatures" / "data"
    hashes = {row["id"]: document_hash(row) for row in _rows(folder / "test.jsonl")}
    return {
        document_hash(row): (hashes[row["original"]], row["perturbation"])
        for row in _rows(folder / "perturbed.jsonl")
        if row["original"] in hashes
    }


def write() -> None:
    """Write `tasks/signatures/data/perturbed.jsonl` again, after its sources have changed."""
    lines = "".join(json.dumps(document) + "\n" for document in perturbed_documents())
    write_atomic(data_folder("tasks") / "signatures" / "data" / "perturbed.jsonl", lines.encode("ascii"))


def _rows(file: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


if __name__ == "__main__":
    write()
