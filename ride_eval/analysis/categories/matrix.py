"""The signatures of a run's documents, from the selection counts that the run directory holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ride_eval.analysis.batches import batches, flat, keys
from ride_eval.analysis.units import PROMPT_KEY
from ride_eval.errors import RunError
from ride_eval.metrics.routing import signature
from ride_eval.perturbations import PERTURBED, origins
from ride_eval.store import read_manifest, read_table

Span = Literal["question", "prompt", "generated", "both"]
SPANS: tuple[Span, ...] = ("question", "prompt", "generated", "both")
"""`both` has the layers of `prompt`, then those of `generated`."""


@dataclass(frozen=True, kw_only=True)
class Signatures:
    """One signature a document, in a fixed order; the prompts of a document that has several are added up."""

    values: NDArray[np.float64]
    """(n, L, E) share of a layer's selections that each expert got; rows over E sum to 1."""
    labels: NDArray[np.int64]
    """(n,) index into `categories`."""
    categories: tuple[str, ...]
    n_tokens: NDArray[np.int64]
    """(n,) tokens of the span."""
    experts_per_token: int
    documents: tuple[tuple[str, str], ...]
    """(n,) base task and hash."""

    @property
    def features(self) -> NDArray[np.float64]:
        """(n, L x E)."""
        return self.values.reshape(len(self.values), -1)

    def rows(self, chosen: NDArray[np.intp]) -> Signatures:
        """Some of the documents; the categories stay."""
        return replace(
            self,
            values=self.values[chosen],
            labels=self.labels[chosen],
            n_tokens=self.n_tokens[chosen],
            documents=tuple(self.documents[i] for i in chosen.tolist()),
        )

    def of(self, documents: Sequence[tuple[str, str]]) -> Signatures:
        """The documents in this order. KeyError for one that is not there."""
        places = {document: i for i, document in enumerate(self.documents)}
        return self.rows(np.array([places[document] for document in documents], dtype=np.intp))


def load_signatures(run: Path, span: Span = "question", *, arm: str = "none", tasks: Sequence[str] = ()) -> Signatures:
    """Signatures of a run under one arm, categories being the documents' domains; of some base tasks only, if given.

    Of a document's wordings and occurrences the first is taken. Documents without tokens of the span are left out. RunError
    where the run recorded no routing.
    """
    if span == "both":
        return _joined(*(load_signatures(run, one, arm=arm, tasks=tasks) for one in ("prompt", "generated")))
    experts, k = shape(run)
    table, column = ("generations", "routing_generated") if span == "generated" else ("prompts", f"routing_{span}")
    wanted = [("arm", "==", arm), *([("answer", "==", "greedy")] if span == "generated" else [])]
    chosen = [*wanted, *([("task", "in", list(tasks))] if tasks else [])]
    frames, parts = [], []
    for batch in batches(run, table, [column], chosen):
        sizes, values = flat(batch[column])
        frames.append(keys(batch, table)[PROMPT_KEY][sizes > 0])
        parts.append(values.reshape(-1, max(1, int(sizes.max(initial=1)))))
    counts = np.concatenate(parts) if parts else np.zeros((0, experts))
    if not len(counts):
        raise RunError(f"{run} holds no routing of arm {arm!r}{f' in {sorted(tasks)}' if tasks else ''}.")
    frame = pd.concat(frames, ignore_index=True).assign(row=np.arange(len(counts)))
    frame = frame[counts.any(1)].merge(_domains(run, arm), on=["task", "document"])
    frame = frame.sort_values(["task", "document", "prompt", "occurrence", "wording"])
    frame = frame.drop_duplicates(["task", "document", "prompt"])
    if not len(frame):
        raise RunError(f"{run} holds no {span} tokens under arm {arm!r}.")
    number = frame.groupby(["task", "document"], sort=False).ngroup().to_numpy()
    first = np.unique(number, return_index=True)[1]
    rows = counts[frame["row"].to_numpy()]
    if len(first) < len(rows):
        rows = np.add.reduceat(rows.astype(np.int64), first)
    units = frame.iloc[first]
    categories = tuple(sorted(units["domain"].unique()))
    per_layer = rows.reshape(len(rows), -1, experts)
    return Signatures(
        values=signature(per_layer.reshape(-1, experts)).reshape(per_layer.shape),
        labels=units["domain"].map({name: i for i, name in enumerate(categories)}).to_numpy(np.int64),
        categories=categories,
        n_tokens=per_layer[:, 0].sum(1, dtype=np.int64) // k,
        experts_per_token=k,
        documents=tuple(zip(units["task"], units["document"], strict=True)),
    )


def shape(run: Path) -> tuple[int, int]:
    """Experts, and experts per token. RunError for a dense model."""
    model: dict[str, Any] = read_manifest(run)["model"]
    if not int(model.get("experts") or 0):
        raise RunError(f"{run} is of a dense model ({model.get('architecture')}), which has no routing.")
    return int(model["experts"]), int(model["experts_per_token"])


def category_tasks(run: Path, *, arm: str = "none") -> tuple[tuple[str, ...], bool]:
    """The base tasks whose documents are compared, and whether categories are told apart within them.

    Those with documents of several domains; without one, all tasks: there a category is a benchmark, which its format tells.
    Perturbed documents are never among them.
    """
    frame = read_table(run, "prompts", ["domain"], [("arm", "==", arm)])
    frame = frame[frame["task"] != PERTURBED]
    domains = frame.drop_duplicates(["task", "domain"])["task"].value_counts()
    mixed = tuple(sorted(domains.index[(domains > 1).to_numpy(bool)]))
    return (mixed, True) if mixed else (tuple(sorted(frame["task"].unique())), False)


def known_origins(signatures: Signatures) -> dict[tuple[str, str], tuple[str, str]]:
    """Of perturbed documents: (task, hash) -> the hash of its original, and the kind of change; unknown ones are left out."""
    shipped = origins()
    return {document: shipped[document[1]] for document in signatures.documents if document[1] in shipped}


def _domains(run: Path, arm: str) -> pd.DataFrame:
    frame = read_table(run, "prompts", ["domain"], [("arm", "==", arm)])
    return frame[["task", "document", "domain"]].drop_duplicates(["task", "document"])


def _joined(first: Signatures, second: Signatures) -> Signatures:
    common = set(second.documents)
    kept = first.of([document for document in first.documents if document in common])
    other = second.of(kept.documents)
    layers = [np.asarray(each.values) for each in (kept, other)]
    return replace(kept, values=np.concatenate(layers, axis=1), n_tokens=kept.n_tokens + other.n_tokens)
