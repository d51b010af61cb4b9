"""Slow references of what the probes measure: everything a pass computes is kept, and every number is made from it one by one.

Nothing of `probes` or `metrics` is used, so an error would have to be made twice to pass unseen. Modules are found by the names
transformers gives them, where the probes go by structure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

Vector = NDArray[np.floating]
_LAYERS = ("layers", "h", "blocks")
_FEED_FORWARD = ("mlp", "block_sparse_moe", "feed_forward", "ffn", "moe")
_ROUTER = ("gate", "router")
_GATE = ("gate_proj", "w1")
_UP = ("up_proj", "w3", "gate_up_proj", "fc1", "fc_in", "dense_h_to_4h", "c_fc")
_ACTIVATION = ("act_fn", "activation_fn", "act", "activation_func", "gelu_impl")


class NoReferenceError(Exception):
    """The layout of a model is not one that the references know."""


# Formulas ---------------------------------------------------------------------------------------------------------------


def hoyer(values: Vector) -> float:
    x = np.abs(values.astype(np.float64))
    root = math.sqrt(len(x))
    return float((root - x.sum() / math.sqrt((x**2).sum())) / (root - 1))


def participation(values: Vector) -> float:
    squares = values.astype(np.float64) ** 2
    return float(squares.sum() ** 2 / (len(squares) * (squares**2).sum()))


def gini(values: Vector) -> float:
    x = np.sort(np.abs(values.astype(np.float64)))
    n = len(x)
    return float(2 * (np.arange(1, n + 1) * x).sum() / (n * x.sum()) - (n + 1) / n)


def top10_energy(values: Vector) -> float:
    squares = np.sort(values.astype(np.float64) ** 2)[::-1]
    return float(squares[: math.ceil(len(squares) / 10)].sum() / squares.sum())


def near_zero(values: Vector, times: float = 1.0) -> float:
    """`times` moves the threshold: a value on it falls on either side by rounding."""
    x = values.astype(np.float64)
    return float(np.mean(np.abs(x) < times * 0.1 * math.sqrt(np.mean(x**2))))


MEASURES = {"hoyer": hoyer, "participation": participation, "near_zero": near_zero, "gini": gini, "top10_energy": top10_energy}
SORTED = ("gini", "top10_energy")
"""Taken on evenly spaced tokens only, where there are many."""


def distribution(logits: Vector) -> NDArray[np.float64]:
    """Softmax of one row."""
    shifted = np.exp(logits.astype(np.float64) - float(logits.max()))
    return np.asarray(shifted / shifted.sum())


def entropy(logits: Vector) -> float:
    """Of the softmax of one row over the full vocabulary, nats."""
    p = distribution(logits)
    return float(-(p[p > 0] * np.log(p[p > 0])).sum())


def logprob(logits: Vector, token: int) -> float:
    """Log-probability of a token, nats."""
    return float(logits[token] - np.logaddexp.reduce(logits.astype(np.float64)))


def gate_shares(chosen: torch.Tensor, weights: torch.Tensor, tokens: Sequence[int], n_experts: int) -> list[float]:
    """The share of the tokens' gate weights that each expert got."""
    sums = [0.0] * n_experts
    for token in tokens:
        for expert, weight in zip(chosen[token].tolist(), weights[token].tolist(), strict=True):
            sums[expert] += weight
    return [value / sum(sums) for value in sums]


# What a pass computes -----------------------------------------------------------------------------------------------------


class Routes(NamedTuple):
    """What a layer's router saw and decided, a row a token: (T, E) float64, (T, k), (T, k)."""

    logits: torch.Tensor
    """Made anew from the router's input and weights."""
    experts: torch.Tensor
    """As the experts were given them, where they are."""
    weights: torch.Tensor


