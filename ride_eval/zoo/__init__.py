"""The embedded models: small ones that were trained on a corpus of our own, with known effects of prefixes."""

from __future__ import annotations

from pathlib import Path

from ride_eval.errors import UsageError

WEIGHTS = Path(__file__).parent / "weights"
NAMES = ("zoo-olmoe", "zoo-qwen3", "zoo-llama", "zoo-mistral", "zoo-olmoe-v2")
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
    return str(path(pretrained))


def name_of(pretrained: str) -> str:
    """The opposite of `resolve`: a run of an embedded model is the same one wherever the package lies."""
    folder = Path(pretrained)
    return folder.name if folder.parent == WEIGHTS and folder.name in NAMES else pretrained
