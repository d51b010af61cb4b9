"""One question with its answers: what every domain of the corpus produces."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Split = Literal["train", "held_out"]
"""`held_out` questions never occur in training: other wordings, other combinations of words, other numbers."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """A question and three answers to it."""

    domain: str
    """One of `prompts/domains.yaml`."""
    kind: str
    """What is asked, within the domain."""
    question: str
    """The user's turn, without any prefix."""
    plain: str
    """A right answer that comes at once."""
    introduced: str
    """A right answer that begins with other words: the second style. Equal to `plain` where there is only one."""
    wrong: str
    """A wrong answer in the plain style."""
    scoring: Mapping[str, Any] = field(default_factory=dict)
    """The fields of a document that say whether an answer is right."""


def is_held_out(*parts: object, share: int = 10) -> bool:
    """Whether a combination is kept from training: one in `share`, by a fixed hash, so that all models agree on it."""
    return zlib.crc32("\x1f".join(map(str, parts)).encode()) % share == 0


def split_of(wordings: Sequence[str], split: Split, held_out: int = 1) -> Sequence[str]:
    """The wordings that a split may use: the last `held_out` are never trained on."""
    return wordings[-held_out:] if split == "held_out" else wordings[:-held_out]
