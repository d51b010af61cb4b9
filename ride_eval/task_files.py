"""The YAML files of a benchmark's arms: one task an arm, a tag for the benchmark, and a tag for all.

Tags, not groups: `--tasks 'ride_*'` would match a group and its leaves, which the harness refuses.
"""

from __future__ import annotations

from collections.abc import Mapping

import yaml

from ride_eval.arms import STANDARD_ARMS


def arm_files(
    name: str, ride: Mapping[str, object], *, tag: str | None = None, arms: tuple[str, ...] = STANDARD_ARMS
) -> dict[str, str]:
    """File names and contents for `ride_<name>_<arm>.yaml`.

    `ride` is the spec without its arm (see `base.RideSpec`); `tag` the benchmark's, `ride_<benchmark>` by default.
    """
    benchmark = tag if tag is not None else f"ride_{ride['benchmark']}"
    files = {}
    for arm in arms:
        spec = {"base": ride["base"], **{key: value for key, value in ride.items() if key != "base"}, "arm": arm}
        files[f"ride_{name}_{arm}.yaml"] = (
            f"task: ride_{name}_{arm}\n"
            f"tag: [{benchmark}, ride_eval]\n"
            "class: !function ride_eval.task.RideTask\n"
            "metadata:\n"
            "  version: 1\n"
            f"  ride: {yaml.safe_dump(spec, default_flow_style=True, sort_keys=False, width=1000).strip()}\n"
        )
    return files


SHIPPED: Mapping[str, tuple[str, Mapping[str, object], str]] = {
    "demo_math": (
        "demo",
        {
            "base": "demo_math.yml",
            "benchmark": "demo",
            "domain": "math",
            "answer_filter": "number",
            "correctness": "exact_match",
        },
        "ride_demo",
    ),
    "demo_format": (
        "demo",
        {"base": "demo_format.yml", "benchmark": "demo", "domain": "format", "correctness": "format_ok"},
        "ride_demo",
    ),
    "demo_commonsense": (
        "demo",
        {"base": "demo_commonsense.yml", "benchmark": "demo", "domain": "commonsense", "correctness": "acc_norm"},
        "ride_demo",
    ),
    "signatures": ("signatures", {"base": "signatures.yml", "benchmark": "signatures", "domain": "domain"}, "ride_signatures"),
    "gsm8k": (
        "gsm8k",
        {
            "base": "gsm8k",
            "base_file": "gsm8k/gsm8k.yaml",
            "benchmark": "gsm8k",
            "domain": "math",
            "answer_filter": "flexible-extract",
            "correctness": "exact_match",
        },
        "ride_gsm8k",
    ),
    "arc_challenge": (
        "arc_challenge",
        {
            "base": "arc_challenge",
            "base_file": "arc/arc_challenge.yaml",
            "benchmark": "arc_challenge",
            "domain": "commonsense",
            "correctness": "acc_norm",
        },
        "ride_arc_challenge",
    ),
}
"""What tasks/ holds: by task name, its folder, spec and tag."""


def shipped_files() -> dict[str, str]:
    """Every arm's file in tasks/, by its path there."""
    return {
        f"{folder}/{file}": content
        for name, (folder, spec, tag) in SHIPPED.items()
        for file, content in arm_files(name, spec, tag=tag).items()
    }
