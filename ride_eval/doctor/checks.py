"""What is compared with what: each probe against its slow reference on the same pass, and what must hold of any model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import torch

from ride_eval.doctor import references
from ride_eval.doctor.passes import Pass
from ride_eval.doctor.prompts import Asked
from ride_eval.doctor.references import Witness, attention_maps, density_of, distribution, gate_shares
from ride_eval.errors import ProbeError
from ride_eval.probes.attention import MIN_QUESTION_MASS
from ride_eval.probes.bundle import Bundle
from ride_eval.probes.layout import FLAW

EXACT = 0.0
CLOSE = 1e-5
"""Of numbers made from the very same tensors, in any precision of the model; of all others in float32."""
ROUNDED = 2e-2
"""Of numbers that a model in lower precision computes twice, in batches of another shape."""
Status = Literal["pass", "fail", "not applicable"]


@dataclass(frozen=True, kw_only=True)
class Check:
    """One line of the doctor's table."""

    probe: str
    what: str
    status: Status
    difference: float = math.nan
    """The largest found; of exact checks, how many things differ."""
    tolerance: float = math.nan
    detail: str = ""
    """Where the largest difference is; or why it failed or does not apply."""


class Differences:
    """Collects differences of one check, and remembers where the largest is. A NaN on one side only is infinitely far."""

    def __init__(self, probe: str, what: str, tolerance: float) -> None:
        self.probe, self.what, self.tolerance = probe, what, tolerance
        self._largest, self._where, self._n = 0.0, "", 0

    def add(self, found: Any, expected: Any, where: str) -> None:
        self.within(found, expected, expected, where)

    def within(self, found: Any, low: Any, high: Any, where: str) -> None:
        """Numbers that should lie between two."""
        values, least, most = (np.asarray(part, dtype=np.float64) for part in (found, low, high))
        if values.shape != least.shape:
            self._take(math.inf, f"{where}: {values.shape} values, expected {least.shape}")
            return
        away = np.maximum(np.maximum(least - values, values - most), 0)
        away = np.where(np.isnan(values) & np.isnan(least), 0.0, np.where(np.isnan(away), np.inf, away))
        self._take(float(away.max(initial=0)), where, away.size)

    def count(self, found: Any, expected: Any, where: str) -> None:
        """Things that should be equal: the difference is how many are not."""
        first, second = np.asarray(found), np.asarray(expected)
        different = int((first != second).sum()) if first.shape == second.shape else max(first.size, second.size, 1)
        self._take(float(different), where, first.size)

    def _take(self, difference: float, where: str, n: int = 1) -> None:
        self._n += n
        if difference > self._largest:
            self._largest, self._where = difference, where

    def check(self) -> Check:
        """Fails above the tolerance, and where nothing was compared."""
        common: dict[str, Any] = {"probe": self.probe, "what": self.what, "tolerance": self.tolerance}
        if not self._n:
            return Check(**common, status="fail", detail="nothing was compared")
        status: Status = "pass" if self._largest <= self.tolerance else "fail"
        return Check(**common, status=status, difference=self._largest, detail=self._where)


def tolerance(lm: Any) -> float:
    """Of what the reference has to compute anew: the model's own precision."""
    return CLOSE if lm.model.dtype == torch.float32 else ROUNDED


class Compare(Protocol):
    """An examination of one probe."""

    __name__: str

    def __call__(self, lm: Any, bundle: Bundle, runs: Sequence[Pass], /) -> list[Check]: ...


def density(lm: Any, bundle: Bundle, runs: Sequence[Pass]) -> list[Check]:
    """The five measures at both sites, token means and medians."""
    sites = {
        "mlp": Differences("density", "feed-forward activations: five measures, means and medians", tolerance(lm)),
        "resid": Differences("density", "residual stream: the same", CLOSE),
    }
    states = Differences("density", "residual stream, against the model's hidden states", CLOSE)
    hidden = [block.index for block in bundle.anatomy.blocks if not block.has_feed_forward]
    for given in runs:
        rows, seen = _observe(lm, bundle, given)
        if len(given.prompts) == 1:
            for layer, state in enumerate(references.hidden_states(lm.model, given.prompts[0].ids)):
                kept = seen.resid[layer].double().cpu().numpy()
                states.add(kept, state.double().cpu().numpy(), f"{given.name}, layer {layer}")
        for i, (row, prompt) in enumerate(zip(rows, given.prompts, strict=True)):
            tokens = given.flat(i, prompt.question)
            for layer in range(len(seen.layers)):
                if layer in hidden and not np.isnan(row["mlp_hoyer"][layer]):
                    sites["mlp"].add(1, math.nan, f"{given.name}, layer {layer}: a number where nothing was read")
                vectors = {
                    "mlp": [] if layer in hidden else [seen.activations(layer, token) for token in tokens],
                    "resid": [[seen.resid[layer][token].float().cpu().numpy()] for token in tokens],
                }
                for site, differences in sites.items():
                    for name in references.MEASURES if vectors[site] else ():
                        bounds = np.array([density_of(own, name) for own in vectors[site]])
                        where = f"{given.name}, layer {layer}, {name}"
                        for suffix, of in (("", np.mean), ("_median", np.median)):
                            low, high = of(bounds, axis=0)
                            differences.within(row[f"{site}_{name}{suffix}"][layer], low, high, where)
    if len(hidden) == len(bundle.anatomy.blocks):
        del sites["mlp"]
    found = [differences.check() for differences in sites.values()]
    if problem := bundle.anatomy.density_problem:
        found.append(Check(probe="density", what="feed-forward activations", status="not applicable", detail=problem))
    return [*found, states.check()]