class Witness(AbstractContextManager["Witness"]):
    """While entered, keeps the first pass of a model whole: positions are rows, batch row by batch row.

    Raises NoReferenceError on construction, where the model's blocks are not laid out as transformers lays them out.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self.layers: Any = layers_of(model)
        self.feed_forward = [_feed_forward(layer) for layer in self.layers]
        self.mlp: dict[int, torch.Tensor] = {}
        """Input of each block's feed-forward part."""
        self.resid: dict[int, torch.Tensor] = {}
        """Output of each block."""
        self._router_inputs: dict[int, torch.Tensor] = {}
        self._given: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}
        """What experts were given, or what a router returned: ids and weights."""

    def __enter__(self) -> Witness:
        self._stack = ExitStack()
        for i, (layer, part) in enumerate(zip(self.layers, self.feed_forward, strict=True)):
            self._on(layer.register_forward_hook(lambda _, __, out, i=i: self._keep(self.resid, i, out)))
            if part is None:
                continue
            first = part if (up := _named(part, _UP)) is None else up
            self._on(first.register_forward_pre_hook(lambda _, args, i=i: self._keep(self.mlp, i, args)))
            router, experts = _named(part, _ROUTER), getattr(part, "experts", None)
            if router is not None and experts is not None:
                self._on(router.register_forward_pre_hook(lambda _, args, i=i: self._keep(self._router_inputs, i, args)))
                self._on(router.register_forward_hook(lambda _, __, out, i=i: self._keep_gates(i, out)))
                self._on(
                    experts.register_forward_pre_hook(
                        lambda _, args, kwargs, i=i: self._keep_given(i, [*args, *kwargs.values()]), with_kwargs=True
                    )
                )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    @property
    def routes(self) -> dict[int, Routes]:
        """By layer. Raises NoReferenceError for a router whose weights are not where they usually are."""
        return {layer: Routes(self._router_logits(layer), *given) for layer, given in self._given.items()}

    @torch.no_grad()
    def _router_logits(self, layer: int) -> torch.Tensor:
        router = _named(self.feed_forward[layer], _ROUTER)
        linear = next((part for part in (router, *router.children()) if getattr(part, "weight", None) is not None), None)
        if linear is None or linear.weight.dim() != 2:
            raise NoReferenceError(f"{type(router).__name__} has no weight (experts, hidden)")
        bias = getattr(linear, "bias", None)
        logits: torch.Tensor = self._router_inputs[layer].double() @ linear.weight.double().T
        return logits if bias is None else logits + bias.double()

    def _on(self, handle: Any) -> None:
        self._stack.callback(handle.remove)

    def _keep(self, kept: dict[int, torch.Tensor], layer: int, value: Any) -> None:
        tensor = value[0] if isinstance(value, tuple) else value
        kept.setdefault(layer, tensor.detach().reshape(-1, tensor.shape[-1]))

    def _keep_given(self, layer: int, values: list[Any]) -> None:
        """Experts are called with (hidden states, ids, weights), or with tokens that were routed before."""
        if len(values) == 3:
            _, experts, weights = (part.detach() for part in values)
            self._given.setdefault(layer, (experts, weights))

    def _keep_gates(self, layer: int, output: Any) -> None:
        """A router that returns its gates over all experts, zero where a token is not sent."""
        if isinstance(output, tuple) and len(output) == 2:
            gates = output[0].detach()
            k = int((gates[0] != 0).sum())
            weights, experts = gates.sort(-1, descending=True)
            self._given.setdefault(layer, (experts[:, :k], weights[:, :k]))

    @torch.no_grad()
    def activations(self, layer: int, token: int) -> list[NDArray[np.float32]]:
        """act(gate) * up of one token, or act(up) without a gate; of each chosen expert in a mixture-of-experts layer.

        Raises NoReferenceError for a feed-forward part with other names.
        """
        part = self.feed_forward[layer]
        if part is None:
            raise NoReferenceError(f"{type(self.layers[layer]).__name__} has no part called {', '.join(_FEED_FORWARD)}")
        hidden = self.mlp[layer][token]
        if layer in self._given:
            experts = self._given[layer][0][token].tolist()
            return [_expert_activation(part.experts, expert, hidden).float().cpu().numpy() for expert in experts]
        gate, up = _named(part, _GATE), _named(part, _UP)
        act: Any = torch.nn.functional.silu if hasattr(part, "w1") else _named(part, _ACTIVATION)
        if up is None or act is None:
            raise NoReferenceError(f"{type(part).__name__} has no up projection and activation of a known name")
        if hasattr(part, "gate_up_proj"):
            first, second = up(hidden).chunk(2, -1)
            values = act(first) * second
        else:
            values = act(up(hidden)) if gate is None else act(gate(hidden)) * up(hidden)
        return [values.float().cpu().numpy()]


