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
_FEED_FORWARD = ("mlp", "block_sparse_moe", "feed_forward")
_ROUTER = ("gate", "router")


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
    """What a router returned, a row a token: (T, E), (T, k), (T, k)."""

    scores: torch.Tensor
    experts: torch.Tensor
    weights: torch.Tensor


class Witness(AbstractContextManager["Witness"]):
    """While entered, keeps the first pass of a model whole: positions are rows, batch row by batch row.

    Raises NoReferenceError on construction, where the model's blocks are not laid out as transformers lays them out.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        decoder = model.get_decoder() if hasattr(model, "get_decoder") else None
        self.layers: Any = getattr(decoder, "layers", None)
        if self.layers is None:
            raise NoReferenceError(f"{type(model).__name__} has no get_decoder().layers")
        self.feed_forward = [_named(layer, _FEED_FORWARD) for layer in self.layers]
        self.mlp: dict[int, torch.Tensor] = {}
        """Input of each block's feed-forward part."""
        self.resid: dict[int, torch.Tensor] = {}
        """Output of each block."""
        self.routes: dict[int, Routes] = {}
        self.logits: list[NDArray[np.float64]] = []
        """Of every pass: (rows, V) of the last position."""

    def __enter__(self) -> Witness:
        self._stack = ExitStack()
        for i, (layer, part) in enumerate(zip(self.layers, self.feed_forward, strict=True)):
            self._on(layer.register_forward_hook(lambda _, __, out, i=i: self._keep(self.resid, i, out)))
            if part is None:
                continue
            self._on(part.register_forward_pre_hook(lambda _, args, i=i: self._keep(self.mlp, i, args)))
            router = _named(part, _ROUTER)
            if router is not None:
                self._on(router.register_forward_hook(lambda _, __, out, i=i: self._keep_routes(i, out)))
        self._on(self.model.register_forward_hook(lambda _, __, out: self._keep_logits(out.logits)))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    def _on(self, handle: Any) -> None:
        self._stack.callback(handle.remove)

    def _keep(self, kept: dict[int, torch.Tensor], layer: int, value: Any) -> None:
        tensor = value[0] if isinstance(value, tuple) else value
        kept.setdefault(layer, tensor.detach().reshape(-1, tensor.shape[-1]))

    def _keep_routes(self, layer: int, output: Any) -> None:
        if isinstance(output, tuple) and len(output) == 3:
            scores, weights, experts = (part.detach() for part in output)
            self.routes.setdefault(layer, Routes(scores, experts, weights))

    def _keep_logits(self, logits: torch.Tensor) -> None:
        self.logits.append(logits[:, -1].detach().double().cpu().numpy())

    @torch.no_grad()
    def activations(self, layer: int, token: int) -> list[NDArray[np.float32]]:
        """act(gate) * up of one token, of each chosen expert in a mixture-of-experts layer.

        Raises NoReferenceError for a feed-forward part without a gate, or with other names.
        """
        part, hidden = self.feed_forward[layer], self.mlp[layer][token]
        if layer in self.routes:
            experts = self.routes[layer].experts[token].tolist()
            return [_expert_activation(part.experts, expert, hidden).float().cpu().numpy() for expert in experts]
        if not all(hasattr(part, name) for name in ("gate_proj", "up_proj", "act_fn")):
            raise NoReferenceError(f"{type(part).__name__} has no gate_proj, up_proj and act_fn")
        return [(part.act_fn(part.gate_proj(hidden)) * part.up_proj(hidden)).float().cpu().numpy()]


@torch.no_grad()
def run(model: Any, ids: Sequence[int]) -> tuple[Witness, NDArray[np.float64]]:
    """One prompt through the bare model, alone and without padding: what it computed, and its logits (T, V)."""
    with Witness(model) as seen:
        logits = model(torch.tensor([list(ids)], device=model.device), use_cache=False).logits[0]
    return seen, logits.double().cpu().numpy()


@torch.no_grad()
def attention_maps(model: Any, ids: Sequence[int]) -> NDArray[np.float64]:
    """(L, H, T) attention of the last token in every layer, by the eager implementation, of one prompt alone."""
    chosen = model.config._attn_implementation
    model.set_attn_implementation("eager")
    try:
        maps = model(torch.tensor([list(ids)], device=model.device), output_attentions=True, use_cache=False).attentions
    finally:
        model.set_attn_implementation(chosen)
    if not maps or any(layer is None for layer in maps):
        raise NoReferenceError(f"{type(model).__name__} returns no attention maps")
    return np.stack([layer[0, :, -1].double().cpu().numpy() for layer in maps])


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


def _named(module: Any, names: Sequence[str]) -> Any:
    return next((found for name in names if (found := getattr(module, name, None)) is not None), None)
