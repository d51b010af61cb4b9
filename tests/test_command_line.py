"""The command lines as a user types them, in processes of their own: what works, and the one sentence where it cannot.

A start of the stock `lm_eval` takes a quarter of a minute, most of it over the harness's own 14,000 tasks. So what only a
stock start can show is shown by a few. The other mistakes are made through `ride-eval run`, without those tasks, in
children of one process that has everything imported.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ride_eval import cli
from ride_eval.arms import STANDARD_ARMS, data_folder
from ride_eval.store import read_status, read_table
from tests import stand_in_data
from tests.building import write_tasks

SCRIPTS = Path(sys.executable).parent
SERVER = """
import functools, json, os, signal, sys, lm_eval.tasks.manager as manager
original = manager.TaskManager.__init__
@functools.wraps(original)
def init(*args, **kwargs): original(*args, **{**kwargs, "include_defaults": False})
manager.TaskManager.__init__ = init
import ride_eval.model, ride_eval.task, lm_eval.evaluator
from ride_eval.cli import main
for line in sys.stdin:
    folder, *arguments = json.loads(line)
    child = os.fork()
    if not child:
        signal.alarm(300)  # one that hangs ends
        os.chdir(folder)
        for name, descriptor in (("stdout", 1), ("stderr", 2)):
            os.dup2(os.open(name, os.O_CREAT | os.O_TRUNC | os.O_WRONLY), descriptor)
        sys.exit(main(["run", *arguments]))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
Done = subprocess.CompletedProcess[str]


def lm_eval(*arguments: str, cwd: Path) -> Done:
    """The stock harness."""
    command = [str(SCRIPTS / "lm_eval"), "--device", "cpu", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300, check=False)


def model(folder: Path, run: Path | str = "run", *more: str) -> list[str]:
    return ["--model", "ride", "--model_args", ",".join([f"pretrained={folder}", f"run_dir={run}", "num_samples=0", *more])]


def assert_one_sentence(done: Done, *words: str) -> None:
    """Exit code 2, and as the last line of standard error what was given, what was wanted, and what to do."""
    assert done.returncode == 2, done.stderr[-2000:]
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\nride_eval: ") == 1
    sentence = done.stderr.strip().splitlines()[-1]
    assert sentence.startswith("ride_eval: ")
    assert sentence.endswith(".")
    for word in words:
        assert word in sentence


def table(done: Done) -> dict[str, set[str]]:
    """The metrics of each task in the harness's printed table."""
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, set[str]] = {}
    task = ""
    for line in done.stdout.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) > 6 and cells[1] != "Tasks" and not cells[1].startswith("-"):
            task = cells[1] or task
            found.setdefault(task, set()).add(cells[5])
    return found


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder for --include_path: a plain task of the harness's own kind, and a RIDE task under an arm that is not there."""
    folder = tmp_path / "own"
    (folder / "data").mkdir(parents=True)
    documents = [{"q": f"{i} and {i + 1} make", "choices": ["one", "a longer three", "5"], "gold": i % 3} for i in range(6)]
    (folder / "data" / "test.jsonl").write_text("".join(json.dumps(document) + "\n" for document in documents))
    base = {
        "output_type": "multiple_choice",
        "test_split": "test",
        "doc_to_text": "{{q}}",
        "doc_to_choice": "{{choices}}",
        "doc_to_target": "gold",
        "metric_list": [{"metric": name, "aggregation": "mean", "higher_is_better": True} for name in ("acc", "acc_norm")],
    }
    files = {"dataset_path": "json", "dataset_kwargs": {"data_files": {"test": str(folder / "data" / "test.jsonl")}}}
    (folder / "plain.yaml").write_text(json.dumps({"task": "plain", **base, **files}))
    (folder / "mine.yml").write_text(json.dumps({"task": "mine", **base}))
    write_tasks(folder, "mine", {"base": "mine.yml", "benchmark": "mine", "domain": "math"}, "polite")
    return folder


