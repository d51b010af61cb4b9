"""`python -m benchmarks.signatures`: similarity within and across categories of 100,000 prompts x 1,024 dimensions.

The target is under 60 s and under 2 GB for exact moments, AUC from a million seeded pairs, and the bootstrap of the difference.
None of it forms all pairs (5,000,000,000 of them). Memory is the process's peak, signatures included, as the loader has them.
At 2,000 prompts the same moments are taken from all pairs, to compare.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ride_eval.analysis.categories import resampling
from ride_eval.analysis.categories.similarity import normalized, similarity, similarity_of_pairs

LAYERS, EXPERTS, CATEGORIES = 16, 64, 4
"""OLMoE's."""


def signatures(n: int, seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """(n, L, E) random shares whose categories prefer experts of their own a little, and (n,) categories."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(CATEGORIES, size=n)
    liking = 1 + 0.3 * (rng.random((CATEGORIES, LAYERS, EXPERTS)) < 0.2)
    values = np.empty((n, LAYERS, EXPERTS))
    for first in range(0, n, 4096):
        part = slice(first, first + 4096)
        values[part] = rng.standard_exponential((len(labels[part]), LAYERS, EXPERTS)) * liking[labels[part]]
        values[part] /= values[part].sum(-1, keepdims=True)
    return values, labels


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.signatures", description=__doc__)
    parser.add_argument("--prompts", type=int, default=100_000)
    parser.add_argument("--beside", default="not recorded", help="what else the machine was doing, for the record")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    options = parser.parse_args()
    few, few_labels = signatures(2000)
    units = normalized(few)
    fast, slow = similarity(units, few_labels), similarity_of_pairs(units @ units.T, few_labels)
    error = max(
        abs(getattr(getattr(fast, side), what) - getattr(getattr(slow, side), what))
        for side in ("within", "across")
        for what in ("mean", "sd")
    )
    values, labels = signatures(options.prompts)
    seconds: dict[str, float] = {}

    def timed(what: str, call: Callable[[], Any]) -> Any:
        wall, cpu = time.perf_counter(), time.process_time()
        found = call()
        seconds[what], seconds[f"{what}, CPU"] = time.perf_counter() - wall, time.process_time() - cpu
        print(f"{what}: {seconds[what]:.1f} s, {seconds[f'{what}, CPU']:.1f} s of CPU", flush=True)
        return found

    units = timed("unit vectors", lambda: normalized(values))
    timed("moments", lambda: similarity(units, labels))
    timed("everything", lambda: resampling.separation(units, labels))
    report = {
        "prompts": options.prompts,
        "dimensions": LAYERS * EXPERTS,
        "seconds": {what: round(value, 1) for what, value in seconds.items()},
        "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
        "largest_error_against_all_pairs": error,
        "beside": options.beside,
        "load": [round(value, 1) for value in os.getloadavg()],
        "threads": os.environ.get("OMP_NUM_THREADS", "all"),
        "machine": {"processor": platform.machine(), "cores": os.cpu_count(), "python": platform.python_version()},
        "versions": {package: metadata.version(package) for package in ("numpy", "scipy")},
    }
    options.out.mkdir(exist_ok=True)
    (options.out / "signatures.json").write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
