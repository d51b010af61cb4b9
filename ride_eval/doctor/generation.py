"""What is read while a model writes: entropies, log-probabilities, hidden states, and answers that are forced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from lm_eval.models.huggingface import HFLM

from ride_eval.continuation import follow, prefill
from ride_eval.doctor import references
from ride_eval.doctor.checks import CLOSE, EXACT, ROUNDED, Check, Differences, observed
from ride_eval.doctor.passes import Pass
from ride_eval.doctor.references import LastLogits
from ride_eval.errors import UsageError
from ride_eval.probes.bundle import Bundle

TOKENS = 8
"""New tokens of each answer."""
SHARED = 1e-4
"""Nats, in float32: a cached and left-padded pass against a plain one."""


def write(lm: Any, given: Pass) -> torch.Tensor:
    """(rows, TOKENS) greedy tokens after the prompts of a left-padded pass or a single one, by the harness's own generation."""
    mask = given.mask if given.mask is not None else torch.ones_like(given.ids)
    # Never an end token: a model that ends at once would leave nothing to compare.
    whole = {"max_length": given.width + TOKENS, "min_new_tokens": TOKENS, "attention_mask": mask}
    out: torch.Tensor = HFLM._model_generate(lm, context=given.ids, stop=[], **whole)
    return out[:, given.width :]


def entropies(lm: Any, bundle: Bundle, runs: Sequence[Pass]) -> list[Check]:
    """Step by step against the full softmax of the same pass, and forced answers against one plain pass."""
    steps = Differences("entropy", "entropy of each answer token, against the full softmax", 10 * CLOSE)
    logs = Differences("entropy", "log-probability of each answer token", 10 * CLOSE)
    forced = Differences("entropy", "forced answers on a shared prefill, against one plain pass", _shared(lm))
    own_cache: str | None = None
    for given in (each for each in runs if each.name != "padded right"):
        with LastLogits(lm.model) as seen, bundle.attached(given.layout(), decoding=True) as reading:
            tokens = write(lm, given)
        assert reading.decoding is not None  # noqa: S101 - asked for
        found, logprobs = reading.decoding.steps(tokens)
        for row, own in enumerate(tokens.tolist()):
            for step, token in enumerate(own):
                where = f"{given.name}, token {step}"
                logits = seen.logits[step][row]
                steps.add(found[row, step], references.entropy(logits), where)
                logs.add(logprobs[row, step], references.logprob(logits, token), where)
        own_cache = own_cache or _force(lm, given, tokens.tolist(), forced)
    if own_cache is not None:
        return [steps.check(), logs.check(), replace(forced.check(), status="not applicable", detail=own_cache)]
    return [steps.check(), logs.check(), forced.check()]


def unpadded(lm: Any, runs: Sequence[Pass]) -> Check:
    """Of the model without any probe: whether a left-padded batch writes what each prompt alone would."""
    differences = Differences(
        "model", "without probes: padded generation against one plain pass, logits, relative", _shared(lm)
    )
    for given in (each for each in runs if each.name != "padded right"):
        with LastLogits(lm.model) as seen:
            tokens = write(lm, given).tolist()
        for row, (prompt, own) in enumerate(zip(given.prompts, tokens, strict=True)):
            expected = references.logits(lm.model, [*prompt.ids, *own])[len(prompt.ids) - 1 : -1]
            scale = float(np.abs(expected).max())
            differences.add(np.stack([step[row] for step in seen.logits]) / scale, expected / scale, given.name)
    return differences.check()


def _force(lm: Any, given: Pass, answers: list[list[int]], forced: Differences) -> str | None:
    """Compare answers forced after a shared prefill; why there can be none."""
    pad_id = int(lm.tokenizer.pad_token_id)
    try:
        read = prefill(lm.model, [prompt.ids for prompt in given.prompts], pad_id=pad_id, device=lm.device)
    except UsageError as error:
        return str(error)
    results = follow(lm.model, read, range(len(answers)), answers, pad_id=pad_id)
    for prompt, answer, result in zip(given.prompts, answers, results, strict=True):
        logits = references.logits(lm.model, [*prompt.ids, *answer])
        predicting = logits[len(prompt.ids) - 1 : -1]
        forced.add(result.entropies, [references.entropy(row) for row in predicting], given.name)
        expected = [references.logprob(row, token) for row, token in zip(predicting, answer, strict=True)]
        forced.add(result.logprobs, expected, f"{given.name}, log-probability")
    return None


