"""Routing: which experts each token was sent to, and how undecided the router was.

Exact counts, not shares, are kept: they add up, and the invariant "selections in a layer = tokens x k" is checked on them.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ride_eval.errors import ProbeError
from ride_eval.metrics.entropy import token_entropy
from ride_eval.metrics.routing import selection_counts
from ride_eval.probes.anatomy import Anatomy, Block, Router, is_routing
from ride_eval.probes.layout import Layout
from ride_eval.probes.passes import Passes

GENERATED_TOKENS = 32
"""The `generated` span: so many first tokens of the greedy answer."""


class RoutingProbe(AbstractContextManager["RoutingProbe"]):
    """Reads the routers of one prefill and of the decoding steps after it.

    Raises
    ------
    ProbeError
        On construction, for a model without routers; after a pass, where selections are not tokens x k.
    """

    def __init__(self, anatomy: Anatomy) -> None:
        if not anatomy.routed:
            raise ProbeError(
                f"`routing` was asked of {type(anatomy.model).__name__}, which has no router: a dense model has no routing to "
                "measure. Leave it out, or give probes=all to measure what the model has."
            )
        self.anatomy = anatomy
        sizes = {(router.n_experts, router.top_k) for _, router in self._routers()}
        if len(sizes) != 1:
            raise ProbeError(f"Layers with different numbers of experts (experts, k) = {sorted(sizes)} are not supported.")
        ((self.n_experts, self.top_k),) = sizes
        self.n_layers = len(anatomy.routed)

    def read(self, layout: Layout, passes: Passes) -> RoutingProbe:
        """The probe set up for one batch; enter it around the forward passes."""
        self._layout, self._passes = layout, passes
        self._experts: list[torch.Tensor] = []
        self._entropies: list[torch.Tensor] = []
        self._counts: list[torch.Tensor] = []
        self._steps: list[list[torch.Tensor]] = []
        self._group = 1
        self._stack = ExitStack()
        return self

    def __enter__(self) -> RoutingProbe:
        try:
            for block, router in self._routers():
                handle = router.module.register_forward_hook(self._on_router(block, router))
                self._stack.callback(handle.remove)
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    def rows(self) -> list[dict[str, NDArray[Any]]]:
        """Per measured row.

        `routing_prompt` (Lm, E) counts over all prompt tokens; and, where the row has aligned question tokens,
        `routing_question` (Lm, E), `experts` (tokens, Lm, k) uint16 and `router_entropy` (Lm,) float32 nats.
        """
        if len(self._counts) != self.n_layers:
            raise ProbeError(
                f"{len(self._counts)} routers fired in a pass, expected {self.n_layers}: something replaced or bypassed a "
                "router module (a fused kernel?), so its routing cannot be measured."
            )
        if not self._layout.rows:
            return []
        device = self._counts[0].device
        counts = torch.stack([part.to(device) for part in self._counts], 1).cpu().numpy()  # (R, Lm, E)
        experts = torch.stack([part.to(device) for part in self._experts], 0).cpu().numpy()  # (Lm, k, Q)
        entropies = torch.stack([part.to(device) for part in self._entropies], 0).cpu().numpy()  # (Lm, Q)
        rows = []
        for measured, count, ids, entropy in zip(
            self._layout.rows, counts, self._layout.split_question(experts), self._layout.split_question(entropies), strict=True
        ):
            self._check(count, measured.n_tokens)
            row: dict[str, NDArray[Any]] = {"routing_prompt": count}
            if ids.shape[-1]:
                row["experts"] = np.moveaxis(ids, -1, 0).astype(np.uint16)
                row["routing_question"] = selection_counts(row["experts"], self.n_experts)
                row["router_entropy"] = entropy.mean(-1, dtype=np.float64).astype(np.float32)
            rows.append(row)
        return rows

    def branch(self, group: int) -> None:
        """From the next pass on, each row is `group` rows, of which the first is read."""
        self._group = group

    def generated(self, n_answer_tokens: list[int]) -> list[NDArray[np.int64]]:
        """(Lm, E) counts over the first GENERATED_TOKENS answer tokens of each row of the batch.

        A token is routed when it is fed back, so the last token of an answer that ended is not among them.
        """
        if not self._steps:
            return [np.zeros((self.n_layers, self.n_experts), dtype=np.int64) for _ in n_answer_tokens]
        device = self._steps[0][0].device
        steps = torch.stack([torch.stack([part.to(device) for part in step], 1) for step in self._steps]).cpu().numpy()
        return [selection_counts(steps[:n, row], self.n_experts) for row, n in enumerate(n_answer_tokens)]  # (S, B, Lm, k)

    def _routers(self) -> list[tuple[Block, Router]]:
        return [(block, block.router) for block in self.anatomy.routed if block.router is not None]

    def _check(self, counts: NDArray[np.int64], n_tokens: int) -> None:
        selections = counts.sum(-1)
        if (selections != n_tokens * self.top_k).any():
            raise ProbeError(
                f"A row of {n_tokens} tokens has {selections.tolist()} expert selections a layer, expected "
                f"{n_tokens} x {self.top_k} = {n_tokens * self.top_k}."
            )

    def _on_router(self, block: Block, router: Router) -> Callable[[nn.Module, Any, Any], None]:
        def hook(_: nn.Module, __: Any, output: Any) -> None:
            step = self._passes.current
            expected = self._layout.n_positions if step == 0 else self._layout.shape[0] * self._group
            if step > GENERATED_TOKENS:
                return
            if not is_routing(output, expected):
                raise ProbeError(f"The router of {block.name} did not return scores and ids of {expected} tokens.")
            scores, _weights, experts = output
            if step == 0:
                self._on_prefill(router, scores, experts)
            else:
                while len(self._steps) < step:
                    self._steps.append([])
                self._steps[step - 1].append(experts[:: self._group])

        return hook

    def _on_prefill(self, router: Router, scores: torch.Tensor, experts: torch.Tensor) -> None:
        index = self._layout.on("question_index", experts.device)
        self._experts.append(experts.index_select(0, index).T.to(torch.int32))
        picked = scores.index_select(0, index).float()
        self._entropies.append(
            torch.special.entr(picked).sum(-1) if router.gives_probabilities else self._entropy(router, picked)
        )
        prompt = experts.index_select(0, self._layout.on("prompt_index", experts.device)).long()
        slots = self._layout.on("prompt_row", experts.device)[:, None] * self.n_experts + prompt
        counts = torch.zeros(len(self._layout.rows) * self.n_experts, dtype=torch.int64, device=experts.device)
        counts.index_add_(0, slots.reshape(-1), torch.ones_like(slots).reshape(-1))
        self._counts.append(counts.reshape(len(self._layout.rows), self.n_experts))

    @staticmethod
    def _entropy(router: Router, logits: torch.Tensor) -> torch.Tensor:
        if router.normalization == "sigmoid":
            gates = torch.sigmoid(logits)
            entropy: torch.Tensor = torch.special.entr(gates / gates.sum(-1, keepdim=True)).sum(-1)
            return entropy
        return token_entropy(logits)
