"""Keyword attention against eager attention maps of one unpadded prompt at a time."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, Gemma2Config, Gemma2ForCausalLM, GptOssConfig, GptOssForCausalLM

from ride_eval.arms import Prompts
from ride_eval.probes import held
from ride_eval.probes.attention import MIN_QUESTION_MASS
from ride_eval.store import read_table
from tests.architectures import ARCHITECTURES, SIZE

EXTRA = {
    # Soft caps on attention and logits, alternating windows; its default implementation is eager.
    "gemma2": lambda: Gemma2ForCausalLM(
        Gemma2Config(
            **SIZE, intermediate_size=96, head_dim=12, query_pre_attn_scalar=12, sliding_window=24, attn_logit_softcapping=2.0
        )
    ),
    # Attention sinks in the softmax; likewise eager.
    "gpt_oss": lambda: GptOssForCausalLM(
        GptOssConfig(**SIZE, intermediate_size=24, head_dim=12, num_local_experts=4, num_experts_per_tok=2, sliding_window=24)
    ),
}


@pytest.mark.parametrize(("batch_size", "waiting"), [(1, held.VALUES), (4, held.VALUES), (4, 1)])
@pytest.mark.parametrize("share_prefill", [True, False])
@pytest.mark.parametrize("architecture", [*ARCHITECTURES, *EXTRA])
def test_attention_equals_eager_maps(
    architecture: str,
    share_prefill: bool,
    batch_size: int,
    waiting: int,
    models: dict[str, Path],
    tmp_path: Path,
    evaluate: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(held, "VALUES", waiting)
    folder = models.get(architecture, tmp_path / architecture)
    if architecture in EXTRA:
        torch.manual_seed(0)
        made = EXTRA[architecture]()
        if architecture == "gpt_oss":
            for name, parameter in made.named_parameters():
                if name.endswith("sinks"):
                    torch.nn.init.normal_(parameter)
        made.save_pretrained(folder)
        AutoTokenizer.from_pretrained(models["llama"]).save_pretrained(folder)
    run = tmp_path / "run"
    evaluate(
        "ride",
        ["ride_demo_math_none", "ride_demo_math_expert", "ride_demo_commonsense_tag"],
        model_args={
            "pretrained": str(folder),
            "run_dir": str(run),
            "share_prefill": share_prefill,
            "probes": "attention+entropy",
            "num_samples": 0,
            # transformers 5.0.0 runs it by sdpa unless told, which drops the soft cap: another model than the maps are of.
            **({"attn_implementation": "eager"} if architecture == "gemma2" else {}),
        },
        limit=3,
        batch_size=batch_size,
    )
    eager: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    eager.config.output_router_logits = False
    tokenizer = AutoTokenizer.from_pretrained(folder)
    domains = Prompts().domains
    checked = 0
    for row in read_table(run, "prompts").to_dict("records"):
        text = row["text"].rstrip() if row["task"] == "demo_commonsense" else row["text"]
        encoded = tokenizer(text, return_offsets_mapping=True)
        offsets = encoded["offset_mapping"]
        with torch.no_grad():
            maps = eager(torch.tensor([encoded["input_ids"]]), output_attentions=True).attentions
        last = np.stack([layer[0, :, -1].numpy() for layer in maps]).astype(np.float64)  # (L, H, tokens)
        question_start = len(row["meta"]) + 2 if row["meta"] else 0
        question = [i for i, (_, end) in enumerate(offsets) if end > question_start][1:]
        pattern = "|".join(rf"\b{re.escape(word)}\b" for word in domains[row["domain"]].keywords)
        hits = [match.span() for match in re.finditer(pattern, text[question_start:], re.IGNORECASE)]
        keyword = [
            i
            for i in question
            if any(offsets[i][0] < question_start + end and offsets[i][1] > question_start + start for start, end in hits)
        ]
        assert row["keyword_tokens"] == len(keyword)
        if row["meta"]:
            meta = [i for i, (start, end) in enumerate(offsets) if start < len(row["meta"]) and end > 0]
            assert row["meta_mass"] == pytest.approx(last[..., meta].sum(-1).mean(-1), abs=1e-5)
        else:
            assert row["meta_mass"] is None
        if not keyword:
            assert row["keyword_share"] is None
            continue
        on_question, on_keyword = last[..., question].sum(-1), last[..., keyword].sum(-1)
        assert row["keyword_mass"] == pytest.approx(on_keyword.mean(-1), abs=1e-5)
        share = np.where(on_question < MIN_QUESTION_MASS, np.nan, on_keyword / on_question)
        assert row["keyword_share"].reshape(share.shape) == pytest.approx(share, abs=1e-5, nan_ok=True)
        checked += 1
    assert checked >= 6
