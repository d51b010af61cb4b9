"""The signatures' similarity and accuracy beside those of baselines: does routing know more than the tokens do?"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ride_eval.analysis.categories.baselines import load_balanced, permuted_assignment, token_identity
from ride_eval.analysis.categories.classify import Classification, Paired, classify, paired, unfit
from ride_eval.analysis.categories.matrix import Signatures
from ride_eval.analysis.categories.measured import Measured, nothing
from ride_eval.analysis.categories.similarity import (
    Floats,
    Labels,
    Pairs,
    Similarity,
    normalized,
    similarity,
    similarity_of_pairs,
)
from ride_eval.analysis.categories.tokens import Routes, tf_idf

FEW, MANY_DRAWS, FEWER_DRAWS = 500, 10, 5
"""Random baselines are drawn MANY_DRAWS times for so many prompts, FEWER_DRAWS times for more."""
_NO_PAIRS = Pairs(mean=math.nan, sd=math.nan, n=0)


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """One row of the comparison; the first is the routing itself."""

    name: str
    label: str
    meaning: str
    draws: int
    """Of a random baseline, over which every number is a mean; 1 otherwise."""
    within: Pairs
    across: Pairs
    cohens_d: float
    accuracy: Measured
    """Wilson interval over prompts; of a random baseline the smallest and largest draw."""
    macro_f1: float
    paired: Paired | None = None
    """Accuracy of the routing - this one's, on the same folds; None for random ones."""
    note: str | None = None


Drawn = tuple[Similarity | None, Classification | None]


def baselines(own: Signatures, routes: Routes | str, support: tuple[Routes, NDArray[np.intp]] | str) -> tuple[Baseline, ...]:
    """The question signatures and every baseline of METRICS 5.

    `routes`: of the same documents. `support`: routes of all the run's documents, in whose other documents a token's routing is
    looked up, and which of them are the signatures' own. A string in the place of either says why there are none.
    """
    labels, draws = own.labels, MANY_DRAWS if len(own.labels) <= FEW else FEWER_DRAWS
    _, layers, experts = own.values.shape
    first = _of(own.values, labels)
    routing = _row("routing", "the routing itself", [first], None)
    found = [
        routing,
        _row("permuted_labels", "the same signatures, prompts' categories shuffled", _shuffled(own, draws), None),
        _row(
            "load_balance",
            "k distinct experts drawn at random for each token; prompts as long as they are",
            [_of(load_balanced(own.n_tokens, layers, experts, own.experts_per_token, seed=i), labels) for i in range(draws)],
            None,
        ),
    ]
    lengths = np.log(own.n_tokens.astype(np.float64))[:, None]
    found.append(_row("length", "only how many tokens a prompt has", [(None, _classified(lengths, labels))], first[1]))
    if isinstance(routes, str):
        found += [_absent(name, routes) for name in ("permuted_assignment", "token_identity", "token_ids")]
        return tuple(found)
    found.insert(
        2,
        _row(
            "permuted_assignment",
            "each token's experts exchanged for another token's",
            [_of(permuted_assignment(routes, seed=i), labels) for i in range(draws)],
            None,
        ),
    )
    if isinstance(support, str):
        found.append(_absent("token_identity", support))
    else:
        identity, unseen = token_identity(*support)
        note = f"{100 * unseen:.0f} % of the tokens are in no other document, and routed as the average token"
        meaning = "each token routed as its id is on average in the other documents"
        found.append(_row("token_identity", meaning, [_of(identity, labels)], first[1], note))
    vectors = tf_idf(routes.lengths, routes.token_ids)
    alike = similarity_of_pairs(np.asarray((vectors @ vectors.T).toarray()), labels)
    found.append(_row("token_ids", "no routing: which token ids, TF-IDF", [(alike, _classified(vectors, labels))], first[1]))
    return tuple(found)


LABELS = {
    "routing": "routing",
    "permuted_labels": "permuted labels",
    "permuted_assignment": "permuted assignment",
    "load_balance": "load balance",
    "length": "prompt length",
    "token_identity": "token identity",
    "token_ids": "bag of token ids",
}


def _shuffled(own: Signatures, draws: int) -> list[Drawn]:
    permuted = [np.random.default_rng([i, 2]).permutation(own.labels) for i in range(draws)]
    return [_of(own.values, labels) for labels in permuted]


