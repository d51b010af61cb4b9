"""`python -m benchmarks.html_report`: the HTML report of four large runs, beyond the statistics it shows.

20,000 documents x 7 arms x 4 models, OLMoE's layers, heads, experts and top-k, ten samples. The target is 60 s after the
findings are there, 3 GB at the peak, and a file of 15 MB. Reading runs and computing findings is timed beside it, and not part
of the target; nor are the signatures, which `ride-eval signatures` computes.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import platform
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ride_eval.analysis.evidence import gather
from ride_eval.analysis.findings import find
from ride_eval.analysis.frames import load_run
from ride_eval.arms import STANDARD_ARMS
from ride_eval.report import csv, html
from ride_eval.store import METRIC_VERSION, TABLES, document_hash, write_json

LAYERS, HEADS, EXPERTS, TOP_K = 16, 16, 64, 8
QUESTION_TOKENS, ANSWER_TOKENS, SAMPLES, CHOICES = 20, 16, 10, 4
PROMPT = "Solve the following problem, step by step, and give the answer at the end. " * 8
CHUNK = 2000
Columns = dict[str, Any]


def write(folder: Path, documents: int, seed: int) -> Path:
    """A run of `documents`, two in three generated, one in three chosen."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    write_json(folder / "run.json", _manifest(seed))
    names = [document_hash({"n": i}) for i in range(documents)]
    for arm in STANDARD_ARMS:
        for first in range(0, documents, CHUNK):
            part = range(first, min(first + CHUNK, documents))
            key = {
                "task": ["questions" if i % 3 else "choices" for i in part],
                "document": [names[i] for i in part],
                "occurrence": np.zeros(len(part), np.int32),
                "arm": [arm] * len(part),
                "wording": np.array([i % 5 for i in part], np.int16),
                "prompt": np.zeros(len(part), np.int16),
            }
            for table, columns in _rows(key, arm, rng).items():
                _shard(folder, table, columns, f"{STANDARD_ARMS.index(arm):02d}{first:07d}")
    write_json(folder / "status.json", {"state": "complete", "rows": {}, "reasons": {}, "error": None})
    return folder


def _rows(key: Columns, arm: str, rng: np.random.Generator) -> dict[str, Columns]:
    n = len(key["task"])
    generated = np.flatnonzero(np.array(key["task"]) == "questions")
    chosen = np.flatnonzero(np.array(key["task"]) == "choices")
    experts = (
        rng.random((n * QUESTION_TOKENS * LAYERS, EXPERTS), np.float32).argpartition(TOP_K, 1)[:, :TOP_K].astype(np.uint16)
    )
    tables: dict[str, Columns] = {
        "prompts": key
        | {
            "domain": ["math"] * n,
            "wrong_domain": ["code"] * n,
            "text": [f"{arm} {PROMPT}{document}" for document in key["document"]],
            "meta": ["" if arm == "none" else f"[{arm}]"] * n,
            "meta_length": np.full(n, 0 if arm == "none" else 6, np.int32),
            "meta_unit": ["tokens"] * n,
            "aligned_tokens": np.full(n, QUESTION_TOKENS, np.int32),
            "question_tokens": np.full(n, QUESTION_TOKENS, np.int32),
            "keyword_tokens": np.full(n, 3, np.int32),
            "mlp_hoyer": _lists(rng.random((n, LAYERS))),
            "resid_hoyer": _lists(rng.random((n, LAYERS))),
            "keyword_share": _lists(rng.random((n, LAYERS * HEADS))),
            "keyword_mass": _lists(rng.random((n, LAYERS))),
            "router_entropy": _lists(rng.random((n, LAYERS))),
            "routing_question": _lists(rng.integers(0, 9, (n, LAYERS * EXPERTS)).astype(np.uint32)),
        },
        "routes": key
        | {
            "token_ids": _lists(np.tile(np.arange(QUESTION_TOKENS, dtype=np.int32), (n, 1))),
            "experts": _lists(experts.reshape(n, -1)),
        },
        "scores": key
        | {
            "answer": ["greedy"] * n,
            "sample": np.zeros(n, np.int16),
            "filter": ["none"] * n,
            "filtered": rng.integers(0, 4, n).astype(str).tolist(),
            "metric": ["acc"] * n,
            "correct": rng.integers(0, 2, n).astype(np.float64),
        },
    }
    kinds = [("greedy", 0), *([] if arm == "none" else [("forced", 0)]), *(("sample", i) for i in range(SAMPLES))]
    parts = []
    for kind, sample in kinds:
        m = len(generated)
        parts.append(
            _taken(key, generated)
            | {
                "answer": [kind] * m,
                "sample": np.full(m, sample, np.int16),
                "text": [f"The answer is {value}, since that is what remains." for value in rng.integers(0, 50, m)],
                "entropies": _lists(rng.random((m, ANSWER_TOKENS))),
                "logprobs": _lists(-rng.random((m, ANSWER_TOKENS))),
                "cosines": _lists(rng.random((m, sample if kind == "sample" else 0))),
                "rouge_l": _lists(rng.random((m, sample if kind == "sample" else 0))),
            }
        )
    tables["generations"] = _stacked(parts)
    tables["choices"] = _stacked(
        [
            _taken(key, chosen)
            | {
                "choice": np.full(len(chosen), i, np.int16),
                "text": [f"choice {i}"] * len(chosen),
                "loglikelihood": -10 * rng.random(len(chosen)),
                "bytes": np.full(len(chosen), 8, np.int32),
            }
            for i in range(CHOICES)
        ]
    )
    return tables


