"""YAML whose every value remembers its file, line and key, so that an error can point at it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from ride_eval.errors import PromptFileError
from ride_eval.files import TooLongError, read_limited

MAX_BYTES = 4 * 1024 * 1024
"""No hand-written file is near this; parsing more would only serve an attack."""


@dataclass(frozen=True)
class Located:
    """A YAML node with its place."""

    node: yaml.Node
    file: Path
    key: str

    def error(self, problem: str) -> PromptFileError:
        return PromptFileError(f"{self.file}, line {self.node.start_mark.line + 1}, {self.key or 'top level'}: {problem}.")

    def entries(self) -> Iterator[tuple[str, Located]]:
        """The pairs of a mapping."""
        if not isinstance(self.node, yaml.MappingNode):
            raise self.error(f"must be a mapping, got {self._kind()}")
        seen: set[str] = set()
        for key, value in self.node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise self.error("keys must be plain words")
            if key.value in seen:
                raise Located(key, self.file, f"{self.key}.{key.value}".lstrip(".")).error("appears twice")
            seen.add(key.value)
            yield key.value, Located(value, self.file, f"{self.key}.{key.value}".lstrip("."))

    def items(self) -> list[Located]:
        """The members of a non-empty list."""
        if not isinstance(self.node, yaml.SequenceNode):
            raise self.error(f"must be a list, got {self._kind()}")
        if not self.node.value:
            raise self.error("must not be empty")
        return [Located(value, self.file, f"{self.key}[{i}]") for i, value in enumerate(self.node.value)]

    def as_str(self, *, strip: bool = True) -> str:
        """The text of a scalar; it must not be blank nor, unless strip is off, have white space around it."""
        if not isinstance(self.node, yaml.ScalarNode) or self.node.tag == "tag:yaml.org,2002:null":
            raise self.error(f"must be text, got {self._kind()}")
        text = str(self.node.value)
        if strip and (not text.strip() or text != text.strip()):
            raise self.error("must be text without white space around it")
        return text

    def has(self, key: str) -> bool:
        return any(name == key for name, _ in self.entries())

    def get(self, key: str) -> Located:
        for name, value in self.entries():
            if name == key:
                return value
        raise self.error(f"lacks the key `{key}`")

    def allow(self, *keys: str) -> None:
        """Refuse any key but these, so that a misspelt one is not ignored."""
        for name, value in self.entries():
            if name not in keys:
                raise value.error(f"unknown key; expected one of {', '.join(keys)}")

    def _kind(self) -> str:
        if isinstance(self.node, yaml.ScalarNode):
            return f"{self.node.value!r}" if self.node.value else "nothing"
        return "a list" if isinstance(self.node, yaml.SequenceNode) else "a mapping"


def load_located(file: Path) -> Located:
    """Parse a YAML file into a located tree. Raises PromptFileError."""
    try:
        content = read_limited(file, MAX_BYTES)
        node = yaml.compose(content.decode("utf-8"), Loader=yaml.SafeLoader)
    except TooLongError:
        raise PromptFileError(f"{file} is longer than {MAX_BYTES:,} bytes; a hand-written file was expected.") from None
    except OSError as error:
        raise PromptFileError(f"Cannot read {file}: {error.strerror}.") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise PromptFileError(f"{file} is not valid YAML: {' '.join(str(error).split())}.") from None
    if node is None:
        raise PromptFileError(f"{file} is empty; a mapping was expected.")
    return Located(node, file, "")
