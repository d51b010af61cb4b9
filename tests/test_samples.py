"""Sampled answers: keyed by document and step alone, and measured as references measure them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from rouge_score.rouge_scorer import RougeScorer

from ride_eval.metrics.samples import cluster_entropy
from ride_eval.sampling import draw, uniforms
from ride_eval.store import Key, read_manifest, read_table
from tests.architectures import ARCHITECTURES
from tests.test_probes_reference import Reference

KEY = ["task", "document", "arm", "answer", "sample"]


class AnyScript:
    """Words for the package, whose own drop all but ASCII letters: an untrained model writes others."""

    def tokenize(self, text: str) -> list[str]:
        return re.sub(r"[\W_]", " ", text.lower()).split()


def samples(run: Path) -> pd.DataFrame:
    frame = read_table(run, "generations")
    return frame[frame["answer"] == "sample"].set_index(KEY).sort_index()


def measure(evaluate: Any, folder: Path, run: Path, tasks: list[str], **kwargs: Any) -> dict[str, Any]:
    arguments = {"pretrained": str(folder), "run_dir": str(run), "num_samples": 4}
    return dict(evaluate("ride", tasks, model_args=arguments, **{"limit": 4, "batch_size": 3, **kwargs}))


@pytest.mark.parametrize("architecture", ["olmoe", "mistral"])
def test_samples_do_not_depend_on_company(architecture: str, models: dict[str, Path], tmp_path: Path, evaluate: Any) -> None:
    """Other batches, another order and other arms beside change no sample."""
    all_arms = measure(evaluate, models[architecture], tmp_path / "a", ["ride_demo_math_*"])
    assert all_arms["results"]["ride_demo_math_tag"]["answer_agreement,number"] > 0
    expected = samples(tmp_path / "a")
    assert len(expected) == 7 * 4 * 4
    measure(evaluate, models[architecture], tmp_path / "b", ["ride_demo_math_*"], batch_size=1)
    measure(evaluate, models[architecture], tmp_path / "c", ["ride_demo_math_tag", "ride_demo_format_tag"], batch_size=4)
    alone = samples(tmp_path / "c").loc[["demo_math"]]
    for got, wanted in ((samples(tmp_path / "b"), expected), (alone, expected.loc[alone.index])):
        assert got["text"].tolist() == wanted["text"].tolist()
        assert got["token_ids"].map(tuple).tolist() == wanted["token_ids"].map(tuple).tolist()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_sample_rows_equal_their_references(architecture: str, models: dict[str, Path], tmp_path: Path, evaluate: Any) -> None:
    """Log-probabilities, cosines of mean last hidden states, each sample re-read alone and unpadded, and ROUGE-L."""
    run = tmp_path / "run"
    measure(evaluate, models[architecture], run, ["ride_demo_math_none", "ride_demo_math_expert"], limit=2)
    reference = Reference(models[architecture])
    centre = np.asarray(read_manifest(run)["calibration"])
    prompts = read_table(run, "prompts").set_index(["task", "document", "arm"])
    compared = 0
    for (task, document, arm), group in samples(run).groupby(level=["task", "document", "arm"]):
        prompt = reference.tokenizer(prompts.loc[(task, document, arm), "text"])["input_ids"]
        states = []
        for row in group.to_dict("records"):
            tokens = row["token_ids"].tolist()
            kept: list[torch.Tensor] = []
            hook = reference.model.lm_head.register_forward_pre_hook(lambda _, inputs, kept=kept: kept.append(inputs[0][0]))
            logits = reference.run(prompt + tokens)[1][len(prompt) - 1 : -1]
            hook.remove()
            expected = [logits[i][token] - np.logaddexp.reduce(logits[i]) for i, token in enumerate(tokens)]
            assert row["logprobs"] == pytest.approx(expected, rel=1e-4, abs=1e-5)
            content = len(tokens) - (row["finish"] == "eos")
            states.append(kept[0][len(prompt) : len(prompt) + content].numpy().astype(np.float64))
        for i, row in enumerate(group.to_dict("records")):
            assert len(row["cosines"]) == len(row["rouge_l"]) == i
            for j, overlap in enumerate(row["rouge_l"]):
                texts = [group.iloc[place]["text"] for place in (i, j)]
                expected_f1 = RougeScorer(["rougeL"], tokenizer=AnyScript()).score(*texts)["rougeL"].fmeasure
                assert overlap == pytest.approx(expected_f1, abs=1e-6) or (np.isnan(overlap) and expected_f1 == 0)
            for j, cosine in enumerate(row["cosines"]):
                n = min(len(states[i]), len(states[j]))
                if n == 0:
                    assert np.isnan(cosine)
                    continue
                a, b = states[i][:n].mean(0) - centre, states[j][:n].mean(0) - centre
                assert cosine == pytest.approx(a @ b / np.linalg.norm(a) / np.linalg.norm(b), abs=1e-4)
                compared += 1
    assert compared >= 12


def test_scores_hold_the_samples_filtered_answers(models: dict[str, Path], tmp_path: Path, evaluate: Any) -> None:
    run = tmp_path / "run"
    results = measure(evaluate, models["qwen3"], run, ["ride_demo_math_none"])
    scores = read_table(run, "scores")
    filtered = scores[scores["answer"] == "sample"].merge(samples(run).reset_index(), on=KEY)
    assert len(filtered) == 4 * 4
    for row in filtered.to_dict("records"):
        digits = re.findall(r"-?[0-9][0-9,]*", row["text"])
        assert row["filtered"] == (digits[-1] if digits else "[invalid]")
    expected = []
    for _, group in filtered.groupby("document"):
        labels = [
            row["filtered"]
            if row["filtered"] != "[invalid]"
            else " ".join(row["text"].split()).casefold().strip(" .,;:!?\"'`*")
            for row in group.to_dict("records")
        ]
        expected.append(cluster_entropy(labels))
    assert results["results"]["ride_demo_math_none"]["cluster_entropy,number"] == pytest.approx(np.mean(expected))


def test_draws_follow_the_distribution() -> None:
    """200,000 keyed draws against the softmax: a wrong tail or an off-by-one in the search would show."""
    torch.manual_seed(0)
    logits = torch.randn(7) * 2
    logits[3] = -torch.inf
    uniform = torch.from_numpy(uniforms(0, Key("t", "d", 0, "tag", 0, 0), 20, 10_000)).reshape(-1)
    tokens = draw(torch.log_softmax(logits, -1).expand(len(uniform), -1), uniform)
    shares = np.bincount(tokens.numpy(), minlength=7) / len(uniform)
    expected = torch.softmax(logits.double(), -1).numpy()
    assert shares[3] == 0
    assert np.abs(shares - expected).max() < 4 * np.sqrt(0.25 / len(uniform))


def test_the_ends_of_the_unit_interval_draw_possible_tokens() -> None:
    logits = torch.log_softmax(torch.tensor([[-torch.inf, 0.0, 1.0, -torch.inf]]), -1)
    assert draw(logits, torch.tensor([0.0], dtype=torch.float64)).tolist() == [1]
    assert draw(logits, torch.tensor([1 - 1e-16], dtype=torch.float64)).tolist() == [2]


@pytest.mark.parametrize("size", [256, 257, 512, 700])
def test_next_to_one_the_last_possible_token_is_drawn(size: int) -> None:
    """Also where the last block is full, and where all tokens of the last blocks are masked."""
    logits = torch.zeros(2, size)
    logits[1, 200:] = -torch.inf
    for uniform in (1 - 2**-53, 1.0):
        drawn = draw(torch.log_softmax(logits, -1), torch.tensor([uniform] * 2, dtype=torch.float64))
        assert drawn.tolist() == [size - 1, 199]


@pytest.mark.parametrize("size", [255, 256, 257, 50_304])
def test_draws_by_block_are_draws_from_all(size: int) -> None:
    """Against one sum over the whole vocabulary, with masked tokens and vocabularies that end inside and at a block."""
    torch.manual_seed(size)
    logits = torch.randn(64, size) * 3
    logits[torch.rand(64, size) < 0.3] = -torch.inf
    logprobs = torch.log_softmax(logits, -1)
    uniform = torch.rand(64, dtype=torch.float64)
    cumulative = logprobs.exp().double().cumsum(-1)
    whole = torch.searchsorted(cumulative, uniform[:, None] * cumulative[:, -1:], right=True)[:, 0]
    assert draw(logprobs, uniform).tolist() == whole.tolist()


def test_uniforms_are_the_arm_s_and_wording_s_aside() -> None:
    key = Key("gsm8k", "d", 0, "tag", 0, 0)
    assert (uniforms(0, key, 3, 5) == uniforms(0, key._replace(arm="none", wording=4), 3, 5)).all()
    assert (uniforms(0, key, 2, 5) == uniforms(0, key, 3, 9)[:2, :5]).all()
    for other in (key._replace(document="e"), key._replace(occurrence=1), key._replace(prompt=1)):
        assert (uniforms(0, key, 3, 5) != uniforms(0, other, 3, 5)).all()
    assert (uniforms(0, key, 3, 5) != uniforms(1, key, 3, 5)).all()
    assert uniforms(0, key, 0, 5).shape == (0, 5)
