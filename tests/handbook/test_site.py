"""The site: built without a warning, every link leads somewhere, and nothing is fetched from the network."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from handbook.blocks import ROOT

FETCHED = re.compile(
    r"<(?:script|img|iframe|source)\b[^>]*\bsrc=[\"']?(?:https?:)?//|<link\b[^>]*\bhref=[\"']?(?:https?:)?//(?![^>]*canonical)"
)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("mkdocs", reason="needs the `docs` extra")
    pytest.importorskip("material", reason="needs the `docs` extra")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def test_nothing_is_fetched(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 15
    assert not [page.name for page in pages if FETCHED.search(page.read_text(encoding="utf-8"))]
    assert not [
        file.name for file in site.rglob("*.css") if re.search(r"url\([\"']?(?:https?:)?//", file.read_text(encoding="utf-8"))
    ]


def test_search_works_from_a_folder(site: Path) -> None:
    """The index is a script, since a page opened from a folder may not read files."""
    assert (site / "search" / "search_index.js").read_text(encoding="utf-8").startswith("var __index = {")
    assert "assets/iframe-worker.js" in (site / "index.html").read_text(encoding="utf-8")
    assert (site / "assets" / "iframe-worker.js").is_file()


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md"])
def test_links_outside_the_site_lead_somewhere(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    for target in LINK.findall(text):
        if target.startswith(("https://", "#")):
            continue
        path, _, anchor = target.partition("#")
        assert (ROOT / name).parent.joinpath(path).is_file(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", (ROOT / name).parent.joinpath(path).read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in [re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings], target