def routing(lm: Any, bundle: Bundle, runs: Sequence[Pass]) -> list[Check]:
    """Expert ids, counts, gate weights, router entropy and margin; and what always holds of them."""
    ids = Differences("routing", "expert ids of question tokens, counts of all prompt tokens", EXACT)
    gates = Differences("routing", "gate weights by expert", CLOSE)
    routers = Differences("routing", "router entropy and margin, from router logits made anew", tolerance(lm))
    total = Differences("routing", "selections in a layer = tokens x k", EXACT)
    ones = Differences("routing", "signatures and router probabilities sum to 1", CLOSE)
    anatomy = bundle.anatomy
    for given in runs:
        rows, seen = _observe(lm, bundle, given)
        for i, (row, prompt) in enumerate(zip(rows, given.prompts, strict=True)):
            routes = seen.routes
            tokens, everything = given.flat(i, prompt.question), given.flat(i, range(len(prompt.ids)))
            for place, block in enumerate(anatomy.routed):
                assert block.router is not None  # noqa: S101 - by definition of `routed`
                where, route, k = f"{given.name}, layer {block.index}", routes[block.index], block.router.top_k
                chosen, weights = route.experts.cpu(), route.weights.float().cpu()
                n_experts = route.logits.shape[1]
                ids.count(np.sort(row["experts"][:, place], -1), np.sort(chosen[tokens].numpy(), -1), where)
                counts = np.bincount(chosen[everything].reshape(-1).numpy(), minlength=n_experts)
                ids.count(row["routing_prompt"][place], counts, where)
                total.add(row["routing_prompt"][place].sum(), len(everything) * k, where)
                total.add(row["routing_question"][place].sum(), len(tokens) * k, where)
                for name, own in (("gates_question", tokens), ("gates_prompt", everything)):
                    gates.add(row[name][place], gate_shares(chosen, weights, own, n_experts), where)
                    ones.add(row[name][place].sum(dtype=np.float64), 1.0, where)
                p = [_router_distribution(block.router, route.logits[token]) for token in tokens]
                ones.add([own.sum() for own in p], np.ones(len(p)), where)
                entropies = [-float((own[own > 0] * np.log(own[own > 0])).sum()) for own in p]
                routers.add(row["router_entropy"][place], np.mean(entropies), where)
                if n_experts > k:
                    ordered = [np.sort(own)[::-1] for own in p]
                    routers.add(row["router_margin"][place], np.mean([own[k - 1] - own[k] for own in ordered]), where)
    return [differences.check() for differences in (ids, gates, routers, total, ones)]


def attention(lm: Any, bundle: Bundle, runs: Sequence[Pass]) -> list[Check]:
    """The last token's attention against eager maps of each prompt alone, and its sum over all tokens."""
    maps_of = {}
    rows_differ = Differences("attention", "keyword share, keyword and meta mass, against eager maps", tolerance(lm))
    ones = Differences("attention", "attention over all tokens sums to 1", CLOSE)
    left = Differences("attention", "attention over all tokens sums to what sinks leave", tolerance(lm))
    sinks = False
    for given in runs:
        rows, wholes = (observed(lm, bundle, given, whole=whole) for whole in (False, True))
        for row, whole, prompt in zip(rows, wholes, given.prompts, strict=True):
            if prompt.ids not in maps_of:
                maps_of[prompt.ids] = attention_maps(lm.model, prompt.ids)
            maps = maps_of[prompt.ids]
            # Where a model has attention sinks, no token gets what they take.
            sinks = sinks or abs(float(maps.sum(-1).mean()) - 1) > tolerance(lm)
            if sinks:
                left.add(whole["meta_mass"], maps.sum(-1).mean(-1), given.name)
            else:
                ones.add(whole["meta_mass"], np.ones(len(maps)), given.name)
            for name, expected in _attention_columns(maps, prompt).items():
                if name == "keyword_share":  # a head at the limit may be dropped on one side
                    found = row[name].reshape(expected.shape)
                    both = np.isfinite(found) & np.isfinite(expected)
                    rows_differ.add(found[both], expected[both], f"{given.name}, {name}")
                else:
                    rows_differ.add(row[name], expected, f"{given.name}, {name}")
    return [rows_differ.check(), (left if sinks else ones).check()]


def _attention_columns(maps: Any, prompt: Asked) -> dict[str, Any]:
    columns = {}
    if prompt.meta:
        columns["meta_mass"] = maps[..., list(prompt.meta)].sum(-1).mean(-1)
    if prompt.keywords:
        keyword, question = (maps[..., list(tokens)].sum(-1) for tokens in (prompt.keywords, prompt.question))
        columns["keyword_mass"] = keyword.mean(-1)
        shares = np.full(question.shape, np.nan)
        columns["keyword_share"] = np.divide(keyword, question, out=shares, where=question >= MIN_QUESTION_MASS)
    return columns


def _router_distribution(router: Any, logits: torch.Tensor) -> Any:
    values = logits.cpu().numpy()
    if router.normalization == "sigmoid":
        gates = 1 / (1 + np.exp(-values))
        return gates / gates.sum()
    return distribution(values)


def observed(lm: Any, bundle: Bundle, given: Pass, *, whole: bool = False) -> list[dict[str, Any]]:
    """The probes' rows of a pass; `whole` as `Pass.layout` has it."""
    with bundle.attached(given.layout(whole=whole), decoding=False) as reading:
        given.run(lm)
    rows = reading.prompt_rows(len(given.prompts))
    for row in rows:
        if FLAW in row:
            raise ProbeError(str(row[FLAW]))
    return rows


def _observe(lm: Any, bundle: Bundle, given: Pass) -> tuple[list[dict[str, Any]], Witness]:
    """The probes' rows of a pass, and all that the same pass computed."""
    with Witness(lm.model) as seen:
        return observed(lm, bundle, given), seen
