"""docs/reference/run-directory.md: the files of a run, from the schemas that they are written with."""

from __future__ import annotations

import pyarrow as pa

from ride_eval.store import KEYS, METRIC_VERSION, TABLES, Key

HEAD = f"""# The run directory

<!-- Written by `python -m handbook` from ride_eval/store.py. Do not edit. -->

What a run leaves, as files that pandas reads without this package. How they come about: [how it fits together](../architecture.md);
formulas: [what is measured](../metrics.md), version {METRIC_VERSION}.

| file | |
|---|---|
| `run.json` | identity and settings; written first, never rewritten |
| `<table>-r<rank>-<number>-<sha16>.parquet` | a part of a table; its name ends in the first 16 hex digits of its SHA-256 |
| `status.json` | written last: complete or failed, counts, reasons; its absence means running, or killed |
| `summary/` | of a complete run of 5,000 prompts or more: its numbers as a baseline, for `ride-eval check`; can be deleted |
| `lock-r<rank>.json` | while a process writes: which one; a lock of a dead process is taken over |
| `<shard>.corrupt` | a shard that was damaged and set aside; its rows were measured again |

A run that was stopped and continued may hold a row twice: drop duplicates by the key. What of it can be relied on:
[what you can rely on](../reliability.md).

## The key

Every row begins with it. Two rows of a table never agree in the whole of it, with the columns named under each table.

"""
KEY = {
    "task": "base task, e.g. `gsm8k`",
    "document": "SHA-256 of the document's canonical JSON",
    "occurrence": "0 for the first of several equal documents, 1 for the second, ...",
    "arm": "the arm",
    "wording": "index of the arm's wording; the same in every arm of a document",
    "prompt": "index of the prompt, where a document has several",
}
_MEASURES = {
    "hoyer": "Hoyer's sparsity",
    "participation": "participation ratio",
    "near_zero": "share of values near zero",
    "gini": "Gini coefficient",
    "top10_energy": "share of the energy in the largest tenth",
}
_SITES = {"mlp": "the down projection's input", "resid": "the residual stream after the block"}
_ANSWER = {
    "answer": "`greedy`, `sample`, `forced` (the greedy answer of `none` after this arm's prompt), `forced_<arm>` (that of another arm)",
    "sample": "number of the sample; 0 for other answers",
}
ABOUT = {
    "requests": "A row a prompt that was asked for, written before anything is measured: what is missing can be told by it.",
    "prompts": "A row a rendered prompt. Lists have a value a layer unless said otherwise.",
    "generations": "A row an answer.",
    "choices": "A row a choice of a multiple-choice or log-likelihood task.",
    "routes": "A row a prompt of a mixture of experts: which experts its tokens chose.",
    "equivalences": "A row a sampled answer, written by `ride-eval equivalence`: which samples mean the same.",
    "scores": "A row an answer: what the task's filter made of it, and whether it is right.",
}
COLUMNS: dict[str, dict[str, str]] = {
    "requests": {},
    "prompts": {
        "domain": "the document's domain",
        "wrong_domain": "the domain that the wrong arms name",
        "fewshot": "number of examples",
        "decoding": "generation arguments as JSON; empty for choices",
        "text": "the whole prompt, template included",
        "question_start": "where the question begins in it, in characters; null where it is not found, and in runs of older versions",
        "question_end": "where it ends",
        "meta": "the arm's text",
        "meta_length": "its length",
        "meta_unit": "`tokens` or `words`",
        "prompt_tokens": "tokens of the prompt",
        "shared_tokens": "of these, the leading ones that were read once for several prompts; null in runs of older versions",
        "question_tokens": "of these, in the question",
        "aligned_tokens": "of these, equal in all seven standard arms: what statistics are taken on",
        "reason": "why the prompt has no token statistics; null if it has",
        **{
            f"{site}_{measure}{statistic}": f"{name}, {place}; {'median' if statistic else 'mean'} over the aligned tokens"
            for site, place in _SITES.items()
            for measure, name in _MEASURES.items()
            for statistic in ("", "_median")
        },
        "sorted_tokens": "question tokens that `gini` and `top10_energy` were taken on",
        "keyword_tokens": "aligned tokens in a keyword of the domain",
        "keyword_share": "attention on keywords over attention on the question; layers x heads, flattened; NaN without mass on the question",
        "keyword_mass": "attention on keywords, mean of the heads",
        "meta_mass": "attention on the arm's text, mean of the heads",
        "router_entropy": "mean entropy of the router's distribution (nats)",
        "router_margin": "mean gap between the last expert chosen and the first left out (probability)",
        "routing_question": "selections of each expert on the aligned question tokens; layers x experts, flattened",
        "routing_prompt": "the same on all prompt tokens",
        "gates_question": "gate weights by expert, as shares of a layer's; layers x experts, flattened",
        "gates_prompt": "the same on all prompt tokens",
    },
    "generations": {
        **_ANSWER,
        "text": "the answer",
        "token_ids": "its tokens, the end token included",
        "entropies": "a token's entropy over the whole vocabulary (nats)",
        "logprobs": "a token's log-probability (nats)",
        "finish": "why it ended: `eos` (the model's end token), `stop` (a stop string), `length`; `forced` for forced answers",
        "routing_generated": "selections of each expert on the first 32 tokens; layers x experts, flattened",
        "gates_generated": "gate weights by expert on these tokens, as shares of a layer's",
        "cosines": "a sample's cosines with the samples before it",
        "rouge_l": "its ROUGE-L F1 with these",
        "reason": "which check of its probabilities failed: nothing but the text is then kept; null if none did",
    },
    "choices": {
        "choice": "index of the choice",
        "text": "the choice",
        "loglikelihood": "summed over its tokens (nats)",
        "bytes": "its length in UTF-8",
        "greedy": "whether greedy decoding would give it",
        "reason": "which check of its log-likelihood failed; null if none did",
    },
    "routes": {
        "token_ids": "the aligned question tokens",
        "experts": "their experts by falling gate weight; tokens x layers x k, flattened",
        "prompt_token_ids": "all prompt tokens, with `store_routes=prompt`; else null",
        "prompt_experts": "their experts",
    },
    "scores": {
        **_ANSWER,
        "filter": "the task's filter",
        "filtered": "what it made of the answer",
        "metric": "the task's metric that says whether an answer is right",
        "correct": "its value",
        "gold": "index of the right choice, where there is one",
    },
    "equivalences": {
        **_ANSWER,
        "class": "number of its class among the samples of its prompt",
        "judge": "model of language inference and its revision",
    },
}


def write() -> str:
    """The page's text. Raises KeyError for a column that is not described, ValueError for a description without a column."""
    key = TABLES["scores"]
    parts = [HEAD, _table([(name, key.field(name).type, KEY[name]) for name in Key._fields])]
    for table, schema in TABLES.items():
        described = dict(COLUMNS[table])
        rows = [(field.name, field.type, described.pop(field.name)) for field in schema if field.name not in KEY]
        if described:
            raise ValueError(f"{table} has no column {', '.join(described)}")
        more = [f"`{name}`" for name in KEYS[table] if name not in KEY]
        found = f" Found by the key with {' and '.join(more)}." if more else " Found by the key."
        parts.append(f"\n## {table}\n\n{ABOUT[table]}{found}\n" + (f"\n{_table(rows)}" if rows else ""))
    return "".join(parts)


def _table(rows: list[tuple[str, pa.DataType, str]]) -> str:
    return "| column | type | |\n|---|---|---|\n" + "".join(
        f"| `{name}` | {_type(kind)} | {text} |\n" for name, kind, text in rows
    )


def _type(kind: pa.DataType) -> str:
    return f"list of {kind.value_type}" if pa.types.is_list(kind) else str(kind)
