"""Measure an embedded model and write its card: `python -m ride_eval.zoo.evaluate NAME`.

It runs ride_eval itself: held-out questions and `ride_demo` under all arms, through the harness, and reads the run directories.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import binomtest

from ride_eval.analysis.categories.baselines import load_balanced
from ride_eval.analysis.categories.classify import classify
from ride_eval.analysis.categories.matrix import load_signatures
from ride_eval.analysis.categories.resampling import difference_interval, permutation_p
from ride_eval.analysis.categories.similarity import normalized, similarity
from ride_eval.analysis.contrasts import Contrast, Effect, effect
from ride_eval.analysis.findings import find
from ride_eval.analysis.frames import Run, load_run
from ride_eval.analysis.intervals import estimate
from ride_eval.analysis.verdict import lacks
from ride_eval.checks import check_format
from ride_eval.metrics.routing import signature
from ride_eval.store import read_table
from ride_eval.zoo import NAMES, hashes, held_out, path, scoring
from ride_eval.zoo.cards import Card, Claim, Difference, ParentDifference, Share, SignatureFigures, page, write_card
from ride_eval.zoo.recipes import RECIPES
from ride_eval.zoo.train import TOKENS_PER_STEP

CONTRASTS = tuple(
    Contrast(*pair) for pair in (("tag", "tag_placebo"), ("tag", "tag_wrong"), ("expert", "filler"), ("expert", "expert_wrong"))
)
QUANTITIES = ("correct", "first_token_entropy", "forced_entropy", "choice_entropy", "density", "routing_shift")
DEMO = ("demo_math", "demo_format", "demo_commonsense")


Score = Callable[[dict[str, Any], list[str]], dict[str, float]]
_SCORES: dict[str, Score] = {
    "math": scoring.score_math,
    "factual": scoring.score_factual,
    "code": scoring.score_code,
    "format": scoring.score_format,
    "demo_format": check_format,
    "demo_math": lambda doc, results: {"exact_match": float(results[0] == doc["answer"])},
}
_METRICS = ("right", "acc_norm", "format_ok", "exact_match")
"""What a task's samples call a right answer."""
_SHIFTS = 10
_CHOICES = 4
_SEEDS = 20
"""Of the load-balanced routing: one seed's accuracy varies by several points."""


def measure(name: str, work: Path, n: int, n_arms: int) -> Card:
    """The card of a model from `n` held-out questions a domain, and `n_arms` a domain under every arm."""
    recipe, folder = RECIPES[name], path(name)
    tasks = held_out.write_tasks(work / "plain", n, arms=["none"])
    plain = held_out.evaluate(name, work / "run-plain", tasks, work / "plain")
    held_out.evaluate(name, work / "run-arms", held_out.write_tasks(work / "arms", n_arms), work / "arms")
    by_hand = held_out.evaluate(name, work / "run-demo", ["ride_demo"])
    run, demo = load_run(work / "run-arms"), load_run(work / "run-demo")
    model, training = run.manifest["model"], json.loads((folder / "training.json").read_text(encoding="utf-8"))
    documents, found = run.documents, find([run]).models[0]
    flips = documents[documents["arm"] != "none"].groupby("arm", sort=False)["flip"].mean()
    return Card(
        name=name,
        architecture=str(model["architecture"]),
        parameters=int(model["parameters"]),
        megabytes=round((folder / "model.safetensors").stat().st_size / 1e6, 2),
        experts=int(model["experts"]),
        experts_per_token=int(model["experts_per_token"]),
        planted=recipe.planted,
        parent=recipe.parent,
        seed=recipe.seed,
        steps=sum(stage.steps for stage in recipe.stages),
        tokens_per_step=TOKENS_PER_STEP,
        loss=round(float(training["loss"]), 4),
        held_out=tuple(_share(domain, plain[f"ride_zoo_{domain}_none"]) for domain in held_out.SCORED),
        demo=tuple(_share(task, by_hand[f"ride_{task}_none"]) for task in DEMO),
        differences=tuple(_differences(run, demo)),
        flips={str(arm): round(float(share), 4) for arm, share in flips.items()},
        median_first_token_entropy=round(float(documents[documents["arm"] == "none"]["first_token_entropy"].median()), 4),
        signatures=_signatures(name, work / "run-signatures") if model["experts"] else None,
        least_used_expert=_least_used(work / "run-arms", int(model["experts"])) if model["experts"] else None,
        against_parent=_against_parent(recipe.parent, plain, work, tasks) if recipe.parent else (),
        verdict=found.verdict.sentence,
        claims=tuple(_claims(found.contrasts)),
    )


def _claims(effects: Sequence[Effect]) -> Iterator[Claim]:
    for each in effects:
        if not lacks(each):
            value, floor = round(each.estimate.value, 4), round(each.noise_floor, 4)
            yield Claim(contrast=str(each.contrast), quantity=each.quantity, value=value, noise_floor=floor)


