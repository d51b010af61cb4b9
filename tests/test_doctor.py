"""The doctor passes what is right on every architecture, and fails each way in which a probe can be wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console
from transformers import AutoTokenizer

from ride_eval.cli import main
from ride_eval.doctor import Diagnosis, examine
from ride_eval.doctor.checks import Differences
from ride_eval.metrics import density as density_metrics
from ride_eval.probes import attention as attention_probe
from ride_eval.probes import density as density_probe
from ride_eval.probes.decoding import DecodingProbe
from ride_eval.probes.density import DensityProbe
from ride_eval.probes.layout import MeasuredRow
from ride_eval.probes.passes import Passes
from ride_eval.probes.routing import RoutingProbe
from ride_eval.report.doctor import show
from tests.architectures import ARCHITECTURES, MIXTURES
from tests.test_attention_reference import EXTRA

FAST = {"device": "cpu", "num_samples": 0}
Break = Callable[[pytest.MonkeyPatch], None]


def lines(diagnosis: Diagnosis) -> list[str]:
    return [f"{c.probe}: {c.what}: {c.status} {c.difference} {c.detail}" for c in diagnosis.checks if c.status != "pass"]


def examined(folder: Path, **arguments: Any) -> Diagnosis:
    return examine({"pretrained": str(folder), **FAST, **arguments})


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_probe_passes(architecture: str, models: dict[str, Path]) -> None:
    diagnosis = examined(models[architecture])
    left = lines(diagnosis)
    assert len(left) == (architecture not in MIXTURES)
    assert all(line.startswith("routing: attaches: not applicable nan") and "which has no router" in line for line in left)
    assert diagnosis.healthy
    compared = {check.probe for check in diagnosis.checks if check.status == "pass"}
    assert compared == {"model", "density", "attention", "entropy", "all", *(["routing"] if architecture in MIXTURES else [])}
    assert len(diagnosis.checks) == (27 if architecture in MIXTURES else 20)


@pytest.mark.parametrize("architecture", EXTRA)
def test_sinks_soft_caps_and_other_gates(architecture: str, models: dict[str, Path], tmp_path: Path) -> None:
    """Attention sinks take a part of the attention, so its sum is below 1, as in eager maps; all else must hold."""
    torch.manual_seed(0)
    model = EXTRA[architecture]()
    for name, parameter in model.named_parameters():
        if name.endswith("sinks"):
            torch.nn.init.normal_(parameter)
    model.save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(models["llama"]).save_pretrained(tmp_path)
    # By sdpa, which transformers 5.0.0 takes for Gemma-2 unless told, there is no soft cap.
    diagnosis = examined(tmp_path, **({"attn_implementation": "eager"} if architecture == "gemma2" else {}))
    assert diagnosis.healthy, lines(diagnosis)
    sums = "attention over all tokens sums to " + ("what sinks leave" if architecture == "gpt_oss" else "1")
    assert sums in {check.what for check in diagnosis.checks if check.status == "pass"}
    assert [check.probe for check in diagnosis.checks if check.status != "pass"] == (
        ["routing"] if architecture == "gemma2" else []
    )


def test_lower_precision_passes_too(models: dict[str, Path]) -> None:
    diagnosis = examined(models["olmoe"], dtype="bfloat16")
    assert diagnosis.dtype == "bfloat16"
    assert diagnosis.healthy, lines(diagnosis)


def silent(probe: type, method: str) -> Break:
    """A hook that never fires."""
    return lambda patch: patch.setattr(probe, method, lambda *_: lambda *_: None)


def wrong_hoyer(patch: pytest.MonkeyPatch) -> None:
    offset = torch.tensor([1e-3, 0, 0, 0])  # of the first measure alone
    real = density_probe.unsorted_and_peaks
    patch.setattr(density_probe, "unsorted_and_peaks", lambda x: real(x) + offset.reshape(-1, *[1] * (x.dim() - 1)))


def wrong_gini(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(density_metrics._OF_SORTED, "gini", lambda x: density_metrics._gini(x.flip(-1)))


def wrong_experts(patch: pytest.MonkeyPatch) -> None:
    """The ids of the neighbouring token."""
    real = RoutingProbe._on_prefill

    def shifted(self: Any, *given: Any) -> None:
        real(self, *given[:-1], given[-1].roll(1, 0))

    patch.setattr(RoutingProbe, "_on_prefill", shifted)


def wrong_padding(patch: pytest.MonkeyPatch) -> None:
    """Positions that forget the padding on the left."""
    real = MeasuredRow.__init__

    def without_start(self: Any, **kwargs: Any) -> None:
        real(self, **{**kwargs, "start": 0})

    patch.setattr(MeasuredRow, "__init__", without_start)


def wrong_attention(patch: pytest.MonkeyPatch) -> None:
    real = attention_probe.attention_rows
    patch.setattr(attention_probe, "attention_rows", lambda *args: real(*args[:4], {**args[4], "scaling": 0.5}))


def mutated_logits(patch: pytest.MonkeyPatch) -> None:
    """A probe that writes into what it reads."""
    real = DecodingProbe._after

    def after(self: Any, module: Any, args: Any, kwargs: Any, output: Any) -> None:
        real(self, module, args, kwargs, output)
        output.logits[:, -1, 7] += 100

    patch.setattr(DecodingProbe, "_after", after)


def mutated_stream(patch: pytest.MonkeyPatch) -> None:
    real = DensityProbe._on_residual

    def on_residual(self: Any, block: Any) -> Any:
        hook = real(self, block)

        def moved(module: Any, inputs: Any, output: Any) -> None:
            hook(module, inputs, output)
            (output[0] if isinstance(output, tuple) else output).mul_(1.5)

        return moved

    patch.setattr(DensityProbe, "_on_residual", on_residual)


def wrong_entropy(patch: pytest.MonkeyPatch) -> None:
    """In bits."""
    patch.setattr("ride_eval.probes.decoding.logprob_entropy", lambda x: torch.special.entr(x.exp()).sum(-1) / 0.6931)


def late_entropy(patch: pytest.MonkeyPatch) -> None:
    """Of the token before."""
    real = DecodingProbe._of
    patch.setattr(DecodingProbe, "_of", lambda self, tokens: real(self, tokens.roll(1, 0)))


def leaking(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Passes, "__exit__", lambda *_: None)


BROKEN: dict[str, tuple[Break, str, str]] = {
    "a hook on the residual stream that never fires": (silent(DensityProbe, "_on_residual"), "density", "fired 0 times"),
    "a hook on routers that never fires": (silent(RoutingProbe, "_on_router"), "routing", "0 routers fired"),
    "attention that is not seen": (
        lambda patch: patch.setattr(attention_probe.AttentionProbe, "see", lambda *_: None),
        "attention",
        "was seen 0 times",
    ),
    "another Hoyer": (wrong_hoyer, "density", "hoyer"),
    "another Gini": (wrong_gini, "density", "gini"),
    "another token's experts": (wrong_experts, "routing", "padded left"),
    "forgotten padding": (wrong_padding, "density", "padded left"),
    "another scaling of attention": (wrong_attention, "attention", "padded"),
    "logits that are written into": (mutated_logits, "entropy", ""),
    "a residual stream that is written into": (mutated_stream, "density", ""),
    "entropy in bits": (wrong_entropy, "entropy", "token"),
    "another row's log-probabilities": (late_entropy, "entropy", "token"),
    "hooks that stay": (leaking, "all", "before"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_probe_fails(
    kind: str, models: dict[str, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also on the command line, by exit code 1."""
    breaking, probe, detail = BROKEN[kind]
    breaking(monkeypatch)
    only = "entropy" if probe == "all" else probe
    assert main(["doctor", "--model_args", f"pretrained={models['olmoe']},device=cpu,probes={only}"]) == 1
    shown = capsys.readouterr().out
    assert f"checks failed ({probe})" in " ".join(shown.split())
    diagnosis = examined(models["olmoe"], probes=only)
    failed = [check for check in diagnosis.checks if check.status == "fail"]
    assert {check.probe for check in failed} == {probe}
    assert any(detail in check.detail for check in failed), lines(diagnosis)


