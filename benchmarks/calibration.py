"""`python -m benchmarks.calibration`: are the statistics of a report what they say? Writes docs/calibration.md.

Experiments are simulated with a known truth, and analysed by the package's own functions. Documents draw one wording each, at
random, as in a run. Each experiment has values of its own; those of a batch share the design and the draws, as the quantities
of a run do.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ride_eval.analysis import draws
from ride_eval.analysis.contrasts import CONTROL_CONTRASTS, NEUTRAL, Contrast
from ride_eval.analysis.families import false_discovery_rates
from ride_eval.analysis.frames import COLUMNS
from ride_eval.analysis.grid import Grid
from ride_eval.analysis.inference import BOOTSTRAP_DOCUMENTS
from ride_eval.analysis.links import Pairs, paired, permutation_p, rank_correlation
from ride_eval.analysis.spread import Spread, spread
from ride_eval.analysis.verdict import SAME_SIGN
from ride_eval.arms import STANDARD_ARMS

Array = NDArray[np.float64]
OUT = Path(__file__).parent.parent / "docs" / "calibration.md"
NOISES: dict[str, Callable[[np.random.Generator, tuple[int, ...]], Array]] = {
    "normal": lambda rng, shape: rng.standard_normal(shape),
    "heavy tails (t, 3 df)": lambda rng, shape: rng.standard_t(3, shape),
    "ties (rounded to whole SDs)": lambda rng, shape: np.round(rng.standard_normal(shape)),
    "skewed (exponential)": lambda rng, shape: rng.exponential(size=shape) - 1,
    "very skewed (lognormal)": lambda rng, shape: np.exp(rng.standard_normal(shape)) - math.exp(0.5),
}
"""Documents' noise, mean 0."""
BATCH = 50
"""Experiments that share a design and its draws."""
LINK_DRAWS = 999


@dataclass(frozen=True, kw_only=True)
class Design:
    """Documents of each task, and wordings."""

    tasks: tuple[int, ...] = (20, 20, 20)
    wordings: int = 5

    def __str__(self) -> str:
        return f"{sum(self.tasks)} documents, {len(self.tasks)} task{'s' * (len(self.tasks) > 1)}, {self.wordings} wordings"

    def draw(self, rng: np.random.Generator) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """(documents,) tasks and wordings."""
        task = np.repeat(np.arange(len(self.tasks)), self.tasks)
        return task, rng.integers(self.wordings, size=len(task))


STANDARD = Design()


def tested(
    values: Array, task: NDArray[np.intp], wording: NDArray[np.intp], rng: np.random.Generator
) -> tuple[Spread, Array, Array]:
    """(documents, experiments) differences -> their spread, p of the mean and p of exchangeability, as `contrasts` has them."""
    found = spread(values, task, wording, np.arange(len(values)))
    t = found.effect / found.error
    drawn = draws.bootstrap_t(values, task, wording, found, rng) if len(values) >= BOOTSTRAP_DOCUMENTS else None
    p = draws.two_sided_p(t, found.freedom, drawn)
    return found, p, draws.flip_p(values, task, found.effect, rng)


def effects(design: Design, noise: str, between: float, n: int, seed: int) -> dict[str, float]:
    """Shares of p below 0.05 over n null experiments: of the mean (1 - coverage of its interval), and of exchangeability."""
    rng = np.random.default_rng(seed)
    means, swaps = [], []
    for first in range(0, n, BATCH):
        width = min(BATCH, n - first)
        task, wording = design.draw(rng)
        values = NOISES[noise](rng, (len(task), width)) * (1 + 0.5 * task[:, None])
        values += between * rng.standard_normal((design.wordings, width))[wording]
        _, p, exchangeable = tested(values, task, wording, rng)
        means.append(p)
        swaps.append(exchangeable)
    return {name: float((np.concatenate(p) < 0.05).mean()) for name, p in (("mean", means), ("swap", swaps))}


