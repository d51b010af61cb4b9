"""One query's attention against plain Python, and what keyword share and lift are where attention is known."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ride_eval.probes.attention import attention_rows
from ride_eval.scalars import prompt_values

HEADS, KV_HEADS, WIDTH = 4, 2, 3


def slow_row(query: Any, key: Any, position: int, keep: list[bool], options: dict[str, Any]) -> list[list[float]]:
    """(H, L) of one sequence: q (H, d), k (Hkv, L, d)."""
    rows = []
    for head in range(HEADS):
        keys = key[head // (HEADS // KV_HEADS)]
        scaling = options["scaling"] if options.get("scaling") is not None else 1 / math.sqrt(WIDTH)
        scores = []
        for place, own in enumerate(keys):
            score = math.fsum(a * b for a, b in zip(query[head], own, strict=True)) * scaling
            if options.get("softcap") is not None:
                score = options["softcap"] * math.tanh(score / options["softcap"])
            window = options.get("sliding_window")
            seen = keep[place] and place <= position and (window is None or place > position - window)
            scores.append(score if seen else -math.inf)
        sinks = options.get("s_aux")
        others = [] if sinks is None else [float(sinks[head])]
        largest = max([*scores, *others])
        total = math.fsum(math.exp(score - largest) for score in [*scores, *others])
        rows.append([math.exp(score - largest) / total for score in scores])
    return rows


@given(st.integers(1, 8), st.data())
def test_rows_equal_a_plain_softmax(length: int, data: st.DataObject) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    query, key = rng.normal(0, 2, (HEADS, WIDTH)), rng.normal(0, 2, (KV_HEADS, length, WIDTH))
    position = data.draw(st.integers(0, length - 1))
    keep = [place == position or data.draw(st.booleans()) for place in range(length)]
    sinks = torch.tensor(rng.normal(0, 1, HEADS))
    options: dict[str, Any] = {
        "scaling": data.draw(st.sampled_from([None, 0.25, 1.0])),
        "softcap": data.draw(st.sampled_from([None, 2.0])),
        "sliding_window": data.draw(st.sampled_from([None, 1, 3])),
        "s_aux": data.draw(st.sampled_from([None, sinks])),
    }
    found = attention_rows(
        torch.tensor(query)[None], torch.tensor(key)[None], torch.tensor([position]), torch.tensor([keep]), options
    )[0]
    expected = np.array(slow_row(query, key, position, keep, options))
    assert found.numpy() == pytest.approx(expected, abs=2e-6)
    if options["s_aux"] is None:
        assert found.sum(-1).tolist() == pytest.approx([1.0] * HEADS, abs=1e-6)
    else:
        sink = 1 - expected.sum(-1)
        # In float32 a smaller part than this is lost in rounding.
        assert (found.sum(-1).numpy()[sink > 1e-6] < 1).all(), "the sink takes its part"
    order = rng.permutation(length)
    if options["sliding_window"] is None and position == length - 1:
        turned = attention_rows(
            torch.tensor(query)[None], torch.tensor(key[:, order])[None], torch.tensor([position]),
            torch.tensor([[keep[i] for i in order]]), options,
        )[0]  # fmt: skip
        assert torch.allclose(turned, found[:, order], atol=1e-6), "the order of keys means nothing"


@pytest.mark.parametrize("n_keywords", [1, 3, 6])
def test_flat_attention_gives_keywords_their_size_and_a_lift_of_one(n_keywords: int) -> None:
    """Equal keys: every token gets the same, whatever stands in front; so share is |K| / |Q|, and lift 1."""
    prefix, question = 7, 6
    rows = attention_rows(
        torch.ones(1, HEADS, WIDTH),
        torch.ones(1, KV_HEADS, prefix + question, WIDTH),
        torch.tensor([prefix + question - 1]),
        torch.ones(1, prefix + question, dtype=torch.bool),
        {},
    )[0]
    shares = rows[:, prefix : prefix + n_keywords].sum(-1) / rows[:, prefix:].sum(-1)
    row = {"keyword_share": shares.tolist(), "keyword_mass": [0.1], "keyword_tokens": n_keywords, "aligned_tokens": question}
    assert prompt_values(row)["keyword_share"] == pytest.approx(n_keywords / question)
    assert prompt_values(row)["keyword_lift"] == pytest.approx(1.0)


def test_one_hot_attention_is_all_the_keyword_s() -> None:
    """A key far above the others: share 1, lift |Q| / |K|, its largest."""
    key = torch.zeros(1, KV_HEADS, 5, WIDTH)
    key[:, :, 2] = 100
    rows = attention_rows(torch.ones(1, HEADS, WIDTH), key, torch.tensor([4]), torch.ones(1, 5, dtype=torch.bool), {})[0]
    assert rows.tolist() == [pytest.approx([0, 0, 1, 0, 0], abs=1e-6)] * HEADS
    row = {"keyword_share": [1.0] * HEADS, "keyword_mass": [1.0], "keyword_tokens": 1, "aligned_tokens": 5}
    assert prompt_values(row)["keyword_lift"] == pytest.approx(5.0)
