"""A run directory with planted numbers, written through the store as a real run is.

Documents, arms and wordings have their own random generator, so leaving one out leaves the others as they were.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ride_eval.arms import STANDARD_ARMS
from ride_eval.store import METRIC_VERSION, TableWriter, document_hash, write_json

LAYERS = 6
HEADS = 3
MOE_LAYERS = 2
EXPERTS = 8
TOP_K = 2
QUESTION_TOKENS = 5
Writers = Mapping[str, TableWriter]
DOMAINS = ("math", "law", "rare")
MORE_MEASURES = ("near_zero", "gini", "top10_energy")
META_LENGTH = {"none": 0, "tag": 6, "tag_wrong": 6, "tag_placebo": 7, "expert": 12, "expert_wrong": 12, "filler": 12}


@dataclass(kw_only=True)
class Synthetic:
    """What to write."""

    name: str = "lab/synthetic"
    tasks: Mapping[str, str] = field(default_factory=lambda: {"arith": "generation", "colours": "choice"})
    """Task -> generation, choice, or choice_per_prompt (one prompt a choice, as WinoGrande)."""
    n: int = 24
    """Documents a task."""
    arms: Sequence[str] = STANDARD_ARMS
    moe: bool = True
    wordings: int = 1
    """Under which each document is put; `one_of`: each document under one of so many instead."""
    one_of: int = 0
    seed: int = 0
    effects: Mapping[str, float] = field(default_factory=lambda: {"tag": 0.02, "expert": 0.05})
    """Added to density, and taken from the entropies, under an arm."""
    missing: frozenset[tuple[int, str]] = frozenset()
    """(document number, arm) without any row."""
    reasons: Mapping[tuple[int, str], str] = field(default_factory=dict)
    """(document number, arm) -> reason its token statistics are null."""
    state: str | None = "complete"
    error: str | None = None
    untrained: bool = True
    routes: bool = True
    density: bool = True
    attention: bool = True
    keywords: bool = True
    """Of the documents, all but every fourth have keywords."""
    samples: int = 3
    """Sampled answers of each generated one."""
    filters: Mapping[str, str] = field(default_factory=lambda: {"arith": "flexible-extract"})
    """Task -> the filter that extracts its answer; the others' is "none"."""
    scored: bool = True
    identity: Mapping[str, Any] = field(default_factory=dict)
    repeats: int = 1
    """Occurrences of each document."""


def document_of(task: str, number: int) -> str:
    return document_hash({"task": task, "number": number})


def write_run(folder: Path, spec: Synthetic | None = None, **changes: Any) -> Path:
    """Write a run directory of `Synthetic(**changes)`, and return it."""
    spec = spec or Synthetic(**changes)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "run.json", _manifest(spec))
    writers = {table: TableWriter(folder, table) for table in ("prompts", "generations", "choices", "routes", "scores")}
    for arm in spec.arms:
        for task in spec.tasks:
            for number in range(spec.n):
                if (number, arm) in spec.missing:
                    continue
                for occurrence in range(spec.repeats):
                    for wording in [number % spec.one_of] if spec.one_of else range(spec.wordings):
                        _write(writers, spec, task, number, occurrence, arm, wording)
    for writer in writers.values():
        writer.flush()
    if spec.state is not None:
        write_json(folder / "status.json", {"state": spec.state, "rows": {}, "reasons": {}, "error": spec.error})
    return folder


def rewrite(shard: Path, table: pa.Table) -> Path:
    """Put other rows in the place of a shard, under the name that its new content has."""
    shard.unlink()
    made = shard.with_name("made")
    pq.write_table(table, made)
    sha = hashlib.sha256(made.read_bytes()).hexdigest()[:16]
    return made.rename(shard.with_name(f"{shard.name.rpartition('-')[0]}-{sha}.parquet"))


