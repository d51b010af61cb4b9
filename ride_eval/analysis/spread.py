"""How far a mean of task means would come out elsewhere: with other documents *and* other wordings.

Model: a difference is its task's mean + an effect of its wording + noise of its document, and the wordings stand for others
that could have been written. Documents that share a wording share its effect, so a wording is a cluster. With r a difference
less its task's mean, the score of wording w is g_w = sum over its documents of r / (T n_t), and the variance of the mean is
estimated by c * sum_w g_w^2. The factor c = Var(mean) / E[sum g_w^2] and the degrees of freedom (tr G)^2 / tr(G^2), G =
Cov(g), follow from the model's own variances (Satterthwaite 1946; Bell & McCaffrey 2002, whose working model has no wording
effects: with them, and wordings of unequal size, its test is too liberal). In a balanced design c = W / (W - 1) and the
degrees of freedom are W - 1, whatever the variances: the t test of the W wordings' means, exact for normal data.

A document under several wordings is a cluster of its own too: the covariance of its wordings is added.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Codes = NDArray[np.intp]
_ROUNDING = 1e-12
"""Spread below this share of the values is rounding, not variation."""


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Of several columns at once: (columns,) where nothing else is said."""

    effect: Array
    """Mean of task means; NaN without documents."""
    n: NDArray[np.int64]
    """Documents."""
    task_effects: Array
    """(tasks, columns) NaN where a task has no document."""
    task_n: NDArray[np.int64]
    """(tasks, columns)"""
    deviation: Array
    """SD of a document within its task: root of the tasks' mean variance; NaN unless some task has two documents."""
    wordings: NDArray[np.int64]
    """With a document."""
    wording_effects: Array
    """(wordings, columns) mean of task means within a wording; NaN where it has no document."""
    wording_deviation: Array
    """SD between wordings of the mean of task means, sampling variance removed, at least 0; NaN with one wording."""
    error: Array
    """Standard error over documents and wordings; NaN where it cannot be had."""
    freedom: Array
    document_error: Array
    """The same over documents only, for these wordings."""
    document_freedom: Array
    null_factor: Array
    """c where wordings have no effects."""
    constant: NDArray[np.bool_]
    """Whether nothing varies within any task."""
    nested: NDArray[np.bool_]
    """Whether each document has one wording."""


def spread(values: Array, task: Codes, wording: Codes, document: Codes) -> Spread:
    """(cells, columns) differences, NaN where there is none, and each cell's task, wording and document (0, 1, ...)."""
    columns = values.shape[1]
    n_tasks, n_wordings = (int(codes.max(initial=-1)) + 1 for codes in (task, wording))
    found = np.isfinite(values)
    per_document = np.zeros((int(document.max(initial=-1)) + 1, columns))
    np.add.at(per_document, document, found)
    repeated = per_document[document]
    nested = per_document.max(initial=0, axis=0) <= 1
    weight = np.divide(1.0, repeated, out=np.zeros(values.shape), where=found)
    filled = np.where(found, values, 0.0)

    def by_task(terms: Array) -> Array:
        return np.stack([terms[task == t].sum(0) for t in range(n_tasks)]) if n_tasks else np.zeros((0, columns))

    counts = by_task(weight)  # (T, C)
    means = _over(by_task(weight * filled), counts)
    has = counts > 0
    tasks = has.sum(0)
    residual = np.where(found, filled - means[task], 0.0)

    def by_cell(terms: Array) -> Array:
        shape = (n_tasks, n_wordings, columns)
        parts = [terms[(task == t) & (wording == w)].sum(0) for t in range(n_tasks) for w in range(n_wordings)]
        return np.stack(parts).reshape(shape) if parts else np.zeros(shape)

    size, squares, total, cells = (by_cell(x) for x in (weight, weight**2, weight * residual, found.astype(np.float64)))
    share = _over(size, counts[:, None], 0.0)  # p[t, w]: of a task's documents
    scores = _over(_over(total, counts[:, None], 0.0).sum(0), tasks, 0.0)  # g[w]
    own_mean = _over(by_cell(residual), cells, 0.0)
    within = np.where(found, residual - own_mean[task, wording], 0.0)
    several = (repeated > 1) & found
    of_document = np.zeros_like(per_document)
    np.add.at(of_document, document, within)
    apart = np.where(several, within - _over(of_document, per_document, 0.0)[document], within)
    extra = by_task(weight * several)  # documents under several wordings: each has a mean of its own
    left = cells.sum(1) - (cells > 0).sum(1) - np.maximum(extra - 1, 0)
    noise = by_task(apart**2)
    pooled = _over(noise.sum(0), left.sum(0), 0.0)
    model = _model(
        share, _over(squares, counts[:, None] ** 2, 0.0), np.where(left > 0, _over(noise, left, 0.0), pooled), scores, tasks
    )

    own = np.zeros_like(per_document)
    np.add.at(own, document, weight * residual)
    own_task = np.zeros(len(own), dtype=np.intp)
    own_task[document] = task
    sums = np.stack([(own[own_task == t] ** 2).sum(0) for t in range(n_tasks)]) if n_tasks else np.zeros((0, columns))
    variances = _over(sums, counts - 1)
    pairs = per_document * (per_document - 1)
    of_squares = np.zeros_like(per_document)
    np.add.at(of_squares, document, within**2)
    common = _over(of_document**2 - of_squares, pairs, 0.0)  # covariance of a document's wordings
    rate = _over(np.ones(1), tasks**2 * counts * (counts - 1), 0.0)[own_task]
    shared = np.maximum((common * rate).sum(0), 0.0)
    parts = np.where(has, _over(variances, counts), 0.0)
    single = (has & (counts < 1.5)).any(0)
    document_error = np.where(single | (tasks == 0), np.nan, _over(np.sqrt(parts.sum(0)), tasks))
    document_freedom = _over(parts.sum(0) ** 2, _over(parts**2, counts - 1, 0.0).sum(0))
    used = (size.sum(0) > 0).sum(0)
    variance, freedom = model.factor * (scores**2).sum(0) + shared, model.freedom
    with np.errstate(divide="ignore", invalid="ignore"):
        freedom = np.where(
            shared > 0, variance**2 / ((variance - shared) ** 2 / freedom + shared**2 / document_freedom), freedom
        )
    cell_means = _over(total, size) + means[:, None]
    scale = np.abs(filled).max(initial=0, axis=0)
    return Spread(
        effect=_over(np.where(has, means, 0.0).sum(0), tasks),
        n=np.rint(counts.sum(0)).astype(np.int64),
        task_effects=means,
        task_n=np.rint(counts).astype(np.int64),
        deviation=np.sqrt(_over(np.where(counts > 1.5, variances, 0.0).sum(0), (counts > 1.5).sum(0))),
        wordings=used,
        wording_effects=_over(np.where(size > 0, cell_means, 0.0).sum(0), (size > 0).sum(0)),
        wording_deviation=np.where(model.separable, np.sqrt(model.wording_variance), np.nan),
        error=np.where(model.separable & ~single, np.sqrt(variance), np.nan),
        freedom=np.where(model.separable, freedom, np.nan),
        document_error=document_error,
        document_freedom=document_freedom,
        null_factor=model.null_factor,
        constant=np.sqrt(parts.sum(0)) <= _ROUNDING * scale,
        nested=nested,
    )


