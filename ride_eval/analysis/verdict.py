"""What a model's numbers say about the Sparsity-Certainty Hypothesis, in words that are computed and never written by hand.

The hypothesis (arXiv 2603.29206): meta prompts make the inside sparser, and a sparser inside goes with more stable output.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ride_eval.analysis.contrasts import Contrast, Effect
from ride_eval.analysis.intervals import Estimate
from ride_eval.analysis.links import MAX_Q, Link
from ride_eval.analysis.notes import FEW_DOCUMENTS

EXPERT = Contrast("expert", "filler")
"""A verdict on expert prompts is one against a neutral sentence of the same length."""
TOO_FEW = "too few documents"
SAME_SIGN = 0.8
"""Share of the wordings that must have the effect's sign."""


@dataclass(frozen=True, kw_only=True)
class Clause:
    """One part of a verdict."""

    subject: str
    says: str
    number: str
    """What `estimate` is of, for a reader."""
    quantity: str | None
    """The same by name; null for the link."""
    estimate: Estimate
    length_matched: float | None = None
    """Share of the pairs of arms that are equally long; null for the link, which has several contrasts."""
    q: float = math.nan
    noise_floor: float | None = None
    """Null for the link, which has none."""
    lacks: tuple[str, ...] = ()
    """What a claim would have needed."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A model's."""

    clauses: tuple[Clause, ...]
    sentence: str
    """The clauses' words; their numbers stand in them."""
    untrained: bool = False
    """Random weights: the sentence shows that the tool works, and nothing about language models."""


_OUTPUTS = (
    ("forced_entropy", "forced entropy", "outputs in generation"),
    ("choice_entropy", "choice entropy", "outputs in multiple choice"),
)


def lacks(effect: Effect) -> tuple[str, ...]:
    """What an effect lacks to be claimed; empty if nothing.

    The rule: q below MAX_Q, the same sign in SAME_SIGN of the wordings, larger than the noise floor, and FEW_DOCUMENTS or more.
    """
    estimate, floor = effect.estimate, effect.noise_floor
    if estimate.n < FEW_DOCUMENTS:
        return (f"{FEW_DOCUMENTS} documents (here {estimate.n})",)
    missing = []
    if not effect.q < MAX_Q:
        missing.append(f"q below {MAX_Q}")
    if not effect.same_sign >= SAME_SIGN:
        missing.append(f"the same sign in {SAME_SIGN:.0%} of the wordings")
    if not math.isfinite(floor):
        missing.append("a noise floor (filler and none under two wordings or more)")
    elif not abs(estimate.value) > floor:
        missing.append("a size above the noise floor")
    return tuple(missing)


def verdict(effects: Mapping[str, Effect], link: Link, *, untrained: bool) -> Verdict:
    """From the effects of `EXPERT` on density and on the two entropies (quantity -> effect) and the link of density."""
    words = {"below": "sparsify", "above": "densify", "neither": "no change seen"}
    clauses = [_clause("expert prompts", "density", effects["density"], **words)]
    measured = [kind for kind in _OUTPUTS if effects[kind[0]].estimate.n] or [("forced_entropy", "entropy", "outputs")]
    words = {"below": "more stable", "above": "less stable", "neither": "not measurably more stable"}
    clauses += [_clause(subject, label, effects[quantity], **words) for quantity, label, subject in measured]
    clauses.append(
        Clause(
            subject="density-stability link",
            says=link.direction,
            number="rank correlation",
            quantity=None,
            estimate=link.estimate,
            q=link.q,
        )
    )
    return Verdict(clauses=tuple(clauses), sentence=_sentence(clauses), untrained=untrained)


def _clause(subject: str, label: str, effect: Effect, *, below: str, above: str, neither: str) -> Clause:
    estimate = effect.estimate
    missing = lacks(effect) if estimate.n else ()
    if not estimate.n:
        says = "not measured"
    elif estimate.n < FEW_DOCUMENTS:
        says = TOO_FEW
    elif missing:
        says = neither
    else:
        says = above if estimate.value > 0 else below
    return Clause(
        subject=subject,
        says=says,
        number=f"{label}, {effect.contrast}",
        quantity=effect.quantity,
        estimate=estimate,
        length_matched=effect.length_matched,
        q=effect.q,
        noise_floor=effect.noise_floor,
        lacks=missing,
    )


def _sentence(clauses: Sequence[Clause]) -> str:
    return "; ".join(f"{clause.subject}: {clause.says}" for clause in clauses)
