"""When two answers are the same answer: what semantic clusters, agreement and flips count."""

from __future__ import annotations

import re

NO_ANSWER = "[invalid]"
"""What the harness's extraction filters give where they find no answer."""


def label(filtered: object, text: str, *, extracts: bool) -> str:
    """What equivalent answers share: the answer the task's filter found; without such a filter, or where it found none, the
    normalised text."""
    return str(filtered) if extracts and filtered != NO_ANSWER else normalized(text)


def normalized(text: str) -> str:
    """Lower case, single spaces, no punctuation at the ends: what two wordings of one answer share."""
    return re.sub(r"\s+", " ", text).strip(" \t\n.,;:!?\"'`*").casefold()
