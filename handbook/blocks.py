"""The fenced blocks of a page: commands, files to write, and outputs.

Written in Markdown as a reader sees them; a comment right above a block says what a test does with it:

    ```bash                                     run, in the page's directory, after the blocks above it
    <!-- exit: 1 -->                            run, and ends with this exit code
    <!-- not run: why -->                       parsed only: options, model arguments and task names exist
    ```yaml title="quiz/quiz.yml"               a block of any language that is this file's content
    <!-- output -->                             the block is what the bash block above it prints; `...` stands for any lines
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
_FENCE = re.compile(r"^(?P<fence>`{3,})(?P<language>[\w+-]*)(?: title=\"(?P<file>[^\"]+)\")?\s*$")
_MARK = re.compile(r"^<!--\s*(?P<kind>not run|exit|output)(?::\s*(?P<value>.+?))?\s*-->$")


@dataclass(frozen=True, kw_only=True)
class Block:
    """A fenced block with the comment above it."""

    page: Path
    line: int
    """Of the block's first content line, from 1."""
    language: str
    text: str
    kind: str = ""
    """`not run`, `exit`, `file`, `output`, or empty."""
    value: str = ""

    @property
    def is_command(self) -> bool:
        return self.language == "bash" and self.kind not in ("file", "output")

    @property
    def runs(self) -> bool:
        return self.is_command and self.kind != "not run"

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def pages() -> list[Path]:
    """Every page of the documentation, and the README."""
    return [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order. Raises ValueError for a fence that is not closed, or a comment without a block."""
    found: list[Block] = []
    mark: re.Match[str] | None = None
    lines = page.read_text(encoding="utf-8").splitlines()
    number = 0
    while number < len(lines):
        line = lines[number]
        number += 1
        if fence := _FENCE.match(line):
            start = number
            while number < len(lines) and lines[number] != fence["fence"]:
                number += 1
            if number == len(lines):
                raise ValueError(f"{page}:{start}: the fence is not closed")
            text = "".join(f"{content}\n" for content in lines[start:number])
            block = Block(page=page, line=start + 1, language=fence["language"], text=text)
            if fence["file"]:
                block = replace(block, kind="file", value=fence["file"])
            found.append(replace(block, kind=mark["kind"], value=mark["value"] or "") if mark else block)
            mark = None
            number += 1
        elif line.strip():
            if mark:
                raise ValueError(f"{page}:{number}: a block was expected below {mark[0]}")
            mark = _MARK.match(line)
    return found


def with_outputs(page: Path, outputs: dict[int, str]) -> str:
    """The page's text with other contents in its output blocks, by their first line."""
    lines = page.read_text(encoding="utf-8").splitlines()
    for block in reversed(blocks(page)):
        if block.line in outputs:
            start = block.line - 1
            lines[start : start + len(block.text.splitlines())] = _lines(outputs[block.line])
    return "".join(f"{line}\n" for line in lines)


def commands(block: Block) -> list[str]:
    """A bash block's commands, one a line: continuation lines joined, comments and empty lines left out."""
    joined = re.sub(r"\s*\\\n\s*", " ", block.text)
    found = [re.sub(r"\s+#\s.*$", "", line).strip() for line in joined.splitlines()]
    return [line for line in found if line and not line.startswith("#")]


def matches(expected: str, printed: str) -> bool:
    """Whether a block shows what was printed: a line `...` stands for any lines, and trailing spaces do not count.

    Numbers may differ by a hundredth of themselves: another processor adds in another order.
    """
    want, got = _lines(expected), _lines(printed)
    return _match(want, got)


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip("\n").splitlines()]


def _match(want: Sequence[str], got: Sequence[str]) -> bool:
    if not want:
        return not got
    if want[0] == "...":
        return any(_match(want[1:], got[start:]) for start in range(len(got) + 1))
    return bool(got) and _same(want[0], got[0]) and _match(want[1:], got[1:])


_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def _same(want: str, got: str) -> bool:
    if want == got:
        return True
    if re.sub(r"\s+", " ", _NUMBER.sub("#", want)) != re.sub(r"\s+", " ", _NUMBER.sub("#", got)):
        return False
    pairs = zip(_NUMBER.findall(want), _NUMBER.findall(got), strict=True)
    # Whole numbers are counts, which must agree.
    return all(a == b or ("." in a and abs(float(a) - float(b)) <= 0.01 * max(abs(float(a)), 0.1)) for a, b in pairs)
