"""Does a denser inside go with a more certain answer? A rank correlation over documents and control contrasts.

Differences between two arms are correlated, never differences from `none`: noise in a `none` that all arms share makes
correlation out of nothing. Ranks are taken within task x contrast x wording, so that neither tasks nor arms nor wordings
which differ in both numbers do: documents that share a wording share what it does to both. Such strata are small, so the
correlation is `concordance`'s, whose expectation does not depend on their size.

Interval: t on Fisher's z with a jackknife over documents, each with all its contrasts; a stratum of fewer than MIN_JACKKNIFE
documents, where leaving one out is too large a step, gives its squared influence as a whole. p: documents swapped whole
within task and wording.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ride_eval.analysis.concordance import correlations, scores, triples
from ride_eval.analysis.contrasts import CONTROL_CONTRASTS, NOT_MEASURED, Contrast, differences
from ride_eval.analysis.draws import FLIPS
from ride_eval.analysis.families import false_discovery_rates
from ride_eval.analysis.grid import Array, Grid
from ride_eval.analysis.intervals import CONFIDENCE, Estimate
from ride_eval.analysis.notes import FEW_DOCUMENTS

Direction = Literal["positive", "negative", "near zero", "not distinguishable", "too few documents", "not measured"]
PULL_CONTRASTS = (Contrast("tag", "tag_wrong"), Contrast("expert", "expert_wrong"))
"""The right word against the wrong one: only there is the distance from the wrong domain a pull."""
LINKED = {
    "density": ("density", CONTROL_CONTRASTS),
    "routing_shift": ("routing_shift", CONTROL_CONTRASTS),
    "routing_pull": ("wrong_domain_distance", PULL_CONTRASTS),
}
"""Name -> the quantity whose differences are linked with stability, and in which contrasts."""
ENTROPIES = ("forced_entropy", "choice_entropy")
"""Of a task that generates, and of one that chooses."""
COVARIATES = ("aligned_tokens", "answer_tokens")
"""Columns of `Run.documents` beside the quantities: the question's length, and that of `none`'s answer, which is taken as
ln."""
NEAR_ZERO = 0.1
MAX_Q = 0.05
MIN_JACKKNIFE = 6
_BLOCK = 2**22
_DIGITS = 12
"""Differences are compared to so many digits: beyond, rounding would break ties."""
_EDGE = 1 - 1e-9
"""Fisher's z is infinite at 1."""


class Pairs(NamedTuple):
    """Differences of n documents in each contrast, NaN where there is none, and the documents' strata."""

    quantity: Array
    """(n, contrasts)"""
    stability: Array
    """(n, contrasts) minus the difference in entropy."""
    stratum: NDArray[np.intp]
    """(n,) of task and wording."""
    covariates: Array
    """(n, 2) question tokens and ln of the answer's; 0 where a task has no answer, NaN where unknown."""


@dataclass(frozen=True, kw_only=True)
class Link:
    """Rank correlation of a quantity's differences with minus those in entropy, -1 to 1: positive is "more goes with more
    stable"."""

    quantity: str
    """A name of LINKED."""
    estimate: Estimate
    """n counts documents."""
    pairs: int
    """Document x contrast."""
    direction: Direction
    p: float = math.nan
    """Two-sided, by swapping whole documents within task and wording."""
    q: float = math.nan
    """p after Benjamini-Hochberg over the links of the model."""
    partial: Estimate | None = None
    """The same given the length of the question and ln of that of `none`'s answer; null if it was not asked for."""


def link(grid: Grid, name: str, *, draws: int = FLIPS, seed: int = 0) -> Link:
    """A link of LINKED with stability, from a grid with its quantity, ENTROPIES and COVARIATES; q is NaN yet."""
    quantity, contrasts = LINKED[name]
    pairs = paired(grid, quantity, contrasts)
    estimate = rank_correlation(pairs)
    p = permutation_p(pairs, np.random.default_rng(seed), draws) if math.isfinite(estimate.value) else math.nan
    return Link(
        quantity=name,
        estimate=estimate,
        pairs=int(np.isfinite(pairs.quantity).sum()),
        direction=direction(estimate, p),
        p=p,
        partial=rank_correlation(pairs, partial=True),
    )


def no_link(name: str, reason: str) -> Link:
    """The link that cannot be had, and why."""
    return Link(quantity=name, estimate=_nothing(0, reason), pairs=0, direction="not measured")


def corrected(links: Sequence[Link]) -> tuple[Link, ...]:
    """One model's links with q, and directions that q allows."""
    q = false_discovery_rates(np.array([link.p for link in links], dtype=np.float64))
    return tuple(
        dataclasses.replace(
            link, q=float(value), direction=direction(link.estimate, float(value)) if link.estimate.n else link.direction
        )
        for link, value in zip(links, q, strict=True)
    )