def states(lm: Any, bundle: Bundle, runs: Sequence[Pass]) -> list[Check]:
    """Last hidden states of answer tokens, which embeddings are made of, against those of one plain pass."""
    differences = Differences("entropy", "hidden states of answer tokens, relative, against one plain pass", _shared(lm))
    for given in (each for each in runs if each.name != "padded right"):
        with bundle.attached(given.layout(), decoding=True, states=True) as reading:
            tokens = write(lm, given)
        kept = reading.states()
        for row, (prompt, own) in enumerate(zip(given.prompts, tokens.tolist(), strict=True)):
            fed = own[: kept.shape[1]]  # the last token of an answer is not fed back
            with torch.no_grad():
                whole = lm.model(torch.tensor([[*prompt.ids, *fed]], device=lm.device), output_hidden_states=True)
            expected = whole.hidden_states[-1][0, len(prompt.ids) :].double().cpu().numpy()
            found = kept[row, : len(fed)].double().cpu().numpy()
            scale = max(1e-12, float(np.abs(expected).max()))
            differences.add(found / scale, expected / scale, given.name)
    return [differences.check()]


def invariants(lm: Any, bundle: Bundle, runs: Sequence[Pass]) -> list[Check]:
    """What looking must not change: with a probe on and with none, the same logits and the same answers."""
    (name,) = bundle.names
    logits = Differences(name, "logits with the probe on and off", EXACT)
    answers = Differences(name, "greedy answers with the probe on and off", EXACT)
    for given in runs:
        plain = given.run(lm)
        with bundle.attached(given.layout(), decoding=False):
            looked_at = given.run(lm)
        logits.add(looked_at.float().cpu().numpy(), plain.float().cpu().numpy(), given.name)
        if given.name == "padded right":
            continue
        expected = write(lm, given)
        with bundle.attached(given.layout(), decoding=True, states=True):
            found = write(lm, given)
        answers.count(found.cpu().numpy(), expected.cpu().numpy(), given.name)
    return [logits.check(), answers.check()]


def padding(lm: Any, bundle: Bundle, runs: Sequence[Pass]) -> list[Check]:
    """A prompt's numbers in a padded batch are those it has alone."""
    (name,) = bundle.names
    if name == "entropy":
        return []  # its own checks compare both
    limit = 1e-4 if lm.model.dtype == torch.float32 else 5 * ROUNDED
    differences = Differences(name, "padded batches against the prompt alone", limit)
    alone = {given.prompts[0].ids: observed(lm, bundle, given)[0] for given in runs if len(given.prompts) == 1}
    for given in (each for each in runs if len(each.prompts) > 1):
        for prompt, row in zip(given.prompts, observed(lm, bundle, given), strict=True):
            for column, values in alone.get(prompt.ids, {}).items():
                # Heads near the limit may be dropped on one side; and counts are compared with what was routed.
                if np.asarray(values).dtype.kind == "f" and column != "keyword_share":
                    differences.add(row[column], values, f"{given.name}, {column}")
    return [differences.check()]


def hooks(lm: Any) -> tuple[int, str]:
    """How many hooks of ours a model has, wrapped methods among them, and its attention implementation.

    transformers leaves hooks of its own once maps or hidden states were asked for.
    """
    modules = list(lm.model.modules())
    hooked = [hook for module in modules for hook in (*module._forward_hooks.values(), *module._forward_pre_hooks.values())]
    ours = sum(str(getattr(hook, "__module__", "")).startswith("ride_eval") for hook in hooked)
    wrapped = sum("_apply_gate" in vars(module) for module in modules)
    return ours + wrapped, str(lm.model.config._attn_implementation)


def _shared(lm: Any) -> float:
    return SHARED if lm.model.dtype == torch.float32 else 5 * ROUNDED
