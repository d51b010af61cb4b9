"""The signatures of a run's prompts, from the selection counts that the run directory holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ride_eval.errors import RunError
from ride_eval.metrics.routing import signature
from ride_eval.store import read_manifest, read_table

Span = Literal["question", "prompt"]


@dataclass(frozen=True, kw_only=True)
class Signatures:
    """One signature a prompt, in a fixed order."""

    values: NDArray[np.float64]
    """(n, L, E) share of a layer's selections that each expert got; rows over E sum to 1."""
    labels: NDArray[np.int64]
    """(n,) index into `categories`."""
    categories: tuple[str, ...]
    n_tokens: NDArray[np.int64]
    """(n,) tokens of the span."""
    experts_per_token: int


def load_signatures(run: Path, span: Span = "question", *, arm: str = "none", tasks: Sequence[str] = ()) -> Signatures:
    """Signatures of a run under one arm, categories being the prompts' domains; of some base tasks only, if given.

    Prompts without tokens of the span have none and are left out. RunError where the run recorded no routing.
    """
    model = read_manifest(run)["model"]
    experts, k = int(model.get("experts") or 0), int(model.get("experts_per_token") or 0)
    if not experts:
        raise RunError(f"{run} is of a dense model ({model.get('architecture')}), which has no routing.")
    column = f"routing_{span}"
    frame = read_table(run, "prompts", ["domain", column], [("arm", "==", arm)])
    if tasks:
        frame = frame[frame["task"].isin(list(tasks))]
    frame = frame[frame[column].notna()].sort_values(["task", "document", "occurrence", "wording", "prompt"])
    frame = frame[[sum(counts) > 0 for counts in frame[column]]]
    if not len(frame):
        raise RunError(f"{run} holds no routing of arm {arm!r}{f' in {sorted(tasks)}' if tasks else ''}.")
    counts = np.array(frame[column].tolist(), dtype=np.int64).reshape(len(frame), -1, experts)
    categories = tuple(sorted(frame["domain"].unique()))
    return Signatures(
        values=np.stack([signature(prompt) for prompt in counts]),
        labels=frame["domain"].map(categories.index).to_numpy(np.int64),
        categories=categories,
        n_tokens=counts[:, 0].sum(1) // k,
        experts_per_token=k,
    )
