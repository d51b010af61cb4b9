"""Expert ids of all prompt tokens, where they are asked for."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ride_eval.analysis import specialization
from ride_eval.analysis.specialization import coactivations, domain_specialization, saturation, vocabulary_specialization
from ride_eval.errors import RunError
from ride_eval.store import read_manifest, read_table
from tests.architectures import MIXTURES
from tests.test_probes_reference import Reference

TASKS = ["ride_demo_math_none", "ride_demo_math_tag", "ride_demo_commonsense_none"]


def measure(evaluate: Any, model: Path, run: Path, **arguments: Any) -> Path:
    model_args = {"pretrained": str(model), "run_dir": str(run), "num_samples": 0, **arguments}
    evaluate("ride", TASKS, model_args=model_args, limit=2, batch_size=4)
    return run


@pytest.mark.parametrize("share_prefill", [True, False])
@pytest.mark.parametrize("architecture", MIXTURES)
def test_ids_of_all_prompt_tokens_are_the_router_s(
    architecture: str, share_prefill: bool, models: dict[str, Path], tmp_path: Path, evaluate: Any
) -> None:
    """Padded either way, in the order of the prompt, a token's by falling weight."""
    model, settings = models[architecture], {"share_prefill": share_prefill}
    run = measure(evaluate, model, tmp_path / "prompt", store_routes="prompt", **settings)
    reference = Reference(model)
    manifest = read_manifest(run)
    layers, k = manifest["model"]["moe_layers"], manifest["model"]["experts_per_token"]
    assert manifest["identity"]["store_routes"] == "prompt"
    texts = read_table(run, "prompts").set_index(["task", "document", "arm"])["text"]
    rows = read_table(run, "routes")
    assert len(rows) == 6
    for row in rows.to_dict("records"):
        text = texts[row["task"], row["document"], row["arm"]]
        ids = reference.tokenizer(text.rstrip() if row["task"] == "demo_commonsense" else text)["input_ids"]
        assert row["prompt_token_ids"].tolist() == ids
        seen, _ = reference.run(ids)
        stored = row["prompt_experts"].reshape(len(ids), len(layers), k)
        for place, layer in enumerate(layers):
            assert stored[:, place].tolist() == seen.routes[layer].experts.tolist()
        assert len(row["token_ids"]) < len(ids)
    question = measure(evaluate, model, tmp_path / "question", **settings)
    plain = read_table(question, "routes")
    assert plain["prompt_experts"].isna().all(), "not asked for, not stored"
    assert plain["experts"].map(list).tolist() == rows["experts"].map(list).tolist()


def test_the_four_look_at_the_tokens_they_are_asked_for(
    models: dict[str, Path], tmp_path: Path, evaluate: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(specialization, "MIN_OCCURRENCES", 2)
    run = measure(evaluate, models["olmoe"], tmp_path / "run", store_routes="prompt")
    rows = read_table(run, "routes").query("arm == 'none'")
    tokens = Counter(token for ids in rows["prompt_token_ids"] for token in ids.tolist())
    found = vocabulary_specialization(run, span="prompt")
    assert found.token_ids.tolist() == sorted(token for token, n in tokens.items() if n >= 2)
    assert found.occurrences.sum() == sum(n for n in tokens.values() if n >= 2)
    assert saturation(run, run, span="prompt").n_tokens == sum(tokens.values()) > saturation(run, run).n_tokens
    experts = np.concatenate([ids.reshape(-1, 3, 3) for ids in rows["prompt_experts"]])
    both = [(0 in token[1]) and (5 in token[1]) for token in experts.tolist()]
    first = [0 in token[1] for token in experts.tolist()]
    assert coactivations(run, span="prompt")[1, 0, 5] == pytest.approx(sum(both) / sum(first))
    shares = domain_specialization(run, span="prompt")
    assert all(share.sum(-1) == pytest.approx(np.full(3, 3.0)) for share in shares.values())


def test_a_run_stores_the_same_for_all_its_prompts(models: dict[str, Path], tmp_path: Path, evaluate: Any) -> None:
    run = measure(evaluate, models["olmoe"], tmp_path / "run")
    with pytest.raises(RunError, match="store_routes is 'question' there and 'prompt' here"):
        measure(evaluate, models["olmoe"], tmp_path / "run", store_routes="prompt")
    with pytest.raises(RunError, match="measure it with store_routes=prompt"):
        coactivations(run, span="prompt")
