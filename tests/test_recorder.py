"""The writing side of a run directory: nothing is written twice, mixed with another run, or called complete when it is not."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ride_eval.errors import RunError
from ride_eval.prompt import TemplateSettings
from ride_eval.recorder import Recorder, recorder_of
from ride_eval.store import MEASURED, METRIC_VERSION, Key, read_manifest, read_status, read_table, shards

MANIFEST = {
    "identity": {"model": "a/b", "revision": "main", "chat_template": "c" * 64, "seed": 0},
    "settings": {"probes": ["density"]},
    "model": {"name": "b"},
}
SETTINGS = TemplateSettings(chat_template=True, multiturn=False, system_instruction=None, placement="user", prompts="d" * 64)
KEY = Key("gsm8k", "0" * 64, 0, "none", 0, 0)
Make = Callable[..., Recorder]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Recorders of one run directory, closed at the end of the test and not of the session."""
    made: list[Recorder] = []

    def start(manifest: Any = MANIFEST, settings: TemplateSettings | None = SETTINGS, **kwargs: Any) -> Recorder:
        recorder = Recorder(tmp_path / "run", manifest, **kwargs)
        made.append(recorder)
        if settings is not None:
            recorder.open(settings)
        return recorder

    yield start
    for recorder in made:
        recorder.close()


def prompt(**changes: Any) -> Any:
    """What `expect` looks at."""
    rendering = SimpleNamespace(text="Q")
    return SimpleNamespace(**{"key": KEY, "fewshot": 0, "decoding": "", "rendering": rendering, **changes})


def prompt_row(number: int = 0, **changes: Any) -> dict[str, Any]:
    row = {**KEY._replace(occurrence=number)._asdict(), "fewshot": 0, "decoding": "", "text": "Q", "reason": None}
    return {**row, "mlp_hoyer": [0.25, 0.5], **changes}


def answer_row(answer: str = "greedy", sample: int = 0, **changes: Any) -> dict[str, Any]:
    return {**KEY._asdict(), "answer": answer, "sample": sample, "text": f"{answer} {sample}", "token_ids": [7, 1], **changes}


def differing(**changes: Any) -> dict[str, Any]:
    return {**MANIFEST, "identity": {**MANIFEST["identity"], **changes}}


def test_run_json_comes_first_and_says_what_was_run(make: Make) -> None:
    recorder = make()
    manifest = read_manifest(recorder.run)
    template = {"multiturn": False, "system_instruction": None, "placement": "user", "prompts": "d" * 64}
    assert manifest["identity"] == {**MANIFEST["identity"], **template, "metrics": METRIC_VERSION}
    assert (manifest["settings"], manifest["model"]) == (MANIFEST["settings"], MANIFEST["model"])
    assert sorted(file.name for file in recorder.run.iterdir()) == ["lock-r0.json", "run.json"]


def test_a_template_that_is_not_applied_is_no_part_of_the_identity(make: Make) -> None:
    recorder = make(settings=TemplateSettings(**{**vars(SETTINGS), "chat_template": False}))
    assert read_manifest(recorder.run)["identity"]["chat_template"] is None


def test_nothing_is_made_before_the_first_request(make: Make) -> None:
    """A run over the harness's own tasks leaves no directory behind."""
    recorder = make(settings=None)
    recorder.close()
    assert not recorder.run.exists()


@pytest.mark.parametrize(("field", "value"), [("model", "a/c"), ("revision", "dev"), ("seed", 1)])
def test_another_model_is_refused_before_it_does_any_work(field: str, value: Any, make: Make) -> None:
    make().close()
    with pytest.raises(RunError, match=f"{field} is {MANIFEST['identity'][field]!r} there and {value!r} here"):
        make(differing(**{field: value}), settings=None)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("chat_template", False),
        ("multiturn", True),
        ("system_instruction", "Hi"),
        ("placement", "system"),
        ("prompts", "e" * 64),
    ],
)
def test_another_template_is_refused_with_the_first_request(field: str, value: Any, make: Make) -> None:
    first = make()
    first.close()
    before = (first.run / "run.json").read_bytes()
    with pytest.raises(RunError, match=f"{field} is "):
        make(settings=TemplateSettings(**{**vars(SETTINGS), field: value}))
    assert (first.run / "run.json").read_bytes() == before, "run.json is never rewritten"


