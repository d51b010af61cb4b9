"""`python -m benchmarks`: what measuring everything costs. One part a module, one JSON file and one Markdown table for all.

    a        ride, all probes      against  the harness's `hf`, no probes
    b        ride, probes on       against  ride, probes off
    c        ride's pass           against  a script that asks for hidden states, attention maps and router logits
    d        growth with documents, arms, tokens and layers; memory of 50,000 requests
    scale    two processes         against  one
    profile  where the time of a, b and c goes

With --data (folders `<benchmark>/<split>.jsonl`) real benchmark prompts are used, with --tokenizers real vocabularies; without
them, the bundled documents and a small vocabulary.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import platform
import tempfile
import time
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from benchmarks import against_harness, against_script, growth, probes_off, profiles, random_models, two_processes

HERE = Path(__file__).parent
PARTS: dict[str, Any] = {
    "a": against_harness,
    "b": probes_off,
    "c": against_script,
    "d": growth,
    "scale": two_processes,
    "profile": profiles,
}


def machine() -> dict[str, Any]:
    """What the figures were measured on, and how busy it was."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = {line.partition(":")[2].strip() for line in lines if line.startswith("model name")}
    return {
        "processor": ", ".join(sorted(names)) or platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "load_before": os.getloadavg()[0],
        "python": platform.python_version(),
    }


def table(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Markdown."""
    head = ["part", "model", "what", "quantity", "ride", "other", "against", "ratio", "range (n)", "target", "met"]
    lines = ["| " + " | ".join(head) + " |", "|---|---|---|---|---:|---:|---|---:|---|---:|---|"]
    for r in rows:
        spread = f"{r['low']:.2f} to {r['high']:.2f} ({r['n']})" if r["low"] is not None and r["n"] > 1 else ""
        met = {None: "", True: "yes", False: "**no**"}[r["met"]]
        cells = [
            r["part"],
            r["model"],
            r["what"],
            r["quantity"],
            _number(r["ours"], r["unit"]),
            _number(r["theirs"], r["unit"]),
        ]
        cells += [r["against"], f"{r['value']:.3g}", spread, "" if r["target"] is None else f"{r['target']:g}", met]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def _number(value: float | None, unit: str) -> str:
    return "" if value is None else f"{value:.3g} {unit}".strip() if abs(value) < 1000 else f"{value:.0f} {unit}".strip()


def page(report: dict[str, Any]) -> str:
    """The Markdown page of all parts measured so far."""
    text = [
        "# What measuring costs", "",
        "`python -m benchmarks`. Models have random weights, in float32. Times are medians of runs that take turns in one "
        "process, ratios are those of neighbours; a peak is of a process of its own, without what loading took.", "",
    ]  # fmt: skip
    for part, found in report["parts"].items():
        m = found["machine"]
        sizes = ", ".join(f"{name} {n / 1e6:.0f} M parameters" for name, n in found["parameters"].items())
        prompts = "real benchmark prompts" if found["settings"]["real_prompts"] else "bundled documents"
        versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
        text.append(
            f"- {part}: {found['seconds']:.0f} s on {m['processor']}, {m['cores']} cores, {m['threads']} threads, "
            f"{m['memory_gb']} GB, load before it {m['load_before']:.1f}; {sizes}; {prompts}; {versions}"
        )
    rows = [row for found in report["parts"].values() for row in found["rows"]]
    return "\n".join([*text, "", *table(rows), ""])


def write(out: Path, found: dict[str, dict[str, Any]]) -> None:
    """Put parts into the results; those measured at another time stay."""
    out.mkdir(parents=True, exist_ok=True)
    file = out / "costs.json"
    there = json.loads(file.read_text())["parts"] if file.exists() else {}
    parts = there | found
    report = {"parts": {part: parts[part] for part in PARTS if part in parts}}
    file.write_text(json.dumps(report, indent=2) + "\n")
    (out / "costs.md").write_text(page(report))


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--parts", default=",".join(PARTS), help="names of parts, joined by commas (%(default)s)")
    parser.add_argument("--quick", action="store_true", help="tiny models and few documents: that it works, not what it costs")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--tokenizers", type=Path)
    parser.add_argument("--out", type=Path, default=HERE / "results", help="parts measured earlier stay in its files")
    options = parser.parse_args(argv)
    chosen = options.parts.split(",")
    if unknown := [part for part in chosen if part not in PARTS]:
        parser.error(f"there is no part {unknown[0]!r}; there are {', '.join(PARTS)}")
    logging.disable(logging.WARNING)
    data = str(options.data.resolve()) if options.data else None
    with tempfile.TemporaryDirectory() as work:
        saved = random_models.build(Path(work), options.tokenizers, quick=options.quick)
        folders = {name: str(folder) for name, folder in saved.items() if not options.quick or name == "olmoe"}
        for part in chosen:
            before, start, rows = machine(), time.perf_counter(), []
            for row in PARTS[part].rows(folders, data, quick=options.quick):
                if options.quick:
                    row |= {"target": None, "met": None}  # tiny models say nothing of it
                rows.append(row)
                print(table([row])[-1], f"{time.perf_counter() - start:.0f} s", flush=True)
            found = {
                "machine": before,
                "versions": {name: metadata.version(name) for name in ("ride-eval", "torch", "transformers", "lm_eval")},
                "settings": {
                    "quick": options.quick, "real_prompts": data is not None, "real_tokenizers": bool(options.tokenizers),
                },
                "parameters": {name: random_models.size(saved[name]) for name in folders},
                "seconds": time.perf_counter() - start,
                "rows": rows,
            }  # fmt: skip
            write(options.out, {part: found})


if __name__ == "__main__":
    main()
