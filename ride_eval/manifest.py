"""run.json: which model, under which settings, made a run."""

from __future__ import annotations

import hashlib
import platform
import re
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from ride_eval import __version__
from ride_eval.probes.bundle import Bundle
from ride_eval.zoo import name_of

_SAMPLE = 64 * 1024
_WEIGHTS = (".safetensors", ".bin", ".gguf")


def describe(lm: Any, bundle: Bundle) -> dict[str, Any]:
    """The manifest of a loaded `RideLM`, without the template's part, which only its requests tell.

    `identity` decides whether a second run may add to the directory; the rest is for the reader.
    """
    config = lm.model.config
    template = lm.tokenizer.chat_template
    routers = [block.router for block in bundle.anatomy.routed if block.router is not None]
    source = str(lm.pretrained) if isinstance(lm.pretrained, str) else str(getattr(config, "_name_or_path", ""))
    name = name_of(source)
    slug = model_slug(name)
    return {
        "identity": {
            "model": name,
            "revision": str(getattr(config, "_commit_hash", None) or lm.revision),
            "weights": weights_fingerprint(Path(source)) if source and Path(source).is_dir() else None,
            "peft": lm.peft,
            "delta": lm.delta,
            "quantization": _fingerprint(getattr(config, "quantization_config", None)),
            "tokenizer": _fingerprint(sorted(lm.tokenizer.get_vocab().items())),
            "add_bos_token": lm.add_bos_token,
            "max_length": lm.max_length,
            "dtype": str(lm.model.dtype).removeprefix("torch."),
            "chat_template": hashlib.sha256(str(template).encode()).hexdigest() if template else None,
            "chat_template_args": {key: str(value) for key, value in sorted(lm.chat_template_args.items())},
            "seed": lm.seed,
            "num_samples": lm.num_samples,
            "probes": list(bundle.names),
            "store_routes": lm.store_routes,
        },
        "settings": {
            "probes": list(bundle.names),
            "limits": bundle.limits,
            "posix": lm.posix,
            "share_prefill": lm.share_prefill,
            "reuse_prefix": lm.reuse_prefix,
            "token_budget": lm.token_budget,
            "attn_implementation": getattr(config, "_attn_implementation", None),
            "experts_implementation": getattr(config, "_experts_implementation", None),
            "device": str(lm.device),
            "device_name": torch.cuda.get_device_name(lm.device) if lm.device.type == "cuda" else None,
            "batch_size": str(lm.batch_size_per_gpu),
            "world_size": lm.world_size,
        },
        "model": {
            "name": slug,
            "architecture": type(lm.model).__name__,
            "layers": len(bundle.anatomy.blocks),
            "hidden_size": bundle.anatomy.hidden_size,
            "parameters": sum(parameter.numel() for parameter in lm.model.parameters()),
            "attention_layers": [block.index for block in bundle.anatomy.attending],
            "feed_forward_layers": [block.index for block in bundle.anatomy.blocks if block.has_feed_forward],
            "moe_layers": [block.index for block in bundle.anatomy.routed],
            "experts": routers[0].n_experts if routers else 0,
            "experts_per_token": routers[0].top_k if routers else 0,
            "router_normalization": routers[0].normalization if routers else None,
            "router_gives_probabilities": routers[0].gives_probabilities if routers else None,
            "untrained": bool(getattr(config, "ride_eval_untrained", False)),
        },
        "versions": {
            "ride_eval": __version__,
            "python": platform.python_version(),
            "torch": torch.__version__,
            "cuda": torch.version.cuda,
            **{
                package: metadata.version(package)
                for package in ("transformers", "lm_eval", "tokenizers", "accelerate", "numpy")
            },
        },
    }


def model_slug(name: str) -> str:
    """A short name, fit for a folder: the last part of a model's path or hub name, in plain characters."""
    name = name.rstrip("/").rpartition("/")[2]
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "model"


def _fingerprint(value: Any) -> str | None:
    """A short hash of what a value looks like; None for None."""
    return None if value is None else hashlib.sha256(str(value).encode("utf-8", "replace")).hexdigest()[:32]


def weights_fingerprint(folder: Path) -> str | None:
    """A short hash that tells a changed local checkpoint: config, and name, size and both ends of each weight file.

    Not the whole content: hashing 15 GB at each start would cost a minute.
    """
    files = sorted(file for file in folder.iterdir() if file.suffix in _WEIGHTS or file.name == "config.json")
    if not files:
        return None
    digest = hashlib.sha256()
    for file in files:
        size = file.stat().st_size
        with file.open("rb") as stream:
            head = stream.read(_SAMPLE)
            stream.seek(max(0, size - _SAMPLE))
            digest.update(f"{file.name}:{size}:".encode() + head + stream.read(_SAMPLE))
    return digest.hexdigest()[:32]
