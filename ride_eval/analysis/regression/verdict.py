"""The verdict of a check: its word, its exit code and its sentence come from here and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ride_eval.analysis.regression.comparability import Difference
from ride_eval.analysis.regression.comparison import Comparison
from ride_eval.analysis.regression.measures import MEASURES

Word = Literal["fine", "regression", "not comparable"]
EXIT_CODES: dict[Word, int] = {"fine": 0, "regression": 1, "not comparable": 2}
FAILING = ("regression", "drift")
"""What fails the check where its level is `fail`."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Of a check."""

    word: Word
    sentence: str

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.word]


def judge(differences: Sequence[Difference], rows: Sequence[Comparison]) -> Verdict:
    """Not comparable if a difference was not allowed or nothing could be compared; a regression if a row whose level is `fail`
    regressed or drifted; else fine."""
    open_differences = [difference for difference in differences if not difference.allowed]
    if open_differences:
        listed = "; ".join(f"{difference.name} ({difference.text})" for difference in open_differences)
        return Verdict(word="not comparable", sentence=f"The runs differ in {listed}.")
    if not any(row.q == row.q for row in rows):
        return Verdict(word="not comparable", sentence="No metric of the policy has enough documents that both runs measured.")
    failing = [row for row in rows if row.level == "fail" and row.status in FAILING]
    if failing:
        return Verdict(word="regression", sentence=f"Worse than the baseline: {'; '.join(_places(failing))}.{_rest(rows)}")
    return Verdict(word="fine", sentence=f"{_fine(rows)}{_rest(rows)}")


def _fine(rows: Sequence[Comparison]) -> str:
    own = [row for row in rows if row.level == "fail"]
    settled = sum(row.status in ("no change", "identical", "improvement") for row in own)
    return (
        f"No regression. Of {len(own)} comparisons that can fail the check, {settled} show that it is not worse; for "
        f"{len(own) - settled} the documents do not settle it."
    )


def _rest(rows: Sequence[Comparison]) -> str:
    """What got better, and what changed and only warns, by metric and task."""
    sentences = ""
    for lead, chosen in (
        ("Better", [row for row in rows if row.level == "fail" and row.status == "improvement"]),
        ("Warns of", [row for row in rows if row.level == "warn" and row.status in FAILING]),
    ):
        tasks: dict[str, dict[str, None]] = {}
        for row in chosen:
            tasks.setdefault(MEASURES[row.metric].label, {})[row.task] = None
        listed = "; ".join(f"{label} in {', '.join(own)}" for label, own in tasks.items())
        sentences += f" {lead}: {listed}." if listed else ""
    return sentences


def _places(rows: Sequence[Comparison]) -> list[str]:
    """Metric and place, once for all arms of a place."""
    arms: dict[tuple[str, str, str], list[str]] = {}
    for row in rows:
        arms.setdefault((row.metric, row.task, row.domain), []).append(row.arm)
    return [
        f"{MEASURES[metric].label} in {place(task, domain)} ({', '.join(own)})" for (metric, task, domain), own in arms.items()
    ]


def place(task: str, domain: str) -> str:
    """How a task and domain are named: a task of one domain's name needs it once."""
    return task if not domain or domain in task else f"{task}, {domain}"
