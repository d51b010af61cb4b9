"""If these fail, a curve shows another share of right answers than the run has."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ride_eval.analysis.calibration import MAX_BINS, MIN_PER_BIN, curves, equal_mass
from ride_eval.analysis.frames import load_run
from tests.synthetic_run import write_run


@given(st.lists(st.floats(0, 1), min_size=2, max_size=60), st.integers(1, 12))
def test_bins_hold_equally_many_and_keep_the_mean(values: list[float], bins: int) -> None:
    x = np.array(values)
    bins = min(bins, len(x))
    y = np.arange(len(x), dtype=float)
    means, shares = equal_mass(x, y, bins)
    sizes = np.array([len(part) for part in np.array_split(np.arange(len(x)), bins)])
    assert sizes.max() - sizes.min() <= 1
    assert (means * sizes).sum() == pytest.approx(x.sum())
    assert (shares * sizes).sum() == pytest.approx(y.sum())
    assert all(np.diff(means) >= -1e-12)


def test_a_planted_calibration_is_shown() -> None:
    rng = np.random.default_rng(0)
    confidence = rng.random(20_000)
    means, shares = equal_mass(confidence, (rng.random(20_000) < confidence).astype(float), MAX_BINS)
    assert np.abs(means - shares).max() < 0.04


def test_curves_are_those_of_the_rows(tmp_path: Path) -> None:
    documents = load_run(write_run(tmp_path, n=3 * MIN_PER_BIN)).documents
    found = {(curve.task, curve.arm, curve.axis): curve for curve in curves(documents)}
    assert {key[2] for key in found} == {"confidence", "forced_entropy"}
    for (task, arm, axis), curve in found.items():
        own = documents[(documents["task"] == task) & (documents["arm"] == arm)]
        assert curve.n == 3 * MIN_PER_BIN == len(own)
        assert len(curve.means) == 3
        ordered = own.sort_values(axis, kind="stable")
        assert curve.means[0] == pytest.approx(ordered[axis].to_numpy()[:MIN_PER_BIN].mean())
        assert curve.correct[2] == pytest.approx(ordered["correct"].to_numpy()[-MIN_PER_BIN:].mean())


def test_few_answers_have_no_curve(tmp_path: Path) -> None:
    assert not curves(load_run(write_run(tmp_path / "a", n=2 * MIN_PER_BIN - 1)).documents)
    assert not curves(load_run(write_run(tmp_path / "b", n=2 * MIN_PER_BIN, scored=False)).documents)