def _write(writers: Writers, spec: Synthetic, task: str, number: int, occurrence: int, arm: str, wording: int) -> None:
    kind = spec.tasks[task]
    key = {"task": task, "document": document_of(task, number), "occurrence": occurrence, "arm": arm, "wording": wording}
    rng = np.random.default_rng([spec.seed, number, _code(task), _code(arm), wording])
    shared = np.random.default_rng([spec.seed, number, _code(task)])
    effect = spec.effects.get(arm, 0.0)
    n_choices = 0 if kind == "generation" else 2 if kind == "choice_per_prompt" else 4
    base = 0.4 + 0.1 * shared.random()
    for prompt in range(2 if kind == "choice_per_prompt" else 1):
        reason = spec.reasons.get((number, arm))
        measured: dict[str, Any] = {}
        if reason is None and spec.density:
            sparsity = 1.0 - base - effect + 0.01 * rng.standard_normal(LAYERS)
            measured = {"mlp_hoyer": sparsity, "resid_hoyer": sparsity / 2, "mlp_participation": 1.0 - sparsity}
            others = np.random.default_rng([spec.seed, number, _code(arm), wording, prompt, 4])
            for name in ("resid_participation", *(f"{s}_{m}" for s in ("mlp", "resid") for m in MORE_MEASURES)):
                measured[name] = others.random(LAYERS)
        keyword_tokens = None if reason is not None else 0 if number % 4 == 3 or not spec.keywords else 1 + number % 2
        if reason is None and spec.attention:
            measured |= _attention(spec, number, arm, wording, prompt, keyword_tokens or 0)
        if reason is None and spec.moe and spec.routes:
            measured["router_entropy"] = 1.0 + 0.1 * rng.random(MOE_LAYERS)
            measured["router_margin"] = measured["router_entropy"] / 10
            tokens = shared.integers(0, 500, QUESTION_TOKENS)
            experts = np.stack([rng.permutation(EXPERTS)[:TOP_K] for _ in range(QUESTION_TOKENS * MOE_LAYERS)])
            routes = {"token_ids": tokens.tolist(), "experts": experts.ravel().tolist()}
            writers["routes"].append({**key, "prompt": prompt, **routes})
            chosen = experts.reshape(QUESTION_TOKENS, MOE_LAYERS, TOP_K)
            counts = [np.bincount(chosen[:, layer].ravel(), minlength=EXPERTS) for layer in range(MOE_LAYERS)]
            measured["routing_question"] = np.concatenate(counts)
        writers["prompts"].append(
            {
                **key,
                "prompt": prompt,
                "domain": DOMAINS[number % 3],
                "wrong_domain": DOMAINS[(number + 1) % 3],
                "text": f"{arm} question {number}",
                "meta": arm,
                "meta_length": META_LENGTH.get(arm, 9),
                "meta_unit": "tokens",
                "question_tokens": QUESTION_TOKENS,
                "aligned_tokens": QUESTION_TOKENS,
                "keyword_tokens": keyword_tokens,
                "reason": reason,
                **{name: np.asarray(values).tolist() for name, values in measured.items()},
            }
        )
        if kind == "choice_per_prompt":
            _choice(writers, key, prompt, 0, rng)
    for choice in range(n_choices if kind == "choice" else 0):
        _choice(writers, key, 0, choice, rng)
    if kind == "generation":
        for answer in ("greedy",) if arm == "none" else ("greedy", "forced"):
            length = 6 if answer == "forced" else int(rng.integers(3, 9))
            entropies = np.maximum(0.8 - effect + 0.2 * rng.standard_normal(length), 0.0).astype(np.float32).tolist()
            writers["generations"].append(
                {
                    **key,
                    "prompt": 0,
                    "answer": answer,
                    "sample": 0,
                    "text": _answer(spec, number, task, arm, 0)[0],
                    "token_ids": list(range(length)),
                    "entropies": entropies,
                    "logprobs": [-0.1] * length,
                    "finish": "length" if length > 6 else "stop",
                }
            )
    score = {**key, "prompt": 0, "filter": spec.filters.get(task, "none"), "metric": "acc"}
    filtered = _answer(spec, number, task, arm, 0)[1]
    correct = float(rng.random() < 0.6) if spec.scored else None
    gold = None if kind == "generation" or number % 5 == 4 else number % 2  # some documents have several right choices
    writers["scores"].append({**score, "answer": "greedy", "sample": 0, "filtered": filtered, "correct": correct, "gold": gold})
    for sample in range(1, 1 + spec.samples if kind == "generation" else 1):
        text, filtered = _answer(spec, number, task, arm, sample)
        writers["generations"].append({**key, "prompt": 0, **_sample(spec, number, arm, wording, sample - 1), "text": text})
        writers["scores"].append({**score, "answer": "sample", "sample": sample - 1, "filtered": filtered, "correct": 0.0})


