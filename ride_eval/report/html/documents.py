"""The documents whose answer an arm flipped, ready to be shown: long texts cut, keywords marked, sort keys as numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from ride_eval.analysis.evidence import Evidence
from ride_eval.analysis.findings import Findings
from ride_eval.analysis.flipped import ArmAnswer, FlippedDocument
from ride_eval.report.html.marks import Marks
from ride_eval.report.html.texts import clipped, readable
from ride_eval.spans import Span

PROMPT, ANSWER, SAMPLE, META = 1500, 400, 160, 240
"""Characters shown of each; the CSV has all."""
SAMPLES = 3
_EXCERPT = 110


@dataclass(frozen=True, kw_only=True)
class ArmRow:
    arm: str
    meta: str
    answer: str
    text: str
    right: str
    entropy: Markup | str
    flipped: bool
    samples: list[str]
    more_samples: bool


@dataclass(frozen=True, kw_only=True)
class DocumentRow:
    """A document of one model."""

    model: str
    task: str
    name: str
    """The start of its hash."""
    domain: str
    excerpt: str
    prompt: Markup
    marked: bool
    answer: str
    right: str
    by: str
    """The arms that flipped it, a line each."""
    flipped: list[tuple[str, str]]
    """Arm, its answer."""
    entropy: Markup | str
    entropy_value: float
    change: Markup | str
    change_value: float
    arms: list[ArmRow]
    search: str


@dataclass(frozen=True, kw_only=True)
class Listing:
    """What the table's head says of one model."""

    model: str
    any: bool
    shown: Markup | str
    total: Markup | str
    compared: Markup | str
    unmarked: str | None


def rows(findings: Findings, evidence: Sequence[Evidence], marks: Marks) -> tuple[list[Listing], list[DocumentRow]]:
    """A listing a model that could be compared, and all rows, model by model."""
    listings, found = [], []
    for model, own in zip(findings.models, evidence, strict=True):
        flips = own.flips
        shown, total, compared = (marks.value(flips, name) for name in ("shown", "total", "compared"))
        listings.append(
            Listing(
                model=model.name,
                any=bool(flips.documents),
                shown=shown,
                total=total,
                compared=compared,
                unmarked=flips.unmarked,
            )
        )
        found += [_row(model.name, document, marks) for document in flips.documents]
    return listings, found


def _row(model: str, document: FlippedDocument, marks: Marks) -> DocumentRow:
    by_arm = {own.arm: own for own in document.arms}
    none = by_arm.get("none")
    base = none.entropy if none is not None else math.nan
    return DocumentRow(
        model=model,
        task=document.task,
        name=document.document[:8],
        domain=document.domain,
        excerpt=clipped(
            " ".join(readable(document.prompt[document.start :][: 10 * _EXCERPT], lines=False).split()), _EXCERPT, note=False
        ),
        prompt=_prompt(document.prompt, document.keywords),
        marked=bool(document.keywords),
        answer=_answer(none),
        right=_right(none),
        by="\n".join(document.flipped),
        flipped=[(arm, _answer(by_arm[arm])) for arm in document.flipped],
        entropy=_entropy(none, marks),
        entropy_value=base,
        change=marks.value(document, "change", 3),
        change_value=document.change,
        arms=[_arm(own, own.arm in document.flipped, marks) for own in document.arms],
        search=readable(document.prompt[:300], lines=False).lower(),
    )


def _arm(own: ArmAnswer, flipped: bool, marks: Marks) -> ArmRow:
    return ArmRow(
        arm=own.arm,
        meta=clipped(own.meta, META),
        answer=_answer(own),
        text=clipped(own.text or "", ANSWER),
        right=_right(own),
        entropy=_entropy(own, marks),
        flipped=flipped,
        samples=[clipped(text, SAMPLE, note=False) for text in own.samples[:SAMPLES]],
        more_samples=len(own.samples) > SAMPLES,
    )


def _answer(own: ArmAnswer | None) -> str:
    if own is None:
        return "\u2013"
    given = own.answer if own.answer not in (None, "[invalid]") else own.text
    return clipped(given or "", 60, note=False) or "(empty)"


def _right(own: ArmAnswer | None) -> str:
    if own is None or not math.isfinite(own.correct):
        return ""
    return "right" if own.correct == 1 else "wrong" if own.correct == 0 else "partly right"


def _entropy(own: ArmAnswer | None, marks: Marks) -> Markup | str:
    if own is None:
        return "\u2013"
    return marks.value(own, "forced_entropy" if math.isfinite(own.forced_entropy) else "choice_entropy", 3)


def _prompt(text: str, keywords: Sequence[Span]) -> Markup:
    """The prompt with keywords marked; of a long one the start and the end."""
    if len(text) <= PROMPT:
        return _marked(text, 0, len(text), keywords)
    head, tail = PROMPT // 3, 2 * PROMPT // 3
    left_out = Markup('<span class="cut"> \u2026 {} characters left out \u2026 </span>').format(len(text) - head - tail)
    return _marked(text, 0, head, keywords) + left_out + _marked(text, len(text) - tail, len(text), keywords)


def _marked(text: str, start: int, stop: int, keywords: Sequence[Span]) -> Markup:
    parts, at = Markup(""), start
    for first, last in keywords:
        if first >= at and last <= stop:
            parts += escape(readable(text[at:first])) + Markup("<mark>{}</mark>").format(readable(text[first:last]))
            at = last
    return parts + escape(readable(text[at:stop]))
