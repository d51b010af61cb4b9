"""`python -m benchmarks`: what measuring everything costs, against the plain harness doing the same requests.

Both sides run interleaved in one process, on the same model and requests, and the ratio of their times is what counts: an
absolute time on a shared machine says little. "The same requests" is one greedy answer, N sampled ones and all choices of
every prompt; ours adds the forced answer and all probes.

With --data (folders `<benchmark>/<split>.jsonl`) real benchmark prompts are used, with --tokenizers real vocabularies; without
them, the bundled documents and a small vocabulary. Models have random weights: speed does not depend on what they learned.
"""

from __future__ import annotations

import argparse
import json
import logging
import platform
import statistics
import tempfile
import time
from copy import copy
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager
from transformers import AutoTokenizer, OlmoeConfig, OlmoeForCausalLM, Qwen3Config, Qwen3ForCausalLM

import ride_eval.plugin  # noqa: F401 - importing registers model and tasks
from ride_eval import zoo
from ride_eval.model import RideLM

HERE = Path(__file__).parent


def build(folder: Path, tokenizers: Path | None) -> dict[str, Path]:
    """Save an OLMoE and a Qwen3 architecture of some ten million parameters beside the embeddings."""
    size: dict[str, Any] = {
        "hidden_size": 256,
        "num_hidden_layers": 8,
        "num_attention_heads": 8,
        "max_position_embeddings": 4096,
    }
    saved = {}
    for name, source in (("olmoe", "olmoe-1b-7b-instruct"), ("qwen3", "mistral-7b-instruct-v0.2")):
        tokenizer = AutoTokenizer.from_pretrained(tokenizers / source if tokenizers else zoo.path("zoo-olmoe"))
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.unk_token or tokenizer.eos_token
        torch.manual_seed(0)
        common = {
            **size,
            "vocab_size": len(tokenizer),
            "eos_token_id": tokenizer.eos_token_id,
            "bos_token_id": tokenizer.bos_token_id,
            "pad_token_id": tokenizer.pad_token_id,
        }
        model = (
            OlmoeForCausalLM(OlmoeConfig(**common, intermediate_size=128, num_experts=32, num_experts_per_tok=4))
            if name == "olmoe"
            else Qwen3ForCausalLM(Qwen3Config(**common, intermediate_size=1024, num_key_value_heads=4, head_dim=32))
        )
        saved[name] = folder / name
        model.save_pretrained(saved[name])
        tokenizer.save_pretrained(saved[name])
    return saved


def requests(path: Path, tasks: list[str], options: argparse.Namespace, lm: Any) -> dict[str, list[Any]]:
    """Every arm's requests for the first documents of the tasks, by the method that answers them."""
    extra = {"data_dir": str(options.data)} if options.data else {}
    manager = TaskManager(include_defaults=False, metadata={"pretrained": str(path), **extra})
    found: dict[str, list[Any]] = {"loglikelihood": [], "generate_until": []}
    for task in manager.load(manager.match_tasks(tasks))["tasks"].values():
        if task.OUTPUT_TYPE == "generate_until":
            task.set_config("generation_kwargs", {"max_gen_toks": options.new_tokens, "until": []}, update=True)
        task.set_config("num_fewshot", options.shots)
        task.set_fewshot_seed(1234)
        task.build_all_requests(
            limit=options.documents, rank=0, world_size=1, apply_chat_template=True, chat_template=lm.apply_chat_template,
            fewshot_as_multiturn=True, tokenizer_name=lm.tokenizer_name,
        )  # fmt: skip
        for instance in task.instances:
            found[instance.request_type].append(instance)
    return found


