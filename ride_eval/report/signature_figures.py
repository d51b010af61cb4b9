"""The figures of `ride-eval signatures`: categories, layers, baselines and maps. Findings in, matplotlib figures out."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ride_eval.analysis.categories.findings import RunFindings, SignatureFindings
from ride_eval.report.expert_figures import arms, coactivation, domains, pull, vocabulary
from ride_eval.report.figures import (
    MARKERS,
    Style,
    heat,
    house_style,
    legend_above,
    new,
    numbers,
    reference,
    styles,
    with_intervals,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BOOTSTRAP = "Bars: 95 % bootstrap intervals over prompts."


def figures(findings: SignatureFindings) -> dict[str, Figure]:
    """Every figure there is something to show in, by file name; a run's begin with its number where there are several."""
    made: dict[str, Figure] = {}
    with house_style():
        for number, run in enumerate(findings.runs, 1):
            prefix = f"{number}_" if len(findings.runs) > 1 else ""
            for name, make in FIGURES.items():
                figure = make(run)
                if figure is not None:
                    made[f"{prefix}{name}"] = figure
        if (figure := transfers(findings)) is not None:
            made["transfer"] = figure
    return made


def of_what(run: RunFindings) -> str:
    """Whose prompts: for captions."""
    sizes = ", ".join(f"{name} {n}" for name, n in zip(run.categories, run.sizes, strict=True))
    weights = ", untrained weights" if run.untrained else ""
    return f"{run.name}{weights}, {', '.join(run.tasks)}: {sum(run.sizes)} prompts ({sizes})."


def baselines(run: RunFindings) -> Figure | None:
    """Similarity and accuracy of the routing beside what knows less."""
    rows = [row for row in run.baselines if row.draws]
    caption = (
        f"Does routing know more than the tokens do? {of_what(run)} Left: cosine similarity of question signatures, mean "
        f"and SD "
        f"over pairs ({rows[0].within.n} within, {rows[0].across.n} across categories). Right: accuracy of a linear "
        f"classifier in "
        f"5 folds, n = {rows[0].accuracy.n}; bars: 95 % Wilson intervals, and for baselines drawn at random (†) the "
        f"smallest and "
        "largest of their draws. Dashed: mean with shuffled categories."
    )
    figure, axes = new(8.2, 0.42 * len(rows) + 1.2, caption, columns=2, sharey=True)
    left, right = axes[0]
    places = np.arange(len(rows))[::-1]
    for shift, side, style in ((0.14, "within", Style(0)), (-0.14, "across", Style(1))):
        pairs = [getattr(row, side) for row in rows]
        means, spread = [pair.mean for pair in pairs], [pair.sd for pair in pairs]
        left.errorbar(
            means,
            places + shift,
            xerr=spread,
            fmt=style.marker,
            color=style.colour,
            capsize=2.5,
            elinewidth=1,
            label=f"{side} categories",
        )
    # Token vectors are hardly alike: on their scale no difference between the others would be seen.
    routed = [pair for row in rows if row.name != "token_ids" for pair in (row.within, row.across) if pair.n]
    lowest, highest = min(pair.mean - pair.sd for pair in routed), max(pair.mean + pair.sd for pair in routed)
    margin = 0.1 * (highest - lowest)
    left.set(xlabel="cosine similarity (0 to 1)", xlim=(lowest - margin, highest + margin))
    for place, row in zip(places, rows, strict=True):
        if row.name == "token_ids" and row.within.n:
            text = f"◄ {row.within.mean:.2f} within, {row.across.mean:.2f} across"
            left.text(lowest, place, text, va="center", fontsize=8)
        elif not row.within.n:
            left.text(lowest, place, "no similarity", va="center", fontsize=8)
    left.set_yticks(places, [row.label + (" †" if row.draws > 1 else "") for row in rows])
    legend_above(left)
    for place, row in zip(places, rows, strict=True):
        value, first = row.accuracy, row is rows[0]
        if value.value == value.value:
            reach = [[max(0.0, value.value - value.low)], [max(0.0, value.high - value.value)]]
            right.errorbar(
                [value.value], [place], xerr=reach, fmt="D" if first else "o", color=Style(0).colour if first else "#6E6E6E",
                capsize=2.5, elinewidth=1,
            )  # fmt: skip
    chance = next(row for row in rows if row.name == "permuted_labels").accuracy.value
    if chance == chance:
        reference(right, chance, "chance", vertical=True)
    right.set(xlabel="accuracy (share of prompts)", xlim=(0, 1))
    return figure


