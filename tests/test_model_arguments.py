"""What `--model_args` may say: each mistake has its sentence, before the model does any work."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoConfig

from ride_eval.errors import RideError
from ride_eval.store import read_manifest, read_table

TASK = ["ride_demo_commonsense_tag"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"num_samples": -1}, "num_samples=-1 in --model_args; a whole number of at least 0"),
        ({"num_samples": 2.5}, "num_samples=2.5"),
        ({"num_samples": True}, "num_samples=True"),
        ({"seed": "x"}, "seed='x'"),
        ({"share_prefill": "maybe"}, "share_prefill='maybe'"),
        ({"probes": "densty"}, "Unknown probe 'densty'"),
        ({"probes": "routing"}, "routing"),
        ({"reuse_prefix": 1}, "reuse_prefix=1 in --model_args; True or False"),
        ({"token_budget": 0}, "token_budget=0 in --model_args; a whole number of at least 1"),
        ({"token_budget": "auto"}, "token_budget='auto'"),
        ({"posix": "yes"}, "posix='yes' in --model_args; True or False"),
        ({"posix": True, "probes": "density"}, "add entropy to probes=density"),
        ({"store_routes": "none"}, "store_routes='none' in --model_args; question or prompt"),
        ({"think_end_token": 7}, "think_end_token=7 is a token id"),
        ({"use_fast_tokenizer": False, "probes": "densty"}, "Unknown probe"),
    ],
)
def test_a_mistake_is_named(
    arguments: dict[str, Any], words: str, models: dict[str, Path], tmp_path: Path, evaluate: Any
) -> None:
    model = {"pretrained": str(models["llama"]), "run_dir": str(tmp_path / "run"), **arguments}
    with pytest.raises(RideError) as caught:
        evaluate("ride", TASK, model_args=model, limit=1)
    assert words in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_generation_settings_a_shared_prefill_cannot_keep_are_refused(
    models: dict[str, Path], tmp_path: Path, evaluate: Any
) -> None:
    """`max_new_tokens` of a generation_config wins over the one token of the first call: the cache would hold too much."""
    folder = tmp_path / "model"
    shutil.copytree(models["llama"], folder)
    settings = json.loads((folder / "generation_config.json").read_text())
    (folder / "generation_config.json").write_text(json.dumps(settings | {"max_new_tokens": 5}))
    model = {"pretrained": str(folder), "run_dir": str(tmp_path / "run")}
    with pytest.raises(RideError, match="generation_config sets max_new_tokens=5"):
        evaluate("ride", TASK, model_args=model, limit=1)
    assert evaluate("ride", TASK, model_args={**model, "share_prefill": False}, limit=1)["results"]


def test_an_encoder_decoder_model_is_refused(models: dict[str, Path], tmp_path: Path, evaluate: Any) -> None:
    model = {"pretrained": str(models["llama"]), "run_dir": str(tmp_path / "run"), "backend": "seq2seq"}
    with pytest.raises((RideError, ValueError)) as caught:
        evaluate("ride", TASK, model_args=model, limit=1)
    assert isinstance(caught.value, RideError), caught.value


def test_a_run_directory_may_be_named_by_a_number(
    models: dict[str, Path], tmp_path: Path, evaluate: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    evaluate("ride", TASK, model_args={"pretrained": str(models["llama"]), "run_dir": 2026}, limit=1)
    assert len(read_table(tmp_path / "2026", "prompts")) == 1


def test_without_a_name_a_run_is_named_after_its_model(
    models: dict[str, Path], tmp_path: Path, evaluate: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    evaluate("ride", TASK, model_args={"pretrained": str(models["llama"])}, limit=1)
    manifest = read_manifest(tmp_path / "runs" / "llama")
    assert manifest["identity"]["model"] == str(models["llama"])
    assert manifest["model"]["layers"] == AutoConfig.from_pretrained(models["llama"]).num_hidden_layers


def test_probes_that_are_not_asked_for_leave_their_columns_empty(
    models: dict[str, Path], tmp_path: Path, evaluate: Any
) -> None:
    model = {"pretrained": str(models["olmoe"]), "run_dir": str(tmp_path / "run"), "probes": "density+entropy"}
    results = evaluate("ride", TASK, model_args=model, limit=1)["results"][TASK[0]]
    assert "hoyer_mlp,none" in results
    assert not {"router_entropy,none", "keyword_share,none"} & set(results), "not asked for is not the same as missing"
    row = read_table(tmp_path / "run", "prompts").iloc[0]
    assert row["mlp_hoyer"] is not None and row["router_entropy"] is None and row["keyword_share"] is None
    assert read_table(tmp_path / "run", "routes").empty
