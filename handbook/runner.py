"""Runs a page as a reader would: its files and commands in order, in one empty directory, with this environment's tools."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from handbook.blocks import Block, blocks

TIMEOUT = 900.0
"""Seconds a block may take: a start of lm_eval takes a quarter of a minute, several times that on a busy machine."""


class PageError(Exception):
    """A command of a page did not end as the page says."""


def environment() -> dict[str, str]:
    """Offline, on the CPU, one thread, 100 columns: so a page prints the same everywhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "COLUMNS", "LMEVAL"))}
    offline = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": "", "TOKENIZERS_PARALLELISM": "false"}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**kept, **offline, "OMP_NUM_THREADS": "1", "COLUMNS": "100", "NO_COLOR": "1", "PATH": path}


def run_page(page: Path, folder: Path) -> Iterator[tuple[Block, str, str]]:
    """Run a page in `folder`; gives each output block, what it shows, and what the block above it printed.

    Raises PageError for an exit code that the page does not announce.
    """
    printed = ""
    for block in blocks(page):
        if block.kind == "file":
            (folder / block.value).parent.mkdir(parents=True, exist_ok=True)
            (folder / block.value).write_text(block.text, encoding="utf-8")
        elif block.runs:
            done = subprocess.run(
                ["bash", "-eu", "-c", block.text],
                cwd=folder,
                env=environment(),
                capture_output=True,
                text=True,
                timeout=TIMEOUT,
                check=False,
            )
            expected = int(block.value) if block.kind == "exit" else 0
            if done.returncode != expected:
                raise PageError(f"{block} ended with {done.returncode}:\n{block.text}{done.stderr[-4000:]}")
            printed = done.stdout
        elif block.kind == "output":
            yield block, block.text, printed
