"""How far a model differs from itself: measured again in other batches and with another attention kernel.

Floating-point sums depend on the order of their terms, so the same weights give other last digits in another batch, and now
and then another answer. A check need not worry about a change as small as that. The variants change what shares a batch (and
with it padding and the order in which documents are taken) and the attention implementation.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ride_eval.analysis.regression.comparability import differences
from ride_eval.analysis.regression.measures import MEASURES
from ride_eval.analysis.regression.pairs import Block, blocks
from ride_eval.analysis.regression.snapshot import REFERENCE, Snapshot, load_snapshot
from ride_eval.analysis.regression.versions import routing_change
from ride_eval.errors import RideError, UsageError
from ride_eval.files import TooLongError, read_limited
from ride_eval.store import METRIC_VERSION, write_json

FORMAT_VERSION = 1
MAX_BYTES = 16 * 1024 * 1024
VARIANTS: Mapping[str, tuple[int, str]] = {
    "reference": (16, ""),
    "batch size 1": (1, ""),
    "batch size 5": (5, ""),
    "eager attention": (16, "attn_implementation=eager"),
}
"""Name -> batch size, further model arguments. A batch of 1 has no padding; 5 mixes and orders documents otherwise."""
_OWN_FLAGS = ("--model", "-m", "--model_args", "-a", "--tasks", "-t", "--batch_size", "-b")
_MAIN = "import sys; from ride_eval.cli import main; sys.exit(main())"
_OWN_ARGUMENTS = ("run_dir", "attn_implementation")


@dataclass(frozen=True, kw_only=True)
class Noise:
    """A model's noise floors."""

    source: str
    """The file, or "measured"."""
    model: str
    metrics: int
    """The version of the definitions."""
    variants: tuple[str, ...]
    documents: int
    floors: Mapping[tuple[str, str], float]
    """(metric, task) -> the largest mean change of any variant, domain and arm; task "" is the largest of all tasks."""
    self_flips: float
    """Share of `none`'s greedy answers that differ from the reference's, mean over the variants; NaN without answers."""

    def warnings(self, baseline: Snapshot, run: Snapshot) -> list[str]:
        """What makes the floors those of something else."""
        names = {snapshot.name for snapshot in (baseline, run)}
        found = [f"{self.source} was measured on {self.model}, not on {' or '.join(sorted(names))}"] * (self.model not in names)
        return found + [f"{self.source} has version {self.metrics} of the definitions"] * (self.metrics != METRIC_VERSION)


def noise_of(reference: Snapshot, others: Mapping[str, Snapshot]) -> Noise:
    """From runs of one model on the same documents: variant -> its run. Raises UsageError if they are not comparable."""
    floors: dict[tuple[str, str], float] = {}
    flips = []
    for name, other in others.items():
        found = [difference.text for difference in differences(reference, other)]
        if found:
            raise UsageError(f"The runs of {name!r} and the reference differ in more than that: {'; '.join(found)}.")
        parts = list(blocks(reference, other, list(MEASURES), routing_change(reference, other).documents))
        for block in parts:
            for metric, value in _largest(block).items():
                for task in (block.task, ""):
                    floors[metric, task] = max(value, floors.get((metric, task), 0.0))
        flips.append(_changed_answers(parts))
    return Noise(
        source="measured",
        model=reference.name,
        metrics=METRIC_VERSION,
        variants=tuple(others),
        documents=len(reference.rows[["task", "document"]].drop_duplicates()),
        floors=floors,
        self_flips=float(np.nanmean(flips)) if np.isfinite(flips).any() else math.nan,
    )


def _largest(block: Block) -> dict[str, float]:
    found = np.isfinite(block.change)
    n = found.sum(0)
    means = np.abs(np.where(found, block.change, 0.0).sum(0)) / np.maximum(n, 1)
    largest = np.where(n > 0, means, -1.0).max(0)
    return {metric: float(value) for metric, value in zip(block.metrics, largest, strict=True) if value >= 0}


