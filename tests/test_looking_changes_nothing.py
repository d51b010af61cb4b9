"""With all probes on, a model's answers and log-likelihoods are the plain harness's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.architectures import ARCHITECTURES, MIXTURES

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