def _lists(values: NDArray[Any]) -> pa.Array:
    flat = values.astype(np.float32) if values.dtype == np.float64 else values
    offsets = np.arange(0, flat.size + 1, flat.shape[1], dtype=np.int32) if flat.shape[1] else np.zeros(len(flat) + 1, np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(flat.ravel()))


def _taken(key: Columns, rows: NDArray[np.intp]) -> Columns:
    return {name: np.asarray(values)[rows] for name, values in key.items()}


def _stacked(parts: list[Columns]) -> Columns:
    return {
        name: pa.concat_arrays([part[name] if isinstance(part[name], pa.Array) else pa.array(part[name]) for part in parts])
        for name in parts[0]
    }


def _shard(folder: Path, table: str, columns: Columns, number: str) -> None:
    schema = TABLES[table]
    size = len(next(iter(columns.values())))
    arrays = [
        (columns[field.name] if isinstance(columns[field.name], pa.Array) else pa.array(columns[field.name])).cast(field.type)
        if field.name in columns
        else pa.nulls(size, field.type)
        for field in schema
    ]
    content = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), content, compression="zstd")
    sha = hashlib.sha256(content.getvalue()).hexdigest()[:16]
    (folder / f"{table}-r0-{number}-{sha}.parquet").write_bytes(content.getvalue())


def _manifest(seed: int) -> dict[str, Any]:
    return {
        "format": 1,
        "created": "2026-01-02T03:04:05+00:00",
        "identity": {"model": f"lab/large-{seed}", "metrics": METRIC_VERSION, "prompts": "0" * 64, "chat_template": "a"},
        "settings": {"probes": ["density", "attention", "entropy", "routing"], "device": "cpu"},
        "model": {
            "name": f"large-{seed}",
            "architecture": "OlmoeForCausalLM",
            "layers": LAYERS,
            "parameters": 6_919_161_856,
            "moe_layers": list(range(LAYERS)),
            "experts": EXPERTS,
            "experts_per_token": TOP_K,
            "untrained": False,
        },
        "versions": {},
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.html_report", description=__doc__)
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--models", type=int, default=4)
    parser.add_argument(
        "--runs", type=Path, help="where to keep the runs (a temporary folder); those there are read, not written anew"
    )
    parser.add_argument("--beside", default="not recorded", help="what else the machine was doing, for the record")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.runs or Path(temporary)
        paths = [folder / f"model{i}" for i in range(options.models)]
        for i, path in enumerate(paths):
            if not path.exists():
                write(path, options.documents, i)
                print(f"written {path}", flush=True)
        seconds: dict[str, float] = {}
        processor: dict[str, float] = {}
        clock, cpu = time.perf_counter(), time.process_time()

        def lap(name: str) -> None:
            nonlocal clock, cpu
            seconds[name], clock = time.perf_counter() - clock, time.perf_counter()
            processor[name], cpu = time.process_time() - cpu, time.process_time()
            print(f"{name}: {seconds[name]:.1f} s ({processor[name]:.1f} s of processor)", flush=True)

        runs = [load_run(path) for path in paths]
        lap("reading")
        findings = find(runs)
        lap("statistics")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        evidence = [gather(run, model) for run, model in zip(runs, findings.models, strict=True)]
        lap("evidence")
        page = Path(temporary) / "report.html"
        csv.write_flipped(runs, findings, page.with_suffix(".flipped.csv"))
        lap("table of flipped documents")
        html.write(findings, evidence, None, page, csv="report.flipped.csv")
        lap("page")
        beyond = [name for name in seconds if name not in ("reading", "statistics")]
        result = {
            "documents": options.documents,
            "models": options.models,
            "seconds": {name: round(value, 1) for name, value in seconds.items()},
            "processor_seconds": {name: round(value, 1) for name, value in processor.items()},
            "beyond_statistics_seconds": round(sum(seconds[name] for name in beyond), 1),
            "beyond_statistics_processor_seconds": round(sum(processor[name] for name in beyond), 1),
            "peak_gb_before": round(before, 2),
            "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2),
            "page_mb": round(page.stat().st_size / 1e6, 2),
            "flipped_csv_mb": round(page.with_suffix(".flipped.csv").stat().st_size / 1e6, 1),
            "machine": {
                "cores": os.cpu_count(),
                "processor": platform.processor() or platform.machine(),
                "beside": options.beside,
            },
        }
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "html_report.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