def _changed_answers(parts: Sequence[Block]) -> float:
    values = [
        block.change[:, block.arms.index(REFERENCE), block.metrics.index("answer_change")]
        for block in parts
        if REFERENCE in block.arms
    ]
    flat = np.concatenate(values) if values else np.zeros(0)
    return float(np.nanmean(flat)) if np.isfinite(flat).any() else math.nan


def measure(model_args: str, tasks: str, flags: Sequence[str], folder: Path | None = None) -> Noise:
    """Run `lm_eval` once a variant, each in a process of its own, and compare. `flags` are further flags of `lm_eval`; the runs
    are kept under `folder`, if given. Raises UsageError where a variant cannot be run."""
    given = [flag for flag in flags if flag.partition("=")[0] in _OWN_FLAGS]
    if given:
        raise UsageError(f"{given[0]} cannot be given to `ride-eval noise` after --model_args and --tasks: it sets it itself.")
    arguments = [part for part in model_args.split(",") if part]
    own = [part for part in arguments if part.partition("=")[0].strip() in _OWN_ARGUMENTS]
    if own:
        raise UsageError(f"--model_args holds {', '.join(own)}, which `ride-eval noise` varies itself. Leave it out.")
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="ride-eval-noise-") as temporary:
            return measure(model_args, tasks, flags, Path(temporary))
    runs = {}
    for number, (name, (size, more)) in enumerate(VARIANTS.items()):
        run = folder / f"{number}-{name.replace(' ', '-')}"
        text = ",".join([*arguments, *([more] if more else []), f"run_dir={run}"])
        command = [sys.executable, "-c", _MAIN, "run", "--model", "ride", "--model_args", text, "--tasks", tasks]
        done = subprocess.run([*command, "--batch_size", str(size), *flags], stdout=sys.stderr, check=False)  # noqa: S603 - no shell
        if done.returncode:
            raise UsageError(f"The variant {name!r} could not be measured; the harness says why above.")
        runs[name] = load_snapshot(run)
    reference, *others = runs
    return noise_of(runs[reference], {name: runs[name] for name in others})


def write_noise(noise: Noise, file: Path) -> None:
    """As JSON, whole or not at all. Raises OSError."""
    floors: dict[str, dict[str, float]] = {}
    for (metric, task), value in sorted(noise.floors.items()):
        floors.setdefault(metric, {})[task] = value
    content = {
        "format": FORMAT_VERSION,
        "model": noise.model,
        "metrics": noise.metrics,
        "variants": list(noise.variants),
        "documents": noise.documents,
        "self_flips": noise.self_flips if math.isfinite(noise.self_flips) else None,
        "floors": floors,
    }
    write_json(file, content)


def load_noise(file: Path) -> Noise:
    """Raises UsageError if the file is not one that `ride-eval noise` wrote."""
    try:
        content = json.loads(read_limited(file, MAX_BYTES).decode("utf-8"))
        return _noise(content, str(file))
    except OSError as error:
        raise UsageError(f"Cannot read {file}: {error.strerror}. Give the file that `ride-eval noise` wrote.") from None
    except TooLongError:
        raise UsageError(f"{file} is longer than {MAX_BYTES:,} bytes; a file that `ride-eval noise` wrote is not.") from None
    except RideError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        problem = f"{type(error).__name__}: {error}"
        raise UsageError(f"{file} is not a file that `ride-eval noise` wrote ({problem}).") from None


def _noise(content: Any, source: str) -> Noise:
    if content["format"] != FORMAT_VERSION:
        raise UsageError(f"{source} has format {content['format']!r}; this version of ride_eval reads {FORMAT_VERSION}.")
    floors = {(metric, task): float(v) for metric, own in content["floors"].items() for task, v in own.items()}
    if not all(math.isfinite(value) and value >= 0 for value in floors.values()):
        raise ValueError("a floor is not a number of at least 0")
    flips = content["self_flips"]
    return Noise(
        source=source,
        model=str(content["model"]),
        metrics=int(content["metrics"]),
        variants=tuple(map(str, content["variants"])),
        documents=int(content["documents"]),
        floors=floors,
        self_flips=math.nan if flips is None else float(flips),
    )
