"""How answers to held-out questions are scored: the corpus's own rules, as the harness's `process_results`."""

from __future__ import annotations

from typing import Any

from ride_eval.checks import check_format
from ride_eval.zoo.corpus import arithmetic, code, factual


def score_math(doc: dict[str, Any], results: list[str]) -> dict[str, float]:
    """The last number of the answer."""
    return {"right": float(arithmetic.is_right(results[0], doc["accepted"]))}


def score_factual(doc: dict[str, Any], results: list[str]) -> dict[str, float]:
    """An accepted phrase in the answer."""
    return {"right": float(factual.is_right(results[0], doc["accepted"]))}


def score_code(doc: dict[str, Any], results: list[str]) -> dict[str, float]:
    """The syntax tree of a solution, or the phrases asked for."""
    return {"right": float(code.is_right(results[0], doc))}


def score_format(doc: dict[str, Any], results: list[str]) -> dict[str, float]:
    """The constraint of the instruction."""
    return {"right": check_format(doc, results)["format_ok"]}
