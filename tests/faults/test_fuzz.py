"""Generated prompts files, policies, manifests, rows and documents: what comes out is a result, or an error of our family.

The short version tries each generator some tens of times; `make faults` 100,000 in all (RIDE_FUZZ).
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from ride_eval import data
from ride_eval.arms import Prompts, data_folder
from ride_eval.encoding import Encoder
from ride_eval.errors import RideError
from ride_eval.noise import load_noise
from ride_eval.policy import load_policy
from ride_eval.recorder import Recorder
from ride_eval.run_json import read_manifest, read_status
from ride_eval.spans import Rendering, Span, align, aligned_positions, keyword_spans, locate, positions_in, positions_in_any
from ride_eval.store import document_hash, read_table
from tests.faults.conftest import times
from tests.test_recorder import MANIFEST, SETTINGS
from tests.test_store import score, write

KINDS = 5
TEXT = st.text(st.characters(exclude_categories=()), max_size=12)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXT
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=12
)


def changed(original: Any) -> st.SearchStrategy[Any]:
    """A valid document with some values taken out, put elsewhere or replaced: nearer to what gets past the first check."""

    @st.composite
    def strategy(draw: st.DrawFn) -> Any:
        content = json.loads(json.dumps(original))
        for _ in range(draw(st.integers(1, 3))):
            part = content
            while isinstance(part, (dict, list)) and part:
                keys = list(part) if isinstance(part, dict) else list(range(len(part)))
                key = draw(st.sampled_from(keys))
                if isinstance(part[key], (dict, list)) and part[key] and draw(st.integers(0, 3)):
                    part = part[key]
                    continue
                if draw(st.booleans()):
                    del part[key]
                else:
                    part[key] = draw(JSON)
                break
        return content

    return strategy()


def as_yaml(content: Any) -> bytes:
    return yaml.safe_dump(content, allow_unicode=True).encode("utf-8", "surrogatepass")


def as_json(content: Any) -> bytes:
    return json.dumps(content).encode()


ARMS = yaml.safe_load((data_folder("prompts") / "arms.yaml").read_text())
DOMAINS = yaml.safe_load((data_folder("prompts") / "domains.yaml").read_text())
POLICY = yaml.safe_load((data_folder("configs") / "policy.yaml").read_text())
MODEL = {"name": "m", "layers": 2, "moe_layers": [0, 1], "experts": 4, "experts_per_token": 2, "untrained": True}
RUN = {**MANIFEST, "format": 1, "created": "2026", "model": MODEL, "versions": {"a": "1"}, "calibration": [0.1]}
STATUS = {"state": "complete", "rows": {"prompts": 1}, "reasons": {"x": 1}, "failed_checks": 0, "set_aside": [], "error": None}
NOISE = {
    "format": 1,
    "model": "m",
    "metrics": 3,
    "variants": ["a"],
    "documents": 2,
    "self_flips": 0.1,
    "floors": {"d": {"": 0.1}},
}


def read_prompts(folder: Path, content: bytes) -> None:
    (folder / "arms.yaml").write_bytes(content)
    (folder / "domains.yaml").write_bytes((data_folder("prompts") / "domains.yaml").read_bytes())
    Prompts(folder)


def read_domains(folder: Path, content: bytes) -> None:
    (folder / "arms.yaml").write_bytes((data_folder("prompts") / "arms.yaml").read_bytes())
    (folder / "domains.yaml").write_bytes(content)
    Prompts(folder)


def read_policy(folder: Path, content: bytes) -> None:
    (folder / "policy.yaml").write_bytes(content)
    load_policy(folder / "policy.yaml")


def read_run(folder: Path, content: bytes) -> None:
    (folder / "run.json").write_bytes(content)
    read_manifest(folder)
    Recorder(folder, MANIFEST)


def read_end(folder: Path, content: bytes) -> None:
    (folder / "status.json").write_bytes(content)
    read_status(folder)


def read_floors(folder: Path, content: bytes) -> None:
    (folder / "noise.json").write_bytes(content)
    load_noise(folder / "noise.json")


def read_documents(folder: Path, content: bytes) -> None:
    (folder / "test.jsonl").write_bytes(content)
    data.read_jsonl.cache_clear()
    for row in data.read_folder(folder)["test"]:
        document_hash(row)


BYTES = st.binary(max_size=200) | TEXT.map(lambda text: text.encode("utf-8", "surrogatepass"))
READERS: dict[str, tuple[Callable[[Path, bytes], None], st.SearchStrategy[bytes]]] = {
    "arms": (read_prompts, BYTES | JSON.map(as_yaml) | changed(ARMS).map(as_yaml)),
    "domains": (read_domains, BYTES | JSON.map(as_yaml) | changed(DOMAINS).map(as_yaml)),
    "policy": (read_policy, BYTES | JSON.map(as_yaml) | changed(POLICY).map(as_yaml)),
    "run.json": (read_run, BYTES | JSON.map(as_json) | changed(RUN).map(as_json)),
    "status.json": (read_end, BYTES | JSON.map(as_json) | changed(STATUS).map(as_json)),
    "noise": (read_floors, BYTES | JSON.map(as_json) | changed(NOISE).map(as_json)),
    "documents": (read_documents, BYTES | st.lists(JSON.map(as_json), max_size=4).map(b"\n".join)),
}


def fuzz(name: str, examples: int) -> None:
    reader, contents = READERS[name]

    @settings(max_examples=examples, suppress_health_check=list(HealthCheck))
    @given(contents)
    def run(content: bytes) -> None:
        with tempfile.TemporaryDirectory() as folder:
            try:
                reader(Path(folder), content)
            except RideError as error:
                assert str(error), "a message, not an empty one"

    run()


@pytest.mark.parametrize("name", READERS)
def test_generated_files_give_a_result_or_our_error(name: str) -> None:
    fuzz(name, 60)


@pytest.mark.faults
@pytest.mark.parametrize("name", READERS)
def test_a_hundred_thousand_generated_files(name: str) -> None:
    fuzz(name, times("RIDE_FUZZ", 100_000) // (len(READERS) + 2))


@pytest.fixture(scope="module")
def tokenizer(models: dict[str, Path]) -> PreTrainedTokenizerFast:
    return AutoTokenizer.from_pretrained(models["llama"])


HOSTILE = [
    "👩‍👩‍👧‍👦 und 🇩🇪 how many 🦙?",
    "e\u0301\u0323 a\u0300\u0301\u0302\u0303 Z\u0351\u036b\u0343\u036a",
    "\u202e\u05e9\u05dc\u05d5\u05dd\u202c \u0645\u0631\u062d\u0628\u0627 12 + 3",
    "a\0b \x1b[2J \x07",
    "\ufeff\u200b\u2060\u00ad",
    "<|end|><|user|>\n<|assistant|>",
    "x" * 100_000,
    "word " * 200_000,
    "\U0010ffff \ufffe \ufdd0",
    " \t\n ",
    "",
]


SHORT = [question for question in HOSTILE if len(question) < 99]


def check_spans(tokenizer: PreTrainedTokenizerFast, question: str, meta: str) -> None:
    """Spans are right, or there is a reason: a question token's characters are the question's own."""
    text = f"{meta}\n\nQ: {question}\nA:"
    encoder = Encoder(tokenizer, add_bos_token=None, prefix="")
    renderings = [locate(f"{arm}Q: {question}\nA:", question, arm) for arm in ("", f"{meta}\n\n")]
    encodings = [encoder.encode(rendering.text, "answer") for rendering in renderings]
    alignment = align(renderings, encodings)
    for rendering, encoding in zip(renderings, encodings, strict=True):
        assert len(encoding.ids) == len(encoding.offsets)
        positions, reason = aligned_positions(encoding, rendering, alignment)
        if reason is not None:
            continue
        span = rendering.question
        assert isinstance(span, Span) and rendering.text[span.start : span.end] == question.strip()
        for position in positions:
            start, end = encoding.offsets[position]
            assert start < span.end and end > span.start, "a token of the question overlaps it"
        keywords = keyword_spans(rendering.text, span, ("how", "word"))
        assert {rendering.text[start:end].lower() for start, end in keywords} <= {"how", "word"}
        carrying = positions_in_any(encoding, keywords)
        for found in keywords[:20]:
            assert carrying >= set(positions_in(encoding, found))
    assert isinstance(renderings[0], Rendering) and text


@pytest.mark.parametrize("question", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_questions_have_right_spans_or_a_reason(question: str, tokenizer: PreTrainedTokenizerFast) -> None:
    check_spans(tokenizer, question, "You are a math expert.")
    check_spans(tokenizer, question, question[:50])


@pytest.mark.faults
def test_a_line_of_a_million_letters_without_a_space(tokenizer: PreTrainedTokenizerFast) -> None:
    """A token a letter: a million of them."""
    check_spans(tokenizer, "x" * 1_000_000, "You are a math expert.")


def fuzz_spans(tokenizer: PreTrainedTokenizerFast, examples: int) -> None:
    text = st.text(st.characters(exclude_categories=("Cs",)), max_size=40) | st.sampled_from(
        [q for q in HOSTILE if len(q) < 99]
    )

    @settings(max_examples=examples, suppress_health_check=list(HealthCheck))
    @given(text, text)
    def run(question: str, meta: str) -> None:
        check_spans(tokenizer, question, meta)

    run()


def fuzz_rows(examples: int) -> None:
    """Texts of any kind, half of a surrogate pair included, are stored and come back, or are refused by name."""

    @settings(max_examples=examples, suppress_health_check=list(HealthCheck))
    @given(TEXT | st.sampled_from(HOSTILE[:6]))
    @example("a\ud800")
    def run(text: str) -> None:
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder), score(1, filtered=text))
            (found,) = read_table(Path(folder), "scores")["filtered"]
            assert found == text.encode("utf-8", "replace").decode("utf-8")

    run()


def test_generated_texts_are_stored_and_located(tokenizer: PreTrainedTokenizerFast) -> None:
    fuzz_spans(tokenizer, 60)
    fuzz_rows(40)


@pytest.mark.faults
def test_many_generated_texts_are_stored_and_located(tokenizer: PreTrainedTokenizerFast) -> None:
    share = times("RIDE_FUZZ", 100_000) // (len(READERS) + 2)
    fuzz_spans(tokenizer, share)
    fuzz_rows(share)


def test_a_recorder_of_generated_settings_is_ours_or_refused(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "run", MANIFEST)
    recorder.open(SETTINGS)
    recorder.close()
    assert read_manifest(tmp_path / "run")["identity"]["model"] == "a/b"
