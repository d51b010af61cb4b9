"""`python -m benchmarks.models`: which architectures of transformers `ride-eval doctor` passes, as the table in docs/models.md.

Each architecture is built small, with random weights and the embedded models' tokenizer, saved, loaded as `--model ride` loads
it, and examined. One line of ARCHITECTURES is one row: what it is called, its `model_type`, and what its config needs beside
SIZE. With names (`python -m benchmarks.models olmoe gpt2`) only those are examined, and printed.
"""

from __future__ import annotations

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import argparse
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from ride_eval import zoo
from ride_eval.doctor import Diagnosis, examine
from ride_eval.doctor.checks import Check
from ride_eval.probes.anatomy import Anatomy, dissect
from ride_eval.probes.bundle import PROBES

PAGE = Path(__file__).parents[1] / "docs" / "models.md"
BEGIN, END = "<!-- made by `python -m benchmarks.models`, down to the end mark -->\n", "<!-- end -->\n"
NONE = "-"
"""Of a probe: there is nothing of it in this architecture."""
SIZE: dict[str, Any] = {
    "hidden_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 96,
    "max_position_embeddings": 512,
    "tie_word_embeddings": False,
    "initializer_range": 0.15,
}
_MOE = {"num_experts_per_tok": 2, "moe_intermediate_size": 24}
_DEEPSEEK = {
    **_MOE, "n_routed_experts": 8, "n_shared_experts": 1, "first_k_dense_replace": 1, "n_group": 4, "topk_group": 2,
    "q_lora_rank": 24, "kv_lora_rank": 16, "qk_rope_head_dim": 8, "qk_nope_head_dim": 8, "v_head_dim": 12, "head_dim": 8,
    "num_key_value_heads": 4,
}  # fmt: skip
_LINEAR = {"linear_key_head_dim": 12, "linear_value_head_dim": 12, "linear_num_key_heads": 2, "linear_num_value_heads": 4}
_MAMBA = {"mamba_n_heads": 8, "mamba_d_head": 12, "mamba_d_state": 16, "mamba_n_groups": 1}
_DBRX = {
    "d_model": 48, "n_heads": 4, "n_layers": 3, "max_seq_len": 512,
    "attn_config": {"kv_n_heads": 2, "rope_theta": 1e4, "clip_qkv": 8.0},
    "ffn_config": {"hidden_size": 48, "ffn_hidden_size": 24, "moe_num_experts": 4, "moe_top_k": 2},
}  # fmt: skip
_GPT = {"n_embd": 48, "n_layer": 3, "n_head": 4, "n_positions": 512}
_MIXED = ["linear_attention", "linear_attention", "full_attention"]


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """A row of the table, to be."""

    name: str
    config: Mapping[str, Any]
    remark: str = ""
    """What is special, for the reader."""


def _of(name: str, remark: str = "", **config: Any) -> Architecture:
    return Architecture(name=name, remark=remark, config=config)


