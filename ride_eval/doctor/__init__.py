"""`ride-eval doctor`: does every probe measure on this model, with these versions, what it says?

Each probe is attached by itself, so that one which fails hides no other, and is compared with a slow reference on the doctor's
own prompts. The first thing to run on a new architecture or a new release of transformers.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from ride_eval.doctor import checks, generation
from ride_eval.doctor.checks import Check, Compare, Differences
from ride_eval.doctor.passes import Pass, passes
from ride_eval.doctor.prompts import asked
from ride_eval.doctor.references import NoReferenceError
from ride_eval.errors import ProbeError
from ride_eval.model import RideLM
from ride_eval.probes.bundle import PROBES, Bundle, parse_probes

DEFAULT_MODEL = "zoo-olmoe"
_COMPARE: Mapping[str, tuple[Compare, ...]] = {
    "routing": (checks.routing,),
    "density": (checks.density,),
    "attention": (checks.attention,),
    "entropy": (generation.entropies, generation.states),
}


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """What was found of a model."""

    model: str
    architecture: str
    dtype: str
    attention: str
    versions: Mapping[str, str]
    checks: tuple[Check, ...]

    @property
    def healthy(self) -> bool:
        return all(check.status != "fail" for check in self.checks)


def examine(model_args: Mapping[str, Any]) -> Diagnosis:
    """Run every check. `model_args` as `--model ride` takes them; `probes` names which are looked at, `run_dir` is not used.

    Raises UsageError for a model that cannot be loaded, or arguments it does not take.
    """
    arguments = {"pretrained": DEFAULT_MODEL, "device": "cuda" if torch.cuda.is_available() else "cpu", **model_args}
    wanted = parse_probes(str(arguments.pop("probes", "all"))) or PROBES
    with tempfile.TemporaryDirectory() as folder:
        # A run directory that is never made: a directory of the same name must not matter.
        lm: Any = RideLM(**{"share_prefill": False, **arguments, "probes": "entropy", "run_dir": str(Path(folder) / "run")})
    lm.model.eval()
    found = _examine(lm, wanted)
    return Diagnosis(
        model=str(arguments["pretrained"]),
        architecture=type(lm.model).__name__,
        dtype=str(lm.model.dtype).removeprefix("torch."),
        attention=str(lm.model.config._attn_implementation),
        versions={package: metadata.version(package) for package in ("transformers", "torch", "lm_eval")},
        checks=tuple(found),
    )


def _examine(lm: Any, wanted: tuple[str, ...]) -> list[Check]:
    before = generation.hooks(lm)
    runs = list(passes(lm, asked(lm.encoder)))
    found: list[Check] = []
    if "entropy" in wanted:
        found.append(generation.unpadded(lm, runs))
        if found[0].status == "fail":
            advice = "not the probes' fault: padding changes what this model writes, so give batch_size=1"
            found[0] = replace(found[0], detail=f"{found[0].detail}; {advice}")
    for name in wanted:
        if problem := lm.bundle.problems.get(name):
            found.append(Check(probe=name, what="attaches", status="not applicable", detail=problem))
            continue
        try:
            bundle = Bundle(lm.model, (name,))
        except ProbeError as error:
            found.append(Check(probe=name, what="attaches", status="fail", detail=str(error)))
            continue
        examinations: tuple[Compare, ...] = (*_COMPARE[name], generation.invariants, generation.padding)
        # Padding that changes what a model writes is not the probes' fault: there, answers are compared on single prompts.
        alone = name == "entropy" and found[0].status == "fail"
        for compare in examinations:
            found += _tried(name, compare, lm, bundle, [run for run in runs if not alone or len(run.prompts) == 1])
    gone = Differences("all", "hooks gone afterwards, attention implementation restored", 0.0)
    after = generation.hooks(lm)
    gone.add(after[0], before[0], f"{after[0]} hooks, {before[0]} before")
    gone.count([after[1]], [before[1]], f"attention {after[1]!r}, {before[1]!r} before")
    return [*found, gone.check()]


def _tried(probe: str, compare: Compare, lm: Any, bundle: Bundle, runs: Sequence[Pass]) -> list[Check]:
    """The checks of one examination, or the one line that says why there are none."""
    what = compare.__name__.replace("_", " ")
    try:
        return compare(lm, bundle, runs)
    except NoReferenceError as error:
        return [Check(probe=probe, what=what, status="not applicable", detail=f"no reference for this layout: {error}")]
    except ProbeError as error:
        return [Check(probe=probe, what=what, status="fail", detail=str(error))]
    except Exception as error:  # a new architecture or release can fail anywhere; the other checks still count
        return [Check(probe=probe, what=what, status="fail", detail=f"{type(error).__name__}: {error}")]
