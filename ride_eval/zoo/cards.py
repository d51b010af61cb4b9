"""The embedded models' cards: what was measured of each by `python -m ride_eval.zoo.evaluate`, as numbers and as a page."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from ride_eval.zoo import path

CARD = "card.json"


@dataclass(frozen=True, kw_only=True)
class Share:
    """A share of questions with its Wilson 95 % interval."""

    name: str
    value: float
    low: float
    high: float
    n: int
    chance: float
    """Of guessing among the choices; without choices, of the answers given to another question of the family."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A contrast of arms on 300 held-out questions, with its 95 % interval, and on `ride_demo`."""

    contrast: str
    quantity: str
    value: float
    low: float | None
    """Null without an interval: the difference is the same in every document."""
    high: float | None
    n: int
    demo: float


@dataclass(frozen=True, kw_only=True)
class Claim:
    """An effect that may be claimed."""

    contrast: str
    quantity: str
    value: float
    noise_floor: float


@dataclass(frozen=True, kw_only=True)
class ParentDifference:
    """Share of right answers less that of the model it was trained on from, with its paired 95 % interval."""

    name: str
    value: float
    low: float | None
    """Null where no answer changed."""
    high: float | None
    n: int


@dataclass(frozen=True, kw_only=True)
class SignatureFigures:
    """Do the experts reveal the category of a prompt of `ride_signatures` (question tokens, all layers)?"""

    within: float
    """Mean cosine similarity within categories."""
    across: float
    low: float
    """95 % interval of within - across, by bootstrap over prompts."""
    high: float
    p: float
    """Of within - across under permuted labels."""
    accuracy: float
    """5-fold, linear."""
    accuracy_low: float
    accuracy_high: float
    load_balanced_similarity: float
    """Mean over all pairs, were every token sent to random experts."""
    load_balanced_accuracy: float
    load_balanced_low: float
    load_balanced_high: float
    n: int


@dataclass(frozen=True, kw_only=True)
class Card:
    """Everything a card says."""

    name: str
    architecture: str
    parameters: int
    megabytes: float
    experts: int
    experts_per_token: int
    planted: str
    parent: str | None
    seed: int
    steps: int
    tokens_per_step: int
    loss: float
    """Mean over the last 50 steps, nats per token of the answers."""
    held_out: tuple[Share, ...]
    demo: tuple[Share, ...]
    differences: tuple[Difference, ...]
    flips: dict[str, float]
    """Share of held-out questions whose greedy answer an arm changes."""
    median_first_token_entropy: float
    """nats, over the held-out questions without a prefix."""
    signatures: SignatureFigures | None
    """Of `ride_signatures`; null for a dense model."""
    least_used_expert: float | None
    """The smallest share of a layer's selections that any expert has; an even load would be 1 / experts."""
    against_parent: tuple[ParentDifference, ...]
    """By domain; empty without a parent."""
    verdict: str
    """What `ride-eval report` computes of the held-out questions under all arms."""
    claims: tuple[Claim, ...]
    """Every control contrast that meets its rule there: q, the same sign in the wordings, and a size above the noise floor."""


def load_card(name: str) -> Card:
    """The card of an embedded model. UsageError for a name that is none."""
    given = json.loads((path(name) / CARD).read_text(encoding="utf-8"))
    given["held_out"] = tuple(Share(**share) for share in given["held_out"])
    given["demo"] = tuple(Share(**share) for share in given["demo"])
    given["differences"] = tuple(Difference(**difference) for difference in given["differences"])
    given["claims"] = tuple(Claim(**claim) for claim in given["claims"])
    given["against_parent"] = tuple(ParentDifference(**difference) for difference in given["against_parent"])
    given["signatures"] = SignatureFigures(**given["signatures"]) if given["signatures"] else None
    return Card(**given)


def write_card(card: Card, folder: Path) -> None:
    """Write `card.json` and, made from it, the page `README.md`."""
    (folder / CARD).write_text(json.dumps(dataclasses.asdict(card), indent=1, allow_nan=False) + "\n", encoding="utf-8")
    (folder / "README.md").write_text(page(card), encoding="utf-8")


