"""Routing: which experts each token was sent to, with which weight, and how undecided the router was.

Exact counts of selections, not shares, are kept: they add up, and the invariant "selections in a layer = tokens x k" is checked
on them. Gate weights are summed by expert.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ride_eval.errors import ProbeError
from ride_eval.metrics.router import router_margin
from ride_eval.metrics.routing import gate_shares, gate_sums, selection_counts
from ride_eval.probes.anatomy import Anatomy, Block
from ride_eval.probes.held import Held, by_layer
from ride_eval.probes.layout import FLAW, Layout, MeasuredRow, Routed
from ride_eval.probes.passes import Passes
from ride_eval.probes.routers import Router, Routing
from ride_eval.probes.transfer import to_host

GENERATED_TOKENS = 32
"""The `generated` span: so many first tokens of the greedy answer."""
SUM_TOLERANCE = 1e-3
"""Of a router's probabilities, whose sum is 1; those that a model returns may be of lower precision."""


class RoutingProbe(AbstractContextManager["RoutingProbe"]):
    """Reads the routers of one prefill and of the decoding steps after it.

    Raises
    ------
    ProbeError
        On construction, for a model without routers; from `rows` and `generated`, where routers did not fire as often as they
        must or returned other shapes. Never from a hook: a pass that is measured wrongly is still the model's answer.
    """

    def __init__(self, anatomy: Anatomy, *, prompt_experts: bool = False) -> None:
        """`prompt_experts`: keep the expert ids of all prompt tokens, not of the question's only."""
        if problem := anatomy.routing_problem:
            raise ProbeError(problem)
        self.anatomy = anatomy
        sizes = {(router.n_experts, router.top_k) for _, router in self._routers()}
        ((self.n_experts, self.top_k),) = sizes
        self.n_layers = len(anatomy.routed)
        self._keeps_prompt = prompt_experts

    def read(self, layout: Layout, passes: Passes) -> RoutingProbe:
        """The probe set up for one batch; enter it around the forward passes."""
        self._layout, self._passes = layout, passes
        self._questions = Held(self._of_questions)
        self._prompts = Held(self._of_prompts, grows=max(1, 2 * self.n_experts // self.top_k))
        self._steps: list[tuple[torch.Tensor, list[tuple[torch.Tensor, torch.Tensor]]]] = []
        self._problem: str | None = None
        self._stack = ExitStack()
        return self

    def __enter__(self) -> RoutingProbe:
        try:
            for block, router in self._routers():
                for handle in router.watch(self._on_router(block, router)):
                    self._stack.callback(handle.remove)
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    def pending(self) -> list[torch.Tensor]:
        """What `rows` needs on the host."""
        if self._problem is not None:
            raise ProbeError(self._problem)
        fired = sorted(self._questions.layers)
        if fired != [block.index for block in self.anatomy.routed]:
            raise ProbeError(
                f"{len(fired)} routers fired in a pass, expected {self.n_layers}, once each: something replaced, bypassed or "
                "repeated a router module (a fused kernel?), so its routing cannot be measured."
            )
        return [*by_layer(self._prompts), *by_layer(self._questions)] if self._layout.rows else []

    def rows(self, arrays: Sequence[NDArray[Any]]) -> list[dict[str, Any]]:
        """Per measured row.

        `routing_prompt` (Lm, E) counts and `gates_prompt` (Lm, E) float32 shares of the gate weights, over all prompt tokens;
        and, where the row has aligned question tokens, `routing_question` and `gates_question`, `experts` (tokens, Lm, k)
        uint16, a token's by falling gate weight, and `router_entropy`, in nats, and `router_margin`: (Lm,) float32; and
        `prompt_experts` (prompt tokens, Lm, k) where they are kept. FLAW alone where selections are not tokens x k, or a
        probability is none.
        """
        if not arrays:
            return []
        sums, *all_ids, experts, values = arrays  # (Lm, 2, R, E), maybe (Lm, k, P), (Lm, k, Q), (Lm, 3 + k, Q)
        prompts = np.moveaxis(sums, 0, 2)
        all_tokens = self._layout.split_prompt(all_ids[0]) if all_ids else [np.empty(0)] * len(self._layout.rows)
        parts = zip(self._layout.split_question(experts), self._layout.split_question(values), all_tokens, strict=True)
        rows: list[dict[str, Any]] = []
        for measured, counts, gates, (ids, tokens, prompt_ids) in zip(self._layout.rows, *prompts, parts, strict=True):
            # What another pass read of the prompt counts as its own: the same tokens at the same places.
            led, led_weights = self._leading(measured)
            counts = counts.astype(np.int64) + selection_counts(led, self.n_experts)
            gates = gates + gate_sums(led, led_weights, self.n_experts)
            if flaw := self._flaw(counts, gates, tokens, measured.n_tokens):
                rows.append({FLAW: flaw})
                continue
            row: dict[str, NDArray[Any]] = {"routing_prompt": counts}
            if measured.n_tokens:
                row["gates_prompt"] = gate_shares(gates)
                if self._keeps_prompt:
                    row["prompt_experts"] = np.concatenate([led, np.moveaxis(prompt_ids, -1, 0).astype(np.uint16)])
            if ids.shape[-1]:
                weights = np.moveaxis(tokens[:, 3:], -1, 0)
                row["experts"] = np.moveaxis(ids, -1, 0).astype(np.uint16)
                row["routing_question"] = selection_counts(row["experts"], self.n_experts)
                row["gates_question"] = gate_shares(gate_sums(row["experts"], weights, self.n_experts))
                means = tokens[:, :2].mean(-1, dtype=np.float64).astype(np.float32)
                row["router_entropy"], row["router_margin"] = means.T
            rows.append(row)
        return rows

    def _leading(self, measured: MeasuredRow) -> tuple[NDArray[np.uint16], NDArray[np.float32]]:
        """Experts and gate weights, (tokens, Lm, k) each, of the leading tokens that were not fed."""
        n = self._layout.reused(measured)
        if not n:
            empty = np.empty((0, self.n_layers, self.top_k))
            return empty.astype(np.uint16), empty.astype(np.float32)
        if measured.routed is None:
            raise ProbeError(f"{n} tokens of a prompt were read before, and their routing was not.")
        return measured.routed.experts[:n], measured.routed.weights[:n]

    def generated(self, n_answer_tokens: list[int]) -> tuple[list[NDArray[np.int64]], list[NDArray[np.float32]]]:
        """(Lm, E) counts, and shares of the gate weights, over the first GENERATED_TOKENS answer tokens of each row.

        A token is routed when it is fed back, so the last token of an answer that ended is not among them; without any, the
        shares are NaN.
        """
        if self._problem is not None:
            raise ProbeError(self._problem)
        steps = max(min(self._passes.current, GENERATED_TOKENS), 0)
        fired = [len(layers) for _, layers in self._steps]
        if fired != [self.n_layers] * steps:
            raise ProbeError(
                f"Routers fired {fired} times in {steps} decoding steps, expected {self.n_layers} in each: something replaced, "
                "bypassed or repeated a router module, so its routing cannot be measured."
            )
        experts = np.zeros((steps, len(n_answer_tokens), self.n_layers, self.top_k), dtype=np.int64)
        weights = np.zeros(experts.shape, dtype=np.float32)
        read = iter(to_host([torch.stack(parts, 1) for _, layers in self._steps for parts in _by_kind(layers)]))
        for step, (prompts, _) in enumerate(self._steps):
            experts[step, prompts.numpy()], weights[step, prompts.numpy()] = next(read), next(read)
        counts, gates = [], []
        for row, n in enumerate(n_answer_tokens):
            counts.append(selection_counts(experts[:n, row], self.n_experts))
            gates.append(gate_shares(gate_sums(experts[:n, row], weights[:n, row], self.n_experts)))
        return counts, gates

    def _routers(self) -> list[tuple[Block, Router]]:
        return [(block, block.router) for block in self.anatomy.routed if block.router is not None]

    def _flaw(
        self, counts: NDArray[np.float32], gates: NDArray[np.float32], tokens: NDArray[np.float32], n_tokens: int
    ) -> str | None:
        """What cannot be in one row: (Lm, E) counts and summed gate weights, (Lm, 3 + k, tokens) values of question tokens."""
        selections = counts.sum(-1)
        if (selections != n_tokens * self.top_k).any():
            return (
                f"{n_tokens} tokens have {selections.astype(np.int64).tolist()} expert selections a layer, expected "
                f"{n_tokens} x {self.top_k} = {n_tokens * self.top_k}"
            )
        if not (np.isfinite(gates).all() and np.isfinite(tokens).all()):
            return "a router's gate weights or probabilities are not finite"
        if (np.abs(tokens[:, 2] - 1) > SUM_TOLERANCE).any():
            return f"a router's probabilities sum to {tokens[:, 2].min():.4g} .. {tokens[:, 2].max():.4g}, expected 1"
        return None

    def _on_router(self, block: Block, router: Router) -> Callable[[Routing | None], None]:
        def hook(routing: Routing | None) -> None:
            step = self._passes.current
            expected = self._layout.n_positions if step == 0 else len(self._passes.rows)
            if step > GENERATED_TOKENS:
                return
            fits = (expected, router.n_experts), (expected, router.top_k)
            if routing is None or (tuple(routing.scores.shape), tuple(routing.experts.shape)) != fits:
                self._problem = (
                    f"The router of {block.name} did not return scores of {router.n_experts} experts and {router.top_k} ids of "
                    f"{expected} tokens."
                )
                return
            scores, weights, experts = routing
            if step == 0:
                self._on_prefill(block, router, scores, weights.float(), experts)
            else:
                while len(self._steps) < step:
                    self._steps.append((self._passes.first_prompts, []))
                places = self._passes.first_places(experts.device)
                self._steps[step - 1][1].append((experts.index_select(0, places), weights.index_select(0, places).float()))

        return hook

    def _on_prefill(
        self, block: Block, router: Router, scores: torch.Tensor, weights: torch.Tensor, experts: torch.Tensor
    ) -> None:
        index = self._layout.on("question_index", experts.device)
        probabilities = self._probabilities(router, scores.index_select(0, index).float())
        self._questions.add(block.index, probabilities, weights.index_select(0, index), experts.index_select(0, index))
        index = self._layout.on("prompt_index", experts.device)
        self._prompts.add(block.index, weights.index_select(0, index), experts.index_select(0, index))

    def _of_questions(
        self, probabilities: torch.Tensor, weights: torch.Tensor, experts: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """(G, Q, E), (G, Q, k) and (G, Q, k) of G layers -> ids (G, k, Q); entropy, margin, sum, weights (G, 3 + k, Q)."""
        ordered, own = _by_weight(experts, weights)
        entropy = torch.special.entr(probabilities).sum(-1)
        margin = router_margin(probabilities, self.top_k)
        return ordered, torch.cat([torch.stack([entropy, margin, probabilities.sum(-1)], 1), own.mT], 1)

    def _of_prompts(self, weights: torch.Tensor, experts: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """(G, P, k) each -> (G, 2, R, E) counts and summed weights by row and expert, and ids (G, k, P) where they are kept."""
        # Sums by row as a product with a 0/1 matrix: unlike index_add_ of floats, it gives the same bits every time. Counts are
        # exact in float32 up to 16 million.
        both = torch.stack([torch.ones_like(weights), weights], 1)
        by_expert = both.new_zeros((*both.shape[:3], self.n_experts))
        by_expert.scatter_(-1, experts.long()[:, None].expand(both.shape), both)
        row_of = self._layout.on("prompt_row", experts.device)
        rows = torch.arange(len(self._layout.rows), device=experts.device)
        sums = (row_of == rows[:, None]).to(by_expert.dtype) @ by_expert
        return (sums, _by_weight(experts, weights)[0]) if self._keeps_prompt else (sums,)

    @staticmethod
    def _probabilities(router: Router, scores: torch.Tensor) -> torch.Tensor:
        """The router's distribution over all experts: (Q, E) float32, rows summing to 1."""
        if router.gives_probabilities:
            return scores
        if router.normalization == "sigmoid":
            gates = torch.sigmoid(scores)
            return gates / gates.sum(-1, keepdim=True)
        return torch.softmax(scores, -1)


class LeadingRouting(AbstractContextManager["LeadingRouting"]):
    """Reads where all tokens of one pass are sent: of prefixes, which many prompts share and one pass reads."""

    def __init__(self, anatomy: Anatomy) -> None:
        self._routers = [block.router for block in anatomy.routed if block.router is not None]
        self._layers: list[tuple[torch.Tensor, torch.Tensor]] = []
        self._stack = ExitStack()

    def __enter__(self) -> LeadingRouting:
        for router in self._routers:
            for handle in router.watch(self._see):
                self._stack.callback(handle.remove)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    def routed(self, starts: Sequence[int], width: int) -> list[Routed]:
        """Per row of the pass its tokens from its start on, the row's columns being `width`."""
        if len(self._layers) != len(self._routers):
            raise ProbeError(f"{len(self._layers)} routers fired in a pass, expected {len(self._routers)}.")
        device = self._layers[0][0].device
        both = torch.stack([torch.stack([ids.T.float(), weights]).to(device) for ids, weights in self._layers], 2)
        experts, weights = to_host([both])[0].reshape(2, len(starts), width, *both.shape[2:])
        return [
            Routed(experts=experts[i, start:].astype(np.uint16), weights=weights[i, start:]) for i, start in enumerate(starts)
        ]

    def _see(self, routing: Routing | None) -> None:
        if routing is None:
            raise ProbeError("A router did not return scores, weights and ids.")
        self._layers.append(_by_weight(routing.experts, routing.weights.float()))


def _by_kind(layers: Sequence[tuple[torch.Tensor, torch.Tensor]]) -> list[list[torch.Tensor]]:
    """Expert ids of a pass by layer, and gate weights, each on one device."""
    return [[part.to(parts[0].device) for part in parts] for parts in zip(*layers, strict=True)]


def _by_weight(experts: torch.Tensor, weights: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Tokens' experts by falling gate weight, (..., T, k) each -> ids (..., k, T) int32 and weights (..., T, k)."""
    own, order = weights.sort(stable=True, dim=-1, descending=True)
    return experts.long().gather(-1, order).mT.to(torch.int32), own
