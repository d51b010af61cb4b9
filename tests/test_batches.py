"""How batches are cut, and that running out of memory costs time and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from lm_eval.models.huggingface import HFLM

import ride_eval.shared
from ride_eval.batching import Batches, find_budget, is_out_of_memory, largest, trial
from ride_eval.doctor.generation import hooks
from ride_eval.errors import UsageError
from ride_eval.ledger import Ledger
from ride_eval.model import RideLM
from ride_eval.probes.bundle import Reading
from tests.test_adding_to_a_run import assert_equal_rows

ERRORS: dict[str, Callable[[], Exception]] = {
    "device": lambda: torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    "host": lambda: RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory: you tried"),
    "Python": MemoryError,
}


def lengths(batches: Batches, costs: Sequence[int], most: int = 10**9) -> list[list[int]]:
    """The batches that were worked on, where one of more than `most` tokens does not fit."""
    done: list[list[int]] = []

    def work(batch: Sequence[int]) -> int:
        if len(batch) * max(batch) > most:
            raise MemoryError
        done.append(list(batch))
        return len(batch)

    assert sum(batches.run(costs, lambda item: item, work)) == len(costs)
    return done


def test_by_rows_or_by_tokens_padding_counted() -> None:
    assert lengths(Batches(rows=2), [9, 5, 4]) == [[9, 5], [4]]
    assert lengths(Batches(tokens=18), [9, 5, 4, 4, 4, 4, 4]) == [[9, 5], [4, 4, 4, 4], [4]]
    assert lengths(Batches(tokens=18), [5, 9, 4]) == [[5, 9], [4]], "the dearest need not come first"
    assert lengths(Batches(tokens=3), [9, 5]) == [[9], [5]], "one that is over the budget is tried all the same"
    assert lengths(Batches(rows=8), []) == []


def test_what_does_not_fit_is_halved_and_everything_is_done_once() -> None:
    items = [9, 8, 7, 6, 5, 4, 3, 2, 1]
    rows = Batches(rows=8)
    assert lengths(rows, items, most=20) == [[9, 8], [7, 6], [5, 4], [3, 2], [1]]
    assert rows.rows == 2, "kept for what comes after"
    tokens = Batches(tokens=72)
    assert lengths(tokens, items, most=20) == [[9, 8], [7, 6], [5, 4, 3], [2, 1]]


def test_one_that_does_not_fit_is_an_error_and_others_pass_through() -> None:
    with pytest.raises(UsageError, match="One prompt with all that is asked of it, 9 tokens, does not fit into memory"):
        lengths(Batches(rows=4), [9, 5], most=8)

    def fail(_: Sequence[int]) -> int:
        raise RuntimeError("shapes do not match")

    with pytest.raises(RuntimeError, match="shapes"):
        list(Batches(rows=4).run([1, 2], int, fail))


@pytest.mark.parametrize("kind", ERRORS)
def test_errors_of_either_memory_are_told_from_others(kind: str) -> None:
    assert is_out_of_memory(ERRORS[kind]())
    assert not is_out_of_memory(RuntimeError("expected scalar type Float")) and not is_out_of_memory(
        ValueError("out of memory")
    )


def test_a_budget_is_the_first_half_that_fits() -> None:
    tried: list[int] = []

    def attempt(tokens: int) -> None:
        tried.append(tokens)
        if tokens > 100:
            raise ERRORS["device"]()

    assert largest(512, attempt) == 64 and tried == [512, 256, 128, 64]
    assert largest(512, lambda _: (_ for _ in ()).throw(MemoryError())) == 1
    with pytest.raises(RuntimeError, match="other"):
        largest(8, lambda _: (_ for _ in ()).throw(RuntimeError("other")))


def test_a_trial_feeds_that_many_tokens(models: dict[str, Path]) -> None:
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(models["llama"])
    fed: list[tuple[int, ...]] = []
    model.register_forward_pre_hook(lambda _, __, kwargs: fed.append(tuple(kwargs["input_ids"].shape)), with_kwargs=True)
    trial(model, 120, 31, torch.device("cpu"))
    assert fed == [(4, 30), (4, 1)]
    assert find_budget(model, 512, torch.device("cpu")) > 512


PLACES: dict[str, tuple[Any, str]] = {
    "reading the prompts of choices": (ride_eval.shared, "prefill"),
    "scoring choices": (ride_eval.shared, "follow"),
    "writing": (HFLM, "_model_generate"),
    "reading a probe": (Reading, "prompt_rows"),
    "writing the rows": (Ledger, "write"),
    "between two prompts' rows": (Ledger, "add_answers"),
}


@pytest.fixture(scope="module")
def measure(models: dict[str, Path], evaluate: Any) -> Callable[..., None]:
    def run(folder: Path, **arguments: Any) -> None:
        model = {"pretrained": str(models["olmoe"]), "run_dir": str(folder), "num_samples": 1, **arguments}
        tasks = ["ride_demo_math_none", "ride_demo_math_tag", "ride_demo_commonsense_tag"]
        evaluate("ride", tasks, model_args=model, limit=4, batch_size=4, apply_chat_template=True)

    return run


@pytest.fixture(scope="module")
def whole(measure: Callable[..., None], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "whole"
    measure(folder)
    return folder


@pytest.mark.parametrize("place", PLACES)
def test_no_record_is_lost_or_doubled(
    place: str, whole: Path, measure: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory runs out at the first batch, and again in the second half of it, in two ways; and no hook stays behind."""
    owner, name = PLACES[place]
    original = getattr(owner, name)
    calls: list[int] = []
    kinds = list(ERRORS)

    def failing(*args: Any, **kwargs: Any) -> Any:
        calls.append(1)
        if len(calls) in (1, 3):
            raise ERRORS[kinds[(len(calls) + len(name)) % 3]]()
        return original(*args, **kwargs)

    monkeypatch.setattr(owner, name, failing)
    seen: list[Any] = []
    opened = RideLM._open
    monkeypatch.setattr(RideLM, "_open", lambda self, requests: (seen.append(self), opened(self, requests))[1])
    measure(tmp_path / "run")
    assert len(calls) > 4
    assert_equal_rows(tmp_path / "run", whole)
    assert hooks(seen[0]) == (0, "sdpa")


def test_a_budget_changes_no_row(whole: Path, measure: Callable[..., None], tmp_path: Path) -> None:
    measure(tmp_path / "run", token_budget=200)
    assert_equal_rows(tmp_path / "run", whole)