def _of(values: Floats, labels: Labels) -> Drawn:
    return similarity(normalized(values), labels), _classified(values.reshape(len(labels), -1), labels)


def _classified(features: Any, labels: Labels) -> Classification | None:
    return None if unfit(labels) else classify(features, labels)


def _row(name: str, meaning: str, drawn: Sequence[Drawn], routing: Classification | None, note: str | None = None) -> Baseline:
    alike = [each for each, _ in drawn if each is not None]
    classified = [each for _, each in drawn if each is not None]
    return Baseline(
        name=name,
        label=LABELS[name],
        meaning=meaning,
        draws=len(drawn),
        within=_mean_pairs([each.within for each in alike]),
        across=_mean_pairs([each.across for each in alike]),
        cohens_d=_mean(lambda each: each.cohens_d, alike),
        accuracy=_accuracy(classified),
        macro_f1=_mean(lambda each: each.macro_f1, classified),
        paired=paired(routing.right, classified[0].right) if routing is not None and len(classified) == 1 else None,
        note=note,
    )


def _absent(name: str, reason: str) -> Baseline:
    return Baseline(
        name=name,
        label=LABELS[name],
        meaning="",
        draws=0,
        within=_NO_PAIRS,
        across=_NO_PAIRS,
        cohens_d=math.nan,
        accuracy=nothing(reason),
        macro_f1=math.nan,
        note=reason,
    )


def _mean(value: Callable[[Any], float], drawn: Sequence[Any]) -> float:
    return float(np.mean([value(each) for each in drawn])) if drawn else math.nan


def _mean_pairs(drawn: Sequence[Pairs]) -> Pairs:
    if not drawn:
        return _NO_PAIRS
    return Pairs(mean=_mean(lambda pairs: pairs.mean, drawn), sd=_mean(lambda pairs: pairs.sd, drawn), n=drawn[0].n)


def _accuracy(drawn: Sequence[Classification]) -> Measured:
    if not drawn:
        return nothing("too few prompts a category")
    values = [each.accuracy for each in drawn]
    low, high = (drawn[0].low, drawn[0].high) if len(drawn) == 1 else (min(values), max(values))
    return Measured(value=float(np.mean(values)), low=low, high=high, n=drawn[0].n)


# In words ---------------------------------------------------------------------------------------------------------------


def headline(rows: Sequence[Baseline]) -> str:
    """Whether routing knows more of the category than the tokens do."""
    by_name = {row.name: row for row in rows}
    routing, chance = by_name["routing"].accuracy, by_name["permuted_labels"].accuracy
    if not math.isfinite(routing.value):
        return f"No classifier: {routing.reason}."
    sentence = (
        f"Routing tells the category of {_percent(routing)} of {routing.n} prompts; with shuffled categories it is "
        f"{100 * chance.value:.0f} %."
    )
    if routing.low <= chance.value:
        return f"{sentence} So it is not shown to know the category at all."
    identity, ids = by_name["token_identity"], by_name["token_ids"]
    if identity.paired is None:
        return f"{sentence} Whether it knows more than the tokens do cannot be said: {identity.accuracy.reason}."
    gap = identity.paired.difference
    verdict = (
        "So routing knows more than the tokens' usual experts do"
        if gap.has_interval and gap.low > 0
        else "So routing tells less than the tokens' usual experts do"
        if gap.has_interval and gap.high < 0
        else "So routing is not shown to know more than the tokens do"
    )
    sentence += (
        f" Were each token routed as its id is in other documents, it would be {_percent(identity.accuracy)}: "
        f"{_points(identity.paired)}. {verdict}"
    )
    if ids.paired is None:
        return f"{sentence}."
    straight = ids.paired.difference
    if gap.has_interval and gap.low > 0 and not (straight.has_interval and straight.low > 0):
        sentence += ", but not more than a classifier of the token ids themselves"
    return f"{sentence} (token ids alone: {_percent(ids.accuracy)}, {_points(ids.paired)})."


def _percent(value: Measured) -> str:
    return f"{100 * value.value:.0f} % [{100 * value.low:.0f}, {100 * value.high:.0f}]"


def _points(found: Paired) -> str:
    gap = found.difference
    bounds = f" [{100 * gap.low:+.0f}, {100 * gap.high:+.0f}]" if gap.has_interval else ""
    return f"routing - this {100 * gap.value:+.0f} points{bounds}, McNemar p = {found.p:.2g}"
