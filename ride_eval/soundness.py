"""What a measured number must be to be kept, and how many prompts may fail before the run does.

A probe says itself what it could not measure (`probes.layout.FLAW`); here is what holds of answers and choices. What fails is
stored as null with a reason, counted in status.json and in the report, and never as a number.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

MAX_SHARE = 0.01
"""Of the prompts asked for. A single NaN of a night is reported; more of them are a broken model or a broken probe."""
ROUNDING = 1e-3
_FAILED = "check failed: "


def failed(flaw: str) -> str:
    """The `reason` of a row that failed a check."""
    return _FAILED + flaw


def is_failed(reason: object) -> bool:
    """Whether a stored `reason` is that of a failed check."""
    return isinstance(reason, str) and reason.startswith(_FAILED)


def too_many(flawed: int, asked: int) -> bool:
    """Whether so many prompts of those asked for are more than MAX_SHARE."""
    return flawed > MAX_SHARE * asked


def unsound_answer(entropies: NDArray[np.float32], logprobs: NDArray[np.float32]) -> str | None:
    """What is wrong with an answer's values, (n,) nats each; None if nothing is."""
    if len(entropies) != len(logprobs):
        return f"entropy: {len(entropies)} entropies and {len(logprobs)} log-probabilities of one answer"
    if not (np.isfinite(entropies).all() and np.isfinite(logprobs).all()):
        return "entropy: an answer token's entropy or log-probability is not finite"
    if (entropies < -ROUNDING).any() or (logprobs > ROUNDING).any():
        return "entropy: an answer token has an entropy below 0 or a probability above 1"
    return None


def unsound_choice(loglikelihood: float) -> str | None:
    """What is wrong with a choice's log-likelihood, in nats; None if nothing is."""
    if not math.isfinite(loglikelihood):
        return "choice: a log-likelihood is not finite"
    return f"choice: a log-likelihood is {loglikelihood:.4g}, a probability above 1" if loglikelihood > ROUNDING else None