ARCHITECTURES: dict[str, Architecture] = {
    # Mixtures of experts
    "olmoe": _of("OLMoE", num_experts=8, **_MOE),
    "flex_olmo": _of("FlexOlmo", num_experts=8, **_MOE),
    "mixtral": _of("Mixtral", num_local_experts=4, num_experts_per_tok=2),
    "qwen2_moe": _of("Qwen2-MoE", "shared expert", num_experts=8, shared_expert_intermediate_size=32, **_MOE),
    "qwen3_moe": _of("Qwen3-MoE", "dense layer 1", num_experts=8, head_dim=12, mlp_only_layers=[1], **_MOE),
    "deepseek_v2": _of("DeepSeek-V2", "dense layer 0, shared expert, groups", topk_method="group_limited_greedy", **_DEEPSEEK),
    "deepseek_v3": _of("DeepSeek-V3", "dense layer 0, shared expert, groups, bias in the choice", **_DEEPSEEK),
    "glm4_moe": _of("GLM-4-MoE", "dense layer 0, shared expert, groups, bias in the choice", **{**_DEEPSEEK, "head_dim": 12}),
    "dots1": _of("dots.llm1", "dense layer 0, shared expert, bias in the choice", **{**_DEEPSEEK, "head_dim": 12}),
    "ernie4_5_moe": _of(
        "Ernie-4.5-MoE", "dense layer 0, shared expert, bias in the choice", moe_num_experts=8, moe_k=2,
        moe_intermediate_size=24, moe_num_shared_experts=1, moe_layer_start_index=1,
    ),
    "hunyuan_v1_moe": _of("HunYuan-MoE", "shared expert", num_experts=4, moe_topk=2, head_dim=12),
    "gpt_oss": _of("GPT-OSS", "sinks, windows", num_local_experts=4, num_experts_per_tok=2, head_dim=12, sliding_window=24),
    "granitemoe": _of("Granite-MoE", num_local_experts=4, num_experts_per_tok=2),
    "granitemoeshared": _of(
        "Granite-MoE, shared", "shared expert", num_local_experts=4, num_experts_per_tok=2, shared_intermediate_size=32
    ),
    "phimoe": _of("Phi-MoE", num_local_experts=4, num_experts_per_tok=2),
    "minimax_m2": _of("MiniMax-M2", "bias in the choice", num_local_experts=4, num_experts_per_tok=2, head_dim=12),
    "dbrx": _of("DBRX", **_DBRX),
    "llama4_text": _of(
        "Llama-4", "top 1, dense layers 0 and 2, shared expert", num_local_experts=4, num_experts_per_tok=1, head_dim=12,
        intermediate_size_mlp=96, interleave_moe_layer_step=2,
    ),
    "jetmoe": _of("JetMoE", "experts in attention too", num_local_experts=4, num_experts_per_tok=2, kv_channels=12),
    # Hybrids
    "qwen3_next": _of(
        "Qwen3-Next", "linear attention in layers 0 and 1, shared expert", num_experts=8, head_dim=12,
        shared_expert_intermediate_size=32, layer_types=_MIXED, **_LINEAR, **_MOE,
    ),
    "olmo_hybrid": _of("OLMo-Hybrid", "linear attention"),
    "jamba": _of(
        "Jamba", "Mamba in layers 0 and 2, experts in layer 1", num_experts=4, num_experts_per_tok=2, attn_layer_period=3,
        attn_layer_offset=1, expert_layer_period=2, expert_layer_offset=1, use_mamba_kernels=False, mamba_d_state=8,
    ),
    "minimax": _of(
        "MiniMax", "linear attention in layers 0 and 2", num_local_experts=4, num_experts_per_tok=2, head_dim=12,
        layer_types=["linear_attention", "full_attention", "linear_attention"],
    ),
    "granitemoehybrid": _of(
        "Granite-MoE, hybrid", "Mamba in layers 0 and 2, shared expert", num_local_experts=4, num_experts_per_tok=2,
        shared_intermediate_size=32, layer_types=["mamba", "attention", "mamba"], **_MAMBA,
    ),
    "bamba": _of("Bamba", "Mamba in layers 0 and 2", attn_layer_indices=[1], **_MAMBA),
    # Dense
    "olmo": _of("OLMo"),
    "olmo2": _of("OLMo-2", "norms after attention and feed-forward"),
    "olmo3": _of("OLMo-3", "windows", sliding_window=24),
    "llama": _of("Llama"),
    "mistral": _of("Mistral", "window", sliding_window=24),
    "ministral3": _of("Ministral-3", head_dim=12),
    "qwen2": _of("Qwen2"),
    "qwen3": _of("Qwen3", head_dim=12),
    "gemma": _of("Gemma", head_dim=12),
    "gemma2": _of(
        "Gemma-2", "soft caps, windows", head_dim=12, sliding_window=24, query_pre_attn_scalar=12, attn_logit_softcapping=5.0,
        final_logit_softcapping=8.0,
    ),
    "gemma3_text": _of("Gemma-3", "windows", head_dim=12, sliding_window=24, query_pre_attn_scalar=12),
    "phi": _of("Phi", "parallel attention, no gate"),
    "phi3": _of("Phi-3"),
    "glm4": _of("GLM-4", head_dim=12),
    "granite": _of("Granite"),
    "cohere": _of("Command-R", "parallel attention"),
    "cohere2": _of("Command-R7B", "parallel attention, windows", sliding_window=24, head_dim=12),
    "ernie4_5": _of("Ernie-4.5", head_dim=12),
    "hunyuan_v1_dense": _of("HunYuan", head_dim=12),
    "stablelm": _of("StableLM", partial_rotary_factor=0.5),
    "starcoder2": _of("StarCoder2", "window, no gate", sliding_window=24),
    "smollm3": _of("SmolLM3"),
    "seed_oss": _of("Seed-OSS", head_dim=12),
    "nemotron": _of("Nemotron", "no gate"),
    "gpt2": _of("GPT-2", "no gate", **_GPT),
    "gpt_neox": _of("GPT-NeoX", "parallel attention, no gate"),
    "gptj": _of("GPT-J", "parallel attention, no gate", **_GPT, rotary_dim=8),
    "gpt_neo": _of("GPT-Neo", "no gate", num_layers=3, num_heads=4, attention_types=[[["global", "local", "global"], 1]]),
    "falcon": _of("Falcon", "parallel attention, no gate"),
    "bloom": _of("BLOOM", "no gate", n_layer=3, n_head=4),
    "opt": _of("OPT", "no gate", ffn_dim=96, word_embed_proj_dim=48),
    "mpt": _of("MPT", "no gate", d_model=48, n_heads=4, n_layers=3, max_seq_len=512),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Row:
    """What was found of an architecture."""

    name: str
    class_name: str
    remark: str
    routers: str
    statuses: Mapping[str, str]
    """By probe: pass, partial, fail, unsupported, or NONE."""
    reasons: tuple[str, ...]

    @property
    def status(self) -> str:
        """pass: all that there is to measure is measured; unsupported: nothing is; partial: the rest."""
        there = [status for status in self.statuses.values() if status != NONE]
        if all(status == "pass" for status in there) and not self.reasons:
            return "pass"
        return "unsupported" if all(status in ("unsupported", "fail") for status in there) else "partial"

    def line(self) -> str:
        statuses = " | ".join(self.statuses[probe] for probe in PROBES)
        return f"| {self.name} | `{self.class_name}` | **{self.status}** | {statuses} | {self.routers} | {self.remark} |"


@cache
def _tokenizer() -> Any:
    return AutoTokenizer.from_pretrained(zoo.path("zoo-olmoe"))


def build(model_type: str) -> Any:
    """The architecture, small. What is made constant (norms, biases, sinks) is made random, so that leaving it out shows."""
    tokenizer = _tokenizer()
    ids = {f"{name}_token_id": getattr(tokenizer, f"{name}_token_id") for name in ("pad", "eos", "bos")}
    given = {"vocab_size": len(tokenizer), **ids, **SIZE, **ARCHITECTURES[model_type].config}
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(model_type, **given), dtype=torch.float32)
    biases = [(name, buffer) for name, buffer in model.named_buffers() if "bias" in name]
    with torch.no_grad():
        for _, tensor in (*model.named_parameters(), *biases):
            if tensor.is_floating_point() and tensor.numel() > 1 and tensor.float().std() == 0:
                tensor.add_(torch.randn_like(tensor) * 0.1)
    return model


