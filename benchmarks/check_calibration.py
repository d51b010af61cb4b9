"""`python -m benchmarks.check_calibration`: how often does `ride-eval check` cry wolf, and how often does it miss one?

Two versions are drawn that differ in every document and not on average (null), or of which the second has lost accuracy.
A document has its own chance of a right answer, from Beta(0.3, 0.2): most are nearly always or nearly never right, so that two
versions of equal accuracy disagree about 16 % of the documents. An arm keeps the answer of `none` in seven of ten documents.
Entropies are skewed (gamma, times log-normal noise of document and version, and of arm). Everything goes through
`analysis.regression.check`, with the default policy.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ride_eval.analysis.frames import COLUMNS
from ride_eval.analysis.regression.check import Check, check
from ride_eval.analysis.regression.comparison import Comparison
from ride_eval.analysis.regression.snapshot import Snapshot
from ride_eval.analysis.regression.verdict import FAILING
from ride_eval.arms import STANDARD_ARMS
from ride_eval.policy import default_policy
from ride_eval.store import METRIC_VERSION

HERE = Path(__file__).parent
KEPT = 0.7
"""Share of documents in which an arm's answer is `none`'s."""
SCORED = ("correct", "flip", "forced_entropy", "choice_entropy", "token_entropy", "density", "keyword_share")
Loss = dict[tuple[str, str], float]
"""(task, arm) -> share of accuracy lost."""


def versions(rng: np.random.Generator, tasks: dict[str, int], loss: Loss, missing: float) -> tuple[Snapshot, Snapshot]:
    """Two runs of the same documents; `missing`: share of the rows that each of them could not measure."""
    sides: list[list[pd.DataFrame]] = [[], []]
    for task, n in tasks.items():
        chance = rng.beta(0.3, 0.2, n)
        level = rng.gamma(1.5, 0.4, n)
        names = [f"{i:064x}" for i in range(n)]
        for side in range(2):
            own = rng.random(n) < chance
            noise = rng.normal(0.0, 0.3, n)
            doomed = np.ones(n)
            for arm in STANDARD_ARMS:
                again = rng.random(n) < chance
                kept = np.ones(n, dtype=bool) if arm == "none" else rng.random(n) < KEPT
                right = np.where(kept, own, again)
                if side:
                    # The same documents in every arm: what a model has forgotten it has forgotten behind any prefix.
                    draw = rng.random(n)
                    doomed = draw if arm == "none" else doomed
                    right &= ~(doomed < loss.get((task, arm), 0.0) / chance.mean())
                entropy = level * np.exp(noise + rng.normal(0.0, 0.2, n))
                values = dict.fromkeys(COLUMNS, np.full(n, np.nan))
                values["correct"] = right.astype(float)
                values["flip"] = np.full(n, np.nan) if arm == "none" else (~kept & (rng.random(n) < 0.5)).astype(float)
                if task.startswith("choice"):
                    values["choice_entropy"] = np.tanh(entropy)
                else:
                    values["forced_entropy"], values["token_entropy"] = entropy, entropy * np.exp(rng.normal(0.0, 0.1, n))
                values["density"] = 0.5 + 0.02 * rng.standard_normal(n) + 0.1 * noise
                values["keyword_share"] = rng.beta(2, 8, n)
                frame = pd.DataFrame(values)
                frame.loc[rng.random(n) < missing, list(SCORED)] = np.nan
                keys = {"task": task, "document": names, "occurrence": 0, "arm": arm, "wording": 0, "domain": "d"}
                sides[side].append(frame.assign(**keys, prompt_text=np.uint64(1), answer=np.uint64(0)))
    return _snapshot(sides[0], tasks), _snapshot(sides[1], tasks)


def _snapshot(parts: Sequence[pd.DataFrame], tasks: dict[str, int]) -> Snapshot:
    return Snapshot(
        path=Path("simulated"),
        name="simulated",
        manifest={"identity": {"metrics": METRIC_VERSION}, "settings": {}, "model": {}},
        status={"state": "complete"},
        rows=pd.concat(parts, ignore_index=True),
        conditions=dict.fromkeys(tasks, (0, "")),
        signatures=None,
        routes=None,
    )


def simulate(name: str, seed: int, repeats: int, tasks: dict[str, int], loss: Loss, missing: float = 0.0) -> dict[str, Any]:
    """Shares of the checks that fail, that name the damage, that name something else, and that warn of anything."""
    policy = default_policy()
    found: list[Check] = []
    for repeat in range(repeats):
        rng = np.random.default_rng([seed, repeat])
        found.append(check(*versions(rng, tasks, loss, missing), policy))
    damaged = {task for task, _ in loss}
    counts = {
        "exit 1": sum(one.verdict.exit_code == 1 for one in found),
        "names the damage": sum(any(_fails(row) and _damaged(row, damaged) for row in one.rows) for one in found),
        "names anything else": sum(any(_fails(row) and not _damaged(row, damaged) for row in one.rows) for one in found),
        "warns": sum(any(row.level == "warn" and row.status in FAILING for row in one.rows) for one in found),
    }
    own = [
        row for one in found for row in one.rows if row.metric == "correct" and (row.task, "none") in loss and row.arm == "none"
    ]
    return {
        "name": name,
        "repeats": repeats,
        "tasks": tasks,
        "missing": missing,
        "rows_that_can_fail": sum(row.level == "fail" for row in found[0].rows),
        **{key: [count, *wilson(count, repeats)] for key, count in counts.items()},
        "says no change of the damaged accuracy": [sum(row.status == "no change" for row in own), len(own)],
    }


def _fails(row: Comparison) -> bool:
    return row.level == "fail" and row.status in FAILING


def _damaged(row: Comparison, tasks: set[str]) -> bool:
    return row.metric == "correct" and row.task in tasks


def wilson(count: int, n: int) -> tuple[float, float]:
    """95 % interval of a share."""
    from scipy.stats import binomtest

    interval = binomtest(count, n).proportion_ci(method="wilson")
    return round(float(interval.low), 4), round(float(interval.high), 4)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.check_calibration", description=__doc__)
    parser.add_argument("--null", type=int, default=500)
    parser.add_argument("--power", type=int, default=200)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--out", type=Path, default=HERE / "results")
    options = parser.parse_args()
    small = {"generate a": 150, "generate b": 150, "choice": 150}
    everywhere = {("generate a", arm): 0.05 for arm in STANDARD_ARMS}
    least = dict.fromkeys(everywhere, 0.02)
    beside = {"generate a": 1000, "generate b": 200, "choice": 200}
    plans: list[tuple[str, int, dict[str, int], Loss, float]] = [
        ("null", options.null, small, {}, 0.0),
        ("null, 10 % missing", options.null, small, {}, 0.1),
        ("5 points lost in every arm", options.power, {"generate a": 1000}, everywhere, 0.0),
        ("the same, 10 % missing", options.power, {"generate a": 1000}, everywhere, 0.1),
        ("the same, beside two tasks without damage", options.power, beside, everywhere, 0.0),
        ("5 points lost in one arm", options.power, {"generate a": 1000}, {("generate a", "tag"): 0.05}, 0.0),
        ("2 points lost, the least that matters", options.power, {"generate a": 1000}, least, 0.0),
    ]  # fmt: skip
    rows = []
    with ProcessPoolExecutor(options.processes) as pool:
        running = [
            pool.submit(simulate, name, seed, repeats, tasks, loss, missing)
            for seed, (name, repeats, tasks, loss, missing) in enumerate(plans)
        ]
        for one in running:
            rows.append(one.result())
            print(json.dumps(rows[-1]), flush=True)
    options.out.mkdir(exist_ok=True)
    (options.out / "check_calibration.json").write_text(json.dumps({"kept": KEPT, "rows": rows}, indent=2) + "\n")
    keys = ("exit 1", "names the damage", "names anything else", "warns")
    lines = [f"| simulated | checks | {' | '.join(keys)} |", f"|---|---:|{'---|' * len(keys)}"]
    for row in rows:
        cells = [f"{row[key][0] / row['repeats']:.1%} [{row[key][1]:.1%}, {row[key][2]:.1%}]" for key in keys]
        lines.append(f"| {row['name']} | {row['repeats']} | {' | '.join(cells)} |")
    (options.out / "check_calibration.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