def _against_parent(
    parent: str, own: Mapping[str, Sequence[dict[str, Any]]], work: Path, tasks: Sequence[str]
) -> tuple[ParentDifference, ...]:
    """What became of the share of right answers, domain by domain, on the same held-out questions."""
    others = held_out.evaluate(parent, work / "run-parent", tasks, work / "plain")
    found = []
    for domain in held_out.SCORED:
        mine, theirs = ({s["doc_hash"]: _right(s) for s in samples[f"ride_zoo_{domain}_none"]} for samples in (own, others))
        change = estimate({domain: np.array([mine[document] - theirs[document] for document in mine])})
        low, high = (round(bound, 4) if change.has_interval else None for bound in (change.low, change.high))
        found.append(ParentDifference(name=domain, value=round(change.value, 4), low=low, high=high, n=change.n))
    return tuple(found)


def _right(sample: Mapping[str, Any]) -> float:
    return float(sample[next(name for name in _METRICS if name in sample)])


def _share(family: str, samples: Sequence[dict[str, Any]]) -> Share:
    right, n = round(sum(map(_right, samples))), len(samples)
    interval = binomtest(right, n).proportion_ci(method="wilson")
    return Share(
        name=family,
        value=round(right / n, 4),
        low=round(float(interval.low), 4),
        high=round(float(interval.high), 4),
        n=n,
        chance=round(_chance(_SCORES[family], samples) if family in _SCORES else 1 / _CHOICES, 4),
    )


def _chance(score: Score, samples: Sequence[dict[str, Any]]) -> float:
    """How often an answer is right for another question of the family."""
    documents = [sample["doc"] for sample in samples]
    answers = [str(sample["filtered_resps"][0]) for sample in samples]
    found = [
        value
        for shift in range(1, _SHIFTS + 1)
        for document, answer in zip(documents, answers[shift:] + answers[:shift], strict=True)
        for value in score(document, [answer]).values()
    ]
    return float(np.mean(found))


def _differences(run: Run, demo: Run) -> Iterator[Difference]:
    for contrast in CONTRASTS:
        for quantity in QUANTITIES:
            found = effect(run.documents, quantity, contrast).estimate
            if found.n:
                yield Difference(
                    contrast=str(contrast),
                    quantity=quantity,
                    value=round(found.value, 5),
                    low=round(found.low, 5) if found.has_interval else None,
                    high=round(found.high, 5) if found.has_interval else None,
                    n=found.n,
                    demo=round(effect(demo.documents, quantity, contrast).estimate.value, 5),
                )


def _signatures(name: str, run: Path) -> SignatureFigures:
    held_out.evaluate(name, run, ["ride_signatures_none"])
    found = load_signatures(run)
    units = normalized(found.values)
    measured = similarity(units, found.labels)
    low, high = difference_interval(units, found.labels)
    own = classify(found.values.reshape(len(units), -1), found.labels)
    _, layers, experts = found.values.shape
    balanced = [load_balanced(found.n_tokens, layers, experts, found.experts_per_token, seed=seed) for seed in range(_SEEDS)]
    chance = float(np.mean([classify(values.reshape(len(units), -1), found.labels).accuracy for values in balanced]))
    chance_interval = binomtest(round(chance * len(units)), len(units)).proportion_ci(method="wilson")
    spread = similarity(normalized(balanced[0]), np.zeros_like(found.labels))
    figures = {
        "within": measured.within.mean,
        "across": measured.across.mean,
        "low": low,
        "high": high,
        "p": permutation_p(units, found.labels),
        "accuracy": own.accuracy,
        "accuracy_low": own.low,
        "accuracy_high": own.high,
        "load_balanced_similarity": spread.within.mean,
        "load_balanced_accuracy": chance,
        "load_balanced_low": float(chance_interval.low),
        "load_balanced_high": float(chance_interval.high),
    }
    return SignatureFigures(**{key: round(value, 5) for key, value in figures.items()}, n=own.n)


def _least_used(run: Path, experts: int) -> float:
    """The smallest share of a layer's selections, over question tokens of all arms."""
    counts = read_table(run, "prompts", ["routing_question"])["routing_question"].dropna()
    return round(float(signature(np.sum(counts.tolist(), axis=0).reshape(-1, experts)).min()), 6)


def main(argv: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m ride_eval.zoo.evaluate", description="Measure a model, write its card.")
    parser.add_argument("name", choices=NAMES, metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--out", type=Path, metavar="DIR", help="keep the run directories here (a temporary folder)")
    parser.add_argument("--n", type=int, default=300, help="held-out questions a domain, without a prefix (%(default)s)")
    parser.add_argument("--n-arms", type=int, default=60, help="held-out questions a domain, under every arm (%(default)s)")
    arguments = parser.parse_args(argv)
    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    hashes.write(arguments.name)  # the model may be trained anew, and loading it checks them
    with tempfile.TemporaryDirectory() as temporary:
        card = measure(arguments.name, arguments.out or Path(temporary), arguments.n, arguments.n_arms)
    write_card(card, path(arguments.name))
    sys.stdout.write(page(card))
    return 0


if __name__ == "__main__":
    sys.exit(main())