def verdicts(noise: str, between: float, n: int, seed: int) -> dict[str, float]:
    """Null experiments with seven arms and five primary quantities, all arms moved by their own wordings.

    Per experiment one family of 25. Share of effects that the three-part rule claims, and of experiments in which it claims
    any.
    """
    rng = np.random.default_rng(seed)
    quantities = 5
    claimed = []
    for _ in range(n):
        task, wording = STANDARD.draw(rng)
        arms = {arm: NOISES[noise](rng, (len(task), quantities)) for arm in STANDARD_ARMS}
        for arm in STANDARD_ARMS[1:]:
            arms[arm] += between * rng.standard_normal((STANDARD.wordings, quantities))[wording]
        columns = np.concatenate([arms[c.arm] - arms[c.control] for c in (*CONTROL_CONTRASTS, NEUTRAL)], axis=1)
        control = len(CONTROL_CONTRASTS) * quantities
        found = spread(columns, task, wording, np.arange(len(task)))
        t = found.effect / found.error
        drawn = draws.bootstrap_t(columns[:, :control], task, wording, _first(found, control), rng)
        p = draws.two_sided_p(t[:control], found.freedom[:control], drawn)
        effect = found.effect[:control]
        same = np.nanmean(found.wording_effects[:, :control] * np.sign(effect) > 0, axis=0)
        floor = np.tile(found.wording_deviation[control:], len(CONTROL_CONTRASTS))
        claimed.append((false_discovery_rates(p) < 0.05) & (same >= SAME_SIGN) & (np.abs(effect) > floor))
    return {"effects": float(np.mean(claimed)), "experiments": float(np.mean(np.any(claimed, axis=1)))}


def _first(found: Spread, columns: int) -> Spread:
    return Spread(**{name: value[..., :columns] for name, value in vars(found).items()})


@dataclass(frozen=True, kw_only=True)
class Simulated:
    """A run: (documents,) tasks and wordings, (documents, arms) densities and certainties, (documents,) lengths of question
    and answer."""

    task: NDArray[np.intp]
    wording: NDArray[np.intp]
    density: Array
    certainty: Array
    question: Array
    answer: Array

    def pairs(self, design: Design) -> Pairs:
        """What `links.paired` makes of it (test_benchmarks compares)."""
        index = [[STANDARD_ARMS.index(arm) for arm in contrast] for contrast in CONTROL_CONTRASTS]
        x, y = (np.stack([of[:, a] - of[:, b] for a, b in index], 1) for of in (self.density, self.certainty))
        stratum = np.unique(self.task * design.wordings + self.wording, return_inverse=True)[1]
        return Pairs(np.round(x, 12), np.round(y, 12), stratum, np.stack([self.question, np.log(self.answer)], 1))

    def frame(self) -> pd.DataFrame:
        """The same as `Run.documents`."""
        n, arms = self.density.shape
        rows = {
            "task": np.repeat([f"task {t}" for t in self.task], arms),
            "document": np.repeat([f"{i:04}" for i in range(n)], arms),
            "occurrence": 0,
            "arm": np.tile(STANDARD_ARMS, n),
            "wording": np.repeat(self.wording, arms),
            **dict.fromkeys(COLUMNS, math.nan),
            "density": self.density.ravel(),
            "forced_entropy": -self.certainty.ravel(),
            "meta_length": 9.0,
            "meta_unit": "tokens",
            "aligned_tokens": np.repeat(self.question, arms),
            "answer_tokens": np.repeat(self.answer, arms),
            "keyword_tokens": 1.0,
            "reason": None,
        }
        return pd.DataFrame(rows)


def simulated(rng: np.random.Generator, design: Design, rho: float, noise: str, between: float, shared_none: bool) -> Simulated:
    """Arms' own densities and certainties, whose ranks correlate by rho within a document; wordings and tasks that move both.

    `shared_none`: what `none` has of both is one number, as if one noisy pass had made it.
    """
    task, wording = design.draw(rng)
    n = len(task)
    pearson = 2 * math.sin(math.pi * rho / 6)
    first, second = (NOISES[noise](rng, (n, len(STANDARD_ARMS))) for _ in range(2))
    certainty = pearson * first + math.sqrt(1 - pearson**2) * second
    by_wording = between * rng.standard_normal((len(design.tasks), design.wordings, len(STANDARD_ARMS)))
    by_task = 2 * between * rng.standard_normal((len(design.tasks), len(STANDARD_ARMS)))
    moved = by_wording[task, wording] + by_task[task]
    density, certainty = first + moved, certainty + moved
    if shared_none:
        certainty[:, 0] = density[:, 0]
    question, answer = rng.integers(5, 60, n).astype(np.float64), rng.integers(2, 40, n).astype(np.float64)
    return Simulated(task=task, wording=wording, density=density, certainty=certainty, question=question, answer=answer)


