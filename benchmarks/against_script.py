"""c. `ride`'s pass over one prompt against a straightforward script's, at several lengths, and both against the plain pass.

The script asks transformers for hidden states, attention maps and router logits, and reduces them afterwards: the Hoyer
sparsity of each layer's states, the attention of the last token on keywords, router entropies and expert counts. `ride` reads
those and more, of every prompt token. All three need the logits of the last token only.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import torch
from transformers import AutoModelForCausalLM

from benchmarks.jobs import Job, Run
from benchmarks.measuring import MEGABYTE, peak, peak_row, prepared, ratio_row, row, take_turns
from ride_eval.continuation import prefill
from ride_eval.probes.bundle import Bundle
from ride_eval.probes.layout import Layout, MeasuredRow

PART = "c"
TIME_TARGETS = {256: 1.0, 1024: 1 / 2, 2048: 1 / 4}
REPEATS = {256: 9, 1024: 5, 2048: 3}
MEMORY_TARGET = 0.1
AGAINST = "a script with output_*"
KEYWORDS = (-9, -7, -5, -3)


@lru_cache(maxsize=4)
def load(folder: str, attention: str) -> Any:
    return AutoModelForCausalLM.from_pretrained(folder, attn_implementation=attention, dtype=torch.float32).eval()


def script(model: Any, ids: list[int]) -> dict[str, list[torch.Tensor]]:
    """What a user writes first."""
    routed = {"output_router_logits": True} if hasattr(model.config, "output_router_logits") else {}
    with torch.no_grad():
        output = model(
            torch.tensor([ids]), output_hidden_states=True, output_attentions=True, use_cache=False, logits_to_keep=1, **routed
        )
    found: dict[str, list[torch.Tensor]] = {"hoyer": [], "keywords": [], "router_entropy": [], "experts": []}
    for states in output.hidden_states[1:]:
        root = math.sqrt(states.shape[-1])
        found["hoyer"].append(((root - states.abs().sum(-1) / states.norm(dim=-1)) / (root - 1)).mean())
    for maps in output.attentions:
        found["keywords"].append(maps[0, :, -1, list(KEYWORDS)].sum(-1))
    for logits in getattr(output, "router_logits", None) or ():
        probabilities = logits.float().softmax(-1)
        found["router_entropy"].append(torch.special.entr(probabilities).sum(-1).mean())
        chosen = probabilities.topk(model.config.num_experts_per_tok).indices
        found["experts"].append(torch.bincount(chosen.flatten(), minlength=probabilities.shape[-1]))
    return found


def ride(bundle: Bundle, ids: list[int]) -> list[dict[str, Any]]:
    """All probes on one prompt, every token of which but the first is a question token."""
    n = len(ids)
    place = MeasuredRow(row=0, start=0, n_tokens=n, question=range(1, n), keywords=[n + k for k in KEYWORDS], meta=range(1, 16))
    with bundle.attached(Layout((1, n), [place]), decoding=False) as reading:
        plain(bundle.anatomy.model, ids)
    return reading.prompt_rows(1)


def plain(model: Any, ids: list[int]) -> None:
    prefill(model, [ids], pad_id=0, device=torch.device("cpu"))


def prepare(side: str, job: Job) -> Run:
    ids = torch.randint(5, 900, (job.tokens,), generator=torch.Generator().manual_seed(0)).tolist()
    model = load(job.model, "eager" if side == "script" else "sdpa")
    model.config.output_router_logits = False
    bundle = Bundle(model, None) if side == "ride" else None
    work: dict[str, Callable[[], Any]] = {
        "script": lambda: script(model, ids),
        "plain": lambda: plain(model, ids),
        "ride": lambda: ride(bundle, ids) if bundle else None,
    }

    def run() -> float:
        start = time.perf_counter()
        work[side]()
        return time.perf_counter() - start

    return run


def rows(models: Mapping[str, str], _: str | None, *, quick: bool) -> Iterator[dict[str, Any]]:
    sides = ("ride", "script", "plain")
    for name, folder in models.items():
        for tokens in (32, 64) if quick else TIME_TARGETS:
            job, what = Job(model=folder, tokens=tokens), f"{tokens} tokens"
            runs = {side: prepared("against_script", side, job) for side in sides}
            take_turns(runs, 1)
            found = take_turns(runs, 2 if quick else REPEATS[tokens])
            yield ratio_row(PART, name, what, found["ride"], found["script"], TIME_TARGETS.get(tokens), AGAINST)
            yield ratio_row(PART, name, what, found["script"], found["plain"], None, "the plain pass (script, not ride)")
            yield ratio_row(PART, name, what, found["ride"], found["plain"], None, "the plain pass")
            if quick or tokens == max(TIME_TARGETS):
                ours, theirs, none = (peak("against_script", side, job, here=quick) for side in sides)
                yield peak_row(PART, name, what, ours, theirs, None, AGAINST)
                a, b = ((side.peak - none.peak) / MEGABYTE for side in (ours, theirs))
                against = f"{AGAINST}, both above the plain pass"
                yield row(PART, name, what, "extra memory", a, b, "MB", a / max(b, 1), MEMORY_TARGET, against)