def _attention(spec: Synthetic, number: int, arm: str, wording: int, prompt: int, keyword_tokens: int) -> dict[str, Any]:
    """The `prompts` columns; about one head in twelve is dropped."""
    rng = np.random.default_rng([spec.seed, number, _code(arm), wording, prompt, 1])
    columns: dict[str, Any] = {} if arm == "none" else {"meta_mass": rng.random(LAYERS)}
    if keyword_tokens:
        shares = rng.random((LAYERS, HEADS)) / 3 + spec.effects.get(arm, 0.0)
        shares[rng.random((LAYERS, HEADS)) < 1 / 12] = np.nan
        columns |= {"keyword_mass": rng.random(LAYERS), "keyword_share": shares.ravel()}
    return columns


def _answer(spec: Synthetic, number: int, task: str, arm: str, sample: int) -> tuple[str, str]:
    """An answer's text, and what the filter makes of it: three answers in several spellings, and sometimes none is found."""
    rng = np.random.default_rng([spec.seed, number, _code(task), _code(arm), sample, 2])
    if spec.tasks[task] != "generation":
        return "", str(rng.integers(2))
    answer = str(rng.integers(42, 45))
    text = str(rng.choice([f"{answer}", f" {answer}. ", f"It is {answer}", f"it  is {answer}!"]))
    return text, text if task not in spec.filters else "[invalid]" if rng.random() < 0.3 else answer


def _sample(spec: Synthetic, number: int, arm: str, wording: int, sample: int) -> dict[str, Any]:
    rng = np.random.default_rng([spec.seed, number, _code(arm), wording, sample, 3])
    logprobs = -rng.exponential(1.0, rng.integers(1, 6))
    cosines = np.where(rng.random(sample) < 0.1, np.nan, rng.uniform(0.2, 1.0, sample))
    overlaps = np.where(rng.random(sample) < 0.1, np.nan, rng.random(sample))
    columns = {"logprobs": logprobs, "cosines": cosines, "rouge_l": overlaps}
    floats = {name: values.astype(np.float32).tolist() for name, values in columns.items()}
    return {"answer": "sample", "sample": sample, "token_ids": [1] * len(logprobs), "finish": "stop", **floats}


def _choice(writers: Writers, key: Mapping[str, Any], prompt: int, choice: int, rng: np.random.Generator) -> None:
    size = int(rng.integers(4, 12))
    row = {**key, "prompt": prompt, "choice": choice, "text": "x" * size, "bytes": size, "greedy": False}
    writers["choices"].append({**row, "loglikelihood": float(-size * rng.uniform(0.5, 2.0))})


def _manifest(spec: Synthetic) -> dict[str, Any]:
    return {
        "format": 1,
        "created": "2026-01-02T03:04:05+00:00",
        "identity": {
            "model": spec.name,
            "revision": "main",
            "weights": "0" * 16,
            "dtype": "float32",
            "chat_template": "a" * 16,
            "multiturn": False,
            "system_instruction": None,
            "placement": "user",
            "prompts": "b" * 16,
            "seed": 1234,
            "num_samples": spec.samples,
            "metrics": METRIC_VERSION,
            **spec.identity,
        },
        "settings": {
            "probes": [
                "density",
                *(["attention"] if spec.attention else []),
                "entropy",
                *(["routing"] if spec.moe and spec.routes else []),
            ],
            "device": "cpu",
        },
        "model": {
            "name": spec.name,
            "architecture": "SyntheticForCausalLM",
            "layers": LAYERS,
            "hidden_size": 64,
            "parameters": 1_000_000,
            "moe_layers": list(range(MOE_LAYERS)) if spec.moe else [],
            "experts": EXPERTS if spec.moe else 0,
            "experts_per_token": TOP_K if spec.moe else 0,
            "router_normalization": "softmax" if spec.moe else None,
            "untrained": spec.untrained,
        },
        "versions": {"ride_eval": "0"},
    }


def _code(text: str) -> int:
    return sum((i + 1) * ord(letter) for i, letter in enumerate(text))
