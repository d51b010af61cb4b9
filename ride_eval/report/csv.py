"""Every table of the findings as a CSV file of its own, and every flipped document with its texts.

A table's columns are the fields of what it lists, nested ones joined by a dot. Text that a spreadsheet would run as a formula
gets a leading apostrophe.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ride_eval.analysis.findings import Findings, plain
from ride_eval.analysis.flipped import flipped_table
from ride_eval.analysis.frames import Run
from ride_eval.store import write_atomic

FLIPPED = "flipped.csv"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write(runs: Sequence[Run], findings: Findings, folder: Path) -> list[Path]:
    """A file a table into a folder, which is made. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for name, rows in tables(findings).items():
        file = folder / f"{name}.csv"
        write_atomic(file, _render(rows).encode("utf-8", "backslashreplace"))
        files.append(file)
    write_flipped(runs, findings, folder / FLIPPED)
    return [*files, folder / FLIPPED]


def write_flipped(runs: Sequence[Run], findings: Findings, file: Path) -> None:
    """Every flipped document of every run, a row an arm. Raises OSError."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    header: list[str] = []
    for run, model in zip(runs, findings.models, strict=True):
        table = flipped_table(run)
        if not header:
            header = ["model", *table.columns]
            writer.writerow(header)
        for row in table.itertuples(index=False):
            writer.writerow([_cell(model.name), *map(_cell, row)])
    write_atomic(file, stream.getvalue().encode("utf-8", "backslashreplace"))


def tables(findings: Findings) -> dict[str, list[dict[str, Any]]]:
    """Name -> rows, each with its model. What is no list (a verdict's sentence, the setup) goes into `models`."""
    found: dict[str, list[dict[str, Any]]] = {"models": []}
    for model in findings.to_dict()["models"]:
        single: dict[str, Any] = {}
        for name, value in model.items():
            if isinstance(value, Mapping) and any(_is_table(item) for item in value.values()):
                for inner, item in value.items():
                    if _is_table(item):
                        _add(found, f"{name}_{inner}", model["name"], item)
                    else:
                        single[f"{name}.{inner}"] = item
            elif _is_table(value):
                _add(found, name, model["name"], value)
            else:
                single |= _flat({name: value})
        found["models"].append(single)
    _add(found, "notes", "side by side", plain(findings.notes))
    return {name: rows for name, rows in found.items() if rows}


def _add(found: dict[str, list[dict[str, Any]]], name: str, model: str, rows: Sequence[Mapping[str, Any]]) -> None:
    found.setdefault(name, []).extend({"model": model, **_flat(row)} for row in rows)


def _is_table(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, Mapping) for item in value)


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """Nested objects as columns; lists and objects of counts as one text."""
    flat: dict[str, Any] = {}
    for name, value in row.items():
        if name in ("missing", "tasks") or isinstance(value, list):
            flat[name] = "; ".join(_texts(value))
        elif isinstance(value, Mapping):
            flat |= {f"{name}.{inner}": item for inner, item in _flat(value).items()}
        else:
            flat[name] = value
    return flat


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from (f"{key}: {item}" for key, item in value.items())
    else:
        for item in value:
            yield " ".join(map(str, item.values())) if isinstance(item, Mapping) else "" if item is None else str(item)


def _render(rows: Sequence[Mapping[str, Any]]) -> str:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(row.get(name)) for name in columns] for row in rows)
    return stream.getvalue()


def _cell(value: Any) -> Any:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    if isinstance(value, str) and value.startswith(_FORMULA) and not _is_number(value):
        return f"'{value}"
    return value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