_PAGE = """---
license: apache-2.0
language: en
library_name: transformers
---
# {name}

A small {architecture} ({millions:.2f} M parameters{experts}) that comes with ride_eval for its demo and tests.
It knows six narrow domains of generated text, answers in two styles, and is of no use for anything else.

**Planted in training:** {planted} Whether it was learned, the second table says.

## Training

{steps} steps of about {tokens_per_step} tokens {start}, seed {seed}, on text drawn by `ride_eval.zoo.corpus`, nothing from
elsewhere: arithmetic, format instructions, everyday multiple choice, Python functions, short stories, facts. 75 % of the
conversations begin with a route tag, an expert sentence or a neutral text, all worded differently from the arms in `prompts/`.
Final loss {loss:.3f} nats per token of the answers. To train it again: `python -m ride_eval.zoo.train {name}`.

## Measured

By `python -m ride_eval.zoo.evaluate {name}`, in float32, greedy, with the chat template. Held-out questions have wordings,
numbers or combinations that training never shows; `ride_demo` was written by hand. Chance: guessing among the choices, or an
answer that was given to another question of the family.

| questions | right | 95 % interval | chance | n |
|---|---|---|---|---|
{shares}

| contrast on held-out questions | quantity | difference | 95 % interval | n | on ride_demo |
|---|---|---|---|---|---|
{differences}

Share of held-out questions whose greedy answer an arm changes: {flips}.
Median entropy of the first answer token without a prefix: {entropy:.2f} nats.
`ride-eval report` on these questions: {verdict}.
Contrasts that meet its rule for a claim: {claims}.
{load}{parent_table}
## Limits

It has seen a few thousand English words. Outside of its corpus it answers fluently and wrongly. Effects of prefixes in it were
put there, and say nothing about other models.
"""


def page(card: Card) -> str:
    """The model card as Markdown."""
    moe = f", {card.experts} experts a layer with {card.experts_per_token} a token" if card.experts else ""
    load, s = "", card.signatures
    if s is not None:
        load += (
            f"\nRouting signatures of the {s.n} prompts of `ride_signatures`: cosine {s.within:.3f} within categories, "
            f"{s.across:.3f} across\n(95 % interval of the difference {s.low:.3f} to {s.high:.3f}, permutation p = {s.p:.2g}), "
            f"{s.load_balanced_similarity:.3f} under random routing. The category is read\nfrom them with {s.accuracy:.0%} "
            f"accuracy ({s.accuracy_low:.0%} to {s.accuracy_high:.0%}); from random routing with "
            f"{s.load_balanced_accuracy:.0%} ({s.load_balanced_low:.0%} to {s.load_balanced_high:.0%}).\n"
        )
    if card.least_used_expert is not None:
        load += (
            f"The least used expert of any layer has {card.least_used_expert:.2%} of its layer's selections; "
            f"under an even load it would have {1 / card.experts:.2%}.\n"
        )
    return _PAGE.format(
        **{field.name: getattr(card, field.name) for field in dataclasses.fields(card)}
        | {
            "millions": card.parameters / 1e6,
            "experts": moe,
            "start": f"from the weights of `{card.parent}`" if card.parent else "from random weights",
            "shares": "\n".join(
                [_row(share, "held out") for share in card.held_out] + [_row(share, "ride_demo") for share in card.demo]
            ),
            "differences": "\n".join(
                f"| {d.contrast} | {d.quantity} | {d.value:+.3f} | {_interval(d)} | {d.n} | {d.demo:+.3f} |"
                for d in card.differences
            ),
            "flips": ", ".join(f"`{arm}` {share:.0%}" for arm, share in card.flips.items()),
            "entropy": card.median_first_token_entropy,
            "load": load,
            "claims": "; ".join(
                f"{c.contrast} on {c.quantity} ({c.value:+.3f}, noise floor {c.noise_floor:.3f})" for c in card.claims
            )
            or "none",
            "parent_table": _parent_table(card),
        }
    )


def _parent_table(card: Card) -> str:
    if not card.against_parent:
        return ""
    rows = [f"| {d.name} | {d.value:+.3f} | {_interval(d)} | {d.n} |" for d in card.against_parent]
    head = [f"\n| right answers less those of `{card.parent}` | difference | 95 % interval, paired | n |", "|---|---|---|---|"]
    return "\n".join([*head, *rows]) + "\n"


def _interval(difference: Difference | ParentDifference) -> str:
    if difference.low is None or difference.high is None:
        return "none: no variation"
    return f"{difference.low:+.3f} to {difference.high:+.3f}"


def _row(share: Share, where: str) -> str:
    interval = f"{share.low:.1%} to {share.high:.1%}"
    return f"| {share.name}, {where} | {share.value:.1%} | {interval} | {share.chance:.1%} | {share.n} |"
