"""With all probes on, answers and log-likelihoods are the plain harness's, bit for bit."""

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
    plain = evaluate("hf", TASKS, model_args=plain_model, metadata=model, **settings)
    ours = evaluate("ride", TASKS, model_args={**model, "run_dir": str(tmp_path / "run")}, **settings)
    expected, got = responses(plain), responses(ours)
    assert expected.keys() == got.keys()
    assert len(expected) == 2 * 7 * 3
    for key, value in expected.items():
        assert got[key] == value, key
    first = ours["results"]["ride_demo_math_tag"]
    assert first["hoyer_mlp,number"] == first["hoyer_mlp,number"], "a NaN here would mean that no probe was on"
    assert ("router_entropy,number" in first) == (architecture in MIXTURES)
