"""Prompts that begin alike: read once what they share, and nothing that is measured or answered may tell."""

from __future__ import annotations

import itertools
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoModelForCausalLM, JambaConfig, JambaForCausalLM, LlamaConfig, LlamaForCausalLM

from ride_eval import prefixes
from ride_eval.continuation import follow, prefill
from ride_eval.prefixes import Prefixes, common_prefixes, reusable
from ride_eval.probes.bundle import Bundle
from ride_eval.probes.layout import Layout, MeasuredRow
from tests.architectures import ARCHITECTURES, MIXTURES, SIZE

SHARED = 70
"""Longer than Mistral's window of 24, so what a row needs of its prefix is not what the prefix's own window keeps."""


def prompts() -> list[list[int]]:
    """Two that share 70 tokens, two that share 90 others, one alone; of different lengths."""
    generator = torch.Generator().manual_seed(0)

    def draw(n: int) -> list[int]:
        return torch.randint(2, SIZE["vocab_size"], (n,), generator=generator).tolist()

    first, second = draw(SHARED), draw(90)
    return [first + draw(31), first + draw(20), second + draw(18), second + draw(27), draw(29)]


def question(ids: list[int], length: int = 15) -> range:
    return range(len(ids) - length, len(ids) - 2)


def measured(ids: list[list[int]], starts: list[int], routed: Any) -> list[MeasuredRow]:
    return [
        MeasuredRow(
            row=i, start=start, n_tokens=len(own), question=list(question(own)), keywords=list(question(own))[2:5],
            meta=range(3, 9), routed=routed[i],
        )
        for i, (own, start) in enumerate(zip(ids, starts, strict=True))
    ]  # fmt: skip


def run(model: Any, ids: list[list[int]], *, reuse: bool) -> tuple[list[dict[str, Any]], torch.Tensor, list[Any], int]:
    """Probe rows, logits, what a model thinks of two continuations a prompt, and how many columns were not fed."""
    bundle = Bundle(model, None, prompt_experts=True)
    lm = SimpleNamespace(model=model, bundle=bundle, device=torch.device("cpu"))
    shared = Prefixes(lm, 0, wanted=reuse)
    planned = shared.plan([own[: question(own)[0]] for own in ids])
    started = shared.start(ids, planned)
    width = max(map(len, ids))
    layout = Layout(
        (len(ids), width - started.before),
        measured(ids, [width - len(own) for own in ids], started.routed),
        started.before,
    )
    with bundle.attached(layout, decoding=False) as reading:
        read = prefill(model, ids, pad_id=0, device=lm.device, cache=started.cache, before=started.before)
    rows = reading.prompt_rows(len(ids))
    answers = [[5, 9, 300, 41, 8], [7, 7, 512]] * len(ids)
    followed = follow(model, read, [i for i in range(len(ids)) for _ in (0, 1)], answers, pad_id=0)
    return rows, read.logits, followed, started.before


@pytest.mark.parametrize("members", [(0, 1, 2, 3), (0, 1), (2, 3, 1, 0)])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_nothing_that_is_measured_tells(architecture: str, members: tuple[int, ...], models: dict[str, Path]) -> None:
    """Every probe, the next token, and continuations; with several prefixes of other lengths in a batch."""
    model = AutoModelForCausalLM.from_pretrained(models[architecture], dtype=torch.float32).eval()
    model.config.output_router_logits = False
    ids = [prompts()[i] for i in members]
    rows, logits, followed, before = run(model, ids, reuse=True)
    plain_rows, plain_logits, plain_followed, nothing = run(model, ids, reuse=False)
    assert nothing == 0 and before >= prefixes.MIN_SHARED
    assert torch.allclose(logits, plain_logits, atol=1e-5)
    for row, expected in zip(rows, plain_rows, strict=True):
        assert row.keys() == expected.keys() >= {"mlp_hoyer", "resid_gini", "keyword_share", "meta_mass", "keyword_mass"}
        assert ("routing_prompt" in row) == (architecture in MIXTURES)
        for name, values in row.items():
            assert np.shape(values) == np.shape(expected[name]), name
            if np.asarray(values).dtype.kind == "f":
                assert np.allclose(values, expected[name], rtol=1e-4, atol=1e-5, equal_nan=True), name
            else:
                assert np.array_equal(values, expected[name]), name
    for found, wanted in zip(followed, plain_followed, strict=True):
        assert np.allclose(found.logprobs, wanted.logprobs, atol=1e-4)
        assert np.allclose(found.entropies, wanted.entropies, atol=1e-4)
        assert found.greedy == wanted.greedy