def layers_of(model: Any) -> Any:
    """The decoder's blocks by the names transformers gives them. Raises NoReferenceError."""
    decoder = model.get_decoder() if hasattr(model, "get_decoder") else None
    for own in (decoder, getattr(decoder, "decoder", None), getattr(decoder, "model", None)):
        if (layers := _named(own, _LAYERS)) is not None:
            return layers
    raise NoReferenceError(f"{type(model).__name__} has no get_decoder() with {', '.join(_LAYERS)}")


class LastLogits(AbstractContextManager["LastLogits"]):
    """While entered, keeps of every pass of a model the logits (rows, V) of the last position."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.logits: list[NDArray[np.float64]] = []

    def __enter__(self) -> LastLogits:
        self._handle = self.model.register_forward_hook(lambda _, __, out: self._keep(out.logits))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._handle.remove()

    def _keep(self, logits: torch.Tensor) -> None:
        self.logits.append(logits[:, -1].detach().double().cpu().numpy())


@torch.no_grad()
def logits(model: Any, ids: Sequence[int]) -> NDArray[np.float64]:
    """(T, V) of one prompt through the bare model, alone and without padding."""
    found: torch.Tensor = model(torch.tensor([list(ids)], device=model.device), use_cache=False).logits[0]
    return found.double().cpu().numpy()


def run(model: Any, ids: Sequence[int]) -> tuple[Witness, NDArray[np.float64]]:
    """The same, and what the pass computed."""
    with Witness(model) as seen:
        found = logits(model, ids)
    return seen, found


@torch.no_grad()
def attention_maps(model: Any, ids: Sequence[int]) -> NDArray[np.float64]:
    """(L, H, T) attention of the last token in every layer, by the eager implementation, of one prompt alone."""
    chosen = model.config._attn_implementation
    model.set_attn_implementation("eager")
    try:
        maps = model(torch.tensor([list(ids)], device=model.device), output_attentions=True, use_cache=False).attentions
    finally:
        model.set_attn_implementation(chosen)
    # A layer of linear attention may return a state in that place.
    square = [layer for layer in maps or () if layer is not None and layer.shape[-2:] == (len(ids), len(ids))]
    if not square:
        raise NoReferenceError(f"{type(model).__name__} returns no attention maps")
    return np.stack([layer[0, :, -1].double().cpu().numpy() for layer in square])


@torch.no_grad()
def hidden_states(model: Any, ids: Sequence[int]) -> list[torch.Tensor]:
    """(T, D) of one prompt alone after each block but the last, whose state transformers gives behind the final norm."""
    states = model(torch.tensor([list(ids)], device=model.device), output_hidden_states=True, use_cache=False).hidden_states
    # The embeddings come first, where they are among them.
    return [layer[0] for layer in states[len(states) - len(layers_of(model)) : -1]]


def density_of(vectors: Sequence[Vector], name: str) -> tuple[float, float]:
    """The least and the most that rounding leaves of a measure of one token: the mean over its vectors, several in experts."""
    if name == "near_zero":
        low, high = (float(np.mean([near_zero(vector, times) for vector in vectors])) for times in (1 - 1e-5, 1 + 1e-5))
        return low, high
    value = float(np.mean([MEASURES[name](vector) for vector in vectors]))
    return value, value


def _expert_activation(experts: Any, expert: int, hidden: torch.Tensor) -> torch.Tensor:
    if not hasattr(experts, "gate_up_proj"):
        raise NoReferenceError(f"{type(experts).__name__} has no gate_up_proj")
    weight = experts.gate_up_proj[expert]
    both = hidden @ weight if getattr(experts, "is_transposed", False) else weight @ hidden
    if getattr(experts, "has_bias", False):
        both = both + experts.gate_up_proj_bias[expert]
    if hasattr(experts, "act_fn"):
        gate, up = both.chunk(2)
        activation: torch.Tensor = experts.act_fn(gate) * up
        return activation
    # The class's own, not the instance's, which a probe may have wrapped.
    own: torch.Tensor = type(experts)._apply_gate(experts, both[None])[0]
    return own


def _feed_forward(layer: Any) -> Any:
    """A block's feed-forward part; OPT's lies in the block itself."""
    part = _named(layer, _FEED_FORWARD)
    return layer if part is None and hasattr(layer, "fc1") else part


def _named(module: Any, names: Sequence[str]) -> Any:
    return next((found for name in names if (found := getattr(module, name, None)) is not None), None)
