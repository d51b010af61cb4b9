"""What a check can compare: the quantities of a report, and three distances that only two versions of a model have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from ride_eval.analysis.quantities import QUANTITIES, Quantity

Better = Literal["higher", "lower", "neither"]

BETWEEN_VERSIONS = (
    Quantity(
        name="answer_change",
        label="changed answers",
        unit="share",
        meaning="the greedy answer (after the task's filter) differs from the baseline's",
        source="answer",
        distance=True,
    ),
    Quantity(
        name="version_shift",
        label="routing shift between versions",
        unit="0 to 1",
        meaning="share of the question tokens' experts in `none` that differ from the baseline's, the same tokens",
        source="question",
        routed=True,
        distance=True,
    ),
    Quantity(
        name="signature_change",
        label="signature change",
        unit="0 to 1",
        meaning="1 - cosine of the question's routing signature in `none` to the baseline's, mean over layers",
        source="question",
        routed=True,
        distance=True,
    ),
)
"""At least 0 by construction, so they are compared with their minimum effect and never with 0."""
DISTANCES = tuple(quantity.name for quantity in BETWEEN_VERSIONS)
MEASURES: Mapping[str, Quantity] = {
    quantity.name: quantity for quantity in (*QUANTITIES, *BETWEEN_VERSIONS) if not quantity.descriptive
}
"""By name, as a policy names them."""
ALL_ARMS = "all arms"
"""The row of a document's mean over its arms: a change that every arm shares shows here first."""