@pytest.mark.parametrize("architecture", ["mistral", "olmoe"])
def test_one_prompt_at_a_time(architecture: str, models: dict[str, Path]) -> None:
    """A batch of one has no padding, and its prefix was read for another batch, among others."""
    model = AutoModelForCausalLM.from_pretrained(models[architecture], dtype=torch.float32).eval()
    model.config.output_router_logits = False
    ids = prompts()
    lm = SimpleNamespace(model=model, bundle=Bundle(model, ("density",)), device=torch.device("cpu"))
    shared = Prefixes(lm, 0, wanted=True)
    planned = shared.plan([own[:-15] for own in ids])
    assert [None if p is None else len(p.ids) for p in planned] == [SHARED, SHARED, 90, 90, None]
    for own, prefix in zip(ids, planned, strict=True):
        started = shared.start([own], [prefix])
        assert started.before == (0 if prefix is None else len(prefix.ids))
        read = prefill(model, [own], pad_id=0, device=lm.device, cache=started.cache, before=started.before)
        alone = prefill(model, [own], pad_id=0, device=lm.device)
        assert torch.allclose(read.logits, alone.logits, atol=1e-5)


def test_a_prefix_is_read_once(models: dict[str, Path]) -> None:
    model = AutoModelForCausalLM.from_pretrained(models["llama"], dtype=torch.float32).eval()
    lm = SimpleNamespace(model=model, bundle=Bundle(model, ("density",)), device=torch.device("cpu"))
    shared, ids = Prefixes(lm, 0, wanted=True), prompts()[:2]
    planned = shared.plan([own[:-15] for own in ids])
    fed: list[int] = []
    handle = model.register_forward_pre_hook(lambda _, __, kwargs: fed.append(kwargs["input_ids"].numel()), with_kwargs=True)
    for own, prefix in zip(ids, planned, strict=True):
        shared.start([own], [prefix])
    handle.remove()
    assert fed == [SHARED]


def test_what_a_cache_does_not_hold_whole_is_read_again() -> None:
    hybrid = JambaForCausalLM(
        JambaConfig(
            vocab_size=64, hidden_size=16, intermediate_size=16, num_hidden_layers=2, num_attention_heads=2,
            num_key_value_heads=1, attn_layer_period=2, attn_layer_offset=1, num_experts=2, mamba_d_state=4,
            use_mamba_kernels=False,
        )
    )  # fmt: skip
    assert not reusable(hybrid)
    for kind, expected in (("default", True), ("dynamic", False)):
        parameters = {"rope_type": kind, "rope_theta": 1e4, **({"factor": 2.0} if kind == "dynamic" else {})}
        small = LlamaConfig(
            vocab_size=64, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
            rope_parameters=parameters,
        )  # fmt: skip
        assert reusable(LlamaForCausalLM(small)) == expected


def saved(sequences: list[list[int]], planned: list[Any]) -> int:
    """Tokens that need not be read, by what a plan says."""
    groups: dict[int, list[Any]] = {}
    for prefix in planned:
        if prefix is not None:
            groups.setdefault(id(prefix), []).append(prefix)
    for own, prefix in zip(sequences, planned, strict=True):
        assert prefix is None or (tuple(own[: len(prefix.ids)]) == prefix.ids and len(prefix.ids) >= prefixes.MIN_SHARED)
    return sum((len(group) - 1) * len(group[0].ids) for group in groups.values())


def most(sequences: list[tuple[int, ...]]) -> int:
    """The most that runs of neighbours can save, by trying every way to cut."""
    best = 0
    for cuts in itertools.product((False, True), repeat=max(0, len(sequences) - 1)):
        ends = [i + 1 for i, cut in enumerate(cuts) if cut]
        total = 0
        for start, end in itertools.pairwise([0, *ends, len(sequences)]):
            run = sequences[start:end]
            depth = max((n for n in range(min(map(len, run), default=0) + 1) if len({own[:n] for own in run}) == 1), default=0)
            total += (len(run) - 1) * depth if run and depth >= prefixes.MIN_SHARED else 0
        best = max(best, total)
    return best


@given(st.lists(st.lists(st.integers(0, 1), max_size=6), max_size=6), st.integers(1, 3))
def test_a_plan_saves_the_most_that_can_be(sequences: list[list[int]], least: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prefixes, "MIN_SHARED", least)
        assert saved(sequences, common_prefixes(sequences)) == most(sorted(map(tuple, sequences)))