def test_other_few_shot_or_decoding_of_a_task_is_refused_also_after_reopening(make: Make) -> None:
    """Both decide what is asked, but differ between the tasks of one run."""
    first = make()
    first.expect("ride_gsm8k_none", prompt(fewshot=5, decoding='{"until": []}'))
    first.expect("ride_arc_none", prompt(key=KEY._replace(task="arc")))
    first.add("prompts", prompt_row(fewshot=5, decoding='{"until": []}'))
    first.close()
    for recorder in (first, make()):
        recorder.expect("ride_gsm8k_tag", prompt(fewshot=5, decoding='{"until": []}'))
        with pytest.raises(RunError, match=r"holds gsm8k with num_fewshot=5 .*now 0 and"):
            recorder.expect("ride_gsm8k_tag", prompt(fewshot=0, decoding='{"until": []}'))
        with pytest.raises(RunError, match=r"now 5 and \(none\) were given"):
            recorder.expect("ride_gsm8k_tag", prompt(fewshot=5))


def test_a_prompt_that_reads_otherwise_is_refused(make: Make) -> None:
    """An edited task or another few-shot seed has the same key; its stored answers would come back as the new prompt's."""
    first = make()
    first.add("prompts", prompt_row())
    first.close()
    second = make()
    second.expect("ride_gsm8k_none", prompt())
    with pytest.raises(RunError, match="holds gsm8k, arm none, with another prompt for the same document"):
        second.expect("ride_gsm8k_none", prompt(rendering=SimpleNamespace(text="Q, edited")))


def test_what_is_there_comes_back_and_is_not_written_again(make: Make) -> None:
    first = make()
    for row in (prompt_row(0), prompt_row(1)):
        first.add("prompts", row)
    for row in (answer_row(), answer_row("sample", 0), answer_row("sample", 1), answer_row("forced", text=None)):
        first.add("generations", row)
    first.add("choices", {**KEY._asdict(), "choice": 2, "loglikelihood": -1.5, "greedy": True})
    first.add("prompts", prompt_row(0, text="the same key again"))
    first.close()
    second = make()
    assert second.prompts[KEY]["mlp_hoyer"].tolist() == [0.25, 0.5]
    assert second.generations[KEY, "greedy"]["token_ids"].tolist() == [7, 1]
    assert (KEY, "forced") in second.generations
    assert [row["text"] for row in second.samples[KEY]] == ["sample 0", "sample 1"]
    assert second.choices[KEY, 2]["loglikelihood"] == -1.5
    written = len(shards(second.run, "prompts"))
    for table, row in (("prompts", prompt_row(0)), ("generations", answer_row("sample", 1)), ("prompts", prompt_row(2))):
        second.add(table, row)
    second.flush()
    assert read_table(second.run, "prompts")["occurrence"].tolist() == [0, 1, 2]
    assert read_table(second.run, "prompts")["text"].tolist() == ["Q", "Q", "Q"]
    assert len(shards(second.run, "prompts")) == written + 1
    assert len(shards(second.run, "generations")) == 1


