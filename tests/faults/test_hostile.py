"""What others wrote: limits before parsing, no path out of a folder, no code in a template, no weights but those that came."""

from __future__ import annotations

import hashlib
import io
import json
import os
from pathlib import Path

import lm_eval.utils
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import ride_eval.task  # noqa: F401 - importing it puts templates into the sandbox
from ride_eval import zoo
from ride_eval.base import read_spec
from ride_eval.errors import PromptFileError, RunError, TaskError, UsageError
from ride_eval.files import MAX_JSON_BYTES, TooLongError, read_json, read_limited
from ride_eval.manifest import model_slug
from ride_eval.model import RideLM
from ride_eval.policy import load_policy
from ride_eval.screen import visible_lines
from ride_eval.shards import MAX_ROWS
from ride_eval.store import TABLES, read_table
from ride_eval.yaml_lines import MAX_BYTES, load_located
from ride_eval.zoo.hashes import hashes


def test_a_file_is_read_no_further_than_its_limit(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 100)
    assert read_limited(tmp_path / "file", 100) == b"x" * 100
    with pytest.raises(TooLongError):
        read_limited(tmp_path / "file", 99)
    with pytest.raises(TooLongError):
        read_limited(Path("/dev/zero"), 1000)


def test_files_without_end_are_told(tmp_path: Path) -> None:
    """/dev/zero has no size, and a hole costs nothing to make."""
    with pytest.raises(PromptFileError, match=f"longer than {MAX_BYTES:,} bytes"):
        load_located(Path("/dev/zero"))
    with pytest.raises(PromptFileError, match="longer than"):
        load_policy(Path("/dev/zero"))
    with (tmp_path / "run.json").open("wb") as hole:
        hole.truncate(MAX_JSON_BYTES + 1)
    with pytest.raises(RunError, match="longer than"):
        read_json(tmp_path / "run.json")


def test_aliases_that_multiply_and_depth_without_end(tmp_path: Path) -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 40))
    for content in (bomb, "[" * 100_000, "{a: " * 50_000, "a:\0b", "!!python/object/apply:os.system [ls]"):
        (tmp_path / "policy.yaml").write_text(content)
        with pytest.raises(PromptFileError):
            load_policy(tmp_path / "policy.yaml")
    (tmp_path / "run.json").write_text("[" * 100_000)
    with pytest.raises(RunError):
        read_json(tmp_path / "run.json")


def shard(run: Path, table: pa.Table, name: str = "scores") -> None:
    """A shard that says the right thing of itself."""
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    sha = hashlib.sha256(buffer.getvalue()).hexdigest()[:16]
    (run / f"{name}-r0-00001-{sha}.parquet").write_bytes(buffer.getvalue())


def test_a_small_shard_that_claims_millions_of_rows_is_not_unpacked(tmp_path: Path) -> None:
    shard(tmp_path, pa.table({"task": pa.array(["x"]).take(pa.array(np.zeros(MAX_ROWS + 1, dtype=np.int64)))}))
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 100_000
    with pytest.raises(RunError, match=r"claims 1,000,001 rows"):
        read_table(tmp_path, "scores")


def test_a_shard_with_columns_of_another_kind_is_told(tmp_path: Path) -> None:
    shard(tmp_path, pa.table({name: pa.array([[{"a": 1}]]) for name in TABLES["scores"].names}))
    with pytest.raises(RunError, match="is damaged"):
        read_table(tmp_path, "scores")


@pytest.mark.parametrize("name", ["../../etc", "/etc/passwd", "..", "a/../../b", "", "\0", "~", "C:\\x", "-rf"])
def test_a_model_s_name_gives_a_folder_under_runs(name: str) -> None:
    slug = model_slug(name)
    assert Path(slug).name == slug and slug not in ("", ".", "..") and not slug.startswith(("-", "~"))
    assert (Path("runs") / slug).resolve().parent == Path("runs").resolve()


