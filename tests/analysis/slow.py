"""The numbers of a run again: row by row, in plain Python, straight from the Parquet files and the metrics' definitions.

Nothing of ride_eval.analysis is used, so an error would have to be made twice to pass unseen.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from scipy import stats

Unit = tuple[str, str, int, str, int]
"""task, document, occurrence, arm, wording."""
NAN = math.nan


def rows(run: Path, table: str) -> list[dict[str, Any]]:
    return [row for file in sorted(run.glob(f"{table}-*.parquet")) for row in pq.read_table(file).to_pylist()]


def unit_of(row: dict[str, Any]) -> Unit:
    return row["task"], row["document"], row["occurrence"], row["arm"], row["wording"]


def mean(values: Iterable[float | None]) -> float:
    """NaN without values, and where one is NaN or null."""
    known = [NAN if value is None else value for value in values]
    return sum(known) / len(known) if known else NAN


def documents(run: Path, k: int) -> dict[Unit, dict[str, float]]:
    """Every quantity of every unit."""
    prompts: dict[Unit, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in rows(run, "prompts"):
        values = prompts[unit_of(row)]
        values["aligned_tokens"].append(row["aligned_tokens"])
        values["density"].append(1 - early_middle(row["mlp_hoyer"]))
        values["density_resid"].append(1 - early_middle(row["resid_hoyer"]))
        hoyer = row["mlp_hoyer"] or []
        third = len(hoyer) // 3
        values["density_early"].append(1 - mean(hoyer[:third]))
        values["density_middle"].append(1 - mean(hoyer[third : len(hoyer) - third]))
        values["density_late"].append(1 - mean(hoyer[len(hoyer) - third :] if third else []))
        for site in ("mlp", "resid"):
            for measure in ("participation", "near_zero", "gini", "top10_energy"):
                values[f"{measure}_{site}"].append(early_middle(row[f"{site}_{measure}"]))
        for name in ("router_entropy", "router_margin"):
            values[name].append(mean(row[name] or []))
        values["meta_mass"].append(mean(row["meta_mass"] or []))
        values["keyword_mass"].append(mean(row["keyword_mass"] or []))
        share, lost = keyword_share(row, dropped_heads(row, run))
        values["keyword_share"].append(share)
        values["heads_dropped"].append(lost)
        size = row["keyword_tokens"] / row["aligned_tokens"] if row["keyword_tokens"] else NAN
        values["keyword_lift"].append(share / size)
    for row in rows(run, "generations"):
        values, entropies = prompts[unit_of(row)], row["entropies"] or []
        if row["answer"] == "greedy":
            values["token_entropy"].append(mean(entropies))
            values["first_token_entropy"].append(entropies[0] if entropies else NAN)
            values["answer_tokens"].append(len(entropies))
            values["truncated"].append(float(row["finish"] == "length"))
        if row["answer"] == ("greedy" if row["arm"] == "none" else "forced"):
            values["forced_entropy"].append(mean(entropies))
    for row in rows(run, "scores"):
        if row["answer"] == "greedy":
            prompts[unit_of(row)]["correct"].append(row["correct"])
    for unit, sampled in samples(run).items():
        prompts[unit] |= {name: [value] for name, value in sampled.items()}
    greedy = labels(run, "greedy")
    for unit, [label] in greedy.items():
        none = greedy.get((*unit[:3], "none", unit[4]))
        if unit[3] != "none" and none is not None:
            prompts[unit]["flip"].append(float([label] != none))
    if k:
        routes = {(*unit_of(row), row["prompt"]): row["experts"] for row in rows(run, "routes")}
        for (task, document, occurrence, arm, wording, prompt), experts in sorted(routes.items()):
            none = routes.get((task, document, occurrence, "none", wording, prompt))
            if arm != "none" and none is not None:
                prompts[task, document, occurrence, arm, wording]["routing_shift"].append(shift(experts, none, k))
    for unit, signature_values in signatures(run).items():
        for name, listed in signature_values.items():
            prompts[unit][name] += listed
    found = {unit: {name: mean(values) for name, values in columns.items()} for unit, columns in prompts.items()}
    taken = {unit_of(row): row["filtered"] for row in rows(run, "scores") if row["answer"] == "greedy"}
    gold = {unit_of(row): row["gold"] for row in rows(run, "scores") if row["answer"] == "greedy"}
    summed: dict[Unit, list[float]] = defaultdict(list)
    choices: dict[Unit, list[float]] = defaultdict(list)
    for row in sorted(rows(run, "choices"), key=lambda row: (row["prompt"], row["choice"])):
        choices[unit_of(row)].append(row["loglikelihood"] / row["bytes"])
        summed[unit_of(row)].append(row["loglikelihood"])
    for unit, scores in choices.items():
        shares = softmax(scores)
        found[unit]["confidence"] = shares[int(taken[unit])]
        if gold[unit] is not None:
            found[unit]["choice_brier"] = sum((p - (i == gold[unit])) ** 2 for i, p in enumerate(shares))
        shares.sort()
        whole = softmax(summed[unit])
        found[unit]["choice_entropy_summed"] = -sum(p * math.log(p) for p in whole if p) / math.log(len(whole))
        found[unit]["choice_entropy"] = -sum(p * math.log(p) for p in shares) / math.log(len(shares))
        found[unit]["choice_margin"] = shares[-1] - shares[-2]
    for row in rows(run, "prompts"):
        if str(row["reason"]).startswith("truncated"):
            kept = ("correct", "aligned_tokens")
            found[unit_of(row)] = {name: value for name, value in found[unit_of(row)].items() if name in kept}
    return found


def softmax(scores: list[float]) -> list[float]:
    weights = [math.exp(score - max(scores)) for score in scores]
    return [weight / sum(weights) for weight in weights]


def signatures(run: Path) -> dict[Unit, dict[str, list[float]]]:
    """Per unit the values of its prompts; a signature is a list of layers, each of shares by expert, 8 in the synthetic run."""
    found: dict[tuple[Any, ...], list[list[float]]] = {}
    domains: dict[tuple[Any, ...], tuple[str, str]] = {}
    for row in rows(run, "prompts"):
        key = (*unit_of(row), row["prompt"])
        domains[key] = row["domain"], row["wrong_domain"]
        if row["routing_question"]:
            layers = [row["routing_question"][i : i + 8] for i in range(0, len(row["routing_question"]), 8)]
            found[key] = [[count / sum(layer) for count in layer] for layer in layers]
    centres = {}
    for domain in {own for own, _ in domains.values()}:
        questions: dict[tuple[str, str], list[list[float]]] = defaultdict(list)
        for key, layers in found.items():
            if key[3] == "none" and domains[key][0] == domain:
                questions[key[0], key[1]].append([share for layer in layers for share in layer])
        # A document with a prompt that has no signature would count for less; the synthetic runs have none such in `none`.
        means = [[mean(column) for column in zip(*prompts, strict=True)] for prompts in questions.values()]
        if means:
            centres[domain] = [mean(column) for column in zip(*means, strict=True)]
    result: dict[Unit, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for key, layers in found.items():
        values, flat = result[key[:5]], [share for layer in layers for share in layer]
        values["effective_experts"].append(mean(math.exp(-sum(p * math.log(p) for p in layer if p)) for layer in layers))
        centre = centres.get(domains[key][1])
        values["wrong_domain_distance"].append(1 - cosine(flat, centre) if centre else NAN)
        none = found.get((*key[:3], "none", *key[4:]))
        if key[3] != "none" and none is not None:
            values["routing_cosine_shift"].append(1 - mean(map(cosine, layers, none)))
            values["routing_js"].append(mean(map(divergence, layers, none)))
    return result


def cosine(first: list[float], second: list[float]) -> float:
    return sum(a * b for a, b in zip(first, second, strict=True)) / math.hypot(*first) / math.hypot(*second)


def divergence(first: list[float], second: list[float]) -> float:
    middle = [(a + b) / 2 for a, b in zip(first, second, strict=True)]
    return sum(p * math.log2(p / m) / 2 for side in (first, second) for p, m in zip(side, middle, strict=True) if p)


@cache
def dropped_of(run: Path) -> dict[tuple[Any, ...], set[int]]:
    """Places (layer * heads + head) that any standard arm of a prompt lacks, by the prompt without its arm."""
    found: dict[tuple[Any, ...], set[int]] = defaultdict(set)
    for row in rows(run, "prompts"):
        if row["arm"] in ("none", "tag", "tag_wrong", "tag_placebo", "expert", "expert_wrong", "filler"):
            found[prompt_of(row)] |= {i for i, share in enumerate(row["keyword_share"] or []) if math.isnan(share)}
    return found


def dropped_heads(row: dict[str, Any], run: Path) -> set[int]:
    return dropped_of(run)[prompt_of(row)]


def prompt_of(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["task"], row["document"], row["occurrence"], row["wording"], row["prompt"]


def keyword_share(row: dict[str, Any], dropped: set[int]) -> tuple[float, float]:
    """The share, and the share of heads it is not over."""
    shares = row["keyword_share"]
    if not shares:
        return NAN, NAN
    n_heads = len(shares) // len(row["keyword_mass"])
    layers = []
    lost = 0
    for first in range(0, len(shares), n_heads):
        kept = [s for i, s in enumerate(shares[first : first + n_heads], first) if i not in dropped and not math.isnan(s)]
        lost += n_heads - len(kept)
        if kept:
            layers.append(mean(kept))
    return mean(layers), lost / len(shares)


def samples(run: Path) -> dict[Unit, dict[str, float]]:
    """The quantities of sampled answers; one prompt a document."""
    sampled: dict[Unit, list[dict[str, Any]]] = defaultdict(list)
    for row in rows(run, "generations"):
        if row["answer"] == "sample":
            sampled[unit_of(row)].append(row)
    found = {}
    agreeing = labels(run, "sample")
    for unit, answers in sampled.items():
        cosines = [c for row in answers for c in row["cosines"] if not math.isnan(c)]
        count = Counter(agreeing[unit])
        n = len(agreeing[unit])
        overlaps = [f for row in answers for f in row["rouge_l"] if not math.isnan(f)]
        likelihoods = [math.exp(mean(row["logprobs"])) for row in sorted(answers, key=lambda row: row["sample"])]
        masses = [
            sum(p for p, other in zip(likelihoods, agreeing[unit], strict=True) if other == label) / sum(likelihoods)
            for label in count
        ]
        found[unit] = {
            "lexical_variation": 1 - mean(overlaps),
            "semantic_entropy": -sum(p * math.log(p) for p in masses) if n > 1 else NAN,
            "sequence_entropy": -mean(sum(row["logprobs"]) for row in answers),
            "normalized_sequence_entropy": -mean(mean(row["logprobs"]) for row in answers),
            "semantic_variation": 1 - mean(cosines),
            "answer_agreement": max(count.values()) / n if n > 1 else NAN,
            "cluster_entropy": -sum(c / n * math.log(c / n) for c in count.values()) if n > 1 else NAN,
        }
    return found


def labels(run: Path, answer: str) -> dict[Unit, list[str]]:
    """What equivalent answers share: the extracted answer; without one, the text in lower case, single spaces, unpunctuated."""
    texts = {(unit_of(row), row["answer"], row["sample"]): row["text"] for row in rows(run, "generations")}
    found: dict[Unit, list[str]] = defaultdict(list)
    for row in rows(run, "scores"):
        if row["answer"] == answer:
            text = texts.get((unit_of(row), answer, row["sample"]), row["filtered"])
            extracted = row["filter"] != "none" and row["filtered"] != "[invalid]"
            found[unit_of(row)].append(row["filtered"] if extracted else " ".join(text.lower().split()).strip(" .!"))
    return found


def correlation(strata: dict[str, list[list[tuple[float, float] | None]]]) -> float:
    """Stratum -> contrast -> one pair a document or None: sign(x1 - x2) sign(y1 - y3) over all triples of a stratum's
    documents, their mean times 3 (n - 2), by the root of the same of x with x and of y with y."""
    sums = [0.0, 0.0, 0.0]
    for contrasts in strata.values():
        for column in contrasts:
            pairs = [pair for pair in column if pair is not None]
            xs, ys = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
            for i, (first, second) in enumerate(((xs, ys), (xs, xs), (ys, ys))):
                if len(pairs) > 2:
                    sums[i] += triples(first, second)
    return sums[0] / math.sqrt(sums[1] * sums[2])


def triples(xs: list[float], ys: list[float]) -> float:
    n = len(xs)
    total = sum(
        sign(xs[i] - xs[j]) * sign(ys[i] - ys[k]) for i in range(n) for j in range(n) for k in range(n) if len({i, j, k}) == 3
    )
    return 3 * total / (n * (n - 1))


def sign(value: float) -> int:
    return (value > 0) - (value < 0)


CONTRASTS = (
    ("tag", "tag_placebo"),
    ("tag", "tag_wrong"),
    ("expert", "filler"),
    ("expert", "expert_wrong"),
    ("expert", "tag"),
)


def pairs(
    found: dict[Unit, dict[str, float]], quantity: str, contrasts: Iterable[tuple[str, str]] = CONTRASTS
) -> tuple[dict[str, list[list[tuple[float, float] | None]]], int]:
    """The input of `correlation`, from control contrasts, and the number of its pairs."""
    strata: dict[str, list[list[tuple[float, float] | None]]] = defaultdict(list)
    wordings: dict[tuple[str, str], set[int]] = defaultdict(set)
    for task, document, _, _, wording in found:
        wordings[task, document].add(wording)
    n = 0
    for contrast in contrasts:
        more = by_document(found, quantity, *contrast)
        forced, chosen = (by_document(found, name, *contrast) for name in ("forced_entropy", "choice_entropy"))
        columns: dict[str, list[tuple[float, float] | None]] = defaultdict(list)
        for key in sorted({*more, *forced, *chosen}):
            entropy = forced.get(key, chosen.get(key))
            both = key in more and entropy is not None
            columns[f"{key[0]} {sorted(wordings[key])}"].append(
                (round(more[key], 12), round(-entropy, 12)) if both and entropy is not None else None
            )
            n += both
        for stratum, column in columns.items():
            strata[stratum].append(column)
    return strata, n


def by_document(found: dict[Unit, dict[str, float]], quantity: str, arm: str, control: str) -> dict[tuple[str, str], float]:
    parts: dict[tuple[str, str], list[float]] = defaultdict(list)
    for (task, document, occurrence, this, wording), values in found.items():
        other = found.get((task, document, occurrence, control, wording), {})
        difference = values.get(quantity, NAN) - other.get(quantity, NAN)
        if this == arm and not math.isnan(difference):
            parts[task, document].append(difference)
    return {key: mean(values) for key, values in parts.items()}


def early_middle(layers: list[float] | None) -> float:
    return mean(layers[: len(layers) - len(layers) // 3]) if layers else NAN


def shift(experts: list[int], none: list[int], k: int) -> float:
    places = range(0, len(experts), k)
    return 1 - mean(len(set(experts[i : i + k]) & set(none[i : i + k])) / k for i in places)


def differences(found: dict[Unit, dict[str, float]], quantity: str, arm: str, control: str) -> dict[str, list[float]]:
    """Task -> one difference a document, over its wordings and occurrences."""
    return by_task({key: [value] for key, value in by_document(found, quantity, arm, control).items()})


def worded(found: dict[Unit, dict[str, float]], quantity: str, arm: str, control: str) -> list[tuple[str, int, float]]:
    """(task, wording, difference) of each document; each has one wording."""
    wordings = {(task, document): wording for task, document, _, _, wording in found}
    return [(key[0], wordings[key], value) for key, value in sorted(by_document(found, quantity, arm, control).items())]


def mean_of_tasks(rows: list[tuple[str, int, float]], wording: int) -> float:
    """The mean of task means within a wording."""
    tasks: dict[str, list[float]] = defaultdict(list)
    for task, own, value in rows:
        if own == wording:
            tasks[task].append(value)
    return mean(statistics.fmean(values) for values in tasks.values())


def levels(found: dict[Unit, dict[str, float]], quantity: str, arm: str) -> dict[str, list[float]]:
    parts: dict[tuple[str, str], list[float]] = defaultdict(list)
    for (task, document, _, this, _), values in found.items():
        if this == arm and not math.isnan(values.get(quantity, NAN)):
            parts[task, document].append(values[quantity])
    return by_task(parts)


def by_task(parts: dict[tuple[str, str], list[float]]) -> dict[str, list[float]]:
    tasks: dict[str, list[float]] = defaultdict(list)
    for (task, _), values in parts.items():
        tasks[task].append(mean(values))
    return dict(tasks)


def t_interval(tasks: dict[str, list[float]]) -> tuple[float, float, float]:
    """Mean of task means with its interval, by the formulas of the module `intervals` and Welch's degrees of freedom."""
    center = mean(statistics.fmean(values) for values in tasks.values())
    terms = [statistics.variance(values) / len(values) for values in tasks.values()]
    error = math.sqrt(sum(terms)) / len(tasks)
    freedom = sum(terms) ** 2 / sum(term**2 / (len(v) - 1) for term, v in zip(terms, tasks.values(), strict=True))
    half = float(stats.t.ppf(0.975, freedom)) * error
    return center, center - half, center + half


