"""A probe that breaks is found out on the first pass: what it saw is null with a reason, and the run fails; never a number."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from transformers.models.olmoe import modeling_olmoe

from ride_eval.analysis.findings import find
from ride_eval.analysis.frames import load_run
from ride_eval.analysis.notes import run_notes
from ride_eval.errors import ProbeError
from ride_eval.model import RideLM
from ride_eval.probes import attention, bundle, decoding, density, routing
from ride_eval.probes.attention import AttentionProbe
from ride_eval.probes.decoding import DecodingProbe
from ride_eval.probes.density import DensityProbe
from ride_eval.probes.routers import Routing
from ride_eval.probes.routing import RoutingProbe
from ride_eval.soundness import is_failed
from ride_eval.store import TABLES, read_status, read_table

Break = Callable[[pytest.MonkeyPatch], None]
TASKS = ["ride_demo_math_none", "ride_demo_commonsense_none"]
MEASURED = [
    name
    for name in TABLES["prompts"].names
    if name.startswith(("mlp_", "resid_", "router_", "routing_", "gates_", "keyword_m"))
]


def silent(probe: type, method: str) -> Break:
    """The hook never fires."""
    return lambda patch: patch.setattr(probe, method, lambda *_: lambda *_: None)


def twice(probe: type, method: str) -> Break:
    """It fires twice in a pass."""

    def fault(patch: pytest.MonkeyPatch) -> None:
        real = getattr(probe, method)
        patch.setattr(probe, method, lambda *given: (real(*given), real(*given))[1])

    return fault


def not_a_number(owner: Any, function: str, value: float = float("nan")) -> Break:
    """What it computes is NaN, or infinite."""

    def fault(patch: pytest.MonkeyPatch) -> None:
        real = getattr(owner, function)
        patch.setattr(owner, function, lambda *given, **named: torch.full_like(real(*given, **named), value))

    return fault


def other_shapes(probe: type, method: str) -> Break:
    """It is handed the tokens but for the last column."""

    def fault(patch: pytest.MonkeyPatch) -> None:
        real = getattr(probe, method)

        def hooked(*given: Any) -> Any:
            hook = real(*given)
            return lambda *seen: hook(*map(_shorter, seen))

        patch.setattr(probe, method, hooked)

    return fault


def router_of_other_shapes(patch: pytest.MonkeyPatch) -> None:
    real = RoutingProbe._on_router

    def on_router(self: RoutingProbe, block: Any, router: Any) -> Any:
        see = real(self, block, router)
        return lambda routing: see(Routing(*(part[:-1] for part in routing)))

    patch.setattr(RoutingProbe, "_on_router", on_router)


def _shorter(part: Any) -> Any:
    if isinstance(part, tuple):
        parts = map(_shorter, part)
        return type(part)(*parts) if hasattr(part, "_fields") else tuple(parts)
    if not isinstance(part, torch.Tensor):
        return part
    return part[:-1] if part.dim() == 2 else part[:, :-1]


def unseen_attention(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(AttentionProbe, "see", lambda *_: None)


def shorter_attention(patch: pytest.MonkeyPatch) -> None:
    real = AttentionProbe.see
    patch.setattr(AttentionProbe, "see", lambda self, module, query, *rest: real(self, module, query[:, :, :-1], *rest))


def unnormalized_attention(patch: pytest.MonkeyPatch) -> None:
    real = attention.attention_rows
    patch.setattr(attention, "attention_rows", lambda *given: real(*given) * 1.5)


def unnormalized_router(patch: pytest.MonkeyPatch) -> None:
    real = RoutingProbe._probabilities
    patch.setattr(RoutingProbe, "_probabilities", staticmethod(lambda router, scores: real(router, scores) * 0.9))


def lost_selections(patch: pytest.MonkeyPatch) -> None:
    """Of k experts a token all but one; the matrices keep their shape."""
    real = RoutingProbe._of_prompts

    def of_prompts(self: RoutingProbe, weights: torch.Tensor, experts: torch.Tensor) -> tuple[torch.Tensor, ...]:
        sums, *rest = real(self, weights, experts)
        sums[-1, 0, :, 0] -= 1
        return sums, *rest

    patch.setattr(RoutingProbe, "_of_prompts", of_prompts)


def bypassed(self: Any, hidden_states: torch.Tensor) -> torch.Tensor:
    """A mixture layer as a fused kernel runs it: the same numbers, without a call of the router's module."""
    batch, length, width = hidden_states.shape
    flat = hidden_states.view(-1, width)
    logits = F.linear(flat, self.gate.weight)
    weights, experts = torch.topk(torch.softmax(logits.float(), -1), self.gate.top_k, dim=-1)
    if self.gate.norm_topk_prob:
        weights = weights / weights.sum(-1, keepdim=True)
    return self.experts(flat, experts, weights.to(flat.dtype)).reshape(batch, length, width)


