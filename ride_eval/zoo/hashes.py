"""Write the hashes that loading an embedded model checks: `python -m ride_eval.zoo.hashes [NAME ...]`, after training."""

from __future__ import annotations

import json
import sys

from ride_eval.files import hash_of, write_atomic
from ride_eval.zoo import HASHES, NAMES, check_hashes, path

LOADED = (".safetensors", ".json", ".jinja")
NOT_LOADED = ("card.json", "training.json")


def hashes(name: str) -> dict[str, str]:
    """Of every file of an embedded model that loading reads."""
    files = sorted(path(name).iterdir())
    return {file.name: str(hash_of(file)) for file in files if file.suffix in LOADED and file.name not in NOT_LOADED}


def write(*names: str) -> None:
    """Write the table beside the weights anew for these models; for all, where none is named."""
    table: dict[str, dict[str, str]] = json.loads(HASHES.read_text(encoding="utf-8")) if HASHES.exists() else {}
    table |= {name: hashes(name) for name in names or NAMES}
    write_atomic(HASHES, (json.dumps(table, indent=1) + "\n").encode("ascii"))
    check_hashes.cache_clear()


if __name__ == "__main__":
    write(*sys.argv[1:])
    sys.stdout.write(f"{HASHES}\n")