def test_the_stock_harness_runs_our_tasks_under_any_model(models: dict[str, Path], own: Path, tmp_path: Path) -> None:
    """One row an arm, with internals under ours; text only under `hf`; and tasks that are not ours score the same."""
    common = ["--tasks", "ride_demo*,plain", "--include_path", str(own), "--limit", "1", "--log_samples"]
    common += ["--gen_kwargs", "max_gen_toks=8", "--batch_size", "4"]
    shown, samples = {}, {}
    for kind in ("ride", "hf"):
        arguments = (
            model(models["qwen3"]) if kind == "ride" else ["--model", "hf", "--model_args", f"pretrained={models['qwen3']}"]
        )
        shown[kind] = table(lm_eval(*arguments, *common, "--output_path", kind, cwd=tmp_path))
        assert set(shown[kind]) == {
            "plain",
            *(f"ride_demo_{name}_{arm}" for name in ("math", "format", "commonsense") for arm in STANDARD_ARMS),
        }
        (file,) = (tmp_path / kind).glob("**/samples_plain_*.jsonl")
        samples[kind] = [json.loads(line) for line in file.read_text().splitlines()]
    internals = {"hoyer_mlp", "keyword_share"}
    for task in set(shown["ride"]) - {"plain"}:
        text = {"choice_entropy", "choice_margin"} if "commonsense" in task else {"answer_words"}
        assert internals | text <= shown["ride"][task], task
        assert not (internals | {"token_entropy"}) & shown["hf"][task], task
        assert text <= shown["hf"][task], task
    assert "router_entropy" not in shown["ride"]["ride_demo_math_tag"], "a dense model has no router"
    assert shown["ride"]["plain"] == shown["hf"]["plain"] == {"acc", "acc_norm"}
    for ours, plain in zip(samples["ride"], samples["hf"], strict=True):
        assert (ours["resps"], ours["acc"], ours["acc_norm"]) == (plain["resps"], plain["acc"], plain["acc_norm"])
    assert read_status(tmp_path / "run")["state"] == "complete"
    assert "plain" not in set(read_table(tmp_path / "run", "prompts")["task"])


def test_the_stock_harness_prints_our_errors_as_one_sentence(models: dict[str, Path], own: Path, tmp_path: Path) -> None:
    common = ["--include_path", str(own), "--limit", "1"]
    done = lm_eval(*model(models["llama"]), "--tasks", "ride_mine_polite", *common, cwd=tmp_path)
    assert_one_sentence(done, "Unknown arm 'polite'", "arms.yaml has: none, tag,")
    assert not (tmp_path / "run").exists(), "what was never measured leaves nothing"


