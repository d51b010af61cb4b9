"""The tables of `ride-eval signatures` as data, the same for terminal and Markdown."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ride_eval.analysis.categories.arms import ALL
from ride_eval.analysis.categories.findings import RunFindings, SignatureFindings, SpanFindings
from ride_eval.analysis.categories.measured import Measured
from ride_eval.analysis.categories.similarity import Pairs
from ride_eval.analysis.categories.transfer import Transfer
from ride_eval.report.text import NOTHING, number


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows of text under column heads, the first column being the rows' names; and how to read it."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str


def tables(run: RunFindings) -> tuple[Table, ...]:
    """Everything found in one run; a table without rows is left out."""
    every = (
        _spans(run),
        _baselines(run),
        _similarity_matrix(run),
        _confusion(run),
        _layers(run),
        _specialization(run),
        _arms(run, "shift"),
        _arms(run, "pull"),
        _links(run),
        _robustness(run),
    )
    return tuple(table for table in every if table.rows)


def transfer(findings: SignatureFindings) -> Table:
    """Between prompt and answer of each run, and between runs."""
    rows = [
        _transfer(f"{run.name}: {run.answer.first} and {run.answer.second}", run.answer) for run in findings.runs if run.answer
    ]
    rows += [_transfer(f"{found.first} and {found.second}", found) for found in findings.transfers]
    return Table(
        title="Transfer: what one finds alike, does the other?",
        columns=("signatures", "beyond tokens and length", "p", "given tokens", "plain", "prompts"),
        rows=tuple(rows),
        caption="Correlation over pairs of prompts of two cosine similarities (Mantel): plain; given the similarity of the "
        "prompts' token ids (TF-IDF); and beyond that and each prompt's own mean similarity, which its length moves. Only the "
        "last tells: two routers that choose at random correlate given tokens, as short prompts are noisy in both. 95 % "
        "bootstrap interval over prompts; p one-sided, by permutation among prompts of like length.",
    )


def about(run: RunFindings) -> str:
    """What was compared, in a sentence."""
    sizes = ", ".join(f"{name} {n}" for name, n in zip(run.categories, run.sizes, strict=True))
    return (
        f"{sum(run.sizes)} prompts of {', '.join(run.tasks)} without a prefix ({sizes}); {len(run.layers)} layers of "
        f"{run.experts} experts, {run.experts_per_token} a token."
    )


# Tables -------------------------------------------------------------------------------------------------------------------


def _spans(run: RunFindings) -> Table:
    lines: list[tuple[str, list[str]]] = [
        ("tokens a prompt", [f"{found.tokens:.1f} (n={found.documents})" for found in run.spans]),
        ("within, mean ± SD", [_pairs(found.separation.similarity.within) for found in run.spans]),
        ("across, mean ± SD", [_pairs(found.separation.similarity.across) for found in run.spans]),
        ("within - across", [_with_interval(found.separation.difference, 3) for found in run.spans]),
        ("p of it", [_p(found.separation.p) for found in run.spans]),
        ("Cohen's d", [_with_interval(found.separation.cohens_d, 2) for found in run.spans]),
        ("d, unweighted", [number(found.separation.similarity.cohens_d_unweighted, 2) for found in run.spans]),
        ("AUC", [_with_interval(found.separation.auc, 3) for found in run.spans]),
        ("accuracy", [_accuracy(found) for found in run.spans]),
        ("  mean of folds ± SD", [_folds(found) for found in run.spans]),
        ("macro F1", [number(found.classification.macro_f1, 3) if found.classification else NOTHING for found in run.spans]),
    ]
    reasons = {found.reason for found in run.spans if found.reason}
    return Table(
        title="Do categories show? From which tokens",
        columns=("", *(found.span for found in run.spans)),
        rows=tuple((name, *cells) for name, cells in lines),
        caption="Cosine similarity of signatures over pairs of prompts, SD over pairs. Intervals: 95 %, "
        "bootstrap over prompts; p: "
        "permutation of categories. Accuracy: logistic regression, 5 folds, Wilson interval. both: prompt and generated "
        "tokens." + "".join(f" No accuracy: {reason}." for reason in sorted(reasons)),
    )


def _baselines(run: RunFindings) -> Table:
    rows = []
    for row in run.baselines:
        gap = row.paired
        rows.append(
            (
                row.label + (" †" if row.draws > 1 else ""),
                _pairs(row.within),
                _pairs(row.across),
                number(row.cohens_d, 2),
                _with_interval(row.accuracy, 3),
                f"{_with_interval(gap.difference, 3)} {_p_of(gap.p)}" if gap and row.name != "routing" else NOTHING,
            )
        )
    notes = "".join(f" {row.label}: {row.note}." for row in run.baselines if row.note)
    return Table(
        title="Does routing know more than the tokens do?",
        columns=("signatures", "within", "across", "d", "accuracy", "routing - this"),
        rows=tuple(rows),
        caption="† mean of several draws; in brackets the smallest and largest accuracy. The others: 95 % Wilson interval. "
        "routing - this: difference of accuracies on the same folds, 95 % bootstrap interval over prompts, McNemar's exact p. "
        "Length alone tells some; load balance has each prompt's own length, so its signatures are as noisy, and what it has "
        "within - across, length alone makes." + notes,
    )


def _similarity_matrix(run: RunFindings) -> Table:
    matrix = run.question.separation.similarity.matrix
    return Table(
        title="Mean similarity of categories, question tokens",
        columns=("", *run.categories),
        rows=tuple(
            (name, *(number(float(value), 3) for value in values)) for name, values in zip(run.categories, matrix, strict=True)
        ),
        caption="Cosine; a prompt with itself left out.",
    )


def _confusion(run: RunFindings) -> Table:
    found = run.question.classification
    rows = zip(run.categories, found.confusion.tolist(), strict=True) if found else ()
    return Table(
        title="Classified as, question tokens",
        columns=("true category", *run.categories),
        rows=tuple((name, *(str(n) for n in counts)) for name, counts in rows),
        caption="Prompts; rows are true categories.",
    )


def _layers(run: RunFindings) -> Table:
    return Table(
        title="Layer by layer, question tokens",
        columns=("layer", "within - across", "Cohen's d", "accuracy"),
        rows=tuple(
            (
                str(found.layer),
                _with_interval(found.difference, 3),
                _with_interval(found.cohens_d, 2),
                _with_interval(found.accuracy, 3),
            )
            for found in run.layers
        ),
        caption=f"n = {run.question.documents} prompts. Intervals as above.",
    )


def _specialization(run: RunFindings) -> Table:
    found = run.specialization
    title, columns = "Specialization of experts, question tokens", ("layer", "domain", "strongest partner", "vocabulary")
    if found is None:
        return Table(title=title, columns=columns, rows=(), caption="")
    vocabulary = found.vocabulary_median or [math.nan] * len(found.layers)
    by_layer = zip(found.layers, found.furthest, found.strongest, vocabulary, strict=True)
    return Table(
        title=title,
        columns=columns,
        rows=tuple(
            (str(layer), f"{number(most, 2)} x uniform", number(partner, 3), number(ids, 3))
            for layer, most, partner, ids in by_layer
        ),
        caption=f"Largest share of a domain's tokens that an expert has, by k/E = {found.uniform:.3f}; mean "
        f"over experts of the share of "
        f"their tokens that also went to their most frequent partner (a given pair by chance: {found.by_chance:.3f}); "
        f"median over "
        f"{found.vocabulary_ids} token ids with at least {found.occurrences} occurrences of the share of their most "
        f"frequent first "
        "expert. Largest values of noise are large too: no intervals. Whole arrays are in the figures.",
    )


def _arms(run: RunFindings, what: str) -> Table:
    found = [effect for effect in run.arms.effects if effect.what == what]
    contrasts = list(dict.fromkeys(effect.contrast for effect in found))
    domains = list(dict.fromkeys(effect.domain for effect in found))
    by_place = {(effect.domain, effect.contrast): effect.effect for effect in found}
    meaning = (
        "Routing shift: share of the experts of the question's own tokens that differ from those without a prefix. A "
        "distance, so an "
        "arm is compared with its control only."
        if what == "shift"
        else "Pull: cosine to the signature of the domain that the wrong text names, wrong text - right "
        "text; only the domain's word "
        "differs. Above 0: the word moves routing toward the domain it names."
    )
    return Table(
        title="Arms on routing: shift, arm - control" if what == "shift" else "Arms on routing: pull of the domain's word",
        columns=("domain", *contrasts),
        rows=tuple(
            (
                domain if domain != ALL else "all domains",
                *(_counted(by_place.get((domain, contrast))) for contrast in contrasts),
            )
            for domain in domains
        ),
        caption=f"{meaning} 95 % intervals over documents and wordings, not corrected for their number. By layer: in the "
        f"figures and in JSON.",
    )


def _links(run: RunFindings) -> Table:
    return Table(
        title="Does pull go with anything?",
        columns=("contrast", "beside", "rank correlation", "p", "documents"),
        rows=tuple(
            (
                link.contrast,
                link.beside,
                _with_interval(link.association.rho, 2)
                if not _missing(link.association.rho)
                else str(link.association.rho.reason),
                _p(link.association.p),
                str(link.association.rho.n),
            )
            for link in run.arms.links
        ),
        caption="Over documents, ranks within task and wording: pull with the change in correctness, and "
        "in certainty (minus the "
        "entropy's), right text - wrong text. 95 % bootstrap interval over documents, p by permutation within task and "
        "wording.",
    )


def _robustness(run: RunFindings) -> Table:
    return Table(
        title="The same prompts, changed",
        columns=("", "tokens in common", "to itself", "to its category", "to others", "accuracy", "changed - clean"),
        rows=tuple(
            (
                row.kind,
                number(row.token_overlap.value, 2),
                _with_interval(row.to_itself, 3),
                number(row.to_its_category.value, 3),
                number(row.to_others.value, 3),
                number(row.changed.accuracy, 3) if row.changed else NOTHING,
                f"{_with_interval(row.loss.difference, 3)} {_p_of(row.loss.p)}" if row.loss else NOTHING,
            )
            for row in run.robustness
        ),
        caption="Mean cosine of a changed prompt's signature to its own original, to the other originals "
        "of its category, and to those "
        f"of others; tokens in common: TF-IDF cosine. n = {run.robustness[0].to_itself.n if run.robustness else 0} of "
        f"each kind. "
        "Accuracy of classifiers trained on unchanged prompts, never on the same prompt's original; clean: on the originals.",
    )


def _transfer(name: str, found: Transfer) -> tuple[str, ...]:
    value = found.mantel.beyond
    shown = str(value.reason) if _missing(value) else _with_interval(value, 2)
    others = (number(found.mantel.partial, 2), number(found.mantel.plain, 2))
    return f"{name} ({found.given})", shown, _p(found.mantel.p), *others, str(value.n or NOTHING)


# Numbers ------------------------------------------------------------------------------------------------------------------


def _with_interval(value: Measured, decimals: int) -> str:
    if _missing(value):
        return NOTHING
    shown = number(value.value, decimals)
    if not value.has_interval:
        return shown
    # Enough digits to see an interval's width.
    while decimals < 6 and value.high - value.low < 4 * 10**-decimals and value.high > value.low:
        decimals += 1
    return f"{number(value.value, decimals)} [{number(value.low, decimals)}, {number(value.high, decimals)}]"


def _counted(value: Measured | None) -> str:
    if value is None or _missing(value):
        return NOTHING
    return f"{_with_interval(value, 4)} n={value.n}"


def _pairs(pairs: Pairs) -> str:
    return f"{number(pairs.mean, 3)} ± {number(pairs.sd, 3)}" if pairs.n else NOTHING


def _accuracy(found: SpanFindings) -> str:
    figures = found.classification
    return f"{number(figures.accuracy, 3)} [{number(figures.low, 3)}, {number(figures.high, 3)}]" if figures else NOTHING


def _folds(found: SpanFindings) -> str:
    figures = found.classification
    return f"{number(figures.accuracy, 3)} ± {number(figures.fold_sd, 3)}" if figures else NOTHING


def _p(value: float) -> str:
    return NOTHING if not math.isfinite(value) else "<0.001" if value < 0.001 else number(value, 3)


def _p_of(value: float) -> str:
    return "p<0.001" if value < 0.001 else f"p={number(value, 3)}"


def _missing(value: Measured) -> bool:
    return not math.isfinite(value.value)