LINK_COLUMNS = ["density", "forced_entropy", "choice_entropy", "aligned_tokens", "answer_tokens"]


def links(
    design: Design,
    rho: float,
    noise: str,
    between: float,
    n: int,
    seed: int,
    *,
    shared_none: bool = False,
    partial: bool = False,
) -> dict[str, float]:
    """Mean and SD of the estimates, coverage of the interval, share of permutation p below 0.05, and the mean through `none`.

    With `shared_none` the pairs come from a frame by `links.paired`, as in a report.
    """
    rng = np.random.default_rng(seed)
    truth = planted(rho, noise)
    values, covered, small, through = [], [], [], []
    for _ in range(n):
        run = simulated(rng, design, rho, noise, between, shared_none)
        pairs = run.pairs(design)
        if shared_none:
            grid = Grid(run.frame(), LINK_COLUMNS)
            pairs = paired(grid, "density")
            others = [Contrast(arm, "none") for arm in STANDARD_ARMS[1:]]
            through.append(rank_correlation(paired(grid, "density", others)).value)
        found = rank_correlation(pairs, partial=partial)
        values.append(found.value)
        covered.append(found.low <= truth <= found.high)
        if not partial:
            small.append(permutation_p(pairs, rng, LINK_DRAWS) < 0.05)
    return {
        "mean": float(np.mean(values)),
        "sd": float(np.std(values)),
        "truth": truth,
        "covered": float(np.mean(covered)),
        "p": float(np.mean(small)) if small else math.nan,
        "through none": float(np.mean(through)) if through else math.nan,
    }


def planted(rho: float, noise: str) -> float:
    """The rank correlation of differences: rho for normal noise, else from a million of them (ties need their normaliser)."""
    if rho == 0 or noise == "normal":
        return rho
    rng = np.random.default_rng(0)
    pearson = 2 * math.sin(math.pi * rho / 6)
    first, second = (NOISES[noise](rng, (1_000_000, 2)) for _ in range(2))
    certainty = pearson * first + math.sqrt(1 - pearson**2) * second
    pair = pd.DataFrame({"x": first[:, 0] - first[:, 1], "y": certainty[:, 0] - certainty[:, 1]}).round(9)
    return float(pair.corr(method="spearman").loc["x", "y"])  # type: ignore[arg-type]


def share(value: float, n: int) -> str:
    """A share in per cent with its binomial standard error."""
    return f"{value:.1%} \u00b1 {math.sqrt(value * (1 - value) / n):.1%}"