def over_wordings(rows: list[tuple[str, int, float]]) -> dict[str, float]:
    """(task, wording, difference) of each document -> effect, error, freedom and wording deviation, by the definitions of
    `spread`.

    Every covariance is written out between documents and multiplied through; no formula for it is used.
    """
    names, wordings = sorted({task for task, _, _ in rows}), sorted({wording for _, wording, _ in rows})
    sizes = {name: sum(task == name for task, _, _ in rows) for name in names}
    n = len(rows)
    weight = np.array([1 / (len(names) * sizes[task]) for task, _, _ in rows])
    value = np.array([row[2] for row in rows])
    centre = np.eye(n)
    for i, (task, _, _) in enumerate(rows):
        for j, (other, _, _) in enumerate(rows):
            centre[i, j] -= (task == other) / sizes[task]
    member = np.array([[float(wording == own) for _, own, _ in rows] for wording in wordings])
    to_scores = (member * weight) @ centre
    scores = to_scores @ value
    noise, shared = {}, np.zeros((n, n))
    parts = {name: [0.0, 0.0] for name in names}
    for name in names:
        for wording in wordings:
            cell = [x for task, own, x in rows if (task, own) == (name, wording)]
            if cell:
                parts[name][0] += sum((x - statistics.fmean(cell)) ** 2 for x in cell)
                parts[name][1] += len(cell) - 1
    pooled = sum(squares for squares, _ in parts.values()) / sum(left for _, left in parts.values())
    noise = {name: squares / left if left else pooled for name, (squares, left) in parts.items()}
    for i, (_, wording, _) in enumerate(rows):
        for j, (_, other, _) in enumerate(rows):
            shared[i, j] = wording == other
    own = np.diag([noise[task] for task, _, _ in rows])
    between = max(0.0, (scores @ scores - np.trace(to_scores @ own @ to_scores.T)) / np.trace(to_scores @ shared @ to_scores.T))
    covariance = between * shared + own
    of_scores = to_scores @ covariance @ to_scores.T
    factor = weight @ covariance @ weight / np.trace(of_scores)
    return {
        "effect": float(weight @ value),
        "error": math.sqrt(factor * (scores @ scores)),
        "freedom": np.trace(of_scores) ** 2 / np.trace(of_scores @ of_scores),
        "wording_deviation": math.sqrt(between),
    }
