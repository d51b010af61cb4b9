"""Machine checks for the demo `format` task: does an answer keep the one constraint that its document states?"""

import json
import re
from collections.abc import Callable
from typing import Any

Check = Callable[[str, str], bool]


def word_count(text: str, argument: str) -> bool:
    """Exactly `argument` words, words being what white space separates."""
    return len(text.split()) == int(argument)


def max_words(text: str, argument: str) -> bool:
    """At most `argument` words."""
    return len(text.split()) <= int(argument)


def all_lowercase(text: str, argument: str) -> bool:
    """At least one letter, and none in upper case; `argument` is not used."""
    return text.islower()


def all_uppercase(text: str, argument: str) -> bool:
    """At least one letter, and none in lower case; `argument` is not used."""
    return text.isupper()


def bullet_count(text: str, argument: str) -> bool:
    """Exactly `argument` lines that start with "- " or "* ", indented or not."""
    return sum(line.lstrip().startswith(("- ", "* ")) for line in text.splitlines()) == int(argument)


def json_keys(text: str, argument: str) -> bool:
    """The whole answer (a Markdown code fence around it aside) is one JSON object with exactly these keys."""
    fenced = re.fullmatch(r"```(?:json)?\s*\n(.*?)\n?```", text, flags=re.DOTALL)
    try:
        value = json.loads(fenced[1] if fenced else text)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and set(value) == {key.strip() for key in argument.split(",")}


def ends_with(text: str, argument: str) -> bool:
    """The answer ends with `argument`, case included."""
    return text.endswith(argument)


def starts_with(text: str, argument: str) -> bool:
    """The answer starts with `argument`, case included."""
    return text.startswith(argument)


def contains(text: str, argument: str) -> bool:
    """`argument` occurs as a whole word or phrase, whatever the case."""
    return re.search(rf"(?<!\w){re.escape(argument)}(?!\w)", text, flags=re.IGNORECASE) is not None


def excludes(text: str, argument: str) -> bool:
    """`argument` does not occur as a whole word or phrase, whatever the case."""
    return not contains(text, argument)


def sentence_count(text: str, argument: str) -> bool:
    """Exactly `argument` sentences: stretches with a word in them, up to . ! or ? before white space or the end."""
    parts = re.split(r"[.!?]+[\"'\u201d\u2019)]*(?:\s+|$)", text)
    return sum(re.search(r"\w", part) is not None for part in parts) == int(argument)


def comma_separated(text: str, argument: str) -> bool:
    """One line of exactly `argument` items with commas between them, none empty; a final full stop is allowed."""
    items = [item.strip() for item in text.removesuffix(".").split(",")]
    return "\n" not in text and all(items) and len(items) == int(argument)


CHECKS: dict[str, Check] = {
    "word_count": word_count,
    "max_words": max_words,
    "all_lowercase": all_lowercase,
    "all_uppercase": all_uppercase,
    "bullet_count": bullet_count,
    "json_keys": json_keys,
    "ends_with": ends_with,
    "starts_with": starts_with,
    "contains": contains,
    "excludes": excludes,
    "sentence_count": sentence_count,
    "comma_separated": comma_separated,
}


def check_format(doc: dict[str, Any], results: list[str]) -> dict[str, float]:
    """Score the answer `results[0]`, stripped, by the document's check; an empty answer never passes."""
    check = CHECKS.get(doc["check"])
    if check is None:
        raise ValueError(f"unknown check {doc['check']!r} in document {doc['id']!r}; known: {', '.join(CHECKS)}")
    text = results[0].strip()
    return {"format_ok": float(bool(text) and check(text, doc["argument"]))}