def test_a_damaged_shard_is_set_aside_on_opening_and_its_rows_are_written_again(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    first = make()
    for number in range(2):
        first.add("prompts", prompt_row(number))
        first.flush()
    first.expect("ride_gsm8k_none", prompt())
    first.close()
    name, whole = shards(first.run, "prompts")
    content = (first.run / name).read_bytes()
    (first.run / name).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    second = make()
    assert f"The shard {name} was damaged" in caplog.text
    assert list(second.prompts) == [KEY._replace(occurrence=1)]
    second.add("prompts", prompt_row(0))
    second.flush()
    second.expect("ride_gsm8k_none", prompt())
    second.scored("ride_gsm8k_none")
    assert sorted(read_table(second.run, "prompts")["occurrence"]) == [0, 1]
    assert (second.run / f"{name}.corrupt").read_bytes()[:-1] == content[:-1], "kept, for who wants to know"
    assert whole in shards(second.run, "prompts")
    assert read_status(second.run)["set_aside"] == [f"{name}.corrupt"]


def test_a_run_is_complete_when_the_last_task_is_scored(make: Make) -> None:
    recorder = make()
    for task in ("ride_gsm8k_none", "ride_gsm8k_tag"):
        recorder.expect(task, prompt())
    recorder.add("prompts", prompt_row(0))
    recorder.add("prompts", prompt_row(1, reason="truncated"))
    recorder.flush()
    recorder.scored("ride_gsm8k_none")
    assert read_status(recorder.run) == {"state": "incomplete"}
    recorder.scored("ride_gsm8k_tag")
    status = read_status(recorder.run)
    assert (status["state"], status["error"], status["reasons"]) == ("complete", None, {"truncated": 1})
    assert status["rows"] == {"requests": 1, "prompts": 2, "generations": 0, "choices": 0, "routes": 0, "scores": 0}
    recorder.close()
    assert read_status(recorder.run) == status


def test_a_run_that_ends_early_says_what_is_missing(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(sys, "last_value", raising=False)
    recorder = make()
    for task in ("ride_gsm8k_none", "ride_gsm8k_tag"):
        recorder.expect(task, prompt())
    recorder.add("prompts", prompt_row())
    recorder.scored("ride_gsm8k_tag")
    recorder.close()
    status = read_status(recorder.run)
    assert (status["state"], status["error"]) == ("failed", "ended before scoring ride_gsm8k_none")
    assert status["rows"]["prompts"] == 1, "what was measured is on the disk"


def test_a_run_that_fails_says_by_which_error(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = make()
    recorder.expect("ride_gsm8k_none", prompt())
    monkeypatch.setattr(sys, "last_value", MemoryError("out of memory"), raising=False)
    recorder.close()
    assert read_status(recorder.run)["error"] == "MemoryError: out of memory"


def test_a_run_that_goes_on_is_no_longer_complete(make: Make) -> None:
    first = make()
    first.expect("ride_gsm8k_none", prompt())
    first.scored("ride_gsm8k_none")
    first.close()
    make()
    assert read_status(first.run) == {"state": "incomplete"}


def test_a_failed_attempt_does_not_mark_a_later_complete_one_failed(make: Make) -> None:
    """In a notebook: the first call is interrupted, the same call then succeeds, and the kernel ends."""
    first = make()
    first.expect("ride_gsm8k_none", prompt())
    second = make()
    second.expect("ride_gsm8k_none", prompt())
    second.add("prompts", prompt_row())
    second.scored("ride_gsm8k_none")
    second.close()
    first.close()
    assert read_status(first.run)["state"] == "complete"


@pytest.fixture
def ranks(make: Make, monkeypatch: pytest.MonkeyPatch) -> list[Recorder]:
    """Two recorders as two processes have them, each with one prompt of one task."""
    both = []
    for rank in (0, 1):
        monkeypatch.setattr("ride_eval.recorder._open", {})
        recorder = make(rank=rank, world_size=2)
        recorder.expect("ride_gsm8k_none", prompt())
        recorder.add("prompts", prompt_row(rank))
        both.append(recorder)
    return both


def files(recorder: Recorder) -> set[str]:
    return {file.name[:10] for file in recorder.run.iterdir()}


def test_rank_0_writes_what_is_one_for_all_ranks_when_all_are_done(ranks: list[Recorder]) -> None:
    first, other = ranks
    for recorder in ranks:
        recorder.flush()
        recorder.scored("ride_gsm8k_none")
    other.finish()
    other.close()
    assert files(first) >= {"run.json", "prompts-r0", "prompts-r1"}
    assert not (first.run / "status.json").exists(), "its own scores do not make the run complete"
    first.finish()
    first.close()
    status = read_status(first.run)
    assert (status["state"], status["error"]) == ("complete", None)
    assert status["rows"] == {**dict.fromkeys(MEASURED, 0), "requests": 2, "prompts": 2}


def test_the_first_rank_that_fails_says_why(ranks: list[Recorder], monkeypatch: pytest.MonkeyPatch) -> None:
    first, other = ranks
    monkeypatch.setattr(sys, "last_value", ValueError("no such token"), raising=False)
    other.close()
    first.scored("ride_gsm8k_none")
    monkeypatch.setattr(sys, "last_value", RunError("Another process of this run has ended."), raising=False)
    first.close()
    assert read_status(first.run)["error"] == "process 1: ValueError: no such token"


def test_rank_0_alone_at_the_end_is_no_complete_run(ranks: list[Recorder]) -> None:
    first = ranks[0]
    first.scored("ride_gsm8k_none")
    first.close()
    assert (read_status(first.run)["state"], read_status(first.run)["error"]) == (
        "failed", "process 0: ended before the other processes",
    )  # fmt: skip


def test_a_directory_that_not_all_ranks_see_is_refused(make: Make) -> None:
    with pytest.raises(RunError, match=r"Process 1 does not find .*run.json, which process 0 wrote"):
        make(rank=1, world_size=2)


def test_a_place_that_cannot_hold_a_run_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match=r"run_dir=.*file is a file"):
        Recorder(tmp_path / "file", MANIFEST)
    with pytest.raises(RunError, match=r"Cannot make run_dir=.*file/run: Not a directory"):
        Recorder(tmp_path / "file" / "run", MANIFEST).open(SETTINGS)


def test_tasks_find_the_recorder_by_the_path_a_measurement_carries(make: Make) -> None:
    recorder = make()
    assert recorder_of(str(recorder.run)) is recorder
    assert recorder_of(str(recorder.run) + "x") is None
