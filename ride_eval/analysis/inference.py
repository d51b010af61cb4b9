"""Intervals and p-values of many columns of differences at once, by the same draws."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from ride_eval.analysis import draws
from ride_eval.analysis.grid import Array, Grid
from ride_eval.analysis.intervals import CONFIDENCE
from ride_eval.analysis.spread import Spread, spread

Method = Literal["t", "bootstrap-t"]
BOOTSTRAP_DOCUMENTS = 50
"""From here on intervals come from a bootstrap of t, but are never narrower than Student's, which they come from below."""
MIN_DRAWS = 0.99
"""Share of the draws that must have a t: where few documents differ at all, many draws hold none of them."""
_ROUNDING = 1e-9


def grid_spread(grid: Grid, cells: Array) -> Spread:
    """`spread` of (cells, columns) differences of a grid's cells."""
    task = grid.document_task[grid.cell_document]
    return spread(cells, task, grid.cell_wording, grid.cell_document)


class Inference:
    """Standard errors, draws and p-values of all columns (cells, columns)."""

    def __init__(self, grid: Grid, cells: Array, seed: int, *, tested: bool) -> None:
        self.tested = tested
        self.spread = found = grid_spread(grid, cells)
        self.by_document = by_document = grid.document_means(cells)
        task = grid.document_task
        flips, boots = (np.random.default_rng([seed, stream]) for stream in (0, 1))
        self.p_exchangeable = np.full(cells.shape[1], np.nan)
        if tested:
            self.p_exchangeable = draws.flip_p(by_document, task, found.effect, flips)
        tiny = ~(found.error > _ROUNDING * found.document_error)
        self.over_wordings = np.isfinite(found.error) & ~tiny
        self.error = np.where(self.over_wordings, found.error, found.document_error)
        self.freedom = np.where(self.over_wordings, found.freedom, found.document_freedom)
        self.bootstrapped = self.over_wordings & found.nested & (found.n >= BOOTSTRAP_DOCUMENTS)
        self.t = np.full((draws.BOOTSTRAPS, cells.shape[1]), np.nan)
        chosen = np.flatnonzero(self.bootstrapped)
        if len(chosen):
            # Each document has one wording here: that of its cell.
            wording = np.zeros(grid.documents, dtype=np.intp)
            wording[grid.cell_document] = grid.cell_wording
            own = grid_spread(grid, cells[:, chosen])
            self.t[:, chosen] = draws.bootstrap_t(by_document[:, chosen], task, wording, own, boots)
            self.bootstrapped &= np.isfinite(self.t).mean(0) >= MIN_DRAWS

    def interval(self, column: int) -> tuple[float, float, float, Method]:
        """Low, high, p and the method."""
        from scipy.special import stdtrit  # here, because importing scipy takes longer than --help may

        effect, error, freedom = (float(x[column]) for x in (self.spread.effect, self.error, self.freedom))
        t = np.array([effect / error])
        half = float(stdtrit(freedom, (1 + CONFIDENCE) / 2))
        if not self.bootstrapped[column]:
            p = draws.two_sided_p(t, np.array([freedom]))
            return effect - half * error, effect + half * error, float(p[0]), "t"
        drawn = self.t[np.isfinite(self.t[:, column]), column]
        p = draws.two_sided_p(t, np.array([freedom]), drawn[:, None])
        # The k-th smallest and largest, so that p < 0.05 exactly where the interval excludes 0.
        k = math.floor((1 - CONFIDENCE) / 2 * (len(drawn) + 1))
        above, below = max(half, float(drawn[-k])), min(-half, float(drawn[k - 1]))
        return effect - above * error, effect - below * error, float(p[0]), "bootstrap-t"
