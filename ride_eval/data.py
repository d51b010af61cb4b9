"""A task's documents: from the hub, from a local folder in the hub's own fields, or from files beside the task.

`--metadata '{"data_dir": "DIR"}'` reads `DIR/<benchmark>/<split>.jsonl`, for clusters without internet. The tasks of a group
have theirs in `DIR/<benchmark>/<configuration>/`, or share the group's files, where a field `subject` may say which is whose.
"""

from __future__ import annotations

import json
import logging
import random
from collections.abc import Callable, Sequence
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any

import datasets
import numpy as np

from ride_eval.errors import DataError

log = logging.getLogger(__name__)

MAX_BYTES = 4 * 1024**3
"""Of one split: documents are held in memory."""


def read_folder(folder: Path, *, instead: str = "") -> datasets.DatasetDict:
    """All `<split>.jsonl` of a folder. Raises DataError, which offers what may be done `instead`."""
    files = sorted(folder.glob("*.jsonl")) if folder.is_dir() else []
    if not files:
        raise DataError(
            f"There is no data in {folder}: <split>.jsonl files with the hub data set's own fields were expected, one JSON "
            f"object a line. Put them there{instead}."
        )
    return datasets.DatasetDict({file.stem: read_jsonl(file, file.stat().st_mtime_ns) for file in files})


_INSTEAD = ", or leave data_dir out to load from the hub"


def read_local(data_dir: Path, benchmark: str) -> datasets.DatasetDict:
    """The documents of a benchmark, or of the configuration of one: `mmlu/anatomy`. Raises DataError."""
    group, _, configuration = benchmark.partition("/")
    if not configuration or (data_dir / benchmark).is_dir():
        return read_folder(data_dir / benchmark, instead=_INSTEAD)
    shared = read_folder(data_dir / group, instead=_INSTEAD)
    own = datasets.DatasetDict()
    for split, rows in shared.items():
        found = rows["subject"] if "subject" in rows.column_names else [configuration] * len(rows)
        chosen = [i for i, subject in enumerate(found) if subject == configuration]
        if chosen:
            own[split] = rows.select(chosen)
    if not own:
        raise DataError(
            f"No document in {data_dir / group} has the `subject` {configuration!r}. Put some there, or into "
            f"{data_dir / benchmark}/."
        )
    return own


def steady(process: Callable[..., Any]) -> Callable[..., Any]:
    """A task's own preparation of its documents, with the same draws each time.

    Some shuffle choices with the global generator; then the seven arms would hold different documents.
    """

    @wraps(process)
    def prepare(*args: Any, **kwargs: Any) -> Any:
        before = random.getstate(), np.random.get_state()  # noqa: NPY002 - it is the global one that they use
        random.seed(0)
        np.random.seed(0)  # noqa: NPY002
        try:
            return process(*args, **kwargs)
        finally:
            random.setstate(before[0])
            np.random.set_state(before[1])  # noqa: NPY002

    return prepare


@lru_cache(maxsize=64)
def read_jsonl(file: Path, changed: int) -> datasets.Dataset:
    """One split; cached while the file's change time stays, since seven arms read the same one."""
    rows: list[dict[str, Any]] = []
    try:
        if (size := file.stat().st_size) > MAX_BYTES:
            raise DataError(
                f"{file} has {size:,} bytes; at most {MAX_BYTES:,} are read. Split it, or keep the part you evaluate."
            )
        with file.open(encoding="utf-8") as lines:
            rows += [_row(file, number, line) for number, line in enumerate(lines, 1) if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file} cannot be read as JSON lines ({error}).") from None
    # `from_list` looks for columns in the first row only, and would drop a field that begins later.
    names = dict.fromkeys(name for row in rows for name in row)
    if not names:
        raise DataError(f"{file} holds no document.")
    try:
        return datasets.Dataset.from_list([{name: row.get(name) for name in names} for row in rows])
    except (ValueError, TypeError, OverflowError) as error:
        reason = " ".join(str(error).split())
        raise DataError(f"{file}: each field must hold one kind of value in all documents ({reason}).") from None


def _row(file: Path, number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line, object_pairs_hook=_named)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{file}, line {number}: a JSON object was expected ({error}).") from None
    if not isinstance(row, dict):
        raise DataError(f"{file}, line {number}: a JSON object was expected, got {type(row).__name__}.")
    return row


def _named(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Arrow's names end at a null byte: two fields could become one, or none."""
    for name, _ in pairs:
        if "\0" in name:
            raise ValueError(f"the name of a field, {name!r}, holds a null byte")
    return dict(pairs)


def check_choices(choices: Any, where: str) -> None:
    """Raise DataError where a multiple-choice document has nothing to choose from, which ends in a traceback of the harness."""
    if not isinstance(choices, (list, tuple)) or not choices or not all(isinstance(choice, str) for choice in choices):
        raise DataError(
            f"{where}: a list of choices, each a text, was expected; got {repr(choices)[:100]}. Mend the document, or the "
            "task's doc_to_choice."
        )


def check_right(right: Any, choices: Sequence[str], where: str) -> None:
    """Raise DataError where a document's right choice (an index, a choice's text, or a list of either) is not there.

    The harness's own scoring counts every answer to such a document as wrong, or with -1 takes the last choice for right.
    """
    for one in right if isinstance(right, (list, tuple)) and right else [right]:
        index = isinstance(one, (int, np.integer)) and 0 <= one < len(choices)
        if not index and not (isinstance(one, str) and one in choices):
            raise DataError(
                f"{where}: the right choice is given as {repr(one)[:100]}, but there are {len(choices)} choices: 0 to "
                f"{len(choices) - 1}, or their texts. Mend the document, or the task's doc_to_target."
            )


def use_splits(config: Any, available: list[str], task: str) -> None:
    """Point a task's splits at what is there, with a warning for each that is not.

    `config` is the TaskConfig; test, few-shot and the other splits fall back on a split that exists, test data first on
    validation data. The few-shot split is always named, so that nothing falls back silently later.
    """
    wanted = config.test_split or config.validation_split or config.training_split
    evaluated = _nearest(wanted, available, ("validation", "test", "dev", "train"), task)
    config.test_split = evaluated
    for name in ("validation_split", "training_split"):
        if getattr(config, name) not in available:
            setattr(config, name, None)
    fewshot = config.fewshot_config.split or config.fewshot_split or config.training_split or config.validation_split
    if config.fewshot_config.samples is None:
        source = _nearest(fewshot or "train", available, ("train", "dev", "validation", "test"), task)
        config.fewshot_split = config.fewshot_config.split = source


def _nearest(wanted: str, available: list[str], order: tuple[str, ...], task: str) -> str:
    if wanted in available:
        return wanted
    found = next((split for split in (*order, *available) if split in available), available[0])
    log.warning("%s: the split %r is not there; using %r instead.", task, wanted, found)
    return found


def unreachable(path: str | None, benchmark: str, error: BaseException) -> DataError:
    """The one sentence for a data set that could not be loaded."""
    reason = " ".join(str(error).split())[:300]
    return DataError(
        f"The data set {path!r} cannot be loaded ({type(error).__name__}: {reason}). Check the connection or its name; without "
        f'internet, put <split>.jsonl files into DIR/{benchmark}/ and give --metadata \'{{"data_dir": "DIR"}}\'.'
    )
