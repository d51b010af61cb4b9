"""The probes of a run: chosen by name, set up for a batch, entered together, and read as table rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from ride_eval.errors import UsageError
from ride_eval.probes.anatomy import Anatomy, dissect
from ride_eval.probes.attention import AttentionProbe, cannot_attach
from ride_eval.probes.decoding import DecodingProbe
from ride_eval.probes.density import DensityProbe
from ride_eval.probes.layout import Layout
from ride_eval.probes.passes import Passes
from ride_eval.probes.routing import LeadingRouting, RoutingProbe
from ride_eval.probes.states import StatesProbe
from ride_eval.probes.transfer import to_host

PROBES = ("routing", "density", "attention", "entropy")


def parse_probes(given: str) -> tuple[str, ...] | None:
    """Names joined by +, or None for `all`: all that the model has. Raises UsageError."""
    if given == "all":
        return None
    names = tuple(str(given).split("+"))
    unknown = [name for name in names if name not in PROBES]
    if unknown:
        raise UsageError(
            f"Unknown probe {unknown[0]!r} in probes={given}. Give all, or names of {', '.join(PROBES)} joined by +."
        )
    return names


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The probes of one batch, after its forward passes."""

    density: DensityProbe | None
    routing: RoutingProbe | None
    attention: AttentionProbe | None
    decoding: DecodingProbe | None
    states_probe: StatesProbe | None
    wants_entropy: bool

    def branch(self, group: int) -> None:
        """From the next pass on, each row of the batch is `group` rows."""
        if self.decoding is not None:
            self.decoding.branch(group)
        if self.routing is not None:
            self.routing.branch(group)

    @property
    def last(self) -> list[torch.Tensor]:
        """A list whose only member is always the last pass's log-probabilities, (rows, V)."""
        return self.decoding.last if self.decoding is not None else []

    def states(self) -> torch.Tensor:
        """(rows, tokens fed back, D) last hidden states."""
        if self.states_probe is None:
            raise ValueError("states were not asked for")
        return self.states_probe.states()

    def prompt_rows(self, n_rows: int) -> list[dict[str, Any]]:
        """Per measured row, the columns of the `prompts` table, and `experts` and `prompt_experts` for `routes`."""
        rows: list[dict[str, Any]] = [{} for _ in range(n_rows)]
        probes = [probe for probe in (self.density, self.routing, self.attention) if probe is not None]
        pending = [probe.pending() for probe in probes]
        arrays = iter(to_host([tensor for part in pending for tensor in part]))
        for probe, part in zip(probes, pending, strict=True):
            for row, columns in zip(rows, probe.rows([next(arrays) for _ in part]), strict=True):
                row.update(columns)
        return rows


class Bundle:
    """The probes a run asks for, attached to one model.

    Raises
    ------
    ProbeError
        Where a probe that was named, or any when none was, cannot attach.
    """

    def __init__(self, model: nn.Module, wanted: tuple[str, ...] | None, *, prompt_experts: bool = False) -> None:
        self.anatomy: Anatomy = dissect(model)
        self.names = chosen = wanted if wanted is not None else tuple(name for name in PROBES if self._has(name))
        self._density = DensityProbe(self.anatomy) if "density" in chosen else None
        self._routing = RoutingProbe(self.anatomy, prompt_experts=prompt_experts) if "routing" in chosen else None
        self._attention = AttentionProbe(self.anatomy) if "attention" in chosen else None
        self._decoding = DecodingProbe(model)

    def _has(self, name: str) -> bool:
        """Whether `all` includes a probe: what the model does not have is left out, what cannot attach is an error."""
        if name == "routing":
            return bool(self.anatomy.routed)
        return name != "attention" or cannot_attach(self.anatomy) is None

    @contextmanager
    def routes_only(self) -> Iterator[LeadingRouting | None]:
        """While entered, where all tokens are sent is read, and nothing else; None where routing is not measured."""
        if self._routing is None:
            yield None
            return
        with LeadingRouting(self.anatomy) as probe:
            yield probe

    @contextmanager
    def attached(self, layout: Layout, *, decoding: bool, states: bool = False) -> Iterator[Reading]:
        """Hooks on the model while entered; none before or after, whatever happens inside.

        `decoding` reads every pass's logits, which sampling needs too; `states` keeps the answers' hidden states.
        """
        with ExitStack() as stack:
            passes = stack.enter_context(Passes(self.anatomy.model))
            yield Reading(
                density=stack.enter_context(self._density.read(layout, passes)) if self._density else None,
                routing=stack.enter_context(self._routing.read(layout, passes)) if self._routing else None,
                attention=stack.enter_context(self._attention.read(layout, passes)) if self._attention else None,
                decoding=stack.enter_context(self._decoding.read()) if decoding else None,
                states_probe=stack.enter_context(StatesProbe(self.anatomy.model).read(passes)) if states else None,
                wants_entropy="entropy" in self.names,
            )
