"""What an effect says in plain words, and whether it may be said."""

from __future__ import annotations

from ride_eval.analysis.contrasts import Contrast, Effect
from ride_eval.analysis.verdict import lacks

QUESTIONS = (
    (Contrast("tag", "tag_placebo"), "A route tag", "against a tag without meaning"),
    (Contrast("tag", "tag_wrong"), "The right tag", "against another domain's"),
    (Contrast("expert", "filler"), "An expert prompt", "against a neutral sentence"),
    (Contrast("expert", "expert_wrong"), "The right expert", "against another domain's"),
)
"""Contrasts of the first screen, and what they ask."""
SHORT = {
    Contrast("tag", "tag_placebo"): "tag \u2212 placebo tag",
    Contrast("tag", "tag_wrong"): "tag \u2212 wrong tag",
    Contrast("expert", "filler"): "expert \u2212 filler",
    Contrast("expert", "expert_wrong"): "expert \u2212 wrong expert",
    Contrast("expert", "tag"): "expert \u2212 tag",
}
WORDS = {
    "correct": ("more answers are right", "fewer answers are right"),
    "density": ("the inside is denser", "the inside is sparser"),
    "keyword_share": ("more attention to keywords: share", "less attention to keywords: share"),
    "forced_entropy": ("answers are less certain: entropy", "answers are more certain: entropy"),
    "choice_entropy": ("choices are less certain: entropy", "choices are more certain: entropy"),
    "semantic_variation": ("sampled answers vary more", "sampled answers vary less"),
    "routing_shift": ("tokens go to other experts more", "tokens go to other experts less"),
}
"""Of a rise and of a fall."""
SIDES = {
    "correct": ("fewer right", "more right"),
    "density": ("sparser", "denser"),
    "keyword_share": ("less", "more"),
    "forced_entropy": ("more certain", "less certain"),
    "choice_entropy": ("more certain", "less certain"),
    "semantic_variation": ("vary less", "vary more"),
    "routing_shift": ("moves less", "moves more"),
    "flip": ("fewer", "more"),
}
"""What the left and the right of a plot mean."""


def is_claim(effect: Effect) -> bool:
    """Whether an effect may be stated as found: the verdict's own rule, for every quantity and control contrast."""
    return effect.family is not None and bool(effect.estimate.n) and not lacks(effect)


def words(effect: Effect) -> str:
    """What a found effect says."""
    rise, fall = WORDS[effect.quantity]
    return rise if effect.estimate.value > 0 else fall


def contrast_label(contrast: Contrast) -> str:
    """As a row of a table is named, with a real minus sign."""
    return SHORT.get(contrast, f"{contrast.arm} \u2212 {contrast.control}")
