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
    absent: str | None = None
    """Why a document that was measured may still lack it: nothing went wrong."""
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
        name="gini_mlp",
        label="Gini index",
        unit="0 to 1",
        meaning="Gini index of the same activations as density; higher is sparser",
        source="question",
    ),
    Quantity(
        name="top10_energy_mlp",
        label="top-10 % energy",
        unit="0.1 to 1",
        meaning="share of the energy of the same activations as density in a tenth of the values; higher is sparser",
        source="question",
    ),
    Quantity(
        name="near_zero_mlp",
        label="near zero",
        unit="0 to 1",
        meaning="share of the same activations as density below a tenth of their root mean square; higher is sparser",
        source="question",
    ),
    *(
        Quantity(
            name=f"density_{band}",
            label=f"density, {band} layers",
            unit="0 to 1",
            meaning=f"density of the {band} third of the layers",
            source="question",
        )
        for band in ("early", "middle", "late")
    ),
    Quantity(
        name="density_resid",
        label="residual density",
        unit="0 to 1",
        meaning="1 - Hoyer sparsity of the residual stream, early and middle layers",
        source="question",
    ),
    Quantity(
        name="participation_resid",
        label="residual participation",
        unit="1/n to 1",
        meaning="participation ratio of the residual stream, early and middle layers; higher is denser",
        source="question",
    ),
    Quantity(
        name="gini_resid",
        label="residual Gini index",
        unit="0 to 1",
        meaning="Gini index of the residual stream, early and middle layers; higher is sparser",
        source="question",
    ),
    Quantity(
        name="top10_energy_resid",
        label="residual top-10 % energy",
        unit="0.1 to 1",
        meaning="share of the residual stream's energy in a tenth of its values, early and middle layers; higher is sparser",
        source="question",
    ),
    Quantity(
        name="near_zero_resid",
        label="residual near zero",
        unit="0 to 1",
        meaning="share of near-zero values of the residual stream, early and middle layers; higher is sparser",
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
        name="router_margin",
        label="router margin",
        unit="0 to 1/k",
        meaning="gap between the last chosen and the first other expert's probability; higher is more decided",
        source="question",
        routed=True,
    ),
    Quantity(
        name="effective_experts",
        label="effective experts",
        unit="experts",
        meaning="exp of the entropy of the question's selections, mean over mixture-of-experts layers",
        source="question",
        routed=True,
        decimals=2,
    ),
    Quantity(
        name="routing_cosine_shift",
        label="signature shift",
        unit="0 to 1",
        meaning="1 - cosine of the question's routing signature to `none`'s",
        source="question",
        routed=True,
        distance=True,
    ),
    Quantity(
        name="routing_js",
        label="routing divergence",
        unit="bits",
        meaning="Jensen-Shannon divergence of the question's routing signature from `none`'s",
        source="question",
        routed=True,
        distance=True,
    ),
    Quantity(
        name="wrong_domain_distance",
        label="distance from the wrong domain",
        unit="0 to 1",
        meaning="1 - cosine of the signature to the wrong domain's; right arm - wrong arm is the routing pull",
        source="question",
        routed=True,
        absent="no document of the wrong domain in the run",
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
        name="truncated",
        label="cut answers",
        unit="share",
        meaning="the greedy answer ended by the limit of new tokens",
        source="answer",
    ),
    Quantity(
        name="choice_margin",
        label="choice margin",
        unit="0 to 1",
        meaning="probability of the best choice minus that of the second best",
        source="choices",
    ),
    Quantity(
        name="choice_entropy_summed",
        label="choice entropy, summed",
        unit="0 to 1",
        meaning="the same from whole log-likelihoods, not per byte; nearly always 0",
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
        name="keyword_mass",
        label="attention to keywords",
        unit="0 to 1",
        meaning="share of the last prompt token's attention that the domain keywords get: falls with any text in front",
        source="keywords",
        descriptive=True,
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
        name="lexical_variation",
        label="lexical variation",
        unit="0 to 1",
        meaning="1 - mean pairwise ROUGE-L F1 of the sampled answers",
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
        name="semantic_entropy",
        label="semantic entropy",
        unit="nats",
        meaning="entropy over classes of equivalent sampled answers, weighted by likelihood",
        source="samples",
    ),
    *(
        Quantity(
            name=f"nli_{name}_entropy",
            label=f"{name} entropy, judged",
            unit="nats",
            meaning=f"{name} entropy over the classes that a model of language inference found",
            source="samples",
            absent="not judged by `ride-eval equivalence`",
        )
        for name in ("cluster", "semantic")
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
