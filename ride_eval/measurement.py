"""What travels through the harness with a response: the key and the scalars of a measurement.

A response is an ordinary `str` or log-likelihood pair that also holds its measurement, so gathering over processes, sample
logging and scoring work unchanged, and nothing is looked up by a global. Arrays never travel; they are in the run directory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ride_eval.store import Key


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """The scalars of one prompt, and where its arrays are."""

    key: Key
    run: str
    """Path of the run directory."""
    values: Mapping[str, float]
    """Every name the run's probes can give for such a prompt, NaN where there is no value."""
    sound: bool = True
    """Whether the answers' own probabilities are numbers; where not, nothing may be made of the answers either."""
    filter: str | None = None
    """The answer filter a filtered response went through."""

    def through(self, filter_name: str, *, with_values: bool) -> Measurement:
        """The measurement of a filtered response; only the first filter's keeps the scalars, which would else appear twice."""
        return replace(self, filter=filter_name, values=self.values if with_values else {})


class MeasuredText(str):
    """An answer with its measurement. Behaves as the plain text everywhere else."""

    measurement: Measurement | None

    def __new__(cls, text: str = "", measurement: Measurement | None = None) -> MeasuredText:
        self = super().__new__(cls, text)
        self.measurement = measurement
        return self

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (str(self), self.measurement))


class MeasuredPair(tuple[float, bool]):
    """A (log-likelihood, is greedy) pair with its measurement."""

    measurement: Measurement | None

    def __new__(cls, pair: tuple[float, bool] = (0.0, False), measurement: Measurement | None = None) -> MeasuredPair:
        self = super().__new__(cls, pair)
        self.measurement = measurement
        return self

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (tuple(self), self.measurement))


def measurement_of(response: object) -> Measurement | None:
    """The measurement a response carries, or None: the response of another model type, or one a filter made anew."""
    return getattr(response, "measurement", None)
