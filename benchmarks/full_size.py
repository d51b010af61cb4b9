"""`python -m benchmarks.full_size olmoe`: the whole path with a model of real size, and how much memory probes add to it.

Two documents under two arms through `--model ride`, with all probes, samples and a forced answer; before that, the harness's
own model on the same prompts; the peak of the process's memory after each. Weights are random, in bfloat16: what is measured
is that it runs, and what it takes. Needs 20 GB; runs on a GPU where there is one.
"""

from __future__ import annotations

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import argparse
import json
import platform
import resource
import tempfile
import time
from importlib import metadata
from pathlib import Path
from typing import Any

import lm_eval
import torch
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, OlmoeConfig

import ride_eval.plugin  # noqa: F401 - importing registers model and tasks
from ride_eval import zoo
from ride_eval.model import RideLM
from ride_eval.store import read_manifest, read_table

RESULTS = Path(__file__).parent / "results" / "full_size.json"
CONFIGS = {
    "olmoe": lambda: OlmoeConfig(intermediate_size=1024, num_experts=64, num_experts_per_tok=8),
    "llama": lambda: LlamaConfig(
        vocab_size=128_256, hidden_size=4096, intermediate_size=14_336, num_hidden_layers=32, num_attention_heads=32,
        num_key_value_heads=8, max_position_embeddings=8192, tie_word_embeddings=False,
    ),
}  # fmt: skip
"""OLMoE-1B-7B and Llama-3.1-8B, of their published configurations."""
TASKS = ["ride_demo_math_none", "ride_demo_math_expert", "ride_demo_commonsense_none", "ride_demo_commonsense_expert"]
NEW_TOKENS = 4


def build(name: str) -> Any:
    """The model on the meta device, then filled: a block of normal numbers repeated, since 7 billion draws take minutes."""
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(CONFIGS[name](), dtype=torch.bfloat16)
    model = model.to_empty(device="cuda" if torch.cuda.is_available() else "cpu").eval()
    torch.manual_seed(0)
    drawn = (torch.randn(1 << 20) * 0.02).to(torch.bfloat16)
    with torch.no_grad():
        for own, parameter in model.named_parameters():
            if own.endswith("norm.weight"):
                parameter.fill_(1.0)
                continue
            flat = parameter.view(-1)
            for start in range(0, len(flat), len(drawn)):
                part = flat[start : start + len(drawn)]
                part.copy_(drawn[: len(part)])
    for module in model.modules():
        if hasattr(module, "inv_freq"):  # made when the model is, so on the meta device it was not
            fresh = type(module)(model.config)
            module.inv_freq = fresh.inv_freq.to(model.device)
            module.original_inv_freq = fresh.inv_freq.to(model.device)
    return model


def peak_gb() -> float:
    """The most memory this process ever held, in GB: of the GPU where the model lies there."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 1e9
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def evaluate(lm: Any) -> float:
    """Seconds of one document a task through the harness."""
    manager = TaskManager(include_defaults=False)
    tasks = list(manager.load(TASKS)["tasks"].values())
    for task in tasks:
        if task.OUTPUT_TYPE == "generate_until":
            task.set_config("generation_kwargs", {"max_gen_toks": NEW_TOKENS, "until": []}, update=True)
    start = time.perf_counter()
    lm_eval.simple_evaluate(lm, tasks=tasks, limit=1, bootstrap_iters=0)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("name", choices=CONFIGS)
    parser.add_argument("--samples", type=int, default=2)
    options = parser.parse_args()
    tokenizer = AutoTokenizer.from_pretrained(zoo.path("zoo-olmoe"))
    model = build(options.name)
    for config in (model.config, model.generation_config):
        config.eos_token_id, config.pad_token_id, config.bos_token_id = tokenizer.eos_token_id, tokenizer.pad_token_id, None
    loaded = peak_gb()
    seconds = {"harness": evaluate(HFLM(model, tokenizer=tokenizer, batch_size=1))}
    plain = peak_gb()
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        lm = RideLM(model, tokenizer=tokenizer, run_dir=str(run), num_samples=options.samples, batch_size=1)
        seconds["ride"] = evaluate(lm)
        lm.recorder.close()
        prompts, manifest = read_table(run, "prompts"), read_manifest(run)
        assert len(prompts) == len(TASKS) and prompts["reason"].isna().all()
        assert prompts["mlp_hoyer"].notna().all() and prompts["meta_mass"].notna().any()
        found = {
            key: manifest["model"][key] for key in ("architecture", "parameters", "layers", "experts", "experts_per_token")
        }
    result = {
        **found,
        "dtype": "bfloat16",
        "device": str(model.device),
        "prompts": len(prompts),
        "probes": manifest["settings"]["probes"],
        "samples": options.samples,
        "new_tokens": NEW_TOKENS,
        "peak_gb": {"model": loaded, "harness": plain, "ride": peak_gb()},
        "seconds": seconds,
        "machine": platform.processor() or platform.machine(),
        "versions": {package: metadata.version(package) for package in ("torch", "transformers", "lm_eval")},
    }
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    results[options.name] = result
    RESULTS.write_text(json.dumps(results, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
