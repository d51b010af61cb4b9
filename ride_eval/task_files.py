"""The YAML files of a benchmark's arms: one task an arm, a tag for the benchmark, and a tag for all.

Tags, not groups: `--tasks 'ride_*'` would match a group and its leaves, which the harness refuses.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from ride_eval.arms import STANDARD_ARMS
from ride_eval.errors import UsageError
from ride_eval.store import write_atomic


def arm_files(
    name: str,
    ride: Mapping[str, object],
    *,
    tag: str | None = None,
    arms: Sequence[str] = STANDARD_ARMS,
    prompts: Path | None = None,
    prefix: str = "ride",
    in_suite: bool = False,
) -> dict[str, str]:
    """File names and contents for `ride_<name>_<arm>.yaml`.

    `ride` is the spec without its arm (see `base.RideSpec`); `tag` the benchmark's, `ride_<benchmark>` by default; `prompts` a
    folder that the tasks read their arms from, unless `--metadata` names another. `in_suite`: the tasks are part of
    `ride_eval`, which has all that come with the package; a user's own tag of that name would take its place.
    """
    tags = [tag if tag is not None else f"{prefix}_{ride['benchmark']}", *(["ride_eval"] if in_suite else [])]
    files = {}
    for arm in arms:
        spec = {**ride, "arm": arm}
        files[f"{prefix}_{name}_{arm}.yaml"] = (
            f"task: {prefix}_{name}_{arm}\n"
            f"tag: [{', '.join(tags)}]\n"
            "class: !function ride_eval.task.RideTask\n"
            "metadata:\n"
            "  version: 1\n"
            f"  ride: {_inline(spec)}\n"
        )
        if prompts is not None:
            files[f"{prefix}_{name}_{arm}.yaml"] += f"  prompts: {_inline([str(prompts)])[1:-1]}\n"
    return files


def _inline(value: object) -> str:
    """A value as YAML on one line."""
    return yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=1000).strip()


def place_of(base: str) -> tuple[str, Path]:
    """The benchmark's name, and the folder its files go to by default.

    `base` is a task of the harness, or the path of a YAML file of the user's, whose files lie beside it.
    """
    if base.endswith((".yml", ".yaml")):
        return Path(base).stem, Path(base).parent
    return base, Path(f"ride_{base}")


def write_arm_files(
    base: str,
    domain: str,
    folder: Path,
    *,
    answer_filter: str | None = None,
    correctness: str | None = None,
    arms: Sequence[str] = STANDARD_ARMS,
    prompts: Path | None = None,
) -> list[Path]:
    """Write the files of the arms of a harness task, or of a YAML file of the user's (see `place_of`).

    Raises TaskError for a base that cannot take an arm, UsageError.
    """
    from ride_eval.base import RideSpec, harness_path, load_base, refuse_unfit

    name, _ = place_of(base)
    if name != base:
        base = os.path.relpath(base, folder)
    probe = RideSpec(base=base, benchmark=name, arm=arms[0], domain=domain)
    config, _ = load_base(f"ride_{name}", probe, folder)
    refuse_unfit(base, config)
    filters = [str(entry["name"]) for entry in config.get("filter_list") or []]
    listed = config.get("metric_list") or []
    metrics = [str(entry["metric"]) for entry in listed]
    # A perplexity comes first in some tasks; what says "right" rises with quality.
    rising = [str(entry["metric"]) for entry in listed if entry.get("higher_is_better", True)]
    for given, known, flag in ((answer_filter, filters, "--answer-filter"), (correctness, metrics, "--correctness")):
        if given is not None and given not in known:
            raise UsageError(f"{flag} {given}: {base} has {', '.join(known) or 'none'}.")
    spec: dict[str, object] = {"base": base}
    if name == base:
        spec["base_file"] = harness_path(probe)
    spec |= {"benchmark": name, "domain": domain}
    if answer_filter or filters:
        spec["answer_filter"] = answer_filter or filters[0]
    if correctness or rising:
        spec["correctness"] = correctness or rising[0]
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file, content in arm_files(name, spec, arms=arms, prompts=prompts).items():
            write_atomic(folder / file, content.encode())
            written.append(folder / file)
    except OSError as error:
        raise UsageError(f"Cannot write into {folder}: {error.strerror}. Give --out a folder you can write to.") from None
    return written


SHIPPED: Mapping[str, tuple[str, str, Mapping[str, object]]] = {
    "demo_math": (
        "demo",
        "ride_demo",
        {
            "base": "demo_math.yml",
            "benchmark": "demo",
            "domain": "math",
            "answer_filter": "number",
            "correctness": "exact_match",
        },
    ),
    "demo_format": (
        "demo",
        "ride_demo",
        {"base": "demo_format.yml", "benchmark": "demo", "domain": "format", "correctness": "format_ok"},
    ),
    "demo_commonsense": (
        "demo",
        "ride_demo",
        {"base": "demo_commonsense.yml", "benchmark": "demo", "domain": "commonsense", "correctness": "acc_norm"},
    ),
    "signatures": ("signatures", "ride_signatures", {"base": "signatures.yml", "benchmark": "signatures", "domain": "domain"}),
    "signatures_perturbed": (
        "signatures",
        "ride_signatures_perturbed",
        {"base": "signatures_perturbed.yml", "benchmark": "signatures_perturbed", "domain": "domain"},
    ),
    "gsm8k": (
        "gsm8k",
        "ride_gsm8k",
        {
            "base": "gsm8k",
            "base_file": "gsm8k/gsm8k.yaml",
            "benchmark": "gsm8k",
            "domain": "math",
            "answer_filter": "flexible-extract",
            "correctness": "exact_match",
        },
    ),
    "ifeval": (
        "ifeval",
        "ride_ifeval",
        {
            "base": "ifeval",
            "base_file": "ifeval/ifeval.yaml",
            "benchmark": "ifeval",
            "domain": "format",
            "correctness": "prompt_level_strict_acc",
            "nltk_data": "tokenizers/punkt_tab",
        },
    ),
    "arc_challenge": (
        "arc_challenge",
        "ride_arc_challenge",
        {
            "base": "arc_challenge",
            "base_file": "arc/arc_challenge.yaml",
            "benchmark": "arc_challenge",
            "domain": "commonsense",
            "correctness": "acc_norm",
        },
    ),
    "hellaswag": (
        "hellaswag",
        "ride_hellaswag",
        {
            "base": "hellaswag",
            "base_file": "hellaswag/hellaswag.yaml",
            "benchmark": "hellaswag",
            "domain": "commonsense",
            "correctness": "acc_norm",
        },
    ),
    "winogrande": (
        "winogrande",
        "ride_winogrande",
        {
            "base": "winogrande",
            "base_file": "winogrande/default.yaml",
            "benchmark": "winogrande",
            "domain": "commonsense",
            "correctness": "acc",
        },
    ),
    "mmlu": (
        "mmlu",
        "ride_mmlu",
        {
            "base": "mmlu",
            "base_file": "mmlu/default/_mmlu.yaml",
            "benchmark": "mmlu",
            "domain": "ride_part",
            "correctness": "acc",
        },
    ),
    "mmlu_pro": (
        "mmlu_pro",
        "ride_mmlu_pro",
        {
            "base": "leaderboard_mmlu_pro",
            "base_file": "leaderboard/mmlu_pro/mmlu_pro.yaml",
            "benchmark": "mmlu_pro",
            "domain": "category",
            "correctness": "acc",
        },
    ),
    "bbh": (
        "bbh",
        "ride_bbh",
        {
            "base": "leaderboard_bbh",
            "base_file": "leaderboard/bbh_mc/_leaderboard_bbh.yaml",
            "benchmark": "bbh",
            "domain": "ride_part",
            "correctness": "acc_norm",
        },
    ),
    "musr": (
        "musr",
        "ride_musr",
        {
            "base": "leaderboard_musr",
            "base_file": "leaderboard/musr/_musr.yaml",
            "benchmark": "musr",
            "domain": "ride_part",
            "correctness": "acc_norm",
        },
    ),
    "truthfulqa": (
        "truthfulqa",
        "ride_truthfulqa",
        {
            "base": "truthfulqa_mc1",
            "base_file": "truthfulqa/truthfulqa_mc1.yaml",
            "benchmark": "truthfulqa",
            "domain": "factual",
            "correctness": "acc",
        },
    ),
    "math": (
        "math",
        "ride_math",
        {
            "base": "minerva_math500",
            "base_file": "minerva_math/minerva_math500.yaml",
            "benchmark": "math",
            "domain": "subject",
            "correctness": "math_verify",
        },
    ),
    "gpqa": (
        "gpqa",
        "gated_gpqa",
        {
            "base": "leaderboard_gpqa_main",
            "base_file": "leaderboard/gpqa/gpqa_main_zeroshot.yaml",
            "benchmark": "gpqa",
            "domain": "High-level domain",
            "correctness": "acc_norm",
        },
    ),
}
"""What tasks/ holds: by task name, its folder, tag and spec."""
NONE_ONLY = frozenset({"signatures_perturbed"})
"""Asked under `none` only: their documents are compared with those of another task, not with themselves under an arm."""

GATED = frozenset({"gpqa"})
"""Behind a login at the hub, so that `ride_*` must not name them: one of them would stop a run over all."""


def shipped_prefix(name: str) -> str:
    """What the tasks of an entry of SHIPPED begin with."""
    return "gated" if name in GATED else "ride"


def shipped_arms(name: str) -> Sequence[str]:
    """The arms that a task of SHIPPED has files for."""
    return ("none",) if name in NONE_ONLY else STANDARD_ARMS


def shipped_files() -> dict[str, str]:
    """Every arm's file in tasks/, by its path there."""
    files: dict[str, str] = {}
    for name, (folder, tag, spec) in SHIPPED.items():
        prefix, arms = shipped_prefix(name), shipped_arms(name)
        own = arm_files(name, spec, tag=tag, arms=arms, prefix=prefix, in_suite=prefix == "ride")
        files |= {f"{folder}/{file}": content for file, content in own.items()}
    return files


def not_found(names: str) -> str:
    """What to say of tasks that the harness does not find, which it lists with commas between."""
    known = [Path(file).stem for file in shipped_files()] + [tag for _, tag, _ in SHIPPED.values()]
    near = {name: difflib.get_close_matches(name, known, n=1) for name in names.split(", ")}
    said = [f"{name} (did you mean {found[0]}?)" if found else name for name, found in near.items()]
    return (
        f"There is no task {', '.join(said)}. `ride-eval tasks list` has those that come with ride_eval; your own need "
        "--include_path and their folder."
    )
