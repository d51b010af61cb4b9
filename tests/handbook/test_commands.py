"""Commands in the documentation: each is run, or at least read by the parser that would read it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from handbook.blocks import ROOT, Block, blocks, commands, matches, pages, with_outputs
from handbook.commands import problem
from handbook.runner import run_page

NAMES = [str(page.relative_to(ROOT)) for page in pages()]
RUN = [name for name in NAMES if any(block.runs for block in blocks(ROOT / name))]
COMMAND = re.compile(r"^\s*(?:\$ )?(lm_eval|ride-eval|accelerate|make|pip|python) ", re.MULTILINE)


@pytest.mark.parametrize("name", NAMES)
def test_every_command_can_be_understood(name: str) -> None:
    """A flag that was renamed, a task or model argument that does not exist: also in blocks that a test cannot run."""
    found = [block for block in blocks(ROOT / name) if block.is_command and "<<" not in block.text]
    problems = [f"{block}: {command}: {what}" for block in found for command in commands(block) if (what := problem(command))]
    assert not problems


@pytest.mark.parametrize("name", NAMES)
def test_no_command_hides_in_another_block(name: str) -> None:
    """Only bash blocks are run and parsed."""
    hidden = [str(block) for block in blocks(ROOT / name) if not block.is_command and _is_shell(block)]
    assert not hidden


def _is_shell(block: Block) -> bool:
    return block.language in ("", "console", "sh", "shell") and bool(COMMAND.search(block.text))


@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_run_says_why(name: str) -> None:
    assert all(len(block.value) > 10 for block in blocks(ROOT / name) if block.kind == "not run")


@pytest.mark.slow
@pytest.mark.parametrize("name", RUN)
def test_a_page_works_as_it_says(name: str, tmp_path: Path) -> None:
    """Its files and commands, in order, in one empty directory; and it shows what they print."""
    for block, shown, printed in run_page(ROOT / name, tmp_path):
        assert matches(shown, printed), f"{block} shows\n{shown}\nand not\n{printed}"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("ride-eval report runs/x --htm1 page.html", "unrecognized arguments: --htm1"),
        ("lm_eval --model ride --no_such_flag 1", "unrecognized arguments: --no_such_flag"),
        ("lm_eval --model ride --model_args pretrained=x,num_sample=3 --tasks ride_demo", "no num_sample"),
        ("lm_eval --model ride --model_args pretrained=x --tasks ride_dem", "no tasks ride_dem"),
        ("lm_eval run --config configs/no_such.yaml", "no file configs/no_such.yaml"),
        ("HF_HUB_OFFLINE=1 ride-eval dctor | tail -1", "invalid choice: 'dctor'"),
        ("accelerate launch -m lm_eval --model ride --model_args pretrain=x --tasks ride_demo", "no pretrain"),
        ("python -m no_such_module", "no module no_such_module"),
        ("make dmeo", "no target dmeo"),
        ("rideeval report", "not a command"),
    ],
)
def test_a_wrong_command_is_found(command: str, words: str) -> None:
    assert words in (problem(command) or "")


def test_a_right_command_is_not() -> None:
    assert (
        problem("lm_eval --model ride --model_args pretrained=x,dtype=bfloat16 --tasks 'ride_*' --batch_size auto > out")
        is None
    )
    assert problem("cat $(ride-eval configs path)/olmoe.yaml | head -3") is None


def test_blocks_and_the_comments_above_them(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        '# A\n\n<!-- not run: needs a moon -->\n```bash\nfly \\\n  --to moon  # far\n# why\n```\n\n```yaml title="a/b.yml"\nx: 1\n```\n'
        "```bash\necho 1\n```\n<!-- output -->\n```text\nold\n```\nend\n"
    )
    first, second, third, fourth = blocks(page)
    assert (first.kind, first.value, first.runs, commands(first)) == ("not run", "needs a moon", False, ["fly --to moon"])
    assert (second.kind, second.value, second.text) == ("file", "a/b.yml", "x: 1\n")
    assert third.runs
    assert (fourth.kind, fourth.text, fourth.line) == ("output", "old\n", 18)
    assert with_outputs(page, {18: "new\nlines\n"}) == page.read_text().replace("old\n", "new\nlines\n")
    page.write_text("<!-- output -->\ntext\n")
    with pytest.raises(ValueError, match="a block was expected"):
        blocks(page)
    page.write_text("```bash\ntrue\n")
    with pytest.raises(ValueError, match="not closed"):
        blocks(page)


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a\nb", "a  \nb\n", True),
        ("a\n...\nd", "a\nb\nc\nd", True),
        ("a\n...\nd", "a\nb\nc", False),
        ("density 0.5001 n=12", "density 0.5003 n=12", True),
        ("density 0.50", "density 0.53", False),
        ("n=12", "n=13", False),
        ("a", "a\nb", False),
        ("", "", True),
    ],
)
def test_what_a_page_shows_and_what_was_printed(shown: str, printed: str, same: bool) -> None:
    assert matches(shown, printed) is same
