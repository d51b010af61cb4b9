"""Other people's text on a screen: what could move the cursor, hide or turn text round is shown, and does nothing."""

from __future__ import annotations

import unicodedata

_HIDDEN = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}


def visible(text: str) -> str:
    """The text with control, bidirectional and other invisible characters as escapes, so that it can do nothing on a screen."""
    return "".join(_escape(letter) if unicodedata.category(letter) in _HIDDEN else letter for letter in text)


def visible_lines(text: str) -> str:
    """The same, but for the ends of lines."""
    return "\n".join(map(visible, text.split("\n")))


def _escape(letter: str) -> str:
    return letter.encode("unicode_escape", "surrogatepass").decode("ascii")