def direction(estimate: Estimate, q: float) -> Direction:
    """In words; a small interval around a small number is "near zero" even if it leaves out 0 itself."""
    if not estimate.n:
        return "not measured"
    if estimate.n < FEW_DOCUMENTS:
        return "too few documents"
    if estimate.has_interval and max(abs(estimate.low), abs(estimate.high)) <= NEAR_ZERO:
        return "near zero"
    if estimate.has_interval and (estimate.low > 0 or estimate.high < 0) and q < MAX_Q:
        return "positive" if estimate.low > 0 else "negative"
    return "not distinguishable"


def paired(grid: Grid, quantity: str, contrasts: Sequence[Contrast] = CONTROL_CONTRASTS) -> Pairs:
    """Over the contrasts whose arms were both run; documents without a pair are left out."""
    run = [contrast for contrast in contrasts if grid.arm_of.keys() >= set(contrast)]
    found = np.full((grid.documents, len(run), 2), np.nan)
    for i, contrast in enumerate(run):
        values = differences(grid, [quantity, *ENTROPIES], contrast)
        entropy = np.where(np.isfinite(values[:, 1]), values[:, 1], values[:, 2])
        found[:, i] = np.round(np.stack([values[:, 0], -entropy], 1), _DIGITS)
    found[~np.isfinite(found).all(2)] = np.nan
    used = np.isfinite(found[:, :, 0]).any(1)
    of_wording = np.zeros((grid.documents, grid.wordings), dtype=np.int64)
    of_wording[grid.cell_document, grid.cell_wording] = 1
    keys = np.concatenate([grid.document_task[:, None], of_wording], axis=1)[used]
    stratum = np.unique(keys, axis=0, return_inverse=True)[1].reshape(-1)
    return Pairs(found[used, :, 0], found[used, :, 1], stratum, _covariates(grid)[used])


def rank_correlation(pairs: Pairs, *, partial: bool = False) -> Estimate:
    """Correlation of ranks within stratum and contrast, and its interval over documents; n counts documents.

    `partial`: given the covariates. NaN with a reason where fewer than three documents share a stratum, or one of the two
    does not vary; no interval below FEW_DOCUMENTS.
    """
    if partial:
        known = np.isfinite(pairs.covariates).all(1)
        pairs = Pairs(pairs.quantity[known], pairs.stability[known], pairs.stratum[known], pairs.covariates[known])
    n = len(pairs.stratum)
    if not n:
        return _nothing(0, NOT_MEASURED)
    parts = [_pooled(pairs, own, partial=partial) for own in _members(pairs.stratum)]
    total = np.sum([whole for whole, _ in parts], axis=0)
    value = float(correlations(total))
    if not math.isfinite(value):
        alone = np.bincount(pairs.stratum).max() < 3
        reason = (
            "fewer than three documents share a task and a wording"
            if alone
            else "one of the two does not vary within a stratum"
        )
        return _nothing(n, reason)
    if n < FEW_DOCUMENTS:
        return Estimate(
            value=value, low=math.nan, high=math.nan, n=n, reason=f"{n} of the {FEW_DOCUMENTS} documents a link needs"
        )
    error, freedom = _error(total, parts)
    freedom -= total.shape[-1] - 2
    if not (math.isfinite(error) and freedom >= 1):
        reason = "too few documents share a task and a wording"
        return Estimate(value=value, low=math.nan, high=math.nan, n=n, reason=reason)
    from scipy.special import stdtrit  # here, because importing scipy takes longer than --help may

    half = float(stdtrit(freedom, (1 + CONFIDENCE) / 2)) * error
    centre = math.atanh(max(-_EDGE, min(_EDGE, value)))
    return Estimate(value=value, low=math.tanh(centre - half), high=math.tanh(centre + half), n=n)