@pytest.fixture(scope="module")
def server() -> Iterator[Callable[..., int]]:
    """Runs a `ride-eval run` command line in a folder, over our tasks only; gives its exit code."""
    environment = {**os.environ, "RIDE_EVAL_BRIDGE": "0"}
    command = [sys.executable, "-c", SERVER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdin is not None and process.stdout is not None

        def run(folder: Path, *arguments: str) -> int:
            process.stdin.write(json.dumps([str(folder), *arguments]) + "\n")  # type: ignore[union-attr]
            process.stdin.flush()  # type: ignore[union-attr]
            return int(process.stdout.readline())  # type: ignore[union-attr]

        yield run
        process.stdin.close()


@pytest.fixture
def ride_eval_run(server: Callable[..., int], models: dict[str, Path], tmp_path: Path) -> Any:
    def run(*arguments: str, of: list[str] | None = None) -> Done:
        given = [*(of or model(models["llama"])), "--limit", "1", "--device", "cpu", *arguments]
        code = server(tmp_path, *given)
        return Done(given, code, (tmp_path / "stdout").read_text(), (tmp_path / "stderr").read_text())

    return run


def test_ride_eval_run_needs_no_bridge(ride_eval_run: Any, tmp_path: Path) -> None:
    done = ride_eval_run("--tasks", "ride_demo_commonsense_tag")
    assert "hoyer_mlp" in table(done)["ride_demo_commonsense_tag"]
    assert len(read_table(tmp_path / "run", "prompts")) == 1


def test_the_unquoted_glob_typed_beside_the_package_names_all_tasks(ride_eval_run: Any, shared: Path, tmp_path: Path) -> None:
    """The shell turns `ride_*` into the folder `ride_eval`, which the harness must not take for a folder of tasks."""
    (tmp_path / "ride_eval").mkdir()
    pytest.importorskip("math_verify", reason="ride_math is among them, and scored with the packages of lm-eval[math]")
    data = tmp_path / "data"
    stand_in_data.write(data, "mmlu", "mmlu_pro", "bbh", "musr", "truthfulqa", "math", n=1)
    for benchmark in ("gsm8k", "ifeval", "hellaswag", "arc_challenge", "winogrande"):
        (data / benchmark).symlink_to(shared / "data" / benchmark)
    metadata = json.dumps({"data_dir": str(data), "missing_scoring_data": "nan"})
    done = ride_eval_run("--tasks", "ride_eval", "--metadata", metadata, of=["--model", "dummy"])
    assert set(table(done)) - {""} == {file.stem for file in data_folder("tasks").glob("**/ride_*.yaml")}


def test_a_misspelled_task(ride_eval_run: Any, tmp_path: Path) -> None:
    done = ride_eval_run("--tasks", "ride_demo_math_exprt")
    assert_one_sentence(done, "There is no task ride_demo_math_exprt (did you mean ride_demo_math_expert?)", "--include_path")
    assert not (tmp_path / "run").exists()


def test_a_malformed_prompts_file(ride_eval_run: Any, tmp_path: Path) -> None:
    for name in ("arms.yaml", "domains.yaml"):
        content = (data_folder("prompts") / name).read_text()
        (tmp_path / name).write_text(content.replace("[ROUTE: {tag}]", "[ROUTE: {tga}]"))
    done = ride_eval_run("--tasks", "ride_demo_math_tag", "--metadata", json.dumps({"prompts": str(tmp_path)}))
    assert_one_sentence(done, f"{tmp_path / 'arms.yaml'}, line ", "arms.tag.wordings[0]", "{tga}")


def test_the_run_directory_of_another_model(ride_eval_run: Any, models: dict[str, Path], tmp_path: Path) -> None:
    assert ride_eval_run("--tasks", "ride_demo_commonsense_tag").returncode == 0
    done = ride_eval_run("--tasks", "ride_demo_commonsense_tag", of=model(models["qwen3"]))
    assert_one_sentence(done, "run holds another run", "model is ", "/llama'", "/qwen3'", "Give another run_dir")


def test_a_probe_that_a_model_has_no_place_for(ride_eval_run: Any, models: dict[str, Path]) -> None:
    done = ride_eval_run("--tasks", "ride_demo_math_tag", of=model(models["llama"], "run", "probes=routing"))
    assert_one_sentence(done, "`routing` was asked of LlamaForCausalLM, which has no router", "probes=all")


def test_data_that_are_not_there(ride_eval_run: Any, tmp_path: Path) -> None:
    done = ride_eval_run("--tasks", "ride_gsm8k_tag", "--metadata", json.dumps({"data_dir": str(tmp_path)}))
    assert_one_sentence(done, f"There is no data in {tmp_path / 'gsm8k'}", "<split>.jsonl")
    assert_one_sentence(ride_eval_run("--tasks", "ride_gsm8k_tag"), "openai/gsm8k", "cannot be loaded", "data_dir")


@pytest.mark.parametrize("flags", [["--use_cache", "cache"], ["--cache_requests", "true"]])
def test_the_harness_s_caches(flags: list[str], ride_eval_run: Any) -> None:
    assert_one_sentence(ride_eval_run("--tasks", "ride_demo_math_tag", *flags), f"{flags[0]} cannot be used", "Leave it out")


@pytest.mark.parametrize("content", [None, "{}", "no JSON"])
def test_a_model_that_cannot_be_loaded(content: str | None, ride_eval_run: Any, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    if content is not None:
        folder.mkdir()
        (folder / "config.json").write_text(content)
    done = ride_eval_run("--tasks", "ride_demo_math_tag", of=model(folder))
    assert_one_sentence(done, f"pretrained={folder} cannot be loaded")


def test_reporting_on_a_run_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["report", str(tmp_path / "nowhere")]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == (
        f"ride_eval: There is no run directory {tmp_path / 'nowhere'}. Give the run_dir of an `lm_eval --model ride` run.\n"
    )
