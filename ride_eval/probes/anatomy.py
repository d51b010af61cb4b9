"""Where in a model the probes attach, found by structure and by what modules return, never by class name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import nn

from ride_eval.errors import ProbeError

ExpertOrder = Literal["by token", "by expert"]
"""How the rows of a fused experts module lie: token-major as routed, or sorted by expert id."""
_EXPERT_ORDER: dict[str, ExpertOrder] = {"batched_mm": "by token", "grouped_mm": "by expert"}


@dataclass(frozen=True, kw_only=True)
class Router:
    """A gate module and what its output means."""

    module: nn.Module
    n_experts: int
    top_k: int
    gives_probabilities: bool
    """transformers 5.x before April 2026 returned probabilities where logits were promised."""
    normalization: Literal["softmax", "sigmoid", "unknown"]


@dataclass(frozen=True, kw_only=True)
class Block:
    """One decoder block."""

    index: int
    name: str
    module: nn.Module
    router: Router | None
    experts: nn.Module | None
    """The fused module of routed experts."""
    down: nn.Module | None
    """The down projection of a dense feed-forward layer; its input is act(gate) * up."""


@dataclass(frozen=True, kw_only=True)
class Anatomy:
    """The decoder of a causal language model."""

    model: nn.Module
    blocks: tuple[Block, ...]
    hidden_size: int

    @property
    def routed(self) -> tuple[Block, ...]:
        return tuple(block for block in self.blocks if block.router is not None)


def dissect(model: nn.Module) -> Anatomy:
    """Find blocks, routers, experts and down projections of a loaded model, with one pass over four tokens.

    Raises ProbeError naming the place when the decoder blocks cannot be found.
    """
    name, layers = _decoder_blocks(model)
    routers = _routers(model, layers)
    hidden = _text_config(model).hidden_size
    blocks = []
    for index, module in enumerate(layers):
        experts = _experts(module)
        blocks.append(
            Block(
                index=index,
                name=f"{name}.{index}",
                module=module,
                router=routers.get(index),
                experts=experts,
                down=None if experts is not None or index in routers else _down_projection(module, hidden),
            )
        )
    return Anatomy(model=model, blocks=tuple(blocks), hidden_size=hidden)


def expert_order(model: nn.Module) -> ExpertOrder:
    """How the experts implementation in use orders its rows. Raises ProbeError for one that hides them."""
    implementation = getattr(_text_config(model), "_experts_implementation", None)
    if implementation not in _EXPERT_ORDER:
        raise ProbeError(
            f"The experts implementation {implementation!r} does not expose the experts' activations, so `density` cannot be "
            f"measured. Give experts_implementation=grouped_mm in --model_args, or leave density out (probes=routing+entropy)."
        )
    return _EXPERT_ORDER[implementation]


def _text_config(model: nn.Module) -> Any:
    config: Any = model.config
    return config.get_text_config() if hasattr(config, "get_text_config") else config


def _decoder_blocks(model: nn.Module) -> tuple[str, nn.ModuleList]:
    expected = _text_config(model).num_hidden_layers
    for name, module in model.named_modules():
        if isinstance(module, nn.ModuleList) and len(module) == expected and all(_has_parameters(block) for block in module):
            return name, module
    raise ProbeError(
        f"No list of {expected} decoder blocks was found in {type(model).__name__}, so no probe can attach. "
        "Run the model with --model hf, or report the architecture."
    )


def _has_parameters(module: nn.Module) -> bool:
    return next(module.parameters(), None) is not None


def _experts(block: nn.Module) -> nn.Module | None:
    """The fused experts of a block: the module whose down projection is one 3-D weight."""
    for module in block.modules():
        weight = getattr(module, "down_proj", None)
        if isinstance(weight, nn.Parameter) and weight.dim() == 3:
            return module
    return None


def _down_projection(block: nn.Module, hidden: int) -> nn.Module | None:
    """The last linear map of a block onto the residual stream from something else than it: the feed-forward output.

    The attention output also maps onto the residual stream; it comes first in every block, and where both are of the same
    width (no expansion) the last one is still the feed-forward's.
    """
    onto_residual = [
        module
        for module in block.modules()
        if (isinstance(module, nn.Linear) or type(module).__name__ == "Conv1D") and _out_features(module) == hidden
    ]
    return onto_residual[-1] if len(onto_residual) > 1 else None


def _out_features(module: nn.Module) -> int:
    return int(module.out_features) if isinstance(module, nn.Linear) else int(module.nf)  # type: ignore[arg-type]


def _routers(model: nn.Module, layers: nn.ModuleList) -> dict[int, Router]:
    """Routers by layer: modules that return (scores (T, E), weights (T, k), expert ids (T, k))."""
    found: dict[int, Router] = {}
    n_tokens = 4

    def look(index: int) -> Any:
        def hook(module: nn.Module, _: Any, output: Any) -> None:
            if is_routing(output, n_tokens):
                found.setdefault(index, _read_router(module, *output))

        return hook

    handles = [module.register_forward_hook(look(index)) for index, block in enumerate(layers) for module in block.modules()]
    try:
        # Weights that parallelize=True left on the disk are nowhere; accelerate takes the input to where they will be.
        device = next((each.device for each in model.parameters() if each.device.type != "meta"), torch.device("cpu"))
        with torch.no_grad():
            model(input_ids=torch.arange(1, n_tokens + 1, device=device)[None], use_cache=False)
    finally:
        for handle in handles:
            handle.remove()
    return found


def is_routing(output: Any, n_tokens: int | None = None) -> bool:
    """Whether a module's output is (scores (T, E), weights (T, k), expert ids (T, k))."""
    if not isinstance(output, tuple) or len(output) != 3 or not all(isinstance(part, torch.Tensor) for part in output):
        return False
    scores, weights, experts = output
    return (
        scores.dim() == weights.dim() == experts.dim() == 2
        and not experts.is_floating_point()
        and weights.shape == experts.shape
        and scores.shape[0] == experts.shape[0]
        and scores.shape[1] >= experts.shape[1]
        and (n_tokens is None or scores.shape[0] == n_tokens)
    )


def _read_router(module: nn.Module, scores: torch.Tensor, weights: torch.Tensor, experts: torch.Tensor) -> Router:
    scores, weights = scores.float(), weights.float()
    gives_probabilities = bool((scores >= 0).all() and torch.allclose(scores.sum(-1), torch.ones_like(scores[:, 0]), atol=1e-3))
    softmax = scores if gives_probabilities else torch.softmax(scores, -1)
    normalization: Literal["softmax", "sigmoid", "unknown"] = "unknown"
    for name, gates in (("softmax", softmax), ("sigmoid", torch.sigmoid(scores))):
        picked = gates.gather(-1, experts.long())
        # Up to a factor: gates may be renormalised over the chosen experts, or scaled by a constant.
        if torch.allclose(picked / picked.sum(-1, keepdim=True), weights / weights.sum(-1, keepdim=True), atol=1e-2):
            normalization = name  # type: ignore[assignment]
            break
    return Router(
        module=module,
        n_experts=scores.shape[-1],
        top_k=experts.shape[-1],
        gives_probabilities=gives_probabilities,
        normalization=normalization,
    )