def test_a_probe_that_changes_answers_is_named_by_what_it_changes(
    models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    mutated_stream(monkeypatch)
    failed = [check.what for check in examined(models["llama"], probes="density").checks if check.status == "fail"]
    assert "logits with the probe on and off" in failed


def test_the_table_and_the_exit_code(models: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    """As JSON, as the harness takes it; all is well, so 0."""
    arguments = json.dumps({"pretrained": str(models["llama"]), "device": "cpu", "probes": "density"})
    assert main(["doctor", "--model_args", arguments]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "LlamaForCausalLM" in shown and "All 7 checks passed." in shown


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("pretrained=/no/such/model", "cannot be loaded"),
        ("pretrained=zoo-olmoe,probes=densty", "Unknown probe 'densty'"),
        ("zoo-olmoe", "key=value was expected"),
        ('{"pretrained": zoo}', "is not JSON"),
        ("pretrained=zoo-olmoe,num_samples=-1", "num_samples=-1"),
    ],
)
def test_a_mistake_is_one_sentence_and_code_2(given: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--model_args", given]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("ride_eval: ") and words in error


def test_hostile_details_are_shown_and_do_nothing(models: dict[str, Path]) -> None:
    diagnosis = examined(models["llama"], probes="density")
    hostile = Diagnosis(**{**vars(diagnosis), "model": "\x1b[2J[red]evil"})
    with Console(record=True, width=100) as console:
        show(hostile, console)
    assert "\\x1b[2J[red]evil" in console.export_text()


def test_differences_count_what_is_missing_and_what_has_another_shape() -> None:
    """A check that compared nothing must not pass, nor one that compared NaN with a number."""
    assert Differences("p", "w", 1.0).check().status == "fail"
    for found, expected in ((float("nan"), 1.0), ([1.0, 2.0], [1.0]), (1.0, float("nan"))):
        differences = Differences("p", "w", 1e9)
        differences.add(found, expected, "here")
        assert differences.check().status == "fail", (found, expected)
    both = Differences("p", "w", 0.0)
    both.add([float("nan"), 1.0], [float("nan"), 1.0], "here")
    assert both.check().status == "pass"
    counted = Differences("p", "w", 0.0)
    counted.count([1, 2, 3], [1, 9, 9], "here")
    assert (counted.check().difference, counted.check().status) == (2.0, "fail")
