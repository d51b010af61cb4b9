"""Probes never make the device wait: no value is looked at inside a pass, and a batch's readings are copied once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from transformers import AutoModelForCausalLM

from ride_eval.caches import new_cache
from ride_eval.probes.bundle import Bundle
from ride_eval.probes.layout import Layout, MeasuredRow
from ride_eval.probes.transfer import to_host
from ride_eval.sampling import Chooser

WAITING = ("_local_scalar_dense", "nonzero", "is_nonzero", "equal", "masked_select", "unique")
STEPS = 3


class Waits(TorchDispatchMode):
    """Counts what needs a value, or a shape that depends on values, on the host."""

    def __init__(self) -> None:
        super().__init__()
        self.found: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.__name__.partition(".")[0]
        by_mask = name in ("index", "index_put", "index_put_") and any(i is not None and i.dtype == torch.bool for i in args[1])
        if name in WAITING or by_mask:
            self.found[name] += 1
        return func(*args, **(kwargs or {}))


@torch.no_grad()
def decode(model: Any, ids: torch.Tensor, chooser: Chooser | None = None) -> torch.Tensor:
    """A prefill and STEPS further passes, the tokens as a generation loop takes them."""
    cache, chosen = new_cache(model), []
    for _ in range(1 + STEPS):
        logits = model(input_ids=ids, past_key_values=cache, use_cache=True).logits[:, -1].clone()
        ids = (logits if chooser is None else chooser(ids, logits)).argmax(-1, keepdim=True)
        chosen.append(ids)
    return torch.cat(chosen, 1)


@pytest.mark.parametrize("architecture", ["olmoe", "qwen3_moe", "mistral"])
def test_looking_waits_for_nothing(architecture: str, models: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    model = AutoModelForCausalLM.from_pretrained(models[architecture], dtype=torch.float32).eval()
    model.config.output_router_logits = False
    bundle = Bundle(model, None, prompt_experts=True)
    ids = torch.randint(2, 1000, (4, 30), generator=torch.Generator().manual_seed(0))
    rows = [
        MeasuredRow(row=i, start=0, n_tokens=30, question=range(9, 28), keywords=[10, 12], meta=range(1, 5)) for i in range(4)
    ]
    with Waits() as plain:
        decode(model, ids)
    uniform = torch.rand((2, 1, 1 + STEPS), dtype=torch.float64)
    with bundle.attached(Layout((4, 30), rows), decoding=True, states=True) as reading:
        chooser = Chooser(uniform, reading.last)
        chooser.step = 0
        with Waits() as looked:
            tokens = decode(model, ids, chooser)
    assert looked.found == plain.found

    copies: Counter[str] = Counter()
    for name in ("cpu", "item", "tolist", "__float__", "__int__", "__bool__"):
        original = getattr(torch.Tensor, name)

        def counted(self: torch.Tensor, *args: Any, name: str = name, original: Any = original, **kwargs: Any) -> Any:
            copies[name] += 1
            return original(self, *args, **kwargs)

        monkeypatch.setattr(torch.Tensor, name, counted)
    with Waits() as read:
        found = reading.prompt_rows(4)
    assert not read.found, "layers that waited are reduced here"
    assert copies == {"cpu": 1}
    assert {"mlp_hoyer", "resid_gini", "keyword_share"} <= found[0].keys()
    assert reading.decoding is not None
    reading.decoding.steps(tokens)
    assert copies == {"cpu": 2}
    if reading.routing is not None:
        reading.routing.generated([STEPS] * 4)
        assert copies == {"cpu": 3}


def test_a_copy_keeps_values_and_shapes() -> None:
    given = [torch.arange(6).reshape(2, 3) + 2**23, torch.tensor(1.5), torch.empty(0, 4), torch.tensor([[0.1]]).double()]
    for tensor, array in zip(given, to_host(given), strict=True):
        assert array.shape == tuple(tensor.shape)
        assert np.array_equal(array, tensor.numpy())
    assert to_host([]) == []
