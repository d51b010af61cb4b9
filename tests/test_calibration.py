"""If these fail, docs/calibration.md is of other statistics than a report's, or could not be written again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import calibration
from ride_eval.analysis.grid import Grid
from ride_eval.analysis.links import paired


def test_the_calibration_makes_the_pairs_that_a_report_would() -> None:
    rng = np.random.default_rng(0)
    design = calibration.Design(tasks=(7, 9), wordings=2)
    run = calibration.simulated(rng, design, 0.4, "normal", 1.0, True)
    found = paired(Grid(run.frame(), calibration.LINK_COLUMNS), "density")
    own = run.pairs(design)
    for name in ("quantity", "stability", "covariates"):
        assert getattr(own, name) == pytest.approx(getattr(found, name)), name
    together = set(zip(own.stratum.tolist(), found.stratum.tolist(), strict=True))
    assert len(together) == len(set(own.stratum.tolist())) == len(set(found.stratum.tolist())), "other strata"


def test_the_calibration_writes_a_page() -> None:
    few = calibration.effects(calibration.STANDARD, "normal", 0.3, 50, 0)
    assert 0 <= few["mean"] < 0.3
    any_claim = calibration.verdicts("normal", 1.5, 3, 0)
    assert 0 <= any_claim["effects"] <= any_claim["experiments"] <= 1
    link = calibration.links(calibration.STANDARD, 0.4, "normal", 0.0, 5, 0, shared_none=True)
    assert link["mean"] == pytest.approx(0.4, abs=0.2)
    assert link["through none"] > link["mean"]
    page = (Path(calibration.__file__).parent / "calibration.md").read_text(encoding="utf-8")
    assert all(page.count(f"@{name}@") == 1 for name in ("EXPERIMENTS", "EFFECTS", "VERDICTS", "LINKS"))