def plain(lm: Any, asked: dict[str, list[Any]], samples: int) -> float:
    """Seconds the harness's own model takes: greedy answers, each sample as a request of its own, and every choice."""
    sampled = []
    for instance in asked["generate_until"]:
        other = copy(instance)
        other.arguments = (instance.args[0], {**instance.args[1], "do_sample": True, "temperature": 1.0, "top_k": 0})
        sampled += [other] * samples
    start = time.perf_counter()
    for method, instances in (*asked.items(), ("generate_until", sampled)):
        if instances:
            getattr(lm, method)(instances, disable_tqdm=True)
    return time.perf_counter() - start


def ours(model: Any, tokenizer: Any, asked: dict[str, list[Any]], options: argparse.Namespace) -> float:
    """Seconds RideLM takes for the same, with all probes, into a fresh run directory."""
    with tempfile.TemporaryDirectory() as run:
        lm = RideLM(
            model, tokenizer=tokenizer, run_dir=f"{run}/run", num_samples=options.samples, batch_size=options.batch_size
        )
        start = time.perf_counter()
        for method, instances in asked.items():
            if instances:
                getattr(lm, method)(instances, disable_tqdm=True)
        seconds = time.perf_counter() - start
        lm.recorder.close()
    return seconds


def compare(name: str, path: Path, tasks: list[str], options: argparse.Namespace) -> dict[str, Any]:
    """One row of the table: the medians of interleaved runs, and the spread of their ratios."""
    hf = HFLM(str(path), device="cpu", batch_size=options.batch_size, dtype="float32")
    asked = requests(path, tasks, options, hf)
    pairs = [(ours(hf.model, hf.tokenizer, asked, options), plain(hf, asked, options.samples)) for _ in range(options.repeats)]
    ratios = [a / b for a, b in pairs]
    return {
        "model": name,
        "parameters": sum(parameter.numel() for parameter in hf.model.parameters()),
        "tasks": tasks,
        "prompts_and_choices": {method: len(instances) for method, instances in asked.items()},
        "ride_seconds": statistics.median(a for a, _ in pairs),
        "harness_seconds": statistics.median(b for _, b in pairs),
        "ratio": statistics.median(ratios),
        "ratio_range": [min(ratios), max(ratios)],
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--tokenizers", type=Path)
    parser.add_argument("--documents", type=int, default=10)
    parser.add_argument("--shots", type=int, default=0)
    parser.add_argument("--samples", type=int, default=10)
    parser.add_argument("--new-tokens", type=int, default=64)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--out", type=Path, default=HERE / "results")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    tasks = {
        "generation": ["ride_gsm8k_*"] if options.data else ["ride_demo_math_*"],
        "choices": ["ride_arc_challenge_*"] if options.data else ["ride_demo_commonsense_*"],
    }
    with tempfile.TemporaryDirectory() as folder:
        models = build(Path(folder), options.tokenizers)
        rows = [
            {"what": what, **compare(name, path, names, options)}
            for name, path in models.items()
            for what, names in tasks.items()
        ]
    report = {
        "machine": {"processor": platform.machine(), "threads": torch.get_num_threads(), "python": platform.python_version()},
        "versions": {package: metadata.version(package) for package in ("torch", "transformers", "lm_eval")},
        "settings": {key: value for key, value in vars(options).items() if key not in ("data", "tokenizers", "out")}
        | {"real_prompts": bool(options.data), "real_tokenizers": bool(options.tokenizers)},
        "rows": rows,
    }
    options.out.mkdir(exist_ok=True)
    (options.out / "shared_prefill.json").write_text(json.dumps(report, indent=2) + "\n")
    lines = [
        "| model | parameters | what | ride, everything on (s) | harness, nothing on (s) | ratio | range |",
        "|---|---:|---|---:|---:|---:|---|",
        *(
            f"| {r['model']} | {r['parameters'] / 1e6:.1f} M | {r['what']} | {r['ride_seconds']:.1f} "
            f"| {r['harness_seconds']:.1f} | {r['ratio']:.2f} | {r['ratio_range'][0]:.2f} to {r['ratio_range'][1]:.2f} |"
            for r in rows
        ),
    ]
    (options.out / "shared_prefill.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