def categories(run: RunFindings) -> Figure:
    """Which categories are routed alike, and which are mistaken for each other."""
    found, labels = run.question, list(run.categories)
    caption = (
        f"{of_what(run)} Left: mean cosine similarity of question signatures, a prompt with itself left out. "
        "Right: prompts by true category (rows) and category given by the classifier (columns)"
    )
    classified = found.classification
    caption += (
        f"; accuracy {classified.accuracy:.3f} (95 % Wilson interval {classified.low:.3f} to {classified.high:.3f}), "
        f"macro F1 {classified.macro_f1:.2f}."
        if classified
        else f": none, since {found.reason}."
    )
    side = 0.62 * len(labels) + 1.2
    figure, axes = new(2 * side + 1.4, side, caption, columns=2)
    shown: list[tuple[Any, Any, str, str]] = [(axes[0, 0], found.separation.similarity.matrix, ".3f", "Mean similarity")]
    if classified:
        shown.append((axes[0, 1], classified.confusion, "d", "Classified as (prompts)"))
    else:
        axes[0, 1].set_visible(False)
    for each, values, form, title in shown:
        image = heat(each, values)
        numbers(each, image, values, form)
        each.set_xticks(range(len(labels)), labels, rotation=30, ha="right")
        each.set_yticks(range(len(labels)), labels)
        each.set(title=title, ylabel="category", xlabel="category" if each is axes[0, 0] else "given by the classifier")
    return figure


def spans(run: RunFindings) -> Figure:
    """Question, prompt and generated tokens, side by side."""
    names = [found.span for found in run.spans]
    tokens = ", ".join(f"{found.span} {found.tokens:.0f} tokens in {found.documents} prompts" for found in run.spans)
    caption = (
        f"{of_what(run)} From which tokens: {tokens}; both: prompt and generated tokens as layers of their own. "
        f"{BOOTSTRAP} Those "
        "of accuracy: 95 % Wilson intervals."
    )
    figure, axes = new(8.2, 2.3, caption, columns=3)
    x = list(range(len(names)))
    first = [found.separation.difference for found in run.spans]
    second = [found.separation.auc for found in run.spans]
    accuracy = [_accuracy(found.classification) for found in run.spans]
    for each, values, label, null in (
        (axes[0, 0], first, "within - across (cosine)", 0.0),
        (axes[0, 1], second, "AUC of pairs", 0.5),
        (axes[0, 2], accuracy, "accuracy (share)", _chance(run)),
    ):
        with_intervals(each, x, [value for value in values], Style(0), label, line=False)  # noqa: C416
        reference(each, null, "nothing known")
        each.set_xticks(x, names, rotation=20)
        each.set(xlabel="tokens", ylabel=label)
        each.margins(x=0.15)
    return figure


def layers(run: RunFindings) -> Figure:
    """Where in the model categories come apart."""
    n = run.question.documents
    caption = (
        f"Categories by layer. {of_what(run)} Question signatures of each mixture-of-experts layer alone, n = {n}. Top: "
        f"mean cosine "
        "similarity within categories - across; middle: Cohen's d, SD pooled by pairs; both with 95 % bootstrap intervals "
        "over "
        "prompts. Bottom: accuracy of the classifier in 5 folds, 95 % Wilson intervals. Dashed: nothing known."
    )
    figure, axes = new(6.4, 5.4, caption, rows=3, sharex=True)
    x = [float(found.layer) for found in run.layers]
    for place, (values, label, null) in enumerate(
        (
            ([found.difference for found in run.layers], "within - across\n(cosine)", 0.0),
            ([found.cohens_d for found in run.layers], "Cohen's d\n(SDs)", 0.0),
            ([found.accuracy for found in run.layers], "accuracy\n(share of prompts)", _chance(run)),
        )
    ):
        each = axes[place, 0]
        with_intervals(each, x, values, Style(0), label)
        reference(each, null, "nothing known")
        each.set_ylabel(label)
    axes[2, 0].set_xlabel("layer of the model (number, from 0)")
    axes[2, 0].xaxis.get_major_locator().set_params(integer=True)
    return figure


def maps(run: RunFindings) -> Figure | None:
    """Prompts in the plane."""
    found = run.maps
    if found is None:
        return None
    shown = len(found.labels)
    caption = (
        f"{of_what(run)} A point is a prompt's question "
        f"signature{f', {shown} of {found.n} drawn' if shown < found.n else ''}. Left: "
        f"PCA, {100 * sum(found.explained):.0f} % of the variance in the plane. Right: t-SNE (perplexity "
        f"{found.perplexity:.0f}, seed {found.seed}): neighbours mean something, distances between clusters and axes do "
        f"not. Maps "
        "are for the eye; the classifier's accuracy says how far categories can be told apart."
    )
    figure, axes = new(8.2, 3.6, caption, columns=2)
    look = styles(run.categories)
    for each, points in ((axes[0, 0], found.pca), (axes[0, 1], found.tsne)):
        for number, name in enumerate(run.categories):
            own = points[found.labels == number]
            style = look[name]
            each.scatter(
                own[:, 0], own[:, 1], s=24, color=style.colour, marker=style.marker, label=f"{name} ({len(own)})", alpha=0.85,
                edgecolors="white", linewidths=0.4,
            )  # fmt: skip
    axes[0, 0].set(
        title="PCA",
        xlabel=f"component 1 ({100 * found.explained[0]:.0f} % of variance)",
        ylabel=f"component 2 ({100 * found.explained[1]:.0f} % of variance)",
    )
    axes[0, 1].set(title="t-SNE", xlabel="t-SNE 1 (no unit)", ylabel="t-SNE 2 (no unit)")
    axes[0, 1].legend(loc="center left", bbox_to_anchor=(1.0, 0.5), title="category")
    return figure


