"""Where in a model the probes attach, found by structure and by what one pass over four tokens does, never by class name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import nn

from ride_eval.errors import ProbeError
from ride_eval.probes.interface import unwatchable, watched
from ride_eval.probes.routers import Router, Search

N_TOKENS = 4
ExpertOrder = Literal["by token", "by expert"]
"""How the rows of a fused experts module lie: token-major as routed, or sorted by expert id."""
_EXPERT_ORDER: dict[str, ExpertOrder] = {"batched_mm": "by token", "grouped_mm": "by expert"}
_EXPERT_COUNTS = ("num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts")


@dataclass(frozen=True, kw_only=True)
class Block:
    """One decoder block."""

    index: int
    name: str
    module: nn.Module
    router: Router | None
    experts: nn.Module | None
    """The fused module of routed experts, where it can be read."""
    down: nn.Module | None
    """The down projection of a dense feed-forward layer; its input is act(gate) * up, or act(up) where there is no gate."""
    attends: bool
    """Whether it calls transformers' attention interface: not a block of linear attention or state-space layers."""

    @property
    def has_feed_forward(self) -> bool:
        """Whether feed-forward activations can be read."""
        return self.experts is not None or self.down is not None


@dataclass(frozen=True, kw_only=True)
class Anatomy:
    """The decoder of a causal language model."""

    model: nn.Module
    blocks: tuple[Block, ...]
    hidden_size: int
    attention_problem: str | None
    """Why attention cannot be read."""

    @property
    def routed(self) -> tuple[Block, ...]:
        return tuple(block for block in self.blocks if block.router is not None)

    @property
    def attending(self) -> tuple[Block, ...]:
        return tuple(block for block in self.blocks if block.attends)

    @property
    def has_experts(self) -> bool:
        """Whether this is a mixture of experts, also one whose routers are not understood."""
        return bool(self.routed) or _expert_count(text_config(self.model)) is not None

    @property
    def routing_problem(self) -> str | None:
        """Why routing cannot be measured: that there is none, or that it is not understood."""
        name, sizes = type(self.model).__name__, {(b.router.n_experts, b.router.top_k) for b in self.blocks if b.router}
        if len(sizes) > 1:
            return f"Layers with different numbers of experts (experts, k) = {sorted(sizes)} are not supported."
        if sizes:
            return None
        if count := _expert_count(text_config(self.model)):
            return (
                f"`routing` cannot attach to {name}: its config names {count} experts, but no module returned scores, weights "
                "and expert ids of each token."
            )
        return (
            f"`routing` was asked of {name}, which has no router: a dense model has no routing to measure. Leave it out, or "
            "give probes=all to measure what the model has."
        )

    @property
    def density_problem(self) -> str | None:
        """Which blocks' feed-forward activations cannot be read, and why; the residual stream always can."""
        hidden = [block for block in self.blocks if not block.has_feed_forward]
        if not hidden:
            return None
        layers = ", ".join(str(block.index) for block in hidden)
        if self.has_experts and any(_experts(block.module) is not None or block.router is not None for block in hidden):
            why = "their experts hand act(gate) * up to no module and are not on transformers' experts interface"
        else:
            why = "no down projection was found in them"
        return f"`density` at `mlp` is NaN in layers {layers} of {type(self.model).__name__}: {why}."


class _Watch:
    """What one block does in the pass."""

    def __init__(self, block: nn.Module) -> None:
        self.search = Search(block, N_TOKENS)
        self.attention: list[nn.Module] = []
        self.linear: list[nn.Module] = []
        self.handles = [*self.search.handles, *(module.register_forward_pre_hook(self._on_linear) for module in linears(block))]

    def _on_linear(self, module: nn.Module, args: Any) -> None:
        # What sees some of the tokens only, or none, is no feed-forward layer: an expert, say.
        if args and isinstance(args[0], torch.Tensor) and args[0].shape[:-1].numel() == N_TOKENS:
            self.linear.append(module)

    def down_projection(self, hidden: int) -> nn.Module | None:
        """The last linear map onto the residual stream that is no part of attention.

        Attention's own output comes before the feed-forward's also where both run side by side. A block with a single such map
        may be a mixer without a feed-forward layer, so it has none.
        """
        onto_residual = [module for module in self.linear if _shape(module) and _shape(module)[1] == hidden]  # type: ignore[index]
        inside = {id(module) for attention in self.attention for module in attention.modules()}
        outside = [module for module in onto_residual if id(module) not in inside]
        return outside[-1] if outside and len(onto_residual) > 1 else None