@pytest.mark.parametrize("benchmark", ["../x", "/etc", "a/../b", "a//b", "..", ".", "a\0", "a\nb"])
def test_a_benchmark_s_name_stays_in_the_data_folder(benchmark: str) -> None:
    with pytest.raises(TaskError, match="a plain word"):
        read_spec("t", {"ride": {"base": "b", "benchmark": benchmark, "arm": "none", "domain": "math"}})


ESCAPES = [
    "{{ ''.__class__.__mro__ }}",
    "{{ question.__init__.__globals__ }}",
    "{{ cycler.__init__.__globals__.os.system('touch OWNED') }}",
    "{% for c in [].__class__.__base__.__subclasses__() %}{{ c }}{% endfor %}",
    "{{ question.format.__globals__ }}",
    "{{ (question|attr('__class__')).__mro__ }}",
]


@pytest.mark.parametrize("template", ESCAPES)
def test_a_template_reaches_nothing_of_python(template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TaskError, match="A template of a task reaches for '__"):
        lm_eval.utils.apply_template(template, {"question": "q"})
    assert not (tmp_path / "OWNED").exists()


def test_a_template_in_a_document_is_text() -> None:
    document = {"question": "{{ ''.__class__ }}\0\u202e"}
    assert lm_eval.utils.apply_template("Q: {{question}}\n", document) == f"Q: {document['question']}\n"


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{question.strip()}}\nAnswer:", "a  b\nAnswer:"),
        ("{{choices.index('y')}}", "1"),
        ("{{question | regex_replace('a +', '')}}\n", " b \n"),
        ("{% for c in choices %}{{loop.index}}{{c}} {% endfor %}", "1x 2y "),
    ],
)
def test_the_templates_that_tasks_have_render_as_before(template: str, expected: str) -> None:
    assert lm_eval.utils.apply_template(template, {"question": " a  b ", "choices": ["x", "y"]}) == expected


def test_code_and_pickles_of_a_checkpoint_are_refused() -> None:
    with pytest.raises(UsageError, match="runs no code that comes with a checkpoint"):
        RideLM(pretrained="any/model", trust_remote_code=True)
    with pytest.raises(UsageError, match="loads no pickle"):
        RideLM(pretrained="any/model", use_safetensors=False)


def test_weights_that_are_a_pickle_are_not_loaded(models: dict[str, Path], tmp_path: Path) -> None:
    import shutil

    import torch

    folder = shutil.copytree(models["llama"], tmp_path / "model")
    for file in folder.glob("*.safetensors*"):
        file.unlink()
    torch.save({}, folder / "pytorch_model.bin")
    with pytest.raises(UsageError, match="cannot be loaded"):
        RideLM(pretrained=str(folder), device="cpu")


def test_the_embedded_models_are_those_that_came_with_the_package() -> None:
    table = json.loads(zoo.HASHES.read_text())
    assert table == {name: hashes(name) for name in zoo.NAMES}, "run `python -m ride_eval.zoo.hashes`"
    assert all("model.safetensors" in files and "tokenizer.json" in files for files in table.values())


def test_an_embedded_model_that_was_changed_is_not_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in zoo.NAMES:
        (tmp_path / name).mkdir()
    for file in zoo.path("zoo-llama").iterdir():
        os.link(file, tmp_path / "zoo-llama" / file.name) if file.suffix != ".safetensors" else None
    content = bytearray((zoo.path("zoo-llama") / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (tmp_path / "zoo-llama" / "model.safetensors").write_bytes(content)
    monkeypatch.setattr(zoo, "WEIGHTS", tmp_path)
    zoo.check_hashes.cache_clear()
    with pytest.raises(UsageError, match=r"zoo-llama is not the one that came with .*model\.safetensors has SHA-256"):
        zoo.resolve("zoo-llama")
    (tmp_path / "zoo-llama" / "model.safetensors").unlink()
    with pytest.raises(UsageError, match="is missing"):
        zoo.resolve("zoo-llama")


def test_what_an_error_repeats_does_nothing_to_a_terminal() -> None:
    shown = visible_lines("\x1b]0;owned\x07\x1b[2J\u202eevil\r\nline two")
    assert shown == "\\x1b]0;owned\\x07\\x1b[2J\\u202eevil\\r\nline two"
