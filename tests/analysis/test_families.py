"""If these fail, looking at many numbers makes findings out of chance."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ride_eval.analysis.contrasts import CONTROL_CONTRASTS, Effect, no_effect
from ride_eval.analysis.families import corrected, false_discovery_rates


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_q_is_scipys(p: list[float]) -> None:
    assert false_discovery_rates(np.array(p)) == pytest.approx(stats.false_discovery_control(p))


def test_what_was_not_tested_does_not_count() -> None:
    found = false_discovery_rates(np.array([0.01, math.nan, 0.04]))
    assert found[[0, 2]] == pytest.approx([0.02, 0.04])
    assert math.isnan(found[1])
    assert len(false_discovery_rates(np.empty(0))) == 0


def test_exploratory_quantities_cost_the_primary_ones_nothing() -> None:
    def effect(quantity: str, p: float) -> Effect:
        nothing = no_effect(quantity, CONTROL_CONTRASTS[0], "")
        return Effect(**{**vars(nothing), "p": p})

    found = corrected(
        [effect("density", 0.01), effect("gini_mlp", 0.02), effect("keyword_share", 0.04), effect("correct", 0.9)]
    )
    assert [entry.family for entry in found] == ["primary", "exploratory", "primary", "exploratory"]
    assert [entry.q for entry in found] == pytest.approx([0.02, 0.04, 0.04, 0.9])
