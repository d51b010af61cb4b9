"""The measuring half's side of a run directory: opens it, remembers what is in it, writes what is new.

One recorder per process and run directory; the tasks find it again, for their scores, by the path a measurement carries.
"""

from __future__ import annotations

import atexit
import logging
import sys
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ride_eval import asked, lock
from ride_eval.errors import ProbeError, RideError, RunError
from ride_eval.interrupts import Stopped, pending
from ride_eval.prompt import Prompt, TemplateSettings
from ride_eval.shards import set_aside
from ride_eval.soundness import MAX_SHARE, is_failed, too_many
from ride_eval.status import write_status
from ride_eval.store import (
    FORMAT_VERSION,
    KEYS,
    MEASURED,
    METRIC_VERSION,
    TABLES,
    Key,
    TableWriter,
    check_identity,
    read_manifest,
    read_table,
    write_manifest,
)
from ride_eval.summaries import summarize_apart

log = logging.getLogger(__name__)
_open: dict[str, Recorder] = {}


def any_measured() -> bool:
    """Whether this process has opened a run directory."""
    return bool(_open)


def recorder_of(run: str) -> Recorder | None:
    """The recorder this process has open for a run directory."""
    return _open.get(run)


class Recorder:
    """Writes one run directory for one rank.

    Parameters
    ----------
    run
        The directory; made on `open`.
    manifest
        run.json without the template's part of the identity, which only requests tell.
    rank, world_size
        Which of how many processes that write the run together. Rank 0 opens first, and writes run.json and status.json.

    Raises
    ------
    RunError
        If the directory holds another run, at once where the difference is known already, else on `open`.
    """

    def __init__(self, run: Path, manifest: Mapping[str, Any], rank: int = 0, world_size: int = 1) -> None:
        asked.forget_all()
        self.run, self.rank, self._world_size = run, rank, world_size
        self._manifest = dict(manifest)
        self._writers = {table: TableWriter(run, table, rank) for table in MEASURED}
        self._seen: dict[str, set[tuple[Any, ...]]] = {table: set() for table in MEASURED}
        self._expected: set[str] = set()
        self._scored: set[str] = set()
        self._conditions: dict[str, tuple[int, str]] = {}
        self._asked: set[Key] = set()
        self._flawed: dict[Key, str] = {}
        self.is_open = self._finished = False
        self.centre: list[float] = []
        """The model's mean state over the calibration text."""
        self.prompts: dict[Key, dict[str, Any]] = {}
        """Rows an earlier run left here, by key; likewise below."""
        self.generations: dict[tuple[Key, str], dict[str, Any]] = {}
        self.samples: dict[Key, list[dict[str, Any]]] = {}
        self.choices: dict[tuple[Key, int], dict[str, Any]] = {}
        self.unsound: set[Key] = set()
        """Prompts of which a stored answer or choice failed a check."""
        if run.exists() and not run.is_dir():
            raise RunError(f"run_dir={run} is a file; a directory was expected.")
        if (run / "run.json").exists():
            # Whether the model's own template is applied is known only when requests come.
            known = {name: value for name, value in self._manifest["identity"].items() if name != "chat_template"}
            check_identity(run, read_manifest(run)["identity"], known)

    def open(self, settings: TemplateSettings, calibration: Mapping[str, Any] | None = None) -> None:
        """Make the directory, or check that it holds this very run and read back what is there.

        `calibration` is kept in the run; a run that has one keeps its own.
        """
        if self.is_open:
            return
        template = {
            "chat_template": self._manifest["identity"]["chat_template"] if settings.chat_template else None,
            "multiturn": settings.multiturn,
            "system_instruction": settings.system_instruction,
            "placement": settings.placement,
            "prompts": settings.prompts,
        }
        identity = {**self._manifest["identity"], **template, "metrics": METRIC_VERSION}
        if calibration is not None:
            identity["calibration"] = calibration["text"]
        try:
            self.run.mkdir(parents=True, exist_ok=True)
            lock.acquire(self.run, self.rank)
        except OSError as error:
            raise RunError(f"Cannot make run_dir={self.run}: {error.strerror}. Give a directory you can write to.") from None
        try:
            self._begin(identity, calibration)
        except OSError as error:
            raise RunError(
                f"Cannot write into run_dir={self.run}: {error.strerror}. Make room, or mend the directory."
            ) from None
        finally:
            if not self.is_open:
                lock.release(self.run, self.rank)

    def _begin(self, identity: Mapping[str, Any], calibration: Mapping[str, Any] | None) -> None:
        if (self.run / "run.json").exists():
            there = read_manifest(self.run)
            check_identity(self.run, there["identity"], identity)
            self.centre = there.get("calibration", [])
            for name in set_aside(self.run):
                log.warning("The shard %s was damaged; it is kept as %s.corrupt, and its rows are measured again.", name, name)
            try:
                self._read_back()
            except (KeyError, TypeError, ValueError) as error:
                raise RunError(f"The rows in {self.run} are not those of a run ({error}). Give another run_dir.") from error
        elif self.rank == 0:
            created = datetime.now(UTC).isoformat(timespec="seconds")
            head = {"format": FORMAT_VERSION, "created": created, "identity": identity}
            rest = {key: value for key, value in self._manifest.items() if key != "identity"}
            self.centre = calibration["mean_state"] if calibration is not None else []
            write_manifest(self.run, {**head, **rest, "calibration": self.centre})
        else:
            raise RunError(
                f"Process {self.rank} does not find {self.run / 'run.json'}, which process 0 wrote. Give a run_dir on a file "
                "system that all processes see."
            )
        if self.rank == 0:
            (self.run / "status.json").unlink(missing_ok=True)
        self.is_open = True
        if (earlier := _open.get(str(self.run))) is not None:
            # An attempt this process gave up: its status at exit would overwrite this one's.
            earlier.is_open = False
        _open[str(self.run)] = self
        atexit.register(self.close)
        for keys in asked.take():
            self._ask(keys)
        self._writers["requests"].flush()

    def _ask(self, keys: Collection[Key]) -> None:
        self._asked.update(keys)
        for key in keys:
            self.add("requests", key._asdict())

    def expect(self, task_name: str, prompt: Prompt) -> None:
        """Note a request: its task must be scored before the run is complete, and its conditions must be those stored."""
        self._expected.add(task_name)
        if prompt.key not in self._asked:
            self._ask([prompt.key])
        given = (prompt.fewshot, prompt.decoding)
        stored = self._conditions.setdefault(prompt.key.task, given)
        if stored != given:
            raise RunError(
                f"{self.run} holds {prompt.key.task} with num_fewshot={stored[0]} and generation arguments "
                f"{stored[1] or '(none)'}; now {given[0]} and {given[1] or '(none)'} were given. Give another run_dir."
            )
        row = self.prompts.get(prompt.key)
        if row is not None and row["text"] != prompt.rendering.text:
            raise RunError(
                f"{self.run} holds {prompt.key.task}, arm {prompt.key.arm}, with another prompt for the same document: "
                "its task, description or few-shot seed has changed. Give another run_dir."
            )

    def add(self, table: str, row: Mapping[str, Any]) -> None:
        """Write a row, unless one with its key is there already."""
        key = tuple(row[column] for column in KEYS[table])
        if key not in self._seen[table]:
            self._seen[table].add(key)
            self._writers[table].append(row)

    def flawed(self, key: Key, flaw: str) -> None:
        """Note that a check failed on a prompt, its answer or a choice."""
        self._flawed.setdefault(key, flaw)

    def check(self) -> None:
        """After a batch: raise ProbeError once more than MAX_SHARE of the prompts failed a check, Stopped if that is asked."""
        if (signal := pending()) is not None:
            self.flush()
            n, total = sum(tuple(key) in self._seen["prompts"] for key in self._asked), len(self._asked)
            raise Stopped(
                signal,
                f"Stopped. {n} of {total} prompts are measured, and kept in {self.run}; give the same command again to go on.",
            )
        if too_many(len(self._flawed), len(self._asked | self._flawed.keys())):
            self.flush()
            raise ProbeError(
                f"{len(self._flawed)} of {len(self._asked)} prompts failed a check, more than {MAX_SHARE:.0%}; the run stops. "
                f"The first: {next(iter(self._flawed.values()))} Run `ride-eval doctor` on this model, or leave the probe out "
                "of probes=, and give another run_dir."
            )

    def holds_prompt(self, key: Key) -> bool:
        """Whether an earlier run wrote all of a prompt's measurement, its expert ids included."""
        row = self.prompts.get(key)
        if row is None:
            return False
        whole = self._manifest["identity"].get("store_routes") == "prompt"
        counts = row["routing_prompt" if whole else "routing_question"]
        # A prompt that was cut has counts, all zero, and no ids.
        return counts is None or not np.any(counts) or tuple(key) in self._seen["routes"]

    def holds_answers(self, key: Key, n_samples: int) -> bool:
        """Whether an earlier run wrote a prompt's greedy answer and that many samples."""
        return (key, "greedy") in self.generations and len(self.samples.get(key, [])) >= n_samples

    def fetch_greedy(self, keys: Collection[Key]) -> None:
        """Read the greedy answers of prompts that another rank measured."""
        if not keys:
            return
        arms = sorted({key.arm for key in keys})
        frame = read_table(self.run, "generations", ["token_ids", "reason"], [("answer", "=", "greedy"), ("arm", "in", arms)])
        for row in _records(frame):
            if (key := _key(row)) in keys:
                self.generations[key, "greedy"] = row

    def sample_texts(self, task: str, arm: str) -> dict[Key, list[str]]:
        """The sampled answers of one task and arm by key, in order of the sample."""
        self._writers["generations"].flush()
        wanted = [("task", "=", task), ("arm", "=", arm), ("answer", "=", "sample")]
        frame = read_table(self.run, "generations", ["text"], wanted).sort_values("sample")
        texts: dict[Key, list[str]] = {}
        for row in _records(frame):
            texts.setdefault(_key(row), []).append(str(row["text"]))
        return texts

    def flush(self) -> None:
        for writer in self._writers.values():
            writer.flush()

    def scored(self, task_name: str) -> None:
        """A task wrote its last score; after the last task a process that is alone has a complete run."""
        self._writers["scores"].flush()
        self._scored.add(task_name)
        if self._world_size == 1:
            self.finish()

    def finish(self) -> None:
        """Write that the run is complete, if every task is scored. With several ranks, once all of them are done."""
        if self.rank == 0 and self.is_open and not self._finished and self._expected <= self._scored:
            self.check()
            error = self._missing()
            self._finished = True
            self._write_status("failed" if error else "complete", error)
            if not error:
                summarize_apart(self.run)
            lock.release(self.run, self.rank)

    def _missing(self) -> str | None:
        """What is not there although it must be; None if nothing."""
        lost = sum(tuple(key) not in self._seen["prompts"] for key in self._asked)
        if lost:
            return f"{lost} of {len(self._asked)} prompts were asked for and have no row; give the same command again"
        left = self._unscored()
        return f"{left} prompts of an earlier attempt were not scored; give its command again" if left else None

    def _unscored(self) -> int:
        """Prompts that an earlier attempt measured, of whatever tasks, and no attempt scored."""
        if self._world_size > 1:
            for row in _records(read_table(self.run, "scores", [])):  # the other ranks' too
                self._remember("scores", row)
        scored = {key[:5] for key in self._seen["scores"]}
        return sum(key[:5] not in scored for key in self.prompts)

    def close(self) -> None:
        """Flush, and say how it ended if it did not end well. Runs at exit; must not hide the error that led there."""
        if not self.is_open:
            return
        self.is_open = False
        try:
            self.flush()
            self._close()
        except RideError as error:
            log.error("%s", error)
        finally:
            lock.release(self.run, self.rank)

    def _close(self) -> None:
        waits = self.rank == 0 and not self._finished  # for others, if not for a score of its own
        if self._expected <= self._scored and not waits:
            return
        if self._world_size > 1 and (self.run / "status.json").exists():
            return  # the rank that failed first has said why
        error = getattr(sys, "last_value", None)
        missing = ", ".join(sorted(self._expected - self._scored))
        ended = f"ended before scoring {missing}" if missing else "ended before the other processes"
        reason = f"{type(error).__name__}: {error}" if error else ended
        self._write_status("failed", f"process {self.rank}: {reason}" if self._world_size > 1 else reason)

    def _write_status(self, state: str, error: str | None) -> None:
        if self.run.is_dir():
            write_status(self.run, state, error)

    def _read_back(self) -> None:
        for row in _records(read_table(self.run, "prompts", _without_gates("prompts"))):
            self._remember("prompts", row)
            self.prompts[_key(row)] = row
            self._conditions.setdefault(row["task"], (int(row["fewshot"]), row["decoding"]))
            self._read_flaw(row)
        for row in _records(read_table(self.run, "generations", _without_gates("generations"))):
            self._remember("generations", row)
            self._read_flaw(row, answers=row["answer"] in ("greedy", "sample"))
            if row["answer"] == "sample":
                self.samples.setdefault(_key(row), []).append(row)
            else:
                self.generations[_key(row), row["answer"]] = row
        for row in _records(read_table(self.run, "choices")):
            self._remember("choices", row)
            self._read_flaw(row, answers=True)
            self.choices[_key(row), int(row["choice"])] = row
        for table in ("requests", "routes", "scores"):
            for row in _records(read_table(self.run, table, [])):
                self._remember(table, row)

    def _read_flaw(self, row: Mapping[str, Any], *, answers: bool = False) -> None:
        if is_failed(row["reason"]):
            self._flawed.setdefault(_key(row), row["reason"])
            if answers:
                self.unsound.add(_key(row))

    def _remember(self, table: str, row: Mapping[str, Any]) -> None:
        self._seen[table].add(tuple(row[column] for column in KEYS[table]))


def _without_gates(table: str) -> list[str]:
    """The columns that going on with a run may need: gate weights are the longest, and no scalar is made of them."""
    return [name for name in TABLES[table].names if not name.startswith("gates_")]


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def _key(row: Mapping[str, Any]) -> Key:
    return Key(row["task"], row["document"], int(row["occurrence"]), row["arm"], int(row["wording"]), int(row["prompt"]))