def fused_router(patch: pytest.MonkeyPatch) -> None:
    """Put in after the probes looked for routers, as a compiled model is."""
    real = bundle.dissect

    def dissect(model: Any) -> Any:
        found = real(model)
        patch.setattr(modeling_olmoe.OlmoeSparseMoeBlock, "forward", bypassed)
        return found

    patch.setattr(bundle, "dissect", dissect)


PROMPT_FAULTS: dict[str, tuple[Break, str]] = {
    "residual hook never fires": (silent(DensityProbe, "_on_residual"), "density: .* fired 0 times"),
    "density fires twice": (twice(DensityProbe, "_keep"), "density: .* fired 2 times"),
    "density is NaN": (not_a_number(density, "unsorted_and_peaks"), "density: .* not numbers from 0 to 1"),
    "density of sorted values is infinite": (not_a_number(density, "sorted_measures", torch.inf), "density: .* not numbers"),
    "density above 1": (not_a_number(density, "unsorted_and_peaks", 1.5), "density: .* not numbers from 0 to 1"),
    "residual of another shape": (other_shapes(DensityProbe, "_on_residual"), "density: .* positions where the batch has"),
    "router hook never fires": (silent(RoutingProbe, "_on_router"), "routing: 0 routers fired"),
    "router fires twice": (twice(RoutingProbe, "_on_prefill"), "routing: 6 routers fired in a pass, expected 3"),
    "router of another shape": (router_of_other_shapes, "routing: The router of .* did not return"),
    "router margin is NaN": (not_a_number(routing, "router_margin"), "routing: .* not finite"),
    "router probabilities do not sum to 1": (unnormalized_router, "routing: .* sum to 0.9 .* expected 1"),
    "selections are lost": (lost_selections, "routing: .* expert selections a layer, expected"),
    "router in a fused kernel": (fused_router, "routing: 0 routers fired .* fused kernel"),
    "attention never fires": (
        lambda patch: patch.setattr(AttentionProbe, "see", lambda *_: None),
        "attention: .* seen 0 times",
    ),
    "attention fires twice": (twice(AttentionProbe, "see"), "attention: .* seen 2 times"),
    "attention is NaN": (not_a_number(attention, "attention_rows"), "attention sums to nan"),
    "attention sums to 1.5": (unnormalized_attention, "attention sums to 1.5"),
    "attention of another shape": (shorter_attention, "attention: An attention saw queries of"),
}


@pytest.fixture
def broken(models: dict[str, Path], evaluate: Any, tmp_path: Path) -> Callable[[], Path]:
    """A run that must fail; returns its directory."""

    def run(match: str, **changes: Any) -> Path:
        arguments = {"pretrained": str(models["olmoe"]), "run_dir": str(tmp_path / "run"), "num_samples": 2, **changes}
        with pytest.raises(ProbeError, match=match):
            evaluate("ride", TASKS, model_args=arguments, limit=2, batch_size=2)
        return tmp_path / "run"

    return run


