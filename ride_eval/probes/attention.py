"""C2: how much attention the last prompt token gives to the question, to its domain keywords, and to the arm's text.

From the final q and k that the model's own attention function gets (see `interface`), the one row a prompt needs is computed.
Layers without such attention, linear or state-space ones, are left out: arrays have as many layers as attend.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from types import TracebackType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ride_eval.errors import ProbeError
from ride_eval.probes.anatomy import Anatomy
from ride_eval.probes.held import Held, by_layer
from ride_eval.probes.interface import watched
from ride_eval.probes.layout import FLAW, Layout
from ride_eval.probes.passes import Passes

MIN_QUESTION_MASS = 1e-4
"""Heads that give the question less are dropped: a ratio of two such numbers is noise."""
SUM_TOLERANCE = 1e-3
OPTIONS = ("scaling", "softcap", "sliding_window")
"""Of a layer's kernel, that its probabilities depend on; sinks are its own parameters."""


class AttentionProbe(AbstractContextManager["AttentionProbe"]):
    """Reads the attention of each prompt's last token in one prefill.

    Raises
    ------
    ProbeError
        On construction, for a model whose attention cannot be wrapped; after a pass, where a layer was not seen once.
    """

    def __init__(self, anatomy: Anatomy) -> None:
        self.anatomy = anatomy
        if problem := anatomy.attention_problem:
            raise ProbeError(problem)
        self._layer_of = {id(module): block.index for block in anatomy.attending for module in block.module.modules()}

    def read(self, layout: Layout, passes: Passes) -> AttentionProbe:
        """The probe set up for one batch; enter it around the forward pass."""
        self._layout, self._passes = layout, passes
        self._held: dict[tuple[Any, ...], Held] = {}
        self._problem: str | None = None
        self._sinks = False
        return self

    def __enter__(self) -> AttentionProbe:
        self._stack = ExitStack()
        self._stack.enter_context(watched(self.anatomy.model, self.see))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    def pending(self) -> list[torch.Tensor]:
        """What `rows` needs on the host."""
        if self._problem is not None:
            raise ProbeError(self._problem)
        if not self._layout.rows:
            return []
        seen = [layer for held in self._held.values() for layer in held.layers]
        for block in self.anatomy.attending:
            if (n := seen.count(block.index)) != 1:
                raise ProbeError(
                    f"The attention of {block.name} was seen {n} times in one pass, expected 1: the layer does not "
                    "call the attention interface, so `attention` cannot be measured. Leave it out of probes=."
                )
        return by_layer(*self._held.values())

    def rows(self, arrays: Sequence[NDArray[np.float32]]) -> list[dict[str, Any]]:
        """Per measured row, float32: `meta_mass` and `keyword_mass` (La,), means over heads, and `keyword_share` (La, H), NaN
        for dropped heads; nothing where there is no arm's text, or no keyword. FLAW alone where attention does not sum to 1."""
        if not arrays:
            return []
        (masses,) = arrays  # (La, R, 4, H): keywords, question, meta, everything
        rows: list[dict[str, Any]] = []
        for row, (keyword, question, meta, total) in zip(self._layout.rows, np.moveaxis(masses, 0, 2), strict=True):
            low = 0.0 if self._sinks else 1 - SUM_TOLERANCE
            if row.n_tokens and not ((total >= low) & (total <= 1 + SUM_TOLERANCE)).all():
                rows.append({FLAW: f"attention sums to {total.min():.4g} .. {total.max():.4g} in some head, expected 1"})
                continue
            columns = {}
            if row.meta:
                columns["meta_mass"] = meta.mean(-1)
            if row.keywords:
                columns["keyword_mass"] = keyword.mean(-1)
                with np.errstate(invalid="ignore", divide="ignore"):
                    columns["keyword_share"] = np.where(question < MIN_QUESTION_MASS, np.nan, keyword / question)
            rows.append({name: values.astype(np.float32) for name, values in columns.items()})
        return rows

    def see(self, module: nn.Module, query: torch.Tensor, key: torch.Tensor, mask: Any, options: dict[str, Any]) -> None:
        """Called by the wrapped attention: q (B, H, L, d), k (B, Hkv, columns, d), both as the kernel gets them.

        The keys end in the batch's last column, and reach back to its first, or as far as a window's cache does.
        """
        layer = self._layer_of.get(id(module))
        if layer is None or self._passes.current != 0:
            return
        rows_seen, columns = (query.shape[0], key.shape[0]), key.shape[2]
        n_rows, width = self._layout.shape
        if rows_seen != (n_rows, n_rows) or query.shape[2] != width or not width <= columns <= self._layout.before + width:
            self._problem = (
                f"An attention saw queries of {rows_seen[0]} x {query.shape[2]} and keys of {rows_seen[1]} x {columns} tokens, "
                f"expected {n_rows} x {width} and as many before them as {self._layout.before}."
            )
            return
        if mask is not None and not isinstance(mask, torch.Tensor):
            self._problem = (
                f"The attention mask is a {type(mask).__name__}, which `attention` cannot read. Leave it out of probes=."
            )
            return
        sinks = options.get("s_aux")
        self._sinks = self._sinks or sinks is not None
        if not self._layout.rows:
            return
        rows, last = (self._layout.on(name, query.device) for name in ("row_index", "last_index"))
        kind = tuple(options.get(name) for name in OPTIONS)
        if kind not in self._held:
            self._held[kind] = Held(partial(self._reduced, dict(zip(OPTIONS, kind, strict=True))))
        self._held[kind].add(
            layer,
            key if self._layout.measures_all else key[rows],
            query[rows, :, last],
            _mask_rows(mask, rows, last),
            *([] if sinks is None else [sinks]),
        )

    def _reduced(
        self, options: dict[str, Any], key: torch.Tensor, query: torch.Tensor, mask: torch.Tensor, *sinks: torch.Tensor
    ) -> tuple[torch.Tensor]:
        """Of G layers keys (G, R, Hkv, columns, d), the last token's query (G, R, H, d) and mask row, and sinks (G, H)
        -> (G, R, 4, H): what it gives to keywords, question, meta text, and everything."""
        layers, n_rows, _, columns, _ = key.shape
        first = self._layout.before + self._layout.shape[1] - columns
        position = self._layout.on("last_index", key.device) + (self._layout.before - first)
        if sinks:
            options = {**options, "s_aux": sinks[0].repeat_interleave(n_rows, 0)}
        together = (query.flatten(0, 1), key.flatten(0, 1), position.repeat(layers), mask.flatten(0, 1))
        probabilities = attention_rows(*together, options)
        probabilities = probabilities.reshape(layers, n_rows, *probabilities.shape[1:])
        sums = torch.einsum("grhl,rsl->grsh", probabilities, self._layout.on("span_masks", key.device)[..., first:])
        return (torch.cat([sums, probabilities.sum(-1)[:, :, None]], 2),)