def permutation_p(pairs: Pairs, rng: np.random.Generator, draws: int = FLIPS) -> float:
    """(1 + b) / (1 + draws), b the number of draws with at least the observed sum of products of ranks in size.

    In a draw each document gets the stability differences of another of its stratum that has the same contrasts.
    """
    n, contrasts = pairs.quantity.shape
    signs = np.zeros((2, n, contrasts))
    for own in _members(pairs.stratum):
        for columns, places in _groups(pairs, own):
            m = len(places)
            where = own[places][:, None], columns
            signs[0][where] = scores(pairs.quantity[where].T).T * (3 / (m * (m - 1)) if m > 1 else 0.0)
            signs[1][where] = scores(pairs.stability[where].T).T
    x, y = signs.astype(np.float32)
    patterns = np.concatenate([pairs.stratum[:, None], np.isfinite(pairs.quantity)], axis=1)
    strata = list(_members(np.unique(patterns, axis=0, return_inverse=True)[1].reshape(-1)))
    observed = abs(float((signs[0] * signs[1]).sum()))
    least = observed - 1e-6 * float(np.abs(signs[0] * signs[1]).sum())
    sums = np.zeros(draws)
    for own in strata:
        block = max(1, _BLOCK // (len(own) * contrasts))
        for first in range(0, draws, block):
            width = min(block, draws - first)
            order = rng.permuted(np.broadcast_to(np.arange(len(own), dtype=np.int32), (width, len(own))), axis=1)
            sums[first : first + width] += y[own][order].reshape(width, -1) @ x[own].ravel()
    return (1 + int((np.abs(sums) >= least).sum())) / (1 + draws)


def _covariates(grid: Grid) -> Array:
    values = grid.table[:, :, [grid.quantity_of[name] for name in COVARIATES]]
    counts = np.isfinite(values[:, :, 0]).sum(1)
    tokens = np.divide(np.nansum(values[:, :, 0], axis=1), counts, out=np.full(len(counts), np.nan), where=counts > 0)
    none = grid.arm_of.get("none")
    answer = values[:, none, 1] if none is not None else np.full(len(tokens), np.nan)
    length = np.log(np.maximum(answer, 1.0))
    found = grid.document_means(grid.cell_means(np.stack([tokens, length], 1)))
    chooses = ~np.isin(np.arange(len(grid.tasks)), grid.document_task[np.isfinite(found[:, 1])])
    found[chooses[grid.document_task], 1] = 0.0
    return found


def _members(stratum: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
    """The documents of each stratum."""
    order = np.argsort(stratum, kind="stable")
    yield from np.split(order, np.flatnonzero(np.diff(stratum[order])) + 1) if len(order) else ()


def _groups(pairs: Pairs, own: NDArray[np.intp]) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Contrasts for which the same documents of a stratum have both differences, and the places of these among `own`."""
    patterns, group = np.unique(np.isfinite(pairs.quantity[own]), axis=1, return_inverse=True)
    for i, pattern in enumerate(patterns.T):
        yield np.flatnonzero(group.reshape(-1) == i), np.flatnonzero(pattern)


def _pooled(pairs: Pairs, own: NDArray[np.intp], *, partial: bool) -> tuple[Array, Array]:
    """A stratum's sums over triples in each contrast (contrasts, v, v), and each document's share (n, contrasts, v, v)."""
    v = 2 + (pairs.covariates.shape[1] if partial else 0)
    shape = (pairs.quantity.shape[1], v, v)
    whole, added = np.zeros(shape), np.zeros((len(own), *shape))
    for contrasts, places in _groups(pairs, own):
        members = own[places]
        columns = [pairs.quantity[members][:, contrasts].T, pairs.stability[members][:, contrasts].T]
        if partial:
            columns += [np.broadcast_to(covariate, columns[0].shape) for covariate in pairs.covariates[members].T]
        sums, without = triples(np.stack(columns, axis=1))
        whole[contrasts] = sums
        added[places[:, None], contrasts] = sums - without
    return whole, added


def _error(total: Array, parts: Sequence[tuple[Array, Array]]) -> tuple[float, float]:
    """Standard error of Fisher's z, and its degrees of freedom; NaN where it cannot be had."""

    def z(sums: Array) -> Array:
        return np.arctanh(np.clip(correlations(sums), -_EDGE, _EDGE))

    centre = float(z(total))
    small: list[tuple[float, int]] = []
    terms: list[tuple[float, int, float]] = []
    for whole, added in parts:
        n = len(added)
        if n < 3:
            continue
        if n < MIN_JACKKNIFE:
            small.append((float(z(total - whole) - centre) ** 2, n - 2))
            continue
        without = z(total - added)
        terms.append(((n - 1) / n * float(np.square(without - without.mean()).sum()), n - 2, n - 1))
    k = len(small)
    if k + len(terms) == 0 or (k == 1 and not terms):
        return math.nan, 0.0
    terms += [(square * k / max(k - 1, 1), weight, (k - 1) / k if k > 1 else 1) for square, weight in small]
    variance = math.fsum(term for term, _, _ in terms)
    freedom = sum(weight for _, weight, _ in terms) ** 2 / sum(weight**2 / own for _, weight, own in terms)
    return math.sqrt(variance), freedom


def _nothing(n: int, reason: str) -> Estimate:
    return Estimate(value=math.nan, low=math.nan, high=math.nan, n=n, reason=reason)
