"""C2: how much attention the last prompt token gives to the question, to its domain keywords, and to the arm's text.

Through transformers' own interface: a registered attention function calls the implementation the model chose, unchanged, and
computes from the same final q and k (after rotary embedding and norms) the one row a prompt needs. The name is registered
among the mask functions too; without that, left padding is attended in silence.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from ride_eval.errors import ProbeError
from ride_eval.probes.anatomy import Anatomy
from ride_eval.probes.layout import Layout
from ride_eval.probes.passes import Passes

MIN_QUESTION_MASS = 1e-4
"""Heads that give the question less are dropped: a ratio of two such numbers is noise."""
_PREFIX = "ride_"
_SUPPORTED = ("eager", "sdpa")
"""Not flash attention: its wrapper in transformers looks its kernel up by the configured name."""
_active: list[AttentionProbe] = []


class AttentionProbe(AbstractContextManager["AttentionProbe"]):
    """Reads the attention of each prompt's last token in one prefill.

    Raises
    ------
    ProbeError
        On construction, for a model whose attention cannot be wrapped; after a pass, where a layer was not seen once.
    """

    def __init__(self, anatomy: Anatomy) -> None:
        self.anatomy = anatomy
        config: Any = anatomy.model.config
        self._chosen = str(config._attn_implementation)
        if problem := cannot_attach(anatomy):
            raise ProbeError(problem)
        self._layer_of = {id(module): block.index for block in anatomy.blocks for module in block.module.modules()}
        _register(self._chosen)

    def read(self, layout: Layout, passes: Passes) -> AttentionProbe:
        """The probe set up for one batch; enter it around the forward pass."""
        self._layout, self._passes = layout, passes
        self._masses: dict[int, list[torch.Tensor]] = {block.index: [] for block in self.anatomy.blocks}
        return self

    def __enter__(self) -> AttentionProbe:
        self._set(_PREFIX + self._chosen)
        _active.append(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        _active.remove(self)
        self._set(self._chosen)

    def pending(self) -> list[torch.Tensor]:
        """What `rows` needs on the host."""
        if not self._layout.rows:
            return []
        layers = []
        for block in self.anatomy.blocks:
            fired = self._masses[block.index]
            if len(fired) != 1:
                raise ProbeError(
                    f"The attention of {block.name} was seen {len(fired)} times in one pass, expected 1: the layer does not "
                    "call the attention interface, so `attention` cannot be measured. Leave it out of probes=."
                )
            layers.append(fired[0].to(self._masses[0][0].device))
        return [torch.stack(layers, 1)]

    def rows(self, arrays: Sequence[NDArray[np.float32]]) -> list[dict[str, NDArray[np.float32]]]:
        """Per measured row, float32: `meta_mass` and `keyword_mass` (L,), means over heads, and `keyword_share` (L, H), NaN
        for dropped heads; nothing where there is no arm's text, or no keyword."""
        if not arrays:
            return []
        (masses,) = arrays  # (R, L, 3, H): keywords, question, meta
        rows: list[dict[str, NDArray[np.float32]]] = []
        for row, (keyword, question, meta) in zip(self._layout.rows, np.moveaxis(masses, 2, 1), strict=True):
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
        if not self._layout.rows:
            self._masses[layer].append(query.new_empty(0))
            return
        rows, last = (self._layout.on(name, query.device) for name in ("row_index", "last_index"))
        first = self._layout.before + self._layout.shape[1] - key.shape[2]
        position = last + (self._layout.before - first)
        probabilities = attention_rows(query[rows, :, last], key[rows], position, _mask_rows(mask, rows, last), options)
        masks = self._layout.on("span_masks", query.device)[..., first:]
        self._masses[layer].append(torch.einsum("rhl,rsl->rsh", probabilities, masks))

    def _set(self, implementation: str) -> None:
        self.anatomy.model.set_attn_implementation(implementation)  # type: ignore[operator]


def cannot_attach(anatomy: Anatomy) -> str | None:
    """Why the attention of a model cannot be read, or None."""
    model: Any = anatomy.model
    chosen = model.config._attn_implementation
    if chosen not in _SUPPORTED:
        known = ", ".join(_SUPPORTED)
        return f"`attention` cannot be read from the implementation {chosen!r}; give attn_implementation= one of {known}."
    if not getattr(model, "_can_set_attn_implementation", lambda: False)():
        return f"`attention` cannot attach to {type(model).__name__}: its layers do not use transformers' attention interface."
    return None


def attention_rows(
    query: torch.Tensor, key: torch.Tensor, position: torch.Tensor, mask: torch.Tensor, options: dict[str, Any]
) -> torch.Tensor:
    """One query's attention in each of R sequences, with the model's own scaling, grouped heads, soft cap, window and sinks.

    q (R, H, d), k (R, Hkv, L, d), the query's position (R,) and its mask row (R, L), boolean (True = keep) or additive
    -> (R, H, L) float32 probabilities.
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
    with_sink = torch.cat([scores, sinks.float().reshape(1, heads, 1).expand(n, -1, -1)], -1)
    return torch.softmax(with_sink, -1)[..., :-1]


def _mask_rows(mask: Any, rows: torch.Tensor, position: torch.Tensor) -> torch.Tensor:
    """The mask of one query a sequence: of a (B, 1, L, L) mask its row, of a (B, L) padding mask or none what it keeps."""
    if mask is None:
        return torch.ones((len(rows), 1), dtype=torch.bool, device=rows.device)
    if not isinstance(mask, torch.Tensor):
        raise ProbeError(
            f"The attention mask is a {type(mask).__name__}, which `attention` cannot read. Leave it out of probes=."
        )
    if mask.dim() == 2:
        return mask[rows].bool()
    return mask[rows, 0, position] if mask.shape[0] > 1 else mask[0, 0, position]


def _register(implementation: str) -> None:
    """Register the wrapped function and the mask function of an implementation, once a process."""
    name = _PREFIX + implementation
    AttentionInterface.register(name, _wrapped(implementation))
    AttentionMaskInterface.register(name, ALL_MASK_ATTENTION_FUNCTIONS[implementation])


def _wrapped(implementation: str) -> Callable[..., Any]:
    def ride_attention(
        module: nn.Module, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, attention_mask: Any, **options: Any
    ) -> Any:
        for probe in _active:
            probe.see(module, query, key, attention_mask, options)
        if implementation == "eager":
            # Not in the registry: each architecture's module has its own.
            original = sys.modules[type(module).__module__].eager_attention_forward
        else:
            original = ALL_ATTENTION_FUNCTIONS[implementation]
        return original(module, query, key, value, attention_mask, **options)

    return ride_attention
