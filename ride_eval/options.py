"""What a task takes from the harness's metadata: our options, and the evaluated model's tokenizer.

The harness merges the model's arguments into every task's metadata, which is how a task can count tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from ride_eval.arms import WORDS, Counter, Prompts
from ride_eval.errors import UsageError
from ride_eval.zoo import resolve


@dataclass(frozen=True, kw_only=True)
class Options:
    """Options of `--metadata`, checked."""

    data_dir: Path | None
    """Local documents, `<data_dir>/<benchmark>/<split>.jsonl`."""
    prompts: Prompts
    placement: Literal["user", "system"]
    """Where the arm's text stands: at the front of the first user turn, or in the system message."""
    wordings_per_document: int
    """Under how many of the arms' wordings each document is asked, from 1 to all of them."""
    leave_unscored: bool
    """Leave out the scores of documents whose scoring data is not installed."""
    counter: Counter
    """Of the evaluated model's tokens; of words where it has no tokenizer."""


def read_options(metadata: Mapping[str, Any]) -> Options:
    """Raises UsageError for a value that is not one of an option's, PromptFileError for a bad prompts folder."""
    placement = metadata.get("placement", "user")
    if placement not in ("user", "system"):
        raise UsageError(f"placement={placement!r} in --metadata; `user` or `system` was expected.")
    missing = metadata.get("missing_scoring_data")
    if missing not in (None, "nan"):
        raise UsageError(f"missing_scoring_data={missing!r} in --metadata; `nan` was expected, or nothing.")
    prompts = _load_prompts(str(metadata["prompts"]) if metadata.get("prompts") else None)
    return Options(
        data_dir=Path(str(metadata["data_dir"])) if metadata.get("data_dir") else None,
        prompts=prompts,
        placement=placement,
        wordings_per_document=_wordings(metadata.get("wordings_per_document", 1), prompts.n_wordings),
        leave_unscored=missing == "nan",
        counter=_counter(metadata),
    )


def _wordings(given: Any, most: int) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= most:
        raise UsageError(f"wordings_per_document={given!r} in --metadata; a whole number from 1 to {most} was expected.")
    return given


@lru_cache(maxsize=8)
def _load_prompts(folder: str | None) -> Prompts:
    return Prompts(Path(folder) if folder else None)


def _counter(metadata: Mapping[str, Any]) -> Counter:
    name = metadata.get("tokenizer") or metadata.get("pretrained")
    if not isinstance(name, str):
        return WORDS
    return _token_counter(resolve(name), str(metadata.get("revision", "main")))


@lru_cache(maxsize=8)
def _token_counter(name: str, revision: str) -> Counter:
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(name, revision=revision, trust_remote_code=False)
    except (OSError, ValueError):  # an API's model name: text-level metrics still work, matched in words and flagged
        return WORDS
    return Counter(unit="tokens", count=lambda text: len(tokenizer.encode(text, add_special_tokens=False)))
