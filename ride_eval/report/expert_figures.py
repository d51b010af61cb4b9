"""Figures of experts: OLMoE's specialization, and what arms do to routing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ride_eval.analysis.categories.arms import ALL
from ride_eval.report.figures import Style, heat, new, reference, with_intervals

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ride_eval.analysis.categories.findings import RunFindings

MOST_LAYERS = 12
"""Layers with a heat map of their own; of more, so many are shown, evenly spaced."""


def domains(run: RunFindings) -> Figure | None:
    """Which experts a domain's tokens go to."""
    found = run.specialization
    if found is None:
        return None
    n_domains, n_layers, n_experts = found.domain_shares.shape
    ratios = found.domain_shares / found.uniform
    caption = (
        f"Domain specialization. {run.name}, {', '.join(run.tasks)}, question tokens. A cell is the share of a domain's "
        f"tokens whose "
        f"{run.experts_per_token} chosen experts include this one, as a multiple of {found.uniform:.3f}, what it would be "
        f"without "
        "specialization (1). Experts have no order of their own, and none in common between layers. Shares over all "
        "tokens of the "
        f"domain, without intervals; documents: {_sizes(run)}."
    )
    columns = min(2, n_domains)
    rows = math.ceil(n_domains / columns)
    figure, axes = new(8.2, rows * (0.16 * n_layers + 1.0), caption, rows=rows, columns=columns, sharex=True, sharey=True)
    image: Any = None
    for place, name in enumerate(found.domains):
        each = axes[place // columns, place % columns]
        image = heat(each, ratios[place], low=0.0, high=float(ratios.max()))
        each.set_title(name)
        _layer_ticks(each, found.layers)
    for place in range(n_domains, rows * columns):
        axes[place // columns, place % columns].set_visible(False)
    for each in axes[-1]:
        each.set_xlabel(f"expert (0 to {n_experts - 1})")
    for each in axes[:, 0]:
        each.set_ylabel("layer (number)")
    figure.colorbar(image, ax=axes, label="share of tokens / uniform share", shrink=0.8)
    return figure


def coactivation(run: RunFindings) -> Figure | None:
    """Which experts are chosen together."""
    found = run.specialization
    if found is None:
        return None
    every = len(found.layers)
    chosen = np.unique(np.linspace(0, every - 1, min(every, MOST_LAYERS)).round().astype(int))
    values = found.coactivation[chosen].copy()
    diagonal = np.arange(run.experts)
    values[:, diagonal, diagonal] = np.nan
    caption = (
        f"Expert co-activation. {run.name}, {', '.join(run.tasks)}, question tokens of {sum(run.sizes)} documents. Share "
        f"of the "
        f"row's tokens that the column's expert got too; {found.by_chance:.2f} if experts were paired by chance. White: the "
        "diagonal, and rows of experts that got no token. Without intervals."
        + (f" {len(chosen)} of {every} layers, evenly spaced." if len(chosen) < every else "")
    )
    columns = min(4, len(chosen))
    rows = math.ceil(len(chosen) / columns)
    figure, axes = new(8.2, 1.9 * rows + 0.4, caption, rows=rows, columns=columns, sharex=True, sharey=True)
    image: Any = None
    for place, layer in enumerate(chosen.tolist()):
        each = axes[place // columns, place % columns]
        image = heat(each, values[place], low=0.0, high=float(np.nanmax(values)))
        each.set_title(f"layer {found.layers[layer]}")
    for place in range(len(chosen), rows * columns):
        axes[place // columns, place % columns].set_visible(False)
    for each in axes[-1]:
        each.set_xlabel("expert j")
    for each in axes[:, 0]:
        each.set_ylabel("expert i")
    figure.colorbar(image, ax=axes, label="share of i's tokens (0 to 1)", shrink=0.8)
    return figure


def vocabulary(run: RunFindings) -> Figure | None:
    """How firmly token ids are tied to experts."""
    found = run.specialization
    if found is None or not found.vocabulary_ids:
        return None
    low, middle, high = np.quantile(found.vocabulary, [0.25, 0.5, 0.75], axis=0)
    caption = (
        f"Vocabulary specialization. {run.name}, {', '.join(run.tasks)}: of each of the {found.vocabulary_ids} token ids "
        f"that occur "
        f"at least {found.occurrences} times among the question tokens, the share of occurrences whose first expert is "
        f"its most "
        f"frequent one. Line: median over ids; band: middle half of the ids (their spread, not an interval of the "
        f"median). Dashed: "
        f"one in {run.experts} experts, the least there can be; with few occurrences chance alone lies above it."
    )
    figure, axes = new(6.4, 2.6, caption)
    each, style = axes[0, 0], Style(0)
    each.fill_between(found.layers, low, high, color=style.colour, alpha=0.2, linewidth=0, label="middle half of ids")
    each.plot(found.layers, middle, color=style.colour, marker=style.marker, label="median id")
    reference(each, 1 / run.experts, "1 / number of experts")
    each.set(xlabel="layer of the model (number, from 0)", ylabel="share of occurrences (0 to 1)", ylim=(0, 1.02))
    each.xaxis.get_major_locator().set_params(integer=True)
    each.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def arms(run: RunFindings) -> Figure | None:
    """Routing shift of arms against their controls."""
    return _effects(
        run,
        "shift",
        "routing shift, arm - control\n(share of experts)",
        "Do arms move the routing of the question's own tokens further than their controls? Routing shift is the share of "
        "a token's "
        "experts that differ from those without a prefix; shown is arm - control. Above 0: the arm moves more than its "
        "control.",
    )


def pull(run: RunFindings) -> Figure | None:
    """Does the word for a domain pull routing toward that domain's?"""
    return _effects(
        run,
        "pull",
        "pull of the domain's word\n(cosine)",
        "Does the word for a domain pull routing toward that domain's? Cosine of the question's signature to the mean one "
        "of the "
        "domain that the wrong text names, under the wrong text - under the right one: only that word differs. Above 0: "
        "toward it.",
    )


def _effects(run: RunFindings, what: str, label: str, question: str) -> Figure | None:
    found = [effect for effect in run.arms.effects if effect.what == what]
    whole = [effect for effect in found if effect.domain == ALL]
    if not any(effect.effect.n for effect in whole):
        return None
    names = list(dict.fromkeys(effect.domain for effect in found))
    sizes = {name: max(effect.effect.n for effect in found if effect.domain == name) for name in names}
    caption = (
        f"{question} {run.name}; documents of all tasks under the arms. Left: by domain of the document (n in brackets); "
        f"right: all domains, by layer. Bars: 95 % intervals over documents and wordings."
    )
    figure, axes = new(9.2, 3.1, caption, columns=2, sharey=False)
    left, right = axes[0]
    x = list(range(len(names)))
    for number, effect in enumerate(whole):
        shift = 0.15 * (number - (len(whole) - 1) / 2)
        style = Style(number)
        by_domain = {each.domain: each.effect for each in found if each.contrast == effect.contrast}
        with_intervals(left, x, [by_domain[name] for name in names], style, effect.contrast, line=False, shift=shift)
        if effect.layers and run.specialization is not None:
            layers = [float(layer) for layer in run.specialization.layers]
            with_intervals(right, layers, effect.layers, style, effect.contrast, shift=shift / 2)
    for each in (left, right):
        reference(each, 0.0, "")
    left.set_xticks(x, [f"{name} ({sizes[name]})" for name in names], rotation=30, ha="right", fontsize=8)
    left.set(xlabel="domain of the document (n)", ylabel=label, title="By domain")
    right.set(xlabel="layer of the model (number, from 0)", ylabel=label, title="By layer")
    right.xaxis.get_major_locator().set_params(integer=True)
    handles, labels = left.get_legend_handles_labels()
    shown = [(handle, text) for handle, text in zip(handles, labels, strict=True) if text]
    right.legend(
        *zip(*shown, strict=True),
        loc="center left",
        bbox_to_anchor=(1.0, 0.5),
        title="arm - control" if what == "shift" else "right, wrong text",
    )
    return figure


def _sizes(run: RunFindings) -> str:
    return ", ".join(f"{name} {n}" for name, n in zip(run.categories, run.sizes, strict=True))


def _layer_ticks(axes: object, layers: tuple[int, ...]) -> None:
    step = max(1, len(layers) // 8)
    axes.set_yticks(range(0, len(layers), step), [str(layer) for layer in layers[::step]])  # type: ignore[attr-defined]
