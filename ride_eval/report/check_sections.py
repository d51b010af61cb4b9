"""What a check says, as lines and cells; the terminal and Markdown lay them out."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from ride_eval.analysis.regression.check import Check, Side
from ride_eval.analysis.regression.comparison import Comparison
from ride_eval.analysis.regression.measures import ALL_ARMS, MEASURES
from ride_eval.analysis.regression.verdict import FAILING, place
from ride_eval.report.text import NOTHING, interval, number, probability

SHORT = ("what", "where", "arms", "verdict", "change [95 % interval]", "q")
CHANGES = (
    "what",
    "where",
    "arm",
    "verdict",
    "before",
    "after",
    "change [95 % interval]",
    "least that matters",
    "q",
    "d_z",
    "n",
)
OVERVIEW = ("metric", "worse or drifted", "better", "no change", "identical", "not settled", "documents it would take")
DETAILS = (*CHANGES, "p", "p of no change", "documents it would take")
_LISTED = 2
"""Arms that a short line names."""
_CHANGED = (*FAILING, "improvement")


def about(check: Check) -> list[str]:
    """What was compared, and how, a line each."""
    noise = f", noise floor {check.noise}" if check.noise else ", no noise floor"
    lines = [
        f"baseline: {_side(check.baseline)}",
        f"run: {_side(check.run)}",
        f"model: {'; '.join(check.models) or 'the same'}",
        f"policy: {check.policy}, alpha {check.alpha:g}{noise}",
    ]
    flips = [row for row in check.rows if row.metric == "flip"]
    if flips and math.isfinite(check.self_flips):
        lines.append(f"answers of `none` that change when the model is measured again: {check.self_flips:.1%}")
    if check.saturation:
        shares = " ".join(f"{share:.2f}" for share in check.saturation)
        lines.append(
            f"share of experts that both versions choose for the same tokens, layer by layer: {shares} "
            f"({check.saturation_tokens:,} question tokens of `none`)"
        )
    return lines


def notes(check: Check) -> list[tuple[str, str]]:
    """(level, text) of differences and warnings."""
    allowed = [
        ("allowed" if difference.allowed else "difference", f"{difference.name}: {difference.text}")
        for difference in check.differences
    ]
    return allowed + [("warning", text) for text in check.warnings]


def changed(check: Check) -> list[Comparison]:
    """Rows that changed by more than matters: those that fail first, then by metric and place."""
    rows = [row for row in check.rows if row.status in _CHANGED]
    order = {status: i for i, status in enumerate(_CHANGED)}
    return sorted(rows, key=lambda row: (row.level != "fail" or row.status == "improvement", order[row.status]))


def change_cells(row: Comparison) -> tuple[str, ...]:
    """Under CHANGES."""
    quantity = MEASURES[row.metric]
    decimals = quantity.decimals
    value, between, _ = interval(row.change, decimals)
    word = row.status if row.status not in FAILING or row.level == "fail" else f"{row.status} (warns)"
    floor = " (noise)" if math.isfinite(row.floor) and row.floor >= row.minimum else ""
    return (
        f"{quantity.label} ({quantity.unit})",
        place(row.task, row.domain),
        row.arm,
        word,
        NOTHING if row.is_distance else number(row.before, decimals),
        number(row.after, decimals),
        f"{value} {between}".rstrip(),
        f"{row.minimum:.3g}{floor}",
        probability(row.q),
        number(row.d_z, 2),
        str(row.change.n),
    )


def short(rows: Sequence[Comparison]) -> list[tuple[str, ...]]:
    """Under SHORT: one line for all arms of a metric and place that changed alike, with the numbers of the mean over arms, or
    else of the arm that changed most."""
    groups: dict[tuple[str, ...], list[Comparison]] = {}
    for row in rows:
        groups.setdefault((row.metric, row.task, row.domain, row.status, row.level), []).append(row)
    lines: list[tuple[str, ...]] = []
    for own in groups.values():
        shown = next((row for row in own if row.arm == ALL_ARMS), max(own, key=lambda row: abs(row.change.value)))
        arms = [row.arm for row in own if row.arm != ALL_ARMS]
        listed = ", ".join(arms) if len(arms) <= _LISTED else f"{len(arms)} arms"
        cells = change_cells(shown)
        of = "" if shown.arm == ALL_ARMS or len(own) == 1 else f" ({shown.arm})"
        lines.append(
            (MEASURES[shown.metric].label, cells[1], listed or ALL_ARMS, cells[3], f"{cells[6]} n={cells[10]}{of}", cells[8])
        )
    return lines


def detail_cells(row: Comparison) -> tuple[str, ...]:
    """Under DETAILS."""
    return (*change_cells(row), probability(row.p), probability(row.equivalence), _count(row.needed))


def overview(check: Check) -> list[tuple[str, ...]]:
    """Under OVERVIEW: rows of each metric by what may be said of them."""
    lines = []
    for metric in dict.fromkeys(row.metric for row in check.rows):
        own = [row for row in check.rows if row.metric == metric]
        counts: Counter[str] = Counter(row.status for row in own)
        unsettled = [row.needed for row in own if row.status == "not settled" and math.isfinite(row.needed)]
        worse = counts["regression"] + counts["drift"]
        cells = [worse, counts["improvement"], counts["no change"], counts["identical"], _unsettled(counts)]
        label = f"{MEASURES[metric].label}{'' if own[0].level == 'fail' else ' (warns)'}"
        lines.append((label, *(str(cell) if cell else "" for cell in cells), _range(unsettled)))
    return lines


def legend() -> list[str]:
    """How to read the tables."""
    return [
        "change: mean paired difference of the documents that both runs have, run - baseline; of a distance between versions "
        "(changed answers, routing shift between versions, signature change) its mean.",
        "regression: worse by more than the least that matters, and q < alpha. drift: the same for what has no better side.",
        "no change: two one-sided tests exclude a change as large as the least that matters. identical: no document differs. "
        "not settled: neither; beside it, how many documents would show that nothing changed.",
        "q: p (the larger of a t test's and of swapping the runs in whole documents) after Benjamini-Hochberg, over the rows "
        "that can fail, and apart over those that warn. d_z: the change by the SD of its documents' differences.",
    ]


def _unsettled(counts: Counter[str]) -> int:
    return counts["not settled"] + counts["too few documents"]


def _range(needed: Sequence[float]) -> str:
    if not needed:
        return ""
    low, high = _count(min(needed)), _count(max(needed))
    return low if low == high else f"{low} to {high}"


def _count(value: float) -> str:
    return f"{value:,.0f}" if math.isfinite(value) else NOTHING


def _side(side: Side) -> str:
    return f"{side.path} ({side.name}{f', {side.created}' if side.created else ''})"