@pytest.mark.parametrize("share_prefill", [True, False])
@pytest.mark.parametrize("fault", PROMPT_FAULTS)
def test_a_broken_probe_leaves_a_reason_and_no_number(
    fault: str, share_prefill: bool, broken: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    inject, match = PROMPT_FAULTS[fault]
    inject(monkeypatch)
    run = broken(f"failed a check, more than 1%; the run stops. The first: .*{match}", share_prefill=share_prefill)
    prompts = read_table(run, "prompts")
    assert len(prompts) and prompts["reason"].map(is_failed).all()
    assert prompts[MEASURED].isna().all().all(), "one number of a row may be wrong, so none is kept"
    assert read_table(run, "routes").empty
    assert read_status(run)["state"] != "complete"


ANSWER_FAULTS: dict[str, tuple[Break, str]] = {
    "entropy is NaN": (not_a_number(decoding, "logprob_entropy"), "not finite"),
    "entropy is below 0": (
        not_a_number(decoding, "logprob_entropy", -1.0),
        "entropy below 0",
    ),
    "output head seen twice": (twice(DecodingProbe, "_after"), "seen .* times for .* tokens"),
}


@pytest.mark.parametrize("fault", ANSWER_FAULTS)
def test_an_answer_that_cannot_be_measured_has_no_entropy_and_no_score(
    fault: str, broken: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    inject, match = ANSWER_FAULTS[fault]
    inject(monkeypatch)
    run = broken(f"failed a check.*{match}")
    answers = read_table(run, "generations")
    answers = answers[answers["answer"].isin(["greedy", "sample"])]
    assert len(answers) and answers["reason"].map(is_failed).all()
    numbers = ["entropies", "logprobs", "routing_generated", "gates_generated", "cosines", "finish"]
    assert answers[[n for n in numbers if n != "cosines"]].isna().all().all()
    assert all(np.isnan(row).all() for row in answers["cosines"].dropna())


def test_a_router_that_repeats_while_decoding_is_found_out(broken: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    real = RoutingProbe._on_router

    def on_router(self: RoutingProbe, *given: Any) -> Any:
        hook = real(self, *given)

        def repeated(*seen: Any) -> None:
            for _ in range(1 if self._passes.current == 0 else 2):
                hook(*seen)

        return repeated

    monkeypatch.setattr(RoutingProbe, "_on_router", on_router)
    run = broken("failed a check.*Routers fired")
    greedy = read_table(run, "generations", filters=[("answer", "=", "greedy")])
    assert greedy["routing_generated"].isna().all() and greedy["reason"].map(is_failed).all()


@pytest.mark.parametrize("share_prefill", [True, False])
def test_a_model_that_returns_nan_gives_no_number(share_prefill: bool, broken: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights that overflowed: every answer is a token 0, every choice the first, and neither is shown."""
    real = RideLM._refuse_what_sharing_cannot_do

    def poison(self: RideLM, share: bool) -> None:
        real(self, share)
        with torch.no_grad():
            self.model.get_output_embeddings().weight.fill_(torch.nan)

    monkeypatch.setattr(RideLM, "_refuse_what_sharing_cannot_do", poison)
    run = broken("failed a check.*not finite", share_prefill=share_prefill)
    answers = pd.concat([read_table(run, "generations"), read_table(run, "choices")])
    assert len(answers) and answers["reason"].map(is_failed).all()
    assert answers[["entropies", "logprobs", "loglikelihood"]].isna().all().all()


def test_an_output_head_that_is_never_seen_stops_the_run(broken: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DecodingProbe, "_after", lambda *_: None)
    broken("output was not seen")


def test_experts_whose_router_hides_are_no_dense_model(
    models: dict[str, Path], evaluate: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fused before we look: the other probes work, and nobody is told that the model is dense."""
    monkeypatch.setattr(modeling_olmoe.OlmoeSparseMoeBlock, "forward", bypassed)
    given = {"pretrained": str(models["olmoe"]), "device": "cpu"}
    with pytest.raises(ProbeError, match=r"`routing` cannot attach .* config names 8 experts, but no module returned"):
        RideLM(**given, run_dir=str(tmp_path / "named"), probes="routing+density")
    arguments = {"pretrained": given["pretrained"], "run_dir": str(tmp_path / "run"), "num_samples": 0}
    evaluate("ride", TASKS, model_args=arguments, limit=2, batch_size=2)
    assert read_table(tmp_path / "run", "prompts")["routing_question"].isna().all()
    (found,) = find([load_run(tmp_path / "run")]).models
    said = [note for note in found.notes if "names 8 experts" in note.text]
    assert [note.level for note in said] == ["warning"]
    assert not any("dense model" in note.text for note in found.notes)


def test_one_bad_row_in_a_hundred_is_left_out_counted_and_told(
    models: dict[str, Path], evaluate: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = DensityProbe._stacked, []

    @wraps(real)
    def once(self: DensityProbe) -> Any:
        calls.append(None)
        return real(self) * (np.nan if len(calls) == 40 else 1)

    monkeypatch.setattr(DensityProbe, "_stacked", once)
    arguments = {"pretrained": str(models["olmoe"]), "run_dir": str(tmp_path / "run"), "num_samples": 0}
    evaluate("ride", ["ride_demo_commonsense_*"], model_args=arguments, limit=15, batch_size=1)
    status = read_status(tmp_path / "run")
    assert (status["state"], status["failed_checks"], status["rows"]["prompts"]) == ("complete", 1, 105)
    prompts = read_table(tmp_path / "run", "prompts")
    bad = prompts["reason"].map(is_failed)
    assert prompts[bad][MEASURED].isna().all().all()
    assert prompts[~bad]["mlp_hoyer"].notna().all()
    run = load_run(tmp_path / "run")
    assert run.documents["density"].isna().sum() == 1
    notes = run_notes(run, [], documents=15, no_routing=None, heads_dropped=0.0)
    assert any(note.level == "warning" and "1 rows failed a check" in note.text for note in notes)
