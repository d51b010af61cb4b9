"""C1: sparsity of the feed-forward activations and of the residual stream, on the aligned question tokens.

The tokens' vectors become one number a token and measure, some layers at a time, so what stays on the device is a few floats
a token and layer, copied once per batch. Measures that sort are taken on at most SORTED_TOKENS (see `layout`) evenly spaced
question tokens: sorting is what costs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ride_eval.errors import ProbeError
from ride_eval.metrics.density import SORTED, UNSORTED, sorted_measures, unsorted_and_peaks
from ride_eval.probes.anatomy import Anatomy, Block, expert_order
from ride_eval.probes.held import Held, by_layer
from ride_eval.probes.layout import FLAW, Layout
from ride_eval.probes.passes import Passes

SITES = ("mlp", "resid")
ROUNDING = 1e-4


class DensityProbe(AbstractContextManager["DensityProbe"]):
    """Reads one prefill. Sites: `mlp`, the input of the down projection, and `resid`, the stream after each block.

    In a mixture-of-experts layer a token's `mlp` value is the mean of the measure over the k experts it was sent to, each on
    that expert's own unweighted activations.

    Raises
    ------
    ProbeError
        On construction, for an experts implementation that hides activations; from `rows`, where a hook did not fire once or
        saw other shapes. Never from a hook: a pass that is measured wrongly is still the model's answer.
    """

    def __init__(self, anatomy: Anatomy) -> None:
        self.anatomy = anatomy
        if any(block.experts is not None for block in anatomy.blocks):
            expert_order(anatomy.model)

    def read(self, layout: Layout, passes: Passes) -> DensityProbe:
        """The probe set up for one batch; enter it around the forward pass."""
        self._layout, self._passes = layout, passes
        self._held = {site: Held(self._reduced) for site in SITES}
        self._problem: str | None = None
        self._stack = ExitStack()
        return self

    def __enter__(self) -> DensityProbe:
        try:
            for block in self.anatomy.blocks:
                self._hook(block.module.register_forward_hook(self._on_residual(block)))
                if block.experts is not None:
                    self._attach_experts(block, block.experts)
                elif block.down is not None:
                    self._hook(block.down.register_forward_pre_hook(self._on_down(block)))
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
        return [self._stacked()] if len(self._layout.question_index) else []

    def rows(self, arrays: Sequence[NDArray[np.float32]]) -> list[dict[str, Any]]:
        """Per measured row, `<site>_<measure>` and `..._median`: (L,) float32 over its tokens, and `sorted_tokens`, how many
        of them the measures that sort are over; nothing without tokens; FLAW where a value is none."""
        if not arrays:
            return [{} for _ in self._layout.rows]
        (values,) = arrays
        n_tokens = len(self._layout.question_index)
        n_unsorted = len(UNSORTED) * n_tokens
        unsorted = values[..., :n_unsorted].reshape(*values.shape[:2], len(UNSORTED), -1)
        in_order = values[..., n_unsorted:-n_tokens].reshape(*values.shape[:2], len(SORTED), -1)
        peaks = values[..., None, -n_tokens:]
        parts = zip(
            self._layout.split_question(unsorted),
            self._layout.split_spaced(in_order),
            self._layout.split_question(_unsound(unsorted, peaks)),
            self._layout.split_spaced(_unsound(in_order, peaks[..., self._layout.spaced_index])),
            strict=True,
        )
        return [self._checked(*part) if part[0].shape[-1] else {} for part in parts]

    @classmethod
    def _checked(
        cls,
        unsorted: NDArray[np.float32],
        in_order: NDArray[np.float32],
        bad: NDArray[np.bool_],
        bad_in_order: NDArray[np.bool_],
    ) -> dict[str, Any]:
        n = int(bad.sum() + bad_in_order.sum())
        return {FLAW: f"{n} density values of its tokens are not numbers from 0 to 1"} if n else cls._row(unsorted, in_order)

    @staticmethod
    def _row(unsorted: NDArray[np.float32], in_order: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
        """(sites, L, measures, tokens) each."""
        row: dict[str, NDArray[Any]] = {"sorted_tokens": np.asarray(in_order.shape[-1])}
        for names, values in ((UNSORTED, unsorted), (SORTED, in_order)):
            means = values.mean(-1, dtype=np.float64).astype(np.float32)
            medians = np.median(values, axis=-1).astype(np.float32)
            for i, site in enumerate(SITES):
                for j, measure in enumerate(names):
                    row[f"{site}_{measure}"], row[f"{site}_{measure}_median"] = means[i, :, j], medians[i, :, j]
        return row

    def _stacked(self) -> torch.Tensor:
        """(sites, L, measures x tokens): first those of all question tokens, then those of the spaced ones, then peaks."""
        for site, held in self._held.items():
            for block in self.anatomy.blocks:
                if (n := held.layers.count(block.index)) != 1:
                    raise ProbeError(
                        f"The `{site}` hook of {block.name} fired {n} times in one pass, expected 1: the model "
                        "bypasses or repeats that module, so its density would be wrong."
                    )
        sites = [values for held in self._held.values() for values in by_layer(held)]
        return torch.stack([part.to(sites[0].device) for part in sites])

    def _hook(self, handle: Any) -> None:
        self._stack.callback(handle.remove)

    def _keep(self, site: str, block: Block, vectors: torch.Tensor) -> None:
        """Take the (Q, n) or, in experts, (Q, k, n) vectors of one layer."""
        self._held[site].add(block.index, vectors)

    def _reduced(self, vectors: torch.Tensor) -> tuple[torch.Tensor]:
        """(G, Q, n) or (G, Q, k, n) vectors of G layers -> one value a measure and token, (G, measures x tokens)."""
        of_experts = vectors.dim() == 4
        spaced = vectors.index_select(1, self._layout.on("spaced_index", vectors.device))
        *unsorted, peaks = unsorted_and_peaks(vectors)
        # The largest entry, of several experts the smallest: 0 tells a zero vector, which has no density, from a fault.
        peaks = peaks.amin(-1) if of_experts else peaks
        measures = [values.mean(-1) if of_experts else values for values in (*unsorted, *sorted_measures(spaced))]
        return (torch.cat([*measures, peaks], 1),)

    def _keep_tokens(self, site: str, block: Block, hidden: torch.Tensor) -> None:
        """Keep the question tokens' rows of a (B, L, n) or (T, n) tensor."""
        flat = hidden.reshape(-1, hidden.shape[-1])
        if flat.shape[0] != self._layout.n_positions:
            self._problem = (
                f"{block.name} saw {flat.shape[0]} positions where the batch has {self._layout.n_positions} "
                f"{self._layout.shape}; its tokens cannot be told apart."
            )
            return
        self._keep(site, block, flat.index_select(0, self._layout.on("question_index", flat.device)))

    def _on_residual(self, block: Block) -> Callable[[nn.Module, Any, Any], None]:
        def hook(_: nn.Module, __: Any, output: Any) -> None:
            if self._passes.current == 0:
                hidden = output[0] if isinstance(output, tuple) else output
                self._keep_tokens("resid", block, hidden)
                if not block.has_feed_forward:
                    # Its activations cannot be seen: zero vectors, whose density is missing and no fault.
                    self._keep("mlp", block, hidden.new_zeros((len(self._layout.question_index), 1)))

        return hook

    def _on_down(self, block: Block) -> Callable[[nn.Module, Any], None]:
        def hook(_: nn.Module, inputs: Any) -> None:
            if self._passes.current == 0:
                self._keep_tokens("mlp", block, inputs[0])

        return hook

    def _attach_experts(self, block: Block, experts: Any) -> None:
        """Read act(gate) * up inside the fused experts, whose rows are (token, chosen expert) pairs."""
        order = expert_order(self.anatomy.model)
        chosen: list[torch.Tensor] = []

        def before(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            chosen[:] = [kwargs["top_k_index"] if "top_k_index" in kwargs else args[1]]

        def keep(activations: torch.Tensor) -> None:
            if self._passes.current != 0 or not chosen:
                return
            top_k = chosen[0].shape[-1]
            token = self._layout.on("question_index", activations.device)
            slots = (token[:, None] * top_k + torch.arange(top_k, device=token.device)).reshape(-1)
            if activations.shape[0] != self._layout.n_positions * top_k:
                self._problem = (
                    f"The experts of {block.name} saw {activations.shape[0]} (token, expert) pairs, expected "
                    f"{self._layout.n_positions} x {top_k}."
                )
                return
            if order == "by expert":
                # The same call on the same ids as the implementation's own, so ties fall alike.
                pairs = torch.sort(chosen[0].reshape(-1))[1]
                slots = torch.empty_like(pairs).scatter_(0, pairs, torch.arange(len(pairs), device=pairs.device))[slots]
            vectors = activations.index_select(0, slots).reshape(len(token), top_k, activations.shape[-1])
            self._keep("mlp", block, vectors)

        self._hook(experts.register_forward_pre_hook(before, with_kwargs=True))
        if getattr(experts, "has_gate", True):
            original = experts._apply_gate

            def apply_gate(gate_up: torch.Tensor) -> torch.Tensor:
                activations: torch.Tensor = original(gate_up)
                keep(activations)
                return activations

            experts._apply_gate = apply_gate
            self._stack.callback(delattr, experts, "_apply_gate")
        else:
            self._hook(experts.act_fn.register_forward_hook(lambda _, __, output: keep(output)))


def _unsound(values: NDArray[np.float32], peaks: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which values are not what a measure can give: outside of 0 to 1, or NaN although the token's vector is not zero."""
    bounded = (values >= 0) & (values <= 1 + ROUNDING)
    unsound: NDArray[np.bool_] = ~(bounded | (np.isnan(values) & (peaks == 0)))
    return unsound
