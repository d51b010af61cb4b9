"""Text from the data, as a page may show it: cut where it is long, with nothing invisible left in it."""

from __future__ import annotations

from ride_eval.report.text import visible

MOST = 4000
"""Characters of any text on the page, whatever shows it."""


def readable(text: str, *, lines: bool = True) -> str:
    """Invisible and direction-changing characters as escapes; line ends and tabs are kept, if wanted."""
    if not lines:
        return visible(text.replace("\n", " ").replace("\t", " "))
    return "\n".join("\t".join(visible(part) for part in line.split("\t")) for line in text.split("\n"))


def clipped(text: str, most: int, *, note: bool = True) -> str:
    """The start of a long text, and how much more there is."""
    if len(text) <= most:
        return text
    more = f" \u2026 ({len(text) - most} more characters)" if note else "\u2026"
    return text[:most] + more


def finalized(value: object) -> object:
    """What every expression of a template goes through: markup as it is, all else readable and of bounded length."""
    if hasattr(value, "__html__") or not isinstance(value, str):
        return value
    return readable(clipped(value, MOST))
