"""`python -m benchmarks.check_speed`: how long `ride-eval check` takes on two large runs, and how much memory.

The runs are written with random numbers in the shape of real ones: half of the documents generate (a greedy and a forced answer
of 20 tokens), half choose one of four; a mixture of experts with expert ids of 20 question tokens a prompt. Rows come as a run
writes them, arm by arm, 512 a shard. Both runs are checked in a process of its own, which must not import torch: once of their
shards alone, as runs of earlier versions are, and once of the summaries that runs of this version keep when they are complete.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ride_eval.arms import STANDARD_ARMS
from ride_eval.store import METRIC_VERSION, ROWS_PER_SHARD, TABLES, write_json

HERE = Path(__file__).parent
TOKENS = 20
HEADS = 16
POOL = 256
"""Different lists a column: new ones for every row would only cost time to write."""
CHECK = """
import sys
from ride_eval.cli import main
code = main(["check", *sys.argv[1:]])
assert "torch" not in sys.modules and "transformers" not in sys.modules and "lm_eval" not in sys.modules
sys.exit(code)
"""
SUMMARY = """
import sys
from pathlib import Path
from ride_eval.summaries import summarize
summarize(Path(sys.argv[1]))
"""


class Shards:
    """Tables of a run, a shard at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.number = folder, 0

    def write(self, table: str, columns: Mapping[str, Any]) -> None:
        schema = TABLES[table]
        n = len(columns["document"])
        arrays = [pa.array(columns[f.name], f.type) if f.name in columns else pa.nulls(n, f.type) for f in schema]
        rows = pa.Table.from_arrays(arrays, schema=schema)
        for first in range(0, n, ROWS_PER_SHARD):
            self.number += 1
            content = io.BytesIO()
            pq.write_table(rows.slice(first, ROWS_PER_SHARD), content, compression="zstd")
            sha = hashlib.sha256(content.getvalue()).hexdigest()[:16]
            file = self.folder / f"{table}-r0-{self.number:05d}-{sha}.parquet"
            file.write_bytes(content.getvalue())


def write_run(folder: Path, documents: int, layers: int, experts: int, k: int, seed: int) -> None:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    shards = Shards(folder)
    model = {"name": "random", "layers": layers, "moe_layers": list(range(layers)), "experts": experts, "experts_per_token": k}
    identity = {"model": "random", "revision": str(seed), "metrics": METRIC_VERSION, "dtype": "float32"}
    write_json(folder / "run.json", {"format": 1, "identity": identity, "settings": {}, "model": model, "versions": {}})
    measures = ("hoyer", "participation", "near_zero", "gini", "top10_energy")
    density = [f"{site}_{measure}" for site in ("mlp", "resid") for measure in measures]
    lists = {name: rng.random((POOL, layers), np.float32) for name in density}
    lists |= {
        name: rng.random((POOL, layers), np.float32)
        for name in ("keyword_mass", "meta_mass", "router_entropy", "router_margin")
    }
    lists["keyword_share"] = rng.random((POOL, layers * HEADS), np.float32)
    ids = rng.permuted(np.tile(np.arange(experts, dtype=np.uint16), (POOL * TOKENS * layers, 1)), axis=1)[:, :k]
    lists["experts"] = ids.reshape(POOL, -1)
    places = ids.reshape(POOL, TOKENS, layers, k)
    lists["routing_question"] = np.stack(
        [[np.bincount(one[:, layer].ravel(), minlength=experts) for layer in range(layers)] for one in places]
    ).reshape(POOL, -1).astype(np.uint32)  # fmt: skip
    lists["gates_question"] = rng.random((POOL, layers * experts), np.float32)
    half = documents // 2
    for task, n in (("generates", half), ("chooses", documents - half)):
        names = [hashlib.sha256(f"{task} {i}".encode()).hexdigest() for i in range(n)]
        for arm in STANDARD_ARMS:
            key = {"task": [task] * n, "document": names, "arm": [arm] * n}
            key |= {name: np.zeros(n, int) for name in ("occurrence", "wording", "prompt")}
            row = rng.integers(POOL, size=n)
            columns = {name: _rows(values[row]) for name, values in lists.items() if name != "experts"}
            texts = {"domain": ["math"] * n, "wrong_domain": ["code"] * n, "meta_unit": ["tokens"] * n, "decoding": [""] * n}
            texts["text"] = [f"{arm} {name} " + "x" * 400 for name in names]
            numbers = {name: np.full(n, TOKENS) for name in ("question_tokens", "aligned_tokens", "meta_length")}
            shards.write(
                "prompts", {**key, **columns, **texts, **numbers, "keyword_tokens": np.full(n, 2), "fewshot": np.zeros(n, int)}
            )
            tokens = _rows(np.tile(np.arange(TOKENS), (n, 1)))
            shards.write("routes", {**key, "token_ids": tokens, "experts": _rows(lists["experts"][row])})
            filtered = rng.integers(4, size=n).astype(str).tolist()
            score = {"answer": ["greedy"] * n, "sample": np.zeros(n, int), "filter": ["none"] * n, "metric": ["acc"] * n}
            shards.write("scores", {**key, **score, "filtered": filtered, "correct": (rng.random(n) < 0.6).astype(float)})
            if task == "generates":
                for answer in ("greedy",) if arm == "none" else ("greedy", "forced"):
                    own = {"answer": [answer] * n, "sample": np.zeros(n, int), "text": filtered, "finish": ["eos"] * n}
                    entropies = _rows(rng.random((n, TOKENS), np.float32))
                    shards.write(
                        "generations", {**key, **own, "token_ids": tokens, "entropies": entropies, "logprobs": entropies}
                    )
            else:
                four = {name: np.repeat(np.asarray(values), 4) for name, values in key.items()}
                choice = {
                    "choice": np.tile(np.arange(4), n),
                    "bytes": np.full(4 * n, 9),
                    "loglikelihood": -9 * rng.random(4 * n),
                }
                shards.write("choices", {**four, **choice})
    write_json(folder / "status.json", {"state": "complete", "rows": {"prompts": documents * len(STANDARD_ARMS)}})