def robustness(run: RunFindings) -> Figure | None:
    """The same prompts, worded or typed otherwise."""
    rows = run.robustness
    if not rows:
        return None
    caption = (
        f"{of_what(run)} The same prompts changed, n = {rows[0].to_itself.n} of each kind. Left: mean cosine similarity "
        f"of a changed "
        "prompt's signature to its own original, to the other originals of its category, and to those of other "
        "categories; 95 % "
        "bootstrap intervals over prompts. Right: accuracy of classifiers trained on unchanged prompts, each prompt by "
        "one that "
        "never saw its original; 95 % Wilson intervals. In brackets: TF-IDF cosine of the token ids, changed to original."
    )
    figure, axes = new(8.2, 2.9, caption, columns=2)
    x = list(range(len(rows)))
    names = [f"{row.kind} ({row.token_overlap.value:.2f})" if row.token_overlap.n else row.kind for row in rows]
    left, right = axes[0]
    for number, (name, values) in enumerate(
        (
            ("its own original", [row.to_itself for row in rows]),
            ("its category", [row.to_its_category for row in rows]),
            ("other categories", [row.to_others for row in rows]),
        )
    ):
        with_intervals(left, x, values, Style(number), name, line=False, shift=0.16 * (number - 1))
    left.set(ylabel="cosine similarity (0 to 1)")
    legend_above(left)
    for number, (name, figured) in enumerate(
        (("unchanged", [row.clean for row in rows]), ("changed", [row.changed for row in rows]))
    ):
        with_intervals(
            right, x, [_accuracy(each) for each in figured], Style(number), name, line=False, shift=0.16 * (number - 0.5)
        )
    reference(right, _chance(run), "chance")
    right.set(ylabel="accuracy (share of prompts)", ylim=(0, 1))
    legend_above(right)
    for each in (left, right):
        each.set_xticks(x, names, rotation=30, ha="right", fontsize=8)
        each.set_xlabel("change (tokens in common)")
        each.margins(x=0.12)
    return figure


def transfers(findings: SignatureFindings) -> Figure | None:
    """Between runs, and between prompt and answer of each."""
    found = [(f"{run.name}: {run.answer.first} and {run.answer.second}", run.answer) for run in findings.runs if run.answer]
    found += [(f"{each.first} and {each.second}", each) for each in findings.transfers]
    found = [(name, each) for name, each in found if each.mantel.beyond.n]
    if not found:
        return None
    sizes = ", ".join(str(each.mantel.beyond.n) for _, each in found)
    caption = (
        "Are prompts that one set of signatures finds alike also alike for the other? Correlation over pairs of prompts "
        "of two "
        "cosine similarities (Mantel): plain; given how alike the prompts' tokens are (TF-IDF); and beyond that and each "
        "prompt's "
        "own mean similarity, which its length moves: only this one tells, since random routers correlate by length. "
        f"n = {sizes} prompts, from top to bottom; bars: 95 % bootstrap intervals over prompts. 0: nothing in common."
    )
    figure, axes = new(7.4, 0.45 * len(found) + 1.0, caption)
    each, places = axes[0, 0], np.arange(len(found))[::-1]
    each.plot([one.mantel.plain for _, one in found], places + 0.2, MARKERS[1], color=Style(1).colour, label="plain")
    given = [one.mantel.partial for _, one in found]
    each.plot(given, places, MARKERS[2], color=Style(2).colour, label="given common tokens")
    for place, (_, one) in zip(places, found, strict=True):
        value = one.mantel.beyond
        reach = [[max(0.0, value.value - value.low)], [max(0.0, value.high - value.value)]] if value.has_interval else None
        label = "beyond tokens and length" if place == places[0] else None
        each.errorbar([value.value], [place - 0.2], xerr=reach, fmt="o", color=Style(0).colour, capsize=2.5, label=label)
    reference(each, 0.0, "nothing in common", vertical=True)
    each.set_yticks(places, [textwrap.fill(name, 38) for name, _ in found])
    each.set(xlabel="correlation over pairs of prompts (-1 to 1)", ylim=(-0.6, len(found) - 0.4))
    each.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def _accuracy(classified: Any) -> Any:
    from ride_eval.analysis.categories.measured import Measured, nothing

    if classified is None:
        return nothing("not classified")
    return Measured(value=classified.accuracy, low=classified.low, high=classified.high, n=classified.n)


def _chance(run: RunFindings) -> float:
    value = next((row.accuracy.value for row in run.baselines if row.name == "permuted_labels"), float("nan"))
    return value if value == value else 1 / len(run.categories)


FIGURES: dict[str, Callable[[RunFindings], Figure | None]] = {
    "baselines": baselines,
    "categories": categories,
    "spans": spans,
    "layers": layers,
    "maps": maps,
    "domain_specialization": domains,
    "coactivation": coactivation,
    "vocabulary": vocabulary,
    "arms": arms,
    "pull": pull,
    "robustness": robustness,
}
