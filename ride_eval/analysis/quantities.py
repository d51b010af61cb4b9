"""What is compared across arms: one entry a quantity, each a column of `Run.documents` (docs/metrics.md has the formulas)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Source = Literal["score", "question", "keywords", "answer", "choices", "samples"]


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """One number a document has under an arm."""

    name: str
    """Its column."""
    label: str
    unit: str
    meaning: str
    source: Source
    """What it is taken from. A prompt's `reason` explains a missing `question` or `keywords` value; of the others, only
    truncation does."""
    primary: bool = False
    """One of the few a claim may rest on; all others are exploratory."""
    routed: bool = False
    """Exists in mixture-of-experts models only."""
    distance: bool = False
    """A distance from `none`, at least 0 by construction: compared between an arm and its control, never with 0."""
    descriptive: bool = False
    """Shown for each arm and never compared: the arm's length alone moves it."""
    decimals: int = 3
    """Digits after the point, where the interval does not ask for more."""

    @property
    def noisy(self) -> bool:
        """Taken from a few sampled answers: differences of such numbers are mostly noise."""
        return self.source == "samples"


QUANTITIES = (
    Quantity(name="correct", label="correct", unit="share", meaning="the task's own score of the answer", source="score"),
    Quantity(
        name="density",
        label="density",
        unit="0 to 1",
        meaning="1 - Hoyer sparsity of the feed-forward activations, early and middle layers; higher is denser",
        source="question",
        primary=True,
    ),
    Quantity(
        name="forced_entropy",
        label="forced entropy",
        unit="nats",
        meaning="mean token entropy over `none`'s greedy answer, the same text in every arm; higher is less certain",
        source="answer",
        primary=True,
    ),
    Quantity(
        name="choice_entropy",
        label="choice entropy",
        unit="0 to 1",
        meaning="entropy over the offered choices by ln of their number; higher is less certain",
        source="choices",
        primary=True,
    ),
    Quantity(
        name="keyword_share",
        label="keyword share",
        unit="0 to 1",
        meaning="share of the last prompt token's attention to the question that its domain keywords get",
        source="keywords",
        primary=True,
    ),
    Quantity(
        name="routing_shift",
        label="routing shift",
        unit="0 to 1",
        meaning="share of the question tokens' experts that differ from `none`'s",
        source="question",
        primary=True,
        routed=True,
        distance=True,
    ),
    Quantity(
        name="participation_mlp",
        label="participation",
        unit="1/n to 1",
        meaning="participation ratio of the same activations as density; higher is denser",
        source="question",
    ),
    Quantity(
        name="density_resid",
        label="residual density",
        unit="0 to 1",
        meaning="1 - Hoyer sparsity of the residual stream, early and middle layers",
        source="question",
    ),
    Quantity(
        name="router_entropy",
        label="router entropy",
        unit="nats",
        meaning="entropy of the full router distribution, mean over mixture-of-experts layers",
        source="question",
        routed=True,
    ),
    Quantity(
        name="token_entropy",
        label="token entropy",
        unit="nats",
        meaning="mean token entropy over the arm's own greedy answer",
        source="answer",
    ),
    Quantity(
        name="first_token_entropy",
        label="first-token entropy",
        unit="nats",
        meaning="entropy of the first answer token",
        source="answer",
    ),
    Quantity(
        name="answer_tokens",
        label="answer length",
        unit="tokens",
        meaning="length of the arm's own greedy answer",
        source="answer",
        decimals=1,
    ),
    Quantity(
        name="choice_margin",
        label="choice margin",
        unit="0 to 1",
        meaning="probability of the best choice minus that of the second best",
        source="choices",
    ),
    Quantity(
        name="keyword_lift",
        label="keyword lift",
        unit="ratio",
        meaning="keyword share by the keywords' share of the question's tokens; 1 is no more than their number",
        source="keywords",
    ),
    Quantity(
        name="meta_mass",
        label="attention to the arm's text",
        unit="0 to 1",
        meaning="share of the last prompt token's attention that the arm's text gets",
        source="question",
        descriptive=True,
    ),
    Quantity(
        name="semantic_variation",
        label="semantic variation",
        unit="0 to 2",
        meaning="1 - mean pairwise cosine of the sampled answers' embeddings",
        source="samples",
    ),
    Quantity(
        name="answer_agreement",
        label="answer agreement",
        unit="share",
        meaning="share of the sampled answers that are the most frequent one",
        source="samples",
    ),
    Quantity(
        name="cluster_entropy",
        label="cluster entropy",
        unit="nats",
        meaning="entropy of the shares of equivalent sampled answers",
        source="samples",
    ),
    Quantity(
        name="sequence_entropy",
        label="sequence entropy",
        unit="nats",
        meaning="- mean log-probability of the sampled answers",
        source="samples",
        decimals=2,
    ),
    Quantity(
        name="normalized_sequence_entropy",
        label="sequence entropy per token",
        unit="nats",
        meaning="- mean log-probability per token of the sampled answers",
        source="samples",
    ),
    Quantity(
        name="flip",
        label="flips",
        unit="share",
        meaning="the greedy answer differs from `none`'s",
        source="answer",
        distance=True,
    ),
)
BY_NAME = {quantity.name: quantity for quantity in QUANTITIES}
