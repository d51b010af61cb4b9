"""A week's worth in small: many requests in one process; memory, open files and hooks stay what they were."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import nn

from ride_eval.model import RideLM
from ride_eval.recorder import Recorder
from ride_eval.store import read_status, shards
from tests.faults.conftest import times

KB_A_REQUEST = 8.0
"""At most: a request's key, scalars and answer are kept, since the harness takes all responses at the end; arrays are not."""


def resident() -> float:
    """Kilobytes of memory this process has."""
    gc.collect()
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return float(fields["VmRSS"].split()[0])


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def hooks(model: nn.Module) -> int:
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks")
    own = sum(len(getattr(module, kind)) for module in model.modules() for kind in kinds)
    return own + sum("_apply_gate" in vars(module) for module in model.modules())


def evaluate_many(n: int, models: dict[str, Path], evaluate: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run n requests (choices; every prompt has four), and look every so often; returns what was found, in words."""
    seen: list[tuple[int, float, int]] = []
    check, built = Recorder.check, []
    batches = 0

    def looking(self: Recorder) -> None:
        nonlocal batches
        check(self)
        batches += 1
        if batches % max(1, n // 4 // 16 // 20) == 0:
            seen.append((len(self._seen["choices"]), resident(), open_files()))

    made = RideLM.__init__

    def making(self: RideLM, *given: Any, **named: Any) -> None:
        made(self, *given, **named)
        built.append((self, hooks(self.model)))

    monkeypatch.setattr(Recorder, "check", looking)
    monkeypatch.setattr(RideLM, "__init__", making)
    documents = "".join(
        f'{{"id": "{i}", "question": "What is {i} + {i % 7}?", "choices": ["{i}", "{i + 1}", "{i + 2}", '
        f'"{i + 3}"], "answer": {i % 4}}}\n'
        for i in range(n // 4 // 2)
    )
    from tests.building import write_tasks

    (folder / "data").mkdir()
    (folder / "data" / "test.jsonl").write_text(documents)
    (folder / "long.yml").write_text(
        "task: long\ntest_split: test\noutput_type: multiple_choice\ndoc_to_text: '{{question}}'\ndoc_to_target: answer\n"
        "doc_to_choice: choices\nmetric_list:\n  - metric: acc\n"
    )
    write_tasks(folder, "long", {"base": "long.yml", "benchmark": "long", "domain": "math"}, "none", "tag")
    arguments = {"pretrained": str(models["olmoe"]), "run_dir": str(folder / "run")}
    evaluate("ride", ["ride_long_*"], model_args=arguments, include_path=str(folder), batch_size=16)
    assert read_status(folder / "run")["state"] == "complete"
    ((lm, before),) = built
    assert hooks(lm.model) == before, "hooks stayed on the model"
    late = seen[len(seen) // 4 :]  # after the libraries have what they keep
    requests, memory, files = (np.array(column, dtype=float) for column in zip(*late, strict=True))
    slope = float(np.polyfit(requests, memory, 1)[0])
    assert files.max() <= files.min() + 4, "files stay open"
    n_shards = sum(len(shards(folder / "run", table)) for table in ("prompts", "choices"))
    return (
        f"{int(seen[-1][0])} requests, {n_shards} shards: {slope * 1024:.0f} bytes a request ({memory[0] / 1024:.0f} to "
        f"{memory[-1] / 1024:.0f} MB), {files.min():.0f} to {files.max():.0f} open files, {before} hooks before and after"
        f"|{slope}"
    )


def test_hooks_and_files_are_given_back(
    models: dict[str, Path], evaluate: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluate_many(400, models, evaluate, tmp_path, monkeypatch)


@pytest.mark.faults
def test_fifty_thousand_requests_in_one_process(
    models: dict[str, Path], evaluate: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = evaluate_many(times("RIDE_REQUESTS", 50_000), models, evaluate, tmp_path, monkeypatch)
    words, slope = found.split("|")
    print(words)
    assert float(slope) < KB_A_REQUEST, words
