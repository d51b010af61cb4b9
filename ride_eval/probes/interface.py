"""transformers' attention interface, watched: what a layer hands to its attention function is seen, and nothing is changed.

A registered function shows the final q and k (after rotary embedding and norms) to whoever watches, and calls the
implementation the model chose. The name is registered among the mask functions too; without that, left padding is attended in
silence.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

See = Callable[[nn.Module, torch.Tensor, torch.Tensor, Any, dict[str, Any]], None]
"""Given the attention module, q (B, H, L, d), k (B, Hkv, L, d), the mask, and the kernel's options."""
_PREFIX = "ride_"
_SUPPORTED = ("eager", "sdpa")
"""Not flash attention: its wrapper in transformers looks its kernel up by the configured name."""
_watching: list[See] = []


def unwatchable(model: Any) -> str | None:
    """Why a model's attention cannot be watched, or None; that it is called at all, only a pass can tell."""
    chosen = model.config._attn_implementation
    if not getattr(model, "_can_set_attn_implementation", lambda: False)():
        return f"`attention` cannot attach to {type(model).__name__}: its layers do not use transformers' attention interface."
    if chosen not in _SUPPORTED:
        known = ", ".join(_SUPPORTED)
        return f"`attention` cannot be read from the implementation {chosen!r}; give attn_implementation= one of {known}."
    return None


@contextmanager
def watched(model: Any, see: See) -> Iterator[None]:
    """While entered, `see` is called for every attention of the model, before it is computed."""
    chosen = str(model.config._attn_implementation)
    AttentionInterface.register(_PREFIX + chosen, _wrapped(chosen))
    AttentionMaskInterface.register(_PREFIX + chosen, ALL_MASK_ATTENTION_FUNCTIONS[chosen])
    try:
        model.set_attn_implementation(_PREFIX + chosen)
        _watching.append(see)
        yield
    finally:
        if see in _watching:
            _watching.remove(see)
        model.set_attn_implementation(chosen)


def _wrapped(implementation: str) -> Callable[..., Any]:
    def ride_attention(
        module: nn.Module, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, attention_mask: Any, **options: Any
    ) -> Any:
        for see in _watching:
            see(module, query, key, attention_mask, options)
        if implementation == "eager":
            # Not in the registry: each architecture's module has its own.
            original = sys.modules[type(module).__module__].eager_attention_forward
        else:
            original = ALL_ATTENTION_FUNCTIONS[implementation]
        return original(module, query, key, value, attention_mask, **options)

    return ride_attention
