"""What a release holds, and what it does to an environment: built, looked through, installed, used and taken away again.

`make release-check`. Needs the package index, for the dependencies of a clean environment.
"""

from __future__ import annotations

import email
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from ride_eval import __version__

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[1]
INSIDE = ("ride_eval", "tasks", "prompts", "configs")
"""The folders that the wheel carries; the last three inside the package."""
MEGABYTE = 1 << 20


def run(command: Sequence[str | Path], cwd: Path, **variables: str) -> str:
    """Standard output of a command that must succeed, in an environment without traces of this one."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env={**kept, **variables}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}{done.stderr[-4000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def tracked() -> set[str]:
    return set(run(["git", "ls-files"], ROOT).splitlines())


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with wheel and sdist, of what is committed: the wheel is built from the sdist, as `build` does."""
    clone, out = tmp_path_factory.mktemp("clone"), tmp_path_factory.mktemp("dist")
    run(["git", "clone", "--quiet", ROOT, clone], ROOT)
    run([sys.executable, "-m", "build", "--outdir", out, clone], clone)
    return out


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (found,) = built.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def sdist(built: Path) -> Path:
    (found,) = built.glob("*.tar.gz")
    return found


def test_the_wheel_holds_the_package_and_its_data_and_nothing_else(wheel: Path, tracked: set[str]) -> None:
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    expected = {name for name in tracked if name.split("/")[0] in INSIDE}
    assert names == {"ride_eval_bridge.pth"} | {
        name if name.startswith("ride_eval/") else f"ride_eval/{name}" for name in expected
    }
    assert any(name.endswith("zoo-olmoe/model.safetensors") for name in names)
    assert wheel.stat().st_size < 60 * MEGABYTE


def test_the_sdist_holds_what_is_committed(sdist: Path, tracked: set[str]) -> None:
    with tarfile.open(sdist) as archive:
        names = {
            name.partition("/")[2]: member.size for member in archive.getmembers() if (name := member.name) and member.isfile()
        }
    assert set(names) - {"PKG-INFO"} == tracked
    assert sum(size for name, size in names.items() if name.startswith("tests/")) < MEGABYTE


def test_the_metadata(wheel: Path, sdist: Path) -> None:
    run([sys.executable, "-m", "twine", "check", "--strict", wheel, sdist], ROOT)
    archive = zipfile.ZipFile(wheel)
    (file,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
    metadata = email.message_from_bytes(archive.read(file))
    assert (metadata["Name"], metadata["Version"], metadata["License-Expression"]) == ("ride-eval", __version__, "Apache-2.0")
    assert metadata.get_all("License-File") == ["LICENSE"]
    assert any(name.endswith("licenses/LICENSE") for name in archive.namelist())
    assert str(metadata.get_payload()).startswith("# ride_eval")
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_installed_used_and_gone(wheel: Path, tmp_path: Path) -> None:
    """In an environment that has the dependencies and not us: everything from the README's first lines, then no trace."""
    environment = tmp_path / "venv"
    run([sys.executable, "-m", "venv", environment], tmp_path)
    binaries = environment / "bin"
    pip = [binaries / "python", "-m", "pip", "--disable-pip-version-check"]
    # All dependencies come with a first installation of the wheel itself; what it leaves is compared after a second.
    run([*pip, "install", "--quiet", "--no-compile", "--constraint", ROOT / "constraints.txt", "torch", wheel], tmp_path)
    run([*pip, "uninstall", "--quiet", "--yes", "ride-eval"], tmp_path)
    before = _files(environment)
    assert not [name for name in before if "ride_eval" in name]
    run([*pip, "install", "--quiet", "--no-deps", "--no-index", wheel], tmp_path)

    offline = {"HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": ""}
    assert run([binaries / "ride-eval", "--version"], tmp_path).split() == ["ride-eval", __version__]
    assert "report" in run([binaries / "ride-eval", "--help"], tmp_path)
    for name in ("tasks", "prompts", "configs"):
        folder = Path(run([binaries / "ride-eval", name, "path"], tmp_path).strip())
        assert folder.is_dir() and environment in folder.parents
    assert "ride_gsm8k_expert" in run([binaries / "lm_eval", "ls", "tasks"], tmp_path, **offline)
    arguments = ["--model", "ride", "--model_args", "pretrained=zoo-llama,num_samples=0,run_dir=run", "--device", "cpu"]
    tasks = ["--tasks", "ride_demo_commonsense_*", "--limit", "1", "--apply_chat_template"]
    table = run([binaries / "lm_eval", *arguments, *tasks], tmp_path, **offline)
    assert "ride_demo_commonsense_filler" in table and "hoyer_mlp" in table
    assert "zoo-llama" in run([binaries / "ride-eval", "report", "run", "--html", "report.html"], tmp_path)
    assert (tmp_path / "report.html").read_text(encoding="utf-8").lower().startswith("<!doctype html>")

    run([*pip, "uninstall", "--quiet", "--yes", "ride-eval"], tmp_path)
    assert _files(environment) == before
    assert "ride_gsm8k" not in run([binaries / "lm_eval", "ls", "tasks"], tmp_path, **offline)


def _files(folder: Path) -> set[str]:
    """All files but compiled ones of other packages, which appear when these are used."""
    found = (str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())
    return {name for name in found if "__pycache__" not in name or "ride_eval" in name}