def dissect(model: nn.Module) -> Anatomy:
    """Find blocks, routers, experts and down projections of a loaded model, with one pass over four tokens.

    Raises ProbeError naming the place when the decoder blocks cannot be found.
    """
    name, layers = _decoder_blocks(model)
    problem = unwatchable(model)
    watches: list[_Watch] = []
    block_of = {id(module): index for index, block in enumerate(layers) for module in block.modules()}

    def see(module: nn.Module, *_: Any) -> None:
        if (index := block_of.get(id(module))) is not None:
            watches[index].attention.append(module)

    with ExitStack() as stack:
        for block in layers:
            watches.append(_Watch(block))
            for handle in watches[-1].handles:
                stack.callback(handle.remove)
        if problem is None:
            stack.enter_context(watched(model, see))
        # Weights that parallelize=True left on the disk are nowhere; accelerate takes the input to where they will be.
        device = next((each.device for each in model.parameters() if each.device.type != "meta"), torch.device("cpu"))
        stack.enter_context(torch.no_grad())
        model(input_ids=torch.arange(1, N_TOKENS + 1, device=device)[None], use_cache=False)
    hidden = text_config(model).hidden_size
    blocks = tuple(
        _block(index, f"{name}.{index}", *part, hidden) for index, part in enumerate(zip(layers, watches, strict=True))
    )
    calls = max(len(watch.attention) for watch in watches)
    if problem is None and calls != 1:
        often = f"{calls} times" if calls else "never"
        problem = (
            f"`attention` cannot attach to {type(model).__name__}: a block calls transformers' attention interface {often}, "
            "expected once."
        )
    return Anatomy(model=model, blocks=blocks, hidden_size=hidden, attention_problem=problem)


def _block(index: int, name: str, module: nn.Module, watch: _Watch, hidden: int) -> Block:
    router, experts = watch.search.router(), _experts(module)
    # Where there are experts, the linear maps are those of shared ones, if any: not what tokens were routed to.
    routed = router is not None or experts is not None
    return Block(
        index=index,
        name=name,
        module=module,
        router=router,
        experts=experts if experts is not None and _is_readable(experts) else None,
        down=None if routed else watch.down_projection(hidden),
        attends=len(watch.attention) == 1,
    )


def expert_order(model: nn.Module) -> ExpertOrder:
    """How the experts implementation in use orders its rows. Raises ProbeError for one that hides them."""
    implementation = getattr(text_config(model), "_experts_implementation", None)
    if implementation not in _EXPERT_ORDER:
        raise ProbeError(
            f"The experts implementation {implementation!r} does not expose the experts' activations, so `density` cannot be "
            f"measured. Give experts_implementation=grouped_mm in --model_args, or leave density out (probes=routing+entropy)."
        )
    return _EXPERT_ORDER[implementation]


def text_config(model: nn.Module) -> Any:
    """The configuration of a model's decoder."""
    config: Any = model.config
    return config.get_text_config() if hasattr(config, "get_text_config") else config


def linears(module: nn.Module) -> Iterator[nn.Module]:
    """The outermost linear maps in a module: dense, quantised by any library, or wrapped by an adapter."""
    for child in module.children():
        if _shape(child) is not None:
            yield child
        else:
            yield from linears(child)


def _shape(module: nn.Module) -> tuple[int, int] | None:
    """(in, out) features, by the names that torch, quantising libraries and adapters share; GPT-2's has names of its own."""
    for names in (("in_features", "out_features"), ("nx", "nf")):
        sizes = tuple(getattr(module, name, None) for name in names)
        if all(isinstance(size, int) for size in sizes):
            return sizes  # type: ignore[return-value]
    return None


def _decoder_blocks(model: nn.Module) -> tuple[str, nn.ModuleList]:
    expected = text_config(model).num_hidden_layers
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
        if isinstance(weight, torch.Tensor) and weight.dim() == 3:
            return module
    return None


def _is_readable(experts: nn.Module) -> bool:
    """Whether fused experts are on transformers' experts interface, which applies the gate by a method that can be watched."""
    return hasattr(experts, "_apply_gate") or not getattr(experts, "has_gate", True)


def _expert_count(config: Any) -> int | None:
    parts = (config, getattr(config, "ffn_config", None))
    counts = [getattr(part, name, None) for part in parts for name in _EXPERT_COUNTS]
    return next((count for count in counts if isinstance(count, int) and count > 1), None)
