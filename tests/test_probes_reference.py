"""Each probe against a slow reference: full hidden states and router logits of one unpadded prompt at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from ride_eval.doctor import references
from ride_eval.doctor.references import MEASURES, SORTED, Vector, Witness, distribution, entropy, gate_shares
from ride_eval.probes import held, layout
from ride_eval.probes.bundle import Bundle
from ride_eval.probes.layout import Layout, MeasuredRow
from ride_eval.store import read_manifest, read_table
from tests.architectures import ARCHITECTURES, MIXTURES

TOLERANCE = 1e-5
N_SORTED = 7
"""The demo's questions are shorter than the 64 tokens that sorting is limited to."""


class Reference:
    """One prompt through the bare model, alone and unpadded, everything kept."""

    def __init__(self, folder: Path) -> None:
        self.model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        self.model.config.output_router_logits = False
        self.tokenizer = AutoTokenizer.from_pretrained(folder)

    def run(self, ids: list[int]) -> tuple[Witness, Vector]:
        return references.run(self.model, ids)


def close(got: float, expected: float) -> bool:
    return got == pytest.approx(expected, rel=TOLERANCE, abs=1e-7)


@pytest.mark.parametrize(("share_prefill", "waiting"), [(True, held.VALUES), (True, 1), (False, held.VALUES)])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_probes_equal_their_references(
    architecture: str,
    share_prefill: bool,
    waiting: int,
    models: dict[str, Path],
    tmp_path: Path,
    evaluate: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Padded left in the shared prefill; in the harness's batches left for answers, right for choices. Layers wait for one
    another, or none does, as those of long prompts."""
    monkeypatch.setattr(held, "VALUES", waiting)
    monkeypatch.setattr(layout, "SORTED_TOKENS", N_SORTED)
    run = tmp_path / "run"
    model_args = {
        "pretrained": str(models[architecture]),
        "run_dir": str(run),
        "share_prefill": share_prefill,
        "num_samples": 2,
    }
    tasks = ["ride_demo_math_none", "ride_demo_math_expert", "ride_demo_commonsense_none", "ride_demo_commonsense_tag"]
    evaluate("ride", tasks, model_args=model_args, limit=3, batch_size=4)
    reference = Reference(models[architecture])
    prompts = read_table(run, "prompts")
    assert len(prompts) == 12
    assert prompts["reason"].isna().all()
    routes = read_table(run, "routes")
    manifest = read_manifest(run)["model"]
    assert manifest["moe_layers"] == {"olmoe": [0, 1, 2], "mixtral": [0, 1, 2], "qwen3_moe": [0, 2]}.get(architecture, [])
    checked_routes = 0
    for row in prompts.to_dict("records"):
        ids = reference.tokenizer(row["text"].rstrip() if row["task"] == "demo_commonsense" else row["text"])["input_ids"]
        seen, _ = reference.run(ids)
        # The demo's questions are what follows the meta text and its separator; all tokens but the first align.
        offsets = reference.tokenizer(row["text"], return_offsets_mapping=True)["offset_mapping"]
        start = len(row["meta"]) + 2 if row["meta"] else 0
        question = [i for i, (_, end) in enumerate(offsets) if end > start][1:]
        assert row["aligned_tokens"] == len(question) > N_SORTED
        assert row["sorted_tokens"] == N_SORTED
        spaced = [question[i * (len(question) - 1) // (N_SORTED - 1)] for i in range(N_SORTED)]
        for layer in range(3):
            values: dict[str, list[float]] = {f"{site}_{name}": [] for site in ("mlp", "resid") for name in MEASURES}
            for token in question:
                vectors = seen.activations(layer, token)
                for name, measure in MEASURES.items():
                    if name not in SORTED or token in spaced:
                        values[f"mlp_{name}"].append(float(np.mean([measure(v) for v in vectors])))
                        values[f"resid_{name}"].append(measure(seen.resid[layer][token].numpy()))
            for name, tokens in values.items():
                assert close(row[name][layer], float(np.mean(tokens))), (name, layer)
                assert close(row[f"{name}_median"][layer], float(np.median(tokens))), (name, layer)
        if architecture not in MIXTURES:
            assert row["router_entropy"] is None
            continue
        layers, k, n_experts = manifest["moe_layers"], manifest["experts_per_token"], manifest["experts"]
        for name, tokens in (("routing_question", question), ("routing_prompt", list(range(len(ids))))):
            counts = np.zeros((len(layers), n_experts), dtype=int)
            for i, layer in enumerate(layers):
                for token in tokens:
                    for expert in seen.routes[layer].experts[token].tolist():
                        counts[i, expert] += 1
            assert row[name].tolist() == counts.ravel().tolist()
            assert (counts.sum(1) == len(tokens) * k).all()
            gates = [gate_shares(seen.routes[layer].experts, seen.routes[layer].weights, tokens, n_experts) for layer in layers]
            assert row[name.replace("routing", "gates")] == pytest.approx(np.concatenate(gates), abs=TOLERANCE)
        for i, layer in enumerate(layers):
            expected = np.mean([entropy(seen.routes[layer].logits[token].numpy()) for token in question])
            assert close(row["router_entropy"][i], float(expected))
            ordered = [sorted(distribution(seen.routes[layer].logits[token].numpy()))[::-1] for token in question]
            margins = [p[k - 1] - p[k] for p in ordered]
            assert row["router_margin"][i] == pytest.approx(np.mean(margins), abs=TOLERANCE)
        key = ["task", "document", "arm"]
        (route,) = routes[(routes[key] == [row[name] for name in key]).all(axis=1)].to_dict("records")
        assert route["token_ids"].tolist() == [ids[token] for token in question]
        stored = route["experts"].reshape(len(question), len(layers), k)
        for position, token in enumerate(question):
            for i, layer in enumerate(layers):
                assert stored[position, i].tolist() == seen.routes[layer].experts[token].tolist()
        checked_routes += 1
    assert checked_routes == (12 if architecture in MIXTURES else 0)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_batch_without_question_tokens(architecture: str, models: dict[str, Path]) -> None:
    """Layers of unequal kinds among them: what a prompt has without a question is still measured."""
    model = AutoModelForCausalLM.from_pretrained(models[architecture], dtype=torch.float32).eval()
    model.config.output_router_logits = False
    row = MeasuredRow(row=0, start=0, n_tokens=20, question=(), meta=range(1, 5))
    with Bundle(model, None).attached(Layout((1, 20), [row]), decoding=False) as reading, torch.no_grad():
        model(input_ids=torch.arange(2, 22)[None])
    (found,) = reading.prompt_rows(1)
    assert found.keys() == {"meta_mass", *(("routing_prompt", "gates_prompt") if architecture in MIXTURES else ())}


@pytest.mark.parametrize("share_prefill", [True, False])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_entropies_equal_their_references(
    architecture: str, share_prefill: bool, models: dict[str, Path], tmp_path: Path, evaluate: Any
) -> None:
    run = tmp_path / "run"
    model_args = {
        "pretrained": str(models[architecture]),
        "run_dir": str(run),
        "share_prefill": share_prefill,
        "num_samples": 2,
    }
    tasks = ["ride_demo_math_none", "ride_demo_math_expert", "ride_demo_format_none", "ride_demo_format_expert"]
    evaluate("ride", tasks, model_args=model_args, limit=2, batch_size=4)
    reference = Reference(models[architecture])
    generations = read_table(run, "generations").set_index(["task", "document", "arm", "answer"])
    prompts = read_table(run, "prompts")
    forced = 0
    for row in prompts.to_dict("records"):
        ids = reference.tokenizer(row["text"])["input_ids"]
        greedy = generations.loc[row["task"], row["document"], row["arm"], "greedy"]
        answers = [("greedy", greedy)]
        if row["arm"] != "none":
            answers.append(("forced", generations.loc[row["task"], row["document"], row["arm"], "forced"]))
            forced += 1
        for kind, stored in answers:
            source = greedy if kind == "greedy" else generations.loc[row["task"], row["document"], "none", "greedy"]
            tokens = source["token_ids"].tolist()
            logits = reference.run(ids + tokens)[1][len(ids) - 1 : -1]
            assert len(stored["entropies"]) == len(tokens) > 0
            for i, token in enumerate(tokens):
                assert close(stored["entropies"][i], entropy(logits[i])), (kind, i)
                assert stored["logprobs"][i] == pytest.approx(references.logprob(logits[i], token), rel=TOLERANCE, abs=1e-5)
        if architecture in MIXTURES:
            routes = reference.run(ids + greedy["token_ids"].tolist())[0].routes
            fed = min(32, len(greedy["token_ids"]) - (greedy["finish"] != "stop"))
            assert fed > 0
            counts = [
                np.bincount(chosen[len(ids) : len(ids) + fed].ravel().numpy(), minlength=scores.shape[1])
                for _, (scores, chosen, _) in sorted(routes.items())
            ]
            assert greedy["routing_generated"].tolist() == np.concatenate(counts).tolist()
            tokens = list(range(len(ids), len(ids) + fed))
            gates = [
                gate_shares(chosen, weights, tokens, scores.shape[1]) for _, (scores, chosen, weights) in sorted(routes.items())
            ]
            assert greedy["gates_generated"] == pytest.approx(np.concatenate(gates), abs=TOLERANCE)
    assert forced == 4
