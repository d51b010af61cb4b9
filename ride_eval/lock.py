"""One writer a run directory: two launches at once would measure everything twice and call each other's half complete.

Each rank holds `lock-r<rank>.json`, under the operating system's own lock on that file, which ends with the process however it
ends. Rank 0 of a second launch thereby meets rank 0 of the first, while the ranks of one launch do not meet. Where the file
system has no locks (some cluster mounts), the process that the file names decides: it must be dead on this very machine.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import socket
import time
from pathlib import Path
from typing import Any

from ride_eval.errors import RunError

try:
    import fcntl
except ImportError:  # Windows: the process that the file names decides
    fcntl = None  # type: ignore[assignment]

log = logging.getLogger(__name__)

MAX_BYTES = 4096
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
_held: dict[Path, tuple[int, int]] = {}
"""Lock files of this process: descriptor, and the process that took it (a fork has none)."""


def acquire(run: Path, rank: int) -> None:
    """Take a run directory for this process; at once if it has it already. Raises RunError if another launch does."""
    file = run.resolve() / f"lock-r{rank}.json"
    if file in _held and _held[file][1] == os.getpid():
        return
    if rank:
        _refuse_another_launch(file.with_name("lock-r0.json"))
    while True:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            earlier = _content(descriptor)
            if not _locked(descriptor, earlier):
                raise _refusal(run, earlier)
            if not _is_still(descriptor, file):
                os.close(descriptor)
                continue  # the holder before us removed it between our opening and our locking
            if earlier:
                log.warning("Took over %s from process %s, which has ended.", run, earlier.get("pid"))
            content = json.dumps(_self()).encode()
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, content, 0)
        except BaseException:
            os.close(descriptor)
            raise
        _held[file] = (descriptor, os.getpid())
        return


def release(run: Path, rank: int) -> None:
    """Give a run directory up; nothing if this process does not have it."""
    file = run.resolve() / f"lock-r{rank}.json"
    descriptor, owner = _held.pop(file, (-1, -1))
    if owner == os.getpid():
        file.unlink(missing_ok=True)
        os.close(descriptor)


def launch_id() -> str | None:
    """What the ranks of one launch share and no other has; None for a process on its own."""
    if int(os.environ.get("WORLD_SIZE", "1")) < 2:
        return None
    return "/".join(os.environ.get(name, "") for name in ("TORCHELASTIC_RUN_ID", "MASTER_ADDR", "MASTER_PORT"))


def _locked(descriptor: int, earlier: dict[str, Any]) -> bool:
    """Whether the file is ours now."""
    try:
        if fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
    return not earlier or _has_ended(earlier)


def _has_ended(holder: dict[str, Any]) -> bool:
    """Whether the process a lock file names is gone; of another machine nobody can tell from here, so it counts as running."""
    if holder.get("host") != socket.gethostname() or not isinstance(holder.get("pid"), int):
        return False
    return _started(holder["pid"]) != holder.get("started")


def _started(pid: int) -> str | None:
    """When a process began, in the system's own clock ticks, so that a number used again is not taken for the same process;
    None if there is none. Where /proc is missing, only whether it is there."""
    try:
        if Path("/proc/self/stat").exists():
            return Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[19]
        os.kill(pid, 0)
    except PermissionError:
        return "running"
    except OSError:
        return None
    return "running"


def _self() -> dict[str, Any]:
    now = time.strftime("%Y-%m-%d %H:%M:%S")
    own = {"pid": os.getpid(), "host": socket.gethostname(), "started": _started(os.getpid())}
    return {**own, "since": now, "launch": launch_id()}


def _refuse_another_launch(file: Path) -> None:
    """Of a rank beside the first: whether rank 0 of another launch is at work here."""
    try:
        descriptor = os.open(file, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return
    try:
        holder = _content(descriptor)
        if holder and holder.get("launch") != launch_id() and not _locked(descriptor, holder):
            raise _refusal(file.parent, holder)
    finally:
        os.close(descriptor)


def _refusal(run: Path, holder: dict[str, Any]) -> RunError:
    who = f"process {holder.get('pid')} on {holder.get('host')}, since {holder.get('since')}" if holder else "another process"
    return RunError(
        f"{run} is being written by {who}. Wait for it or end it, or give another run_dir; if that machine is gone, remove "
        "the lock-r*.json files there."
    )


def _content(descriptor: int) -> dict[str, Any]:
    """What a lock file says; empty for a new one, or one that a kill left half written."""
    try:
        content = json.loads(os.pread(descriptor, MAX_BYTES, 0))
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _is_still(descriptor: int, file: Path) -> bool:
    """Whether the open file is the one that has the name."""
    try:
        return os.path.samestat(os.fstat(descriptor), file.stat())
    except FileNotFoundError:
        return False
