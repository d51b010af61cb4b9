"""`python -m benchmarks.statistics`: seconds and peak memory of a report's statistics for 20,000 documents under seven arms.

Everything `find` does with a run's frame: effects of every quantity in every contrast with their draws, families, noise
floors, links. The frame is made of random numbers, with a tenth of the documents missing in half of the quantities, and does
not include reading shards.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import resource
import time
from pathlib import Path

import numpy as np
import pandas as pd

from ride_eval.analysis import draws
from ride_eval.analysis.findings import find
from ride_eval.analysis.frames import COLUMNS, Run
from ride_eval.arms import STANDARD_ARMS

OUT = Path(__file__).parent / "results" / "statistics.json"
TASKS, WORDINGS = 3, 6


def frame(documents: int, seed: int = 0) -> pd.DataFrame:
    """`Run.documents` of random numbers."""
    rng = np.random.default_rng(seed)
    n, arms = documents, len(STANDARD_ARMS)
    values = rng.standard_normal((n * arms, len(COLUMNS)))
    gone = np.repeat(rng.random((n, len(COLUMNS))) < 0.1, arms, axis=0)
    gone[:, ::2] = False
    values[gone] = math.nan
    keys = {
        "task": np.repeat([f"task {i % TASKS}" for i in range(n)], arms),
        "document": np.repeat([f"{i:064x}" for i in range(n)], arms),
        "occurrence": 0,
        "arm": np.tile(STANDARD_ARMS, n),
        "wording": np.repeat(rng.integers(WORDINGS, size=n), arms),
    }
    beside = {
        "meta_length": 9.0,
        "meta_unit": "tokens",
        "aligned_tokens": np.repeat(rng.integers(9, 99, n), arms).astype(float),
    }
    others = {"keyword_tokens": 1.0, "heads_dropped": 0.0, "confidence": math.nan, "reason": None}
    return pd.concat([pd.DataFrame(keys), pd.DataFrame(values, columns=COLUMNS)], axis=1).assign(**beside, **others)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.statistics", description=__doc__)
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    model = {"experts": 64, "experts_per_token": 8, "layers": 16}
    manifest = {"identity": {}, "settings": {"probes": ["all"]}, "model": model}
    run = Run(
        path=Path("random"), name="random", manifest=manifest, status={"state": "complete"}, documents=frame(options.documents)
    )
    before, start, used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter(), time.process_time()
    found = find([run]).models[0]
    report = {
        "documents": options.documents,
        "arms": len(STANDARD_ARMS),
        "quantities": len(COLUMNS),
        "effects": len(found.contrasts) + len(found.descriptives),
        "bootstrap_draws": draws.BOOTSTRAPS,
        "permutation_draws": draws.FLIPS,
        "seconds": round(time.perf_counter() - start, 1),
        "processor_seconds": round(time.process_time() - used, 1),
        "load_average": round(os.getloadavg()[0], 1),
        "peak_memory_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "memory_before_mib": round(before / 1024),
        "processors": os.cpu_count(),
        "machine": platform.machine(),
    }
    options.out.write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
