"""The probes of a run: chosen by name, set up for a batch, entered together, and read as table rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from ride_eval.errors import ProbeError, UsageError
from ride_eval.probes.anatomy import Anatomy, dissect
from ride_eval.probes.attention import AttentionProbe
from ride_eval.probes.decoding import DecodingProbe
from ride_eval.probes.density import DensityProbe
from ride_eval.probes.layout import FLAW, Layout
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

    passes: Passes
    density: DensityProbe | None
    routing: RoutingProbe | None
    attention: AttentionProbe | None
    decoding: DecodingProbe | None
    states_probe: StatesProbe | None
    wants_entropy: bool

    def branch(self, group: int) -> None:
        """From the next pass on, each row of the batch is `group` rows."""
        self.passes.branch(group)
        if self.decoding is not None:
            self.decoding.branch(group)

    def keep(self, places: torch.Tensor, chosen: torch.Tensor) -> None:
        """From the next pass on, only some of the rows (n,) are run; `chosen`: the last token of each that was there."""
        if self.decoding is not None:
            self.decoding.keep(places, chosen)
        self.passes.keep(places)

    @property
    def last(self) -> list[torch.Tensor]:
        """A list whose only member is always the last pass's log-probabilities, (rows, V)."""
        return self.decoding.last if self.decoding is not None else []

    def states(self) -> torch.Tensor:
        """(rows, tokens fed back, D) last hidden states; zeros behind an answer that left the batch."""
        if self.states_probe is None:
            raise ValueError("states were not asked for")
        return self.states_probe.states()

    def prompt_rows(self, n_rows: int) -> list[dict[str, Any]]:
        """Per measured row, the columns of the `prompts` table, and `experts` and `prompt_experts` for `routes`.

        A row that some probe could not measure has FLAW alone, which says why: one number of it may be wrong, so none is kept.
        """
        rows: list[dict[str, Any]] = [{} for _ in range(n_rows)]
        pending: list[tuple[str, Any, list[torch.Tensor]]] = []
        for name, probe in (("density", self.density), ("routing", self.routing), ("attention", self.attention)):
            if probe is None:
                continue
            try:
                pending.append((name, probe, probe.pending()))
            except ProbeError as error:
                _add(rows, name, [{FLAW: str(error)}] * n_rows)
        arrays = iter(to_host([tensor for _, _, part in pending for tensor in part]))
        for name, probe, part in pending:
            found = probe.rows([next(arrays) for _ in part])
            if len(found) != n_rows:
                found = [{FLAW: f"{len(found)} rows were measured, expected {n_rows}"}] * n_rows
            _add(rows, name, found)
        return rows


def _add(rows: list[dict[str, Any]], name: str, found: Sequence[dict[str, Any]]) -> None:
    for row, columns in zip(rows, found, strict=True):
        if FLAW in columns and FLAW not in row:
            row.clear()
            row[FLAW] = f"{name}: {columns[FLAW]}"
        elif FLAW not in row:
            row.update(columns)


class Bundle:
    """The probes a run asks for, attached to one model.

    Raises
    ------
    ProbeError
        Where a probe that was named, or any when none was, cannot attach.
    """

    def __init__(self, model: nn.Module, wanted: tuple[str, ...] | None, *, prompt_experts: bool = False) -> None:
        self.anatomy: Anatomy = dissect(model)
        self.problems = self._problems()
        """By probe, why there is nothing of it to measure; `all` leaves those out."""
        self.names = chosen = wanted if wanted is not None else tuple(name for name in PROBES if name not in self.problems)
        self._density = DensityProbe(self.anatomy) if "density" in chosen else None
        self._routing = RoutingProbe(self.anatomy, prompt_experts=prompt_experts) if "routing" in chosen else None
        self._attention = AttentionProbe(self.anatomy) if "attention" in chosen else None
        self._decoding = DecodingProbe(model)

    def _problems(self) -> dict[str, str]:
        problems = {"routing": self.anatomy.routing_problem, "attention": self.anatomy.attention_problem}
        return {name: problem for name, problem in problems.items() if problem is not None}

    @property
    def limits(self) -> dict[str, str]:
        """By probe, what a user may miss of this model, in a sentence; not that a dense model has no routing."""
        limits = {name: problem for name, problem in self.problems.items() if name != "routing" or self.anatomy.has_experts}
        density = self.anatomy.density_problem if "density" in self.names else None
        return limits | ({"density": density} if density is not None else {})

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
            passes = stack.enter_context(Passes(self.anatomy.model, layout.shape[0]))
            yield Reading(
                passes=passes,
                density=stack.enter_context(self._density.read(layout, passes)) if self._density else None,
                routing=stack.enter_context(self._routing.read(layout, passes)) if self._routing else None,
                attention=stack.enter_context(self._attention.read(layout, passes)) if self._attention else None,
                decoding=stack.enter_context(self._decoding.read(passes)) if decoding else None,
                states_probe=stack.enter_context(StatesProbe(self.anatomy.model).read(passes)) if states else None,
                wants_entropy="entropy" in self.names,
            )