def attention_rows(
    query: torch.Tensor, key: torch.Tensor, position: torch.Tensor, mask: torch.Tensor, options: dict[str, Any]
) -> torch.Tensor:
    """One query's attention in each of R sequences, with the model's own scaling, grouped heads, soft cap, window and sinks.

    q (R, H, d), k (R, Hkv, L, d), the query's position (R,) and its mask row (R, L), boolean (True = keep) or additive; among
    the options sinks (H,), or by sequence (R, H) -> (R, H, L) float32 probabilities.
    """
    n, heads, width = query.shape
    groups = heads // key.shape[1]
    scaling = options.get("scaling")
    q = query.float().reshape(n, key.shape[1], groups, width)
    scores = torch.einsum("rkgd,rkld->rkgl", q, key.float()).reshape(n, heads, -1)
    scores = scores * (width**-0.5 if scaling is None else scaling)
    if (softcap := options.get("softcap")) is not None:
        scores = torch.tanh(scores / softcap) * softcap
    if mask.is_floating_point():
        scores = scores + mask[:, None].float()
    else:
        columns = torch.arange(key.shape[2], device=key.device)
        keep = mask.bool() & (columns <= position[:, None])
        if (window := options.get("sliding_window")) is not None:
            keep = keep & (columns > position[:, None] - window)
        scores = scores.masked_fill(~keep[:, None], -torch.inf)
    sinks = options.get("s_aux")
    if sinks is None:
        return torch.softmax(scores, -1)
    with_sink = torch.cat([scores, sinks.float().reshape(-1, heads, 1).expand(n, -1, -1)], -1)
    return torch.softmax(with_sink, -1)[..., :-1]


def _mask_rows(mask: torch.Tensor | None, rows: torch.Tensor, position: torch.Tensor) -> torch.Tensor:
    """The mask of one query a sequence: of a (B, 1, L, L) mask its row, of a (B, L) padding mask or none what it keeps."""
    if mask is None:
        return torch.ones((len(rows), 1), dtype=torch.bool, device=rows.device)
    if mask.dim() == 2:
        return mask[rows].bool()
    return mask[rows, 0, position] if mask.shape[0] > 1 else mask[0, 0, position]
