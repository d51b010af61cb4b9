"""Write the generated pages, or run a page and put what it printed into its output blocks."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from handbook import arguments_page, cli_page, run_page
from handbook.blocks import DOCS, with_outputs
from handbook.runner import run_page as run

GENERATED: Mapping[str, Callable[[], str]] = {
    "reference/cli.md": cli_page.write,
    "reference/run-directory.md": run_page.write,
    "reference/model-arguments.md": arguments_page.write,
}
"""The pages that code writes, by their place in docs/."""


def write_all() -> None:
    for name, write in GENERATED.items():
        (DOCS / name).parent.mkdir(exist_ok=True)
        (DOCS / name).write_text(write(), encoding="utf-8")


def refresh(page: Path) -> None:
    """Run a page, and show in its output blocks what it printed; those with a line `...` stay as they are."""
    with tempfile.TemporaryDirectory() as folder:
        outputs = {block.line: printed for block, shown, printed in run(page, Path(folder)) if "\n...\n" not in f"\n{shown}"}
    page.write_text(with_outputs(page, outputs), encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m handbook", description=__doc__)
    parser.add_argument("pages", nargs="*", type=Path, metavar="PAGE", help="run these pages instead")
    pages = parser.parse_args().pages
    for page in pages:
        refresh(page.resolve())
    if not pages:
        write_all()
    return 0


if __name__ == "__main__":
    sys.exit(main())