def _measure(code: str, paths: Sequence[Path]) -> dict[str, float]:
    """Run Python code in a process of its own."""
    started = time.perf_counter()
    child = subprocess.Popen([sys.executable, "-c", code, *map(str, paths)], stdout=subprocess.DEVNULL)  # noqa: S603
    _, status, used = os.wait4(child.pid, 0)
    return {
        "exit_code": os.waitstatus_to_exitcode(status),
        "seconds": round(time.perf_counter() - started, 1),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 1),
        "peak_megabytes": round(used.ru_maxrss * 1024 / 1e6),
    }


def _rows(values: np.ndarray[Any, Any]) -> pa.Array:
    """A two-dimensional array as lists."""
    offsets = np.arange(0, values.size + 1, values.shape[1], dtype=np.int32)
    return pa.ListArray.from_arrays(offsets, pa.array(values.ravel()))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.check_speed", description=__doc__)
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--layers", type=int, default=16)
    parser.add_argument("--experts", type=int, default=64)
    parser.add_argument("--chosen", type=int, default=8)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--out", type=Path, default=HERE / "results")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        runs = [folder / "before", folder / "after"]
        for seed, run in enumerate(runs):
            if not run.exists():
                write_run(run, options.documents, options.layers, options.experts, options.chosen, seed)
        size = sum(file.stat().st_size for run in runs for file in run.iterdir() if file.is_file())
        for run in runs:
            shutil.rmtree(run / "summary", ignore_errors=True)
        steps = {"check_of_shards": (CHECK, runs), "summary_of_one_run": (SUMMARY, runs[:1])}
        measured = {name: _measure(code, paths) for name, (code, paths) in steps.items()}
        _measure(SUMMARY, runs[1:])
        measured["check"] = _measure(CHECK, runs)
    report = {
        "documents": options.documents,
        "arms": len(STANDARD_ARMS),
        "model": {"layers": options.layers, "experts": options.experts, "chosen": options.chosen},
        "megabytes_of_shards": round(size / 1e6),
        **measured,
        "python": platform.python_version(),
    }
    print(json.dumps(report))
    options.out.mkdir(exist_ok=True)
    (options.out / "check_speed.json").write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
