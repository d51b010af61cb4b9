"""With all probes on, a model's answers and log-likelihoods are the plain harness's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ride_eval.store import read_table
from tests.architectures import ARCHITECTURES, MIXTURES
from tests.test_adding_to_a_run import assert_equal_rows

TASKS = ["ride_demo_math_*", "ride_demo_commonsense_*"]


def responses(results: dict[str, Any]) -> dict[tuple[str, int, str], Any]:
    return {
        (task, sample["doc_id"], sample["filter"]): sample["resps"]
        for task, samples in results["samples"].items()
        for sample in samples
    }


@pytest.mark.parametrize("batch_size", [1, 4])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_responses_are_the_plain_harness_s(
    architecture: str, batch_size: int, models: dict[str, Path], tmp_path: Path, evaluate: Any
) -> None:
    settings = {"batch_size": batch_size, "limit": 3, "apply_chat_template": batch_size == 4}
    model = {"pretrained": str(models[architecture])}
    plain_model = dict(model)
    if architecture == "olmoe" and batch_size > 1:
        # The saved config asks for router logits, which crashes the plain harness's batched generation.
        plain_model["output_router_logits"] = False  # type: ignore[assignment]
    expected = responses(evaluate("hf", TASKS, model_args=plain_model, metadata=model, **settings))
    assert len(expected) == 2 * 7 * 3

    own_batches = evaluate(
        "ride", TASKS, model_args={**model, "run_dir": str(tmp_path / "own"), "share_prefill": False}, **settings
    )
    assert responses(own_batches) == expected, "the harness's own batches: equal to the last bit"
    first = own_batches["results"]["ride_demo_math_tag"]
    assert first["hoyer_mlp,number"] == first["hoyer_mlp,number"], "a NaN here would mean that no probe was on"
    assert ("router_entropy,number" in first) == (architecture in MIXTURES)

    shared = responses(
        evaluate("ride", TASKS, model_args={**model, "run_dir": str(tmp_path / "shared"), "num_samples": 3}, **settings)
    )
    assert shared.keys() == expected.keys()
    for key, wanted in expected.items():
        if "math" in key[0]:
            assert shared[key] == wanted, key
        else:
            for ((likelihood, greedy),), ((plain, plain_greedy),) in zip(shared[key], wanted, strict=True):
                assert likelihood == pytest.approx(plain, abs=1e-4)
                assert greedy == plain_greedy


SYSTEM = "You answer questions. " + " ".join(f"Rule {i}: be brief, be right, and never guess a number." for i in range(9))
"""More than the 64 tokens from which on a prefix is shared."""


@pytest.mark.parametrize("batch_size", [1, 4])
@pytest.mark.parametrize("architecture", ["olmoe", "mistral"])
def test_a_shared_prefix_changes_nothing_either(
    architecture: str, batch_size: int, models: dict[str, Path], tmp_path: Path, evaluate: Any
) -> None:
    """Read once for the prompts of an arm that share it; for Mistral it is longer than the window."""
    tasks = ["ride_demo_math_none", "ride_demo_math_expert", "ride_demo_commonsense_tag"]
    settings = {"batch_size": batch_size, "limit": 3, "apply_chat_template": True, "system_instruction": SYSTEM}
    model = {"pretrained": str(models[architecture])}
    plain_model = {**model, "output_router_logits": False} if architecture == "olmoe" else model
    expected = responses(evaluate("hf", tasks, model_args=plain_model, metadata=model, **settings))

    def measure(name: str, **arguments: Any) -> tuple[dict[Any, Any], Path]:
        run = tmp_path / name
        results = evaluate("ride", tasks, model_args={**model, "run_dir": str(run), "num_samples": 2, **arguments}, **settings)
        return responses(results), run

    found, run = measure("reuse", token_budget=3 * 3 * 400) if batch_size == 4 else measure("reuse")
    for key, wanted in expected.items():
        if "math" in key[0]:
            assert found[key] == wanted, key
        else:
            for ((likelihood, greedy),), ((plain, plain_greedy),) in zip(found[key], wanted, strict=True):
                assert likelihood == pytest.approx(plain, abs=1e-4)
                assert greedy == plain_greedy
    assert (read_table(run, "prompts")["shared_tokens"] >= 64).all()
    without, plain_run = measure("whole", reuse_prefix=False)
    assert without.keys() == found.keys()
    assert (read_table(plain_run, "prompts")["shared_tokens"] == 0).all()
    empty = set() if architecture in MIXTURES else {"routes"}
    assert_equal_rows(run, plain_run, but={"shared_tokens"}, empty=empty)