@dataclass(frozen=True, kw_only=True)
class _Model:
    factor: Array
    null_factor: Array
    freedom: Array
    wording_variance: Array
    separable: NDArray[np.bool_]
    """Whether wordings can be told from tasks: there are two in some task."""


def _model(share: Array, squares: Array, document_variance: Array, scores: Array, tasks: NDArray[np.int64]) -> _Model:
    """The model's variances, the factor c and the degrees of freedom.

    share (T, W, C): p[t, w] of a task's documents; squares (T, W, C): sum of their squared weights, p / n where each has one
    wording; document_variance (T, C); scores (W, C).
    """
    number = np.maximum(tasks, 1)
    identity = np.eye(share.shape[1])
    whole = share.sum(0) / number  # s[w]: of all documents, each task counting the same
    centre = np.einsum("twc,tvc->cwv", share, share) / number[:, None, None]
    loading = np.einsum("wc,wv->cwv", whole, identity) - centre  # g = loading @ wording effects + documents' noise
    by_wording = loading @ loading.transpose(0, 2, 1)
    noise = document_variance[:, None] * squares / number**2
    # Cov of a task's scores, B diag(noise) B' with B = 1 - p 1': what centring by the task's mean leaves.
    by_document = (
        np.einsum("twc,wv->cwv", noise, identity)
        - np.einsum("twc,tvc->cwv", share, noise)
        - np.einsum("twc,tvc->cwv", noise, share)
        + np.einsum("twc,tvc,tc->cwv", share, share, noise.sum(1))
    )
    traces, noise_traces = (np.trace(part, axis1=1, axis2=2) for part in (by_wording, by_document))
    own = noise.sum((0, 1))
    separable = (tasks > 0) & (traces > _ROUNDING)
    variance = np.where(separable, np.maximum(_over((scores**2).sum(0) - noise_traces, traces, 0.0), 0.0), 0.0)
    covariance = variance[:, None, None] * by_wording + by_document
    trace = np.trace(covariance, axis1=1, axis2=2)
    return _Model(
        factor=_over(variance * (whole**2).sum(0) + own, trace),
        null_factor=_over(own, noise_traces),
        freedom=_over(trace**2, np.einsum("cwv,cvw->c", covariance, covariance)),
        wording_variance=variance,
        separable=separable,
    )


def _over(numerator: Array, denominator: Array | NDArray[np.int64], otherwise: float = np.nan) -> Array:
    """The quotient, and `otherwise` where the denominator is 0 or less."""
    denominator = np.asarray(denominator, dtype=np.float64)
    shape = np.broadcast_shapes(np.shape(numerator), denominator.shape)
    quotient = np.divide(numerator, denominator, out=np.full(shape, otherwise), where=np.broadcast_to(denominator > 0, shape))
    return np.asarray(quotient)
