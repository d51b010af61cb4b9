"""Routers, found by what a block's modules return and are given, never by class name.

Three layouts are known. Most gates return (scores (T, E), weights (T, k), expert ids (T, k)). Llama-4's returns its gates
scattered over all experts, zeros elsewhere, beside the scores. DBRX's returns scores only, and its experts are handed weights
and ids. A new layout is a branch in `_returned`, or a way to be handed things.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import torch
from torch import nn

Normalization = Literal["softmax", "sigmoid", "unknown"]


class Routing(NamedTuple):
    """What a router decided for T tokens."""

    scores: torch.Tensor
    """(T, E), logits unless the router `gives_probabilities`."""
    weights: torch.Tensor
    """(T, k) gate weights of the chosen experts."""
    experts: torch.Tensor
    """(T, k) their ids."""


@dataclass(frozen=True, kw_only=True)
class Router:
    """A gate module and what its output means."""

    module: nn.Module
    experts: nn.Module | None
    """The module that is handed weights and ids, where the gate does not return them itself."""
    n_experts: int
    top_k: int
    gives_probabilities: bool
    """transformers 5.x before April 2026 returned probabilities where logits were promised."""
    normalization: Normalization

    def watch(self, see: Callable[[Routing | None], None]) -> list[Any]:
        """Hooks that call `see` for each pass, with None for one in another layout than was found; returns their handles."""
        if self.experts is None:
            return [self.module.register_forward_hook(lambda _, __, output: see(_returned(output, self.top_k)))]
        scores: list[Any] = [None]

        def keep(_: nn.Module, __: Any, output: Any) -> None:
            scores[0] = output

        def handed(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            given = _handed([*args, *kwargs.values()])
            see(None if given is None or not isinstance(scores[0], torch.Tensor) else Routing(scores[0], *given))

        return [
            self.module.register_forward_hook(keep),
            self.experts.register_forward_pre_hook(handed, with_kwargs=True),
        ]


class Search:
    """Looks for the router of one block in a pass over `n_tokens` tokens."""

    def __init__(self, block: nn.Module, n_tokens: int) -> None:
        self._n_tokens = n_tokens
        self._found: tuple[nn.Module, nn.Module | None, Routing] | None = None
        self._scores: list[tuple[nn.Module, torch.Tensor]] = []
        self.handles = [
            handle
            for module in block.modules()
            for handle in (
                module.register_forward_pre_hook(self._before, with_kwargs=True),
                module.register_forward_hook(self._after),
            )
        ]

    def router(self) -> Router | None:
        """After the pass."""
        if self._found is None:
            return None
        module, experts, routing = self._found
        scores, weights = routing.scores.float(), routing.weights.float()
        gives_probabilities = bool((scores >= 0).all()) and _close(scores.sum(-1), torch.ones_like(scores[:, 0]), 1e-3)
        return Router(
            module=module,
            experts=experts,
            n_experts=scores.shape[-1],
            top_k=weights.shape[-1],
            gives_probabilities=gives_probabilities,
            normalization=_normalization(scores, weights, routing.experts.long(), gives_probabilities),
        )

    def _before(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        given = _handed([*args, *kwargs.values()])
        if self._found is not None or given is None:
            return
        weights, experts = given
        for gate, scores in reversed(self._scores):
            if scores.shape[1] > experts.shape[1] and _chose(scores, experts):
                self._found = gate, module, Routing(scores, weights, experts)
                return

    def _after(self, module: nn.Module, _: Any, output: Any) -> None:
        if isinstance(output, torch.Tensor):
            if output.dim() == 2 and output.shape[0] == self._n_tokens and output.is_floating_point():
                self._scores.append((module, output))
        elif self._found is None and (routing := _returned(output)) is not None and len(routing.scores) == self._n_tokens:
            self._found = module, None, routing


def _returned(output: Any, top_k: int | None = None) -> Routing | None:
    """The routing in a gate's output; `top_k` where it is known from before."""
    if not isinstance(output, tuple) or not all(isinstance(part, torch.Tensor) and part.dim() == 2 for part in output):
        return None
    if len(output) == 3:
        scores, weights, experts = output
        return Routing(scores, weights, experts) if _fit(scores, weights, experts) else None
    if len(output) == 2 and output[0].shape == output[1].shape and output[0].is_floating_point():
        gates, scores = output
        k = int((gates[0] != 0).sum()) if top_k is None else top_k
        if top_k is None and (not 0 < k < gates.shape[1] or ((gates != 0).sum(-1) != k).any()):
            return None
        experts = scores.topk(k, dim=-1).indices
        return Routing(scores, gates.gather(-1, experts), experts)
    return None


def _handed(values: Iterable[Any]) -> tuple[torch.Tensor, torch.Tensor] | None:
    """Weights and ids (T, k) among the arguments of an experts module."""
    tensors = [value for value in values if isinstance(value, torch.Tensor) and value.dim() == 2]
    for experts in tensors:
        if not experts.is_floating_point() and experts.dtype != torch.bool:
            for weights in tensors:
                if weights.is_floating_point() and weights.shape == experts.shape:
                    return weights, experts
    return None


def _fit(scores: torch.Tensor, weights: torch.Tensor, experts: torch.Tensor) -> bool:
    return (
        not experts.is_floating_point()
        and weights.shape == experts.shape
        and scores.shape[0] == experts.shape[0]
        and scores.shape[1] >= experts.shape[1]
    )


def _chose(scores: torch.Tensor, experts: torch.Tensor) -> bool:
    """Whether the ids are those of each row's largest scores."""
    largest = scores.topk(experts.shape[1], dim=-1).indices
    return bool((largest.sort(-1).values == experts.sort(-1).values).all())


def _normalization(
    scores: torch.Tensor, weights: torch.Tensor, experts: torch.Tensor, gives_probabilities: bool
) -> Normalization:
    """Which function of the scores the weights are, up to a factor: gates may be renormalised over the chosen, or scaled.

    With one expert a token there is nothing to renormalise, so the factor is one for all tokens; and where that one's weight is
    always 1, nothing can be told.
    """
    over = -1 if weights.shape[1] > 1 else 0
    if over == 0 and _close(weights, weights[:1].expand_as(weights), 1e-3):
        return "unknown"
    gates: dict[Normalization, torch.Tensor] = {
        "softmax": scores if gives_probabilities else torch.softmax(scores, -1),
        "sigmoid": torch.sigmoid(scores),
    }
    errors: dict[Normalization, float] = {}
    for name, values in gates.items():
        picked = values.gather(-1, experts)
        errors[name] = float((picked / picked.sum(over, True) - weights / weights.sum(over, True)).abs().max())
    best = min(errors, key=lambda name: errors[name])
    return best if errors[best] < 1e-2 else "unknown"


def _close(first: torch.Tensor, second: torch.Tensor, tolerance: float) -> bool:
    return bool(torch.allclose(first, second, atol=tolerance))
