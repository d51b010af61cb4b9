"""Numbers of the page: each stands in a `<data>` element that names its place in the JSON report, as a JSON pointer (RFC 6901,
percent-encoded), and its full value.

So a reader can look any number up, and a test compares them all.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from ride_eval.analysis.intervals import Estimate
from ride_eval.report.text import NOTHING, interval, number, probability

_DATA = Markup('<data value="{value}" data-path="{path}"{scale}>{shown}</data>')


class Marks:
    """Knows where in the JSON each object of the findings lies."""

    def __init__(self, **roots: Any) -> None:
        """Roots by their key in the JSON: `models=findings.models`."""
        self._kept = roots  # ids are those of living objects only
        self._paths: dict[int, str] = {}
        for name, root in roots.items():
            for path, value in _walk(root, f"/{name}"):
                self._paths.setdefault(id(value), path)

    def path(self, owner: object) -> str:
        """KeyError for what is not part of the findings."""
        return self._paths[id(owner)]

    def value(self, owner: object, name: str, decimals: int = 0, *, percent: bool = False) -> Markup | str:
        """A field of a dataclass that is part of the findings; as a percentage if wanted."""
        given = getattr(owner, name)
        if given is None or not math.isfinite(given):
            return NOTHING
        shown = number(100 * given if percent else given, decimals)
        return self._data(f"{self.path(owner)}/{name}", given, shown, percent=percent)

    def item(self, owner: object, name: str, key: str | int, given: float) -> Markup:
        """A whole number in a mapping or sequence of a dataclass."""
        return self._data(f"{self.path(owner)}/{name}/{_token(key)}", given, str(given))

    def shown(self, owner: object, name: str, shown: str) -> Markup | str:
        """A field whose text was made elsewhere, such as a p-value."""
        given = getattr(owner, name)
        return shown if shown == NOTHING else self._data(f"{self.path(owner)}/{name}", given, shown)

    def test(self, owner: object, names: Sequence[str] = ("p", "q")) -> Markup:
        """`p=0.004 q=0.03` of an effect or a link, in elements of their own; empty without a test."""
        found = [(name, value) for name in names if math.isfinite(value := getattr(owner, name))]
        parts = (Markup("{}={}").format(name, self.shown(owner, name, probability(value))) for name, value in found)
        return Markup('<span class="test">{}</span>').format(Markup(" ").join(parts)) if found else Markup("")

    def estimate(self, estimate: Estimate, decimals: int, *, percent: bool = False, unit: str = "") -> Markup | str:
        """`-0.012 [-0.020, -0.004] n=120`, in elements of their own; a unit before the n."""
        given = estimate
        if percent:
            given = Estimate(
                value=100 * estimate.value,
                low=100 * estimate.low,
                high=100 * estimate.high,
                n=estimate.n,
                reason=estimate.reason,
            )
        value, bounds, n = interval(given, decimals)
        if value == NOTHING:
            return NOTHING
        path = self.path(estimate)
        parts = [self._data(f"{path}/value", estimate.value, value, percent=percent)]
        if bounds:
            low, high = bounds.strip("[]").split(", ")
            ends = (
                self._data(f"{path}/{name}", getattr(estimate, name), shown, percent=percent)
                for name, shown in (("low", low), ("high", high))
            )
            parts.append(Markup('<span class="ci">[{}, {}]</span>').format(*ends))
        if unit:
            parts.append(Markup('<span class="unit">{}</span>').format(unit))
        if n:
            parts.append(Markup('<span class="n">n={}</span>').format(self._data(f"{path}/n", estimate.n, str(estimate.n))))
        return Markup('<span class="est">{}</span>').format(Markup(" ").join(parts))

    @staticmethod
    def _data(path: str, given: float, shown: str, *, percent: bool = False) -> Markup:
        return _DATA.format(value=repr(given), path=path, scale=Markup(' data-scale="100"') if percent else "", shown=shown)


def _walk(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield path, value
        for field in dataclasses.fields(value):
            yield from _walk(getattr(value, field.name), f"{path}/{field.name}")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _walk(item, f"{path}/{_token(key)}")
    elif isinstance(value, (list, tuple)):
        for place, item in enumerate(value):
            yield from _walk(item, f"{path}/{place}")


def _token(key: object) -> str:
    return quote(str(key).replace("~", "~0").replace("/", "~1"), safe="~", errors="backslashreplace")
