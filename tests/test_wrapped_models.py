"""Adapters, quantised weights and device maps: linear maps that are no `nn.Linear` are found all the same."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn
from transformers import AutoModelForCausalLM

from ride_eval.doctor import examine
from ride_eval.errors import ProbeError, UsageError
from ride_eval.model import RideLM
from ride_eval.probes.anatomy import dissect
from ride_eval.probes.bundle import Bundle
from ride_eval.probes.routers import Search


class Packed(nn.Module):
    """As GPTQ, AWQ and HQQ have it: integers and scales, and no `weight`."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.in_features, self.out_features = linear.in_features, linear.out_features
        scales = linear.weight.abs().amax(1, keepdim=True) / 127
        self.register_buffer("qweight", (linear.weight / scales).round().to(torch.int8))
        self.register_buffer("scales", scales)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x @ (self.qweight.to(x.dtype) * self.scales).T


def packed(model: Any) -> Any:
    for block in model.model.layers:
        for parent in list(block.modules()):
            for name, child in list(parent.named_children()):
                if type(child) is nn.Linear:
                    setattr(parent, name, Packed(child.requires_grad_(False)))
    return model


def loaded(folder: Path, **kwargs: Any) -> Any:
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, **kwargs).eval()


@pytest.mark.parametrize("architecture", ["llama", "qwen3", "olmoe"])
def test_down_projections_without_float_weights_are_found(architecture: str, models: dict[str, Path]) -> None:
    model = packed(loaded(models[architecture]))
    for block in dissect(model).blocks:
        if architecture == "olmoe":
            assert block.experts is block.module.mlp.experts and block.router is not None
        else:
            assert block.down is block.module.mlp.down_proj
        assert block.attends
    assert Bundle(model, None).limits == {}


def test_weights_that_torchao_quantises_pass(models: dict[str, Path]) -> None:
    """Its linear maps stay `nn.Linear`, with a weight of another kind; the residual stream changes, the probes read it."""
    quantization = pytest.importorskip("torchao.quantization")
    model = loaded(models["llama"])
    quantization.quantize_(model, quantization.Int8WeightOnlyConfig())
    assert type(model.model.layers[0].mlp.down_proj.weight).__name__ != "Parameter"
    assert all(block.down is block.module.mlp.down_proj for block in dissect(model).blocks)


def test_an_adapter_s_inner_maps_are_not_taken_for_the_projection(models: dict[str, Path]) -> None:
    """The last linear map onto the residual stream in a LoRA block is `lora_B`, whose input is the adapter's few numbers."""
    peft = pytest.importorskip("peft")
    config = peft.LoraConfig(r=4, target_modules=["down_proj", "q_proj", "o_proj"], init_lora_weights=False)
    model = peft.get_peft_model(loaded(models["llama"]), config).eval()
    for block in dissect(model).blocks:
        assert block.down is block.module.mlp.down_proj
        assert hasattr(block.down, "lora_A")


def test_the_doctor_passes_a_model_with_an_adapter(models: dict[str, Path], tmp_path: Path) -> None:
    peft = pytest.importorskip("peft")
    config = peft.LoraConfig(r=4, target_modules=["down_proj", "q_proj"], init_lora_weights=False)
    adapted = peft.get_peft_model(loaded(models["llama"]), config).eval()
    adapted.save_pretrained(tmp_path / "adapter")
    arguments: Any = {"pretrained": str(models["llama"]), "peft": str(tmp_path / "adapter"), "device": "cpu"}
    found = examine(arguments)
    assert [check for check in found.checks if check.status == "fail"] == []
    ids = torch.arange(2, 12)[None]
    lm: Any = RideLM(**arguments, run_dir=str(tmp_path / "run"))
    with torch.no_grad():
        assert torch.equal(lm.model(ids).logits, adapted(ids).logits), "the adapter must still be in it"
        assert not torch.equal(lm.model(ids).logits, loaded(models["llama"])(ids).logits)


def test_an_adapter_of_virtual_tokens_is_refused(models: dict[str, Path], tmp_path: Path) -> None:
    peft = pytest.importorskip("peft")
    config = peft.PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=3)
    peft.get_peft_model(loaded(models["llama"]), config).save_pretrained(tmp_path / "adapter")
    with pytest.raises(UsageError, match="virtual tokens"):
        RideLM(str(models["llama"]), peft=str(tmp_path / "adapter"), device="cpu", run_dir=str(tmp_path / "run"))


def test_the_doctor_passes_a_model_that_a_device_map_placed(models: dict[str, Path]) -> None:
    """accelerate's hooks are on every module then."""
    model = loaded(models["olmoe"], device_map={"model.layers.0": "cpu", "": "cpu"})
    anatomy = dissect(model)
    assert len(anatomy.routed) == len(anatomy.attending) == 3


class Gate(nn.Module):
    """A router that returns what some releases did in the place of logits."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def forward(self, x: torch.Tensor) -> Any:
        probabilities = torch.softmax(x, -1)
        weights, experts = probabilities.topk(2, -1)
        return (probabilities if self.kind == "probabilities" else x), weights, experts


@pytest.mark.parametrize("kind", ["probabilities", "logits"])
def test_probabilities_in_the_place_of_logits_are_noticed(kind: str) -> None:
    """transformers 5.x before April 2026; a run's manifest keeps it as `router_gives_probabilities`."""
    block = nn.Sequential(Gate(kind))
    search = Search(block, 4)
    block(torch.randn(4, 8, generator=torch.Generator().manual_seed(0)))
    router = search.router()
    assert router is not None
    assert (router.gives_probabilities, router.normalization) == (kind == "probabilities", "softmax")
    assert (router.n_experts, router.top_k) == (8, 2)


def test_what_cannot_be_measured_is_left_out_of_all_and_refused_by_name(tmp_path: Path) -> None:
    from benchmarks.models import build

    model = build("falcon").eval()
    bundle = Bundle(model, None)
    assert bundle.names == ("density", "entropy")
    assert set(bundle.limits) == {"attention"} and "attention interface" in bundle.limits["attention"]
    with pytest.raises(ProbeError, match="attention interface"):
        Bundle(model, ("attention",))


def test_experts_that_are_not_understood_are_not_called_dense() -> None:
    from ride_eval.probes.anatomy import Anatomy

    model: Any = SimpleNamespace(config=SimpleNamespace(num_local_experts=8))
    anatomy = Anatomy(model=model, blocks=(), hidden_size=4, attention_problem=None)
    assert "its config names 8 experts" in str(anatomy.routing_problem)