EFFECTS: tuple[tuple[Design, str, float], ...] = (
    *((STANDARD, noise, between) for noise in NOISES for between in (0.0, 0.3, 1.5)),
    (Design(tasks=(10, 10, 10)), "normal", 0.0),
    (Design(tasks=(10, 10, 10)), "normal", 1.0),
    (Design(tasks=(10, 10, 10)), "very skewed (lognormal)", 0.0),
    (Design(tasks=(24,)), "normal", 0.3),
    (Design(tasks=(60,), wordings=6), "normal", 0.3),
    (Design(wordings=3), "normal", 0.3),
    (Design(wordings=2), "normal", 0.3),
    (Design(tasks=(100, 100, 100)), "very skewed (lognormal)", 0.0),
    (Design(tasks=(100, 100, 100)), "very skewed (lognormal)", 0.3),
)
VERDICTS = (("normal", 0.0), ("normal", 0.3), ("normal", 1.5), ("heavy tails (t, 3 df)", 0.3), ("very skewed (lognormal)", 0.0))
LARGE = Design(tasks=(67, 67, 66))
LINKS: tuple[tuple[str, Design, float, str, float, dict[str, bool]], ...] = (
    ("null", STANDARD, 0.0, "normal", 0.0, {}),
    ("null; wordings and tasks move both", STANDARD, 0.0, "normal", 1.5, {}),
    ("null; heavy tails", STANDARD, 0.0, "heavy tails (t, 3 df)", 0.3, {}),
    ("null; ties", STANDARD, 0.0, "ties (rounded to whole SDs)", 0.3, {}),
    ("null; very skewed", STANDARD, 0.0, "very skewed (lognormal)", 0.3, {}),
    ("null; `none` shared", STANDARD, 0.0, "normal", 0.3, {"shared_none": True}),
    ("null; partial", STANDARD, 0.0, "normal", 0.3, {"partial": True}),
    ("planted", STANDARD, 0.4, "normal", 0.3, {}),
    ("planted", LARGE, 0.4, "normal", 0.3, {}),
    ("planted; wordings and tasks move both", LARGE, 0.4, "normal", 1.5, {}),
    ("planted; ties", LARGE, 0.4, "ties (rounded to whole SDs)", 0.3, {}),
    ("planted; partial", LARGE, 0.4, "normal", 0.3, {"partial": True}),
    ("null", Design(tasks=(60,), wordings=1), 0.0, "normal", 0.0, {}),
)


def effect_rows(n: int, run: Callable[..., Any]) -> list[str]:
    found = list(run(effects, [(*case, n, i) for i, case in enumerate(EFFECTS)]))
    return [
        f"| {design} | {noise} | {between} | {share(row['mean'], n)} | {share(1 - row['mean'], n)} | {share(row['swap'], n)} |"
        for (design, noise, between), row in zip(EFFECTS, found, strict=True)
    ]


def verdict_rows(n: int, run: Callable[..., Any]) -> list[str]:
    found = list(run(verdicts, [(*case, n, 100 + i) for i, case in enumerate(VERDICTS)]))
    return [
        f"| {noise} | {between} | {row['effects']:.2%} | {share(row['experiments'], n)} |"
        for (noise, between), row in zip(VERDICTS, found, strict=True)
    ]


def link_rows(n: int, run: Callable[..., Any]) -> list[str]:
    found = list(run(_link, [(case, n, 200 + i) for i, case in enumerate(LINKS)]))
    rows = []
    for (what, design, *_), row in zip(LINKS, found, strict=True):
        p = share(row["p"], n) if math.isfinite(row["p"]) else "\u2013"
        through = f" (through `none`: {row['through none']:.2f})" if math.isfinite(row["through none"]) else ""
        error = row["sd"] / math.sqrt(n)
        rows.append(
            f"| {what} | {design} | {row['truth']:.3f} | {row['mean']:.3f} \u00b1 {error:.3f}{through} "
            f"| {row['sd']:.3f} | {share(row['covered'], n)} | {p} |"
        )
    return rows


def _link(case: tuple[str, Design, float, str, float, dict[str, bool]], n: int, seed: int) -> dict[str, float]:
    _, design, rho, noise, between, options = case
    return links(design, rho, noise, between, n, seed, **options)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calibration", description=__doc__)
    parser.add_argument("--experiments", type=int, default=2000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args(arguments)
    n = options.experiments
    with ProcessPoolExecutor(options.jobs) as pool:

        def run(simulate: Callable[..., dict[str, float]], cases: list[tuple[Any, ...]]) -> list[dict[str, float]]:
            found = []
            for case, future in zip(cases, [pool.submit(simulate, *case) for case in cases], strict=True):
                found.append(future.result())
                print(simulate.__name__, *map(str, case), found[-1], file=sys.stderr, flush=True)
            return found

        tables = [rows(n, run) for rows in (effect_rows, verdict_rows, link_rows)]
    text = (Path(__file__).parent / "calibration.md").read_text(encoding="utf-8")
    for name, rows in zip(("EFFECTS", "VERDICTS", "LINKS"), tables, strict=True):
        text = text.replace(f"@{name}@", "\n".join(rows))
    options.out.write_text(text.replace("@EXPERIMENTS@", f"{n:,}"), encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
