"""What a model's numbers say about the Sparsity-Certainty Hypothesis, in words that are computed and never written by hand.

The hypothesis (arXiv 2603.29206): meta prompts make the inside sparser, and a sparser inside goes with more stable output.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ride_eval.analysis.contrasts import Contrast, Effect
from ride_eval.analysis.intervals import Estimate
from ride_eval.analysis.links import Link
from ride_eval.analysis.notes import FEW_DOCUMENTS

EXPERT = Contrast("expert", "filler")
"""A verdict on expert prompts is one against a neutral sentence of the same length."""
TOO_FEW = "too few documents"


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


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A model's. Provisional, as its intervals are."""

    clauses: tuple[Clause, ...]
    sentence: str
    """The clauses' words; their numbers stand in them."""
    provisional: bool = True
    untrained: bool = False
    """Random weights: the sentence shows that the tool works, and nothing about language models."""


_OUTPUTS = (
    ("forced_entropy", "forced entropy", "outputs in generation"),
    ("choice_entropy", "choice entropy", "outputs in multiple choice"),
)


def verdict(effects: Mapping[str, Effect], link: Link, *, untrained: bool) -> Verdict:
    """From the effects of `EXPERT` on density and on the two entropies (quantity -> effect) and the link of density."""
    density = effects["density"]
    clauses = [
        Clause(
            subject="expert prompts",
            says=_says(density.estimate, below="sparsify", above="densify", neither="no change seen"),
            number=f"density, {EXPERT}",
            quantity="density",
            estimate=density.estimate,
            length_matched=density.length_matched,
        )
    ]
    measured = [kind for kind in _OUTPUTS if effects[kind[0]].estimate.n] or [("forced_entropy", "entropy", "outputs")]
    for quantity, label, subject in measured:
        entropy = effects[quantity]
        clauses.append(
            Clause(
                subject=subject,
                says=_says(entropy.estimate, below="more stable", above="less stable", neither="not measurably more stable"),
                number=f"{label}, {EXPERT}",
                quantity=quantity,
                estimate=entropy.estimate,
                length_matched=entropy.length_matched,
            )
        )
    clauses.append(
        Clause(
            subject="density-stability link",
            says=link.direction,
            number="rank correlation",
            quantity=None,
            estimate=link.estimate,
        )
    )
    return Verdict(clauses=tuple(clauses), sentence=_sentence(clauses), untrained=untrained)


def _says(estimate: Estimate, *, below: str, above: str, neither: str) -> str:
    if not estimate.n:
        return "not measured"
    if estimate.n < FEW_DOCUMENTS:
        return TOO_FEW
    if estimate.has_interval and (estimate.low > 0 or estimate.high < 0):
        return above if estimate.low > 0 else below
    return neither


def _sentence(clauses: Sequence[Clause]) -> str:
    return "; ".join(f"{clause.subject}: {clause.says}" for clause in clauses)
