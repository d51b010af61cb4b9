"""If these fail, a heat map shows another layer, another arm, or another number than was measured."""

from __future__ import annotations

import math
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ride_eval.analysis.contrasts import Contrast, effect
from ride_eval.analysis.frames import load_run
from ride_eval.analysis.layers import LAYERED, LayerEffect, layer_effects
from ride_eval.arms import STANDARD_ARMS
from ride_eval.metrics.bands import early_and_middle
from tests.analysis.slow import rows
from tests.synthetic_run import LAYERS, MOE_LAYERS, write_run

TASKS = {"arith": "generation", "colours": "choice", "pronouns": "choice_per_prompt"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    reasons = {(0, "tag"): "truncated: more than 99 tokens in some arm"}
    return write_run(
        tmp_path_factory.mktemp("run"),
        n=7,
        tasks=TASKS,
        reasons=reasons,
        missing=frozenset({(1, "expert"), (2, "none")}),
        repeats=2,
    )


def by_contrast(path: Path) -> dict[tuple[str, Contrast], LayerEffect]:
    return {(found.quantity, found.contrast): found for found in layer_effects(load_run(path), STANDARD_ARMS)}


def test_every_layer_is_the_mean_difference_taken_row_by_row(run: Path) -> None:
    values: dict[tuple[Any, ...], dict[tuple[str, int], list[list[float]]]] = defaultdict(lambda: defaultdict(list))
    for row in rows(run, "prompts"):
        if row["mlp_hoyer"] is not None:
            values[row["task"], row["arm"]][row["document"], row["occurrence"]].append(row["mlp_hoyer"])
    for contrast in (Contrast("tag", "none"), Contrast("expert", "filler")):
        tasks = []
        for task in TASKS:
            arm, control = (values[task, name] for name in contrast)
            documents: dict[str, list[Any]] = defaultdict(list)
            for key in arm:
                if key in control and len(arm[key]) == len(control[key]):
                    documents[key[0]].append(np.mean(control[key], 0) - np.mean(arm[key], 0))
            tasks.append(np.mean([np.mean(own, 0) for own in documents.values()], 0))
        found = by_contrast(run)["density", contrast]
        assert found.values == pytest.approx(np.mean(tasks, 0), abs=1e-6)
        assert found.layers == tuple(range(LAYERS))


def test_the_means_over_layers_are_the_effects(run: Path) -> None:
    found, documents = by_contrast(run), load_run(run).documents
    for (quantity, contrast), layers in found.items():
        chosen = early_and_middle(len(layers.values)) if quantity.startswith("density") else slice(None)
        if quantity == "keyword_share" or (quantity == "routing_shift" and contrast.control == "none"):
            continue
        expected = effect(documents, quantity, contrast).estimate
        assert np.mean(layers.values[chosen]) == pytest.approx(expected.value, abs=1e-6), (quantity, contrast)
        assert layers.n == expected.n
    assert {quantity for quantity, _ in found} == set(LAYERED)


def test_distances_from_none_are_shown_as_they_are(run: Path) -> None:
    frame = load_run(run).documents
    found = by_contrast(run)["routing_shift", Contrast("tag", "none")]
    own = frame[frame["arm"] == "tag"].groupby(["task", "document"])["routing_shift"].mean().dropna()
    assert np.mean(found.values) == pytest.approx(own.groupby("task").mean().mean(), abs=1e-6)
    assert len(found.values) == MOE_LAYERS


def test_a_layer_whose_heads_are_all_dropped_is_left_out_of_the_mean(tmp_path: Path) -> None:
    found = by_contrast(write_run(tmp_path, n=9, attention=True))["keyword_share", Contrast("expert", "filler")]
    assert len(found.values) == LAYERS
    assert all(math.isfinite(value) for value in found.values)
    assert found.n < 18, "documents without keywords have none"


def test_what_was_not_measured_has_no_layers(tmp_path: Path) -> None:
    assert not by_contrast(write_run(tmp_path / "a", n=3, density=False, attention=False, moe=False))
    dense = by_contrast(write_run(tmp_path / "b", n=3, moe=False))
    assert {quantity for quantity, _ in dense} == {"density", "density_resid", "keyword_share"}
    assert not by_contrast(write_run(tmp_path / "c", n=0))
