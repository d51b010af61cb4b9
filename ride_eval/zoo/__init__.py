"""The embedded models: small ones that were trained on a corpus of our own, with known effects of prefixes."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

from ride_eval.errors import UsageError
from ride_eval.files import hash_of

WEIGHTS = Path(__file__).parent / "weights"
NAMES = ("zoo-olmoe", "zoo-qwen3", "zoo-llama", "zoo-mistral", "zoo-olmoe-v2")
HASHES = WEIGHTS / "sha256.json"
"""Name -> file -> SHA-256, of every file that loading reads; written by `python -m ride_eval.zoo.hashes`."""
_PREFIX = "zoo-"


def path(name: str) -> Path:
    """The folder of an embedded model, as `from_pretrained` takes it. UsageError for a name that is none."""
    if name not in NAMES:
        raise UsageError(f"There is no embedded model {name!r}; there are {', '.join(NAMES)}.")
    return WEIGHTS / name


def resolve(pretrained: str) -> str:
    """What `pretrained=` loads: an embedded model's folder for its name, unless a local folder is called so; else as given."""
    if not pretrained.startswith(_PREFIX) or Path(pretrained).exists():
        return pretrained
    check_hashes(pretrained)
    return str(path(pretrained))


@lru_cache
def check_hashes(name: str) -> None:
    """Raise UsageError unless an embedded model's files are those that came with the package: 8 MB, once a process."""
    folder = path(name)
    for file, sha in json.loads(HASHES.read_text(encoding="utf-8"))[name].items():
        found = hash_of(folder / file)
        if found != sha:
            raise UsageError(
                f"The embedded model {name} is not the one that came with ride_eval: {folder / file} "
                f"{'is missing' if found is None else f'has SHA-256 {found[:16]}..., expected {sha[:16]}...'}. Install "
                "ride_eval again; after training the model anew, run `python -m ride_eval.zoo.hashes`."
            )


def name_of(pretrained: str) -> str:
    """The opposite of `resolve`: a run of an embedded model is the same one wherever the package lies."""
    folder = Path(pretrained)
    return folder.name if folder.parent == WEIGHTS and folder.name in NAMES else pretrained
