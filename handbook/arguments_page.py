"""docs/reference/model-arguments.md: what `--model_args` and `--metadata` take beside the harness's own, from the code."""

from __future__ import annotations

import inspect
import re

HEAD = """# Model arguments and task options

<!-- Written by `python -m handbook` from ride_eval/model.py and ride_eval/options.py. Do not edit. -->

`lm_eval` keeps all its flags. `--model ride` takes every model argument of the harness's `hf` model (`dtype`, `revision`, `peft`,
`parallelize`, ...), and these:

| `--model_args` | default | |
|---|---|---|
"""
OPTIONS_HEAD = """
Between names of probes stands `+`, since the harness splits arguments at commas: `probes=routing+density`.

Tasks take options by `--metadata '{"key": "value"}'`:

| `--metadata` | |
|---|---|
"""
OPTIONS = {
    "placement": "where the arm's text stands: `user` (default: at the front of the first user turn) or `system`",
    "missing_scoring_data": "`nan`: leave out, and count, the scores of documents whose language data is not installed (IFEval)",
    "data_dir": "read `DIR/<benchmark>/<split>.jsonl`, in the hub data set's own fields, instead of the hub",
    "prompts": "a folder with your own `arms.yaml` and `domains.yaml`",
    "wordings_per_document": "1 by default; up to 6: ask each document under so many of an arm's wordings",
    "tokenizer": "the tokenizer that controls are matched in length with; the model's own by default",
    "pretrained": "comes from `--model_args`; named here only to say where the tokenizer is found",
    "revision": "likewise",
    "trust_remote_code": "likewise",
}
"""Every key that `read_options` reads."""
HIDDEN = ("pretrained", "revision", "trust_remote_code")
"""Keys that the harness merges in from the model's arguments: not given by hand."""


def write() -> str:
    """The page's text."""
    from ride_eval.model import RideLM

    described = _described(inspect.getdoc(RideLM) or "")
    rows = []
    for name, parameter in inspect.signature(RideLM.__init__).parameters.items():
        if name == "self" or parameter.kind is inspect.Parameter.VAR_KEYWORD:
            continue
        default = "" if parameter.default in (inspect.Parameter.empty, None) else f"`{parameter.default}`"
        rows.append(f"| `{name}` | {default} | {described[name]} |\n")
    options = [f"| `{name}` | {text} |\n" for name, text in OPTIONS.items() if name not in HIDDEN]
    return HEAD + "".join(rows) + OPTIONS_HEAD + "".join(options)


def options_read() -> set[str]:
    """The keys of `--metadata` that the code reads."""
    import ride_eval.options

    return set(re.findall(r"metadata(?:\.get\(|\[)\"(\w+)\"", inspect.getsource(ride_eval.options)))


def _described(docstring: str) -> dict[str, str]:
    """The texts of a docstring's `Parameters` section."""
    section = docstring.partition("----------\n")[2]
    found = re.findall(r"^(\w+)\n((?:    .+\n?)+)", section, re.MULTILINE)
    return {name: " ".join(text.split()).replace("|", "\\|") for name, text in found}
