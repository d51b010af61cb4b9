"""Is what one set of signatures finds alike also alike for another? Between models, and between prompt and answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ride_eval.analysis.categories.mantel import Mantel, partial_mantel
from ride_eval.analysis.categories.matrix import Signatures
from ride_eval.analysis.categories.similarity import Floats, normalized
from ride_eval.analysis.categories.tokens import Routes, overlap
from ride_eval.store import read_table


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """Two similarities of the same prompts."""

    first: str
    second: str
    given: str
    """What was controlled for."""
    mantel: Mantel


@dataclass(frozen=True, kw_only=True)
class Side:
    """One run's question signatures and question tokens, in the same order."""

    name: str
    signatures: Signatures
    token_ids: Sequence[NDArray[np.int64]] | None
    """Of each document; None where routes were not stored."""


def side(name: str, signatures: Signatures, routes: Routes | str) -> Side:
    if isinstance(routes, str):
        return Side(name=name, signatures=signatures, token_ids=None)
    return Side(name=name, signatures=signatures, token_ids=np.split(routes.token_ids, np.cumsum(routes.lengths)[:-1]))


def between(one: Side, other: Side) -> Transfer:
    """Question signatures of two runs, over the documents both have, given the token overlap under both tokenizers."""
    places = [{document: i for i, document in enumerate(each.signatures.documents)} for each in (one, other)]
    common = [document for document in one.signatures.documents if document in places[1]]
    rows = [np.array([place[document] for document in common], dtype=np.intp) for place in places]
    alike = [_cosines(each.signatures.values[own]) for each, own in zip((one, other), rows, strict=True)]
    controls = [
        overlap([each.token_ids[i] for i in own.tolist()])
        for each, own in zip((one, other), rows, strict=True)
        if each.token_ids is not None and common
    ]
    return Transfer(
        first=one.name,
        second=other.name,
        given="common question tokens" if controls else "nothing: no stored routes, so no token ids",
        mantel=partial_mantel(alike[0], alike[1], controls, one.signatures.n_tokens[rows[0]]),
    )


def prompt_and_answer(run: Path, prompt: Side, generated: Signatures) -> Transfer:
    """Question and generated signatures of one run, given the overlap of the question's and of the answer's tokens."""
    places = {document: i for i, document in enumerate(prompt.signatures.documents)}
    common = [document for document in generated.documents if document in places]
    rows = np.array([places[document] for document in common], dtype=np.intp)
    answers = _answers(run, generated.documents)
    controls = [overlap([answers[document] for document in common])] if common else []
    if prompt.token_ids is not None and common:
        controls.append(overlap([prompt.token_ids[row] for row in rows.tolist()]))
    return Transfer(
        first="question tokens",
        second="generated tokens",
        given="common tokens of the questions, and of the answers" if len(controls) == 2 else "common tokens of the answers",
        mantel=partial_mantel(
            _cosines(prompt.signatures.values[rows]),
            _cosines(generated.of(common).values),
            controls,
            prompt.signatures.n_tokens[rows],
        ),
    )


def _cosines(values: Floats) -> Floats:
    units = normalized(values) if len(values) else np.zeros((0, 1))
    return np.asarray(units @ units.T)


def _answers(run: Path, documents: Sequence[tuple[str, str]]) -> dict[tuple[str, str], NDArray[np.int64]]:
    """The first 32 token ids of greedy answers under `none`: those whose routing `generated` is."""
    wanted = [("arm", "==", "none"), ("answer", "==", "greedy"), ("task", "in", sorted({task for task, _ in documents}))]
    frame = read_table(run, "generations", ["token_ids"], wanted)
    return {
        (task, document): np.asarray(tokens, dtype=np.int64)[:32]
        for task, document, tokens in zip(frame["task"], frame["document"], frame["token_ids"], strict=True)
        if tokens is not None
    }
