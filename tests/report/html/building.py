"""Reports of synthetic runs, as the command line builds them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ride_eval.analysis.categories.findings import SignatureFindings, find_signatures
from ride_eval.analysis.evidence import Evidence, gather
from ride_eval.analysis.findings import Findings, find
from ride_eval.analysis.frames import Run, load_run
from ride_eval.report import html, json
from tests.synthetic_run import write_run

TASKS = {"arith": "generation", "colours": "choice", "pronouns": "choice_per_prompt"}


@dataclass(frozen=True, kw_only=True)
class Report:
    runs: Sequence[Run]
    findings: Findings
    evidence: Sequence[Evidence]
    signatures: SignatureFindings | None

    @property
    def page(self) -> str:
        return html.render(self.findings, self.evidence, self.signatures, csv="report.flipped.csv")

    @property
    def json(self) -> str:
        return json.render(self.findings, self.evidence, self.signatures)


def report(paths: Sequence[Path], *, signatures: bool = False) -> Report:
    runs = [load_run(path) for path in paths]
    findings = find(runs)
    return Report(
        runs=runs,
        findings=findings,
        evidence=[gather(run, model) for run, model in zip(runs, findings.models, strict=True)],
        signatures=find_signatures(paths) if signatures else None,
    )


def written(folder: Path, *specs: dict[str, Any]) -> list[Path]:
    """A synthetic run for each spec."""
    return [write_run(folder / f"run{place}", **spec) for place, spec in enumerate(specs)]