def row(model_type: str) -> Row:
    """Build, save, load and examine an architecture."""
    architecture = ARCHITECTURES[model_type]
    model = build(model_type).eval()
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        _tokenizer().save_pretrained(folder)
        diagnosis = examine({"pretrained": folder, "device": "cpu", "num_samples": 0})
    return Row(
        name=architecture.name,
        class_name=diagnosis.architecture,
        remark=architecture.remark,
        routers=_routers(dissect(model)),
        statuses={probe: _status(probe, diagnosis) for probe in PROBES},
        reasons=tuple(dict.fromkeys(_reason(check) for check in diagnosis.checks if _matters(check))),
    )


def _status(probe: str, diagnosis: Diagnosis) -> str:
    checks = [check for check in diagnosis.checks if check.probe == probe]
    if any(check.status == "fail" for check in checks):
        return "fail"
    if all(check.status == "pass" for check in checks):
        return "pass"
    if len(checks) > 1:
        return "partial"
    return "unsupported" if _matters(checks[0]) else NONE


def _matters(check: Check) -> bool:
    """Whether a check says that something cannot be measured which is there."""
    return check.status != "pass" and "a dense model has no routing" not in check.detail


def _reason(check: Check) -> str:
    failed = f"{check.probe}: {check.what}: largest difference {check.difference:.1e}, at most {check.tolerance:.0e} allowed; "
    return (failed if check.status == "fail" else "") + check.detail


def _routers(anatomy: Anatomy) -> str:
    found = [block.router for block in anatomy.routed if block.router is not None]
    return f"{found[0].n_experts}, top {found[0].top_k}, {found[0].normalization}" if found else NONE


def table(rows: Iterable[Row]) -> str:
    """The table and the reasons, as Markdown."""
    rows = list(rows)
    versions = ", ".join(f"{package} {metadata.version(package)}" for package in ("transformers", "torch", "lm_eval"))
    counts = ", ".join(f"{sum(own.status == status for own in rows)} {status}" for status in ("pass", "partial", "unsupported"))
    heads = ("architecture", "class", "", *PROBES, "experts, chosen, gates", "special")
    lines = [
        f"With {versions}; float32, CPU. {counts}.",
        "",
        f"| {' | '.join(heads)} |",
        "|" + "---|" * len(heads),
        *(own.line() for own in rows),
        "",
        "Why not all:",
        "",
        *(f"- {own.name}: {reason}" for own in rows for reason in own.reasons),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="model_type", choices=[[], *ARCHITECTURES])
    names = parser.parse_args().names
    rows = []
    for name in names or ARCHITECTURES:
        rows.append(row(name))
        print(rows[-1].line(), *rows[-1].reasons, sep="\n  ", flush=True)
    if not names:
        page = PAGE.read_text(encoding="utf-8")
        before, rest = page.split(BEGIN)
        _, after = rest.split(END)
        PAGE.write_text(before + BEGIN + table(rows) + END + after, encoding="utf-8")


if __name__ == "__main__":
    main()
