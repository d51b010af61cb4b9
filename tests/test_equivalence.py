"""If these fail, a report's entropies over judged classes are of other classes than the judge's, or of another judge's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

from ride_eval import lock
from ride_eval.analysis.findings import find
from ride_eval.analysis.frames import load_run
from ride_eval.analysis.samples import JUDGED
from ride_eval.cli import main
from ride_eval.entailment import EntailmentModel
from ride_eval.equivalence import Judge, classes, judge
from ride_eval.errors import RunError, UsageError
from ride_eval.metrics.equivalence import normalized
from ride_eval.metrics.samples import cluster_entropy, semantic_entropy
from ride_eval.store import TableWriter, read_table
from tests.synthetic_run import write_run

KEY = {"task": "capitals", "document": "d", "occurrence": 0, "arm": "none", "wording": 0, "prompt": 0}
ANSWERS = ["Paris", "paris.", "It is Paris", "Paris it is", "Rome", "", "It is"]


class Words:
    """Entailment where the hypothesis has no word that the premise lacks: equivalence is the same words, in any order."""

    def __init__(self, name: str = "words@main", stop_after: float = math.inf) -> None:
        self.name, self.n_cut, self.stop_after = name, 0, stop_after
        self.asked: list[tuple[str, str]] = []

    def entails(self, pairs: Sequence[tuple[str, str]]) -> list[bool]:
        if len(self.asked) >= self.stop_after:
            raise KeyboardInterrupt
        self.asked += pairs
        return [set(hypothesis.lower().split()) <= set(premise.lower().split()) for premise, hypothesis in pairs]


def with_samples(path: Path, questions: dict[str, str | None], answers: Sequence[str] = ANSWERS, arm: str = "none") -> Path:
    """A run whose only samples are these, the same of every document; document -> its question."""
    prompts, generations = TableWriter(path, "prompts"), TableWriter(path, "generations")
    for document, question in questions.items():
        key = {**KEY, "document": document, "arm": arm}
        text = f"<|user|>{question}<|assistant|>"
        place = {} if question is None else {"question_start": 8, "question_end": 8 + len(question)}
        prompts.append({**key, "domain": "math", "text": text, **place})
        for number, answer in enumerate(answers):
            logprobs = [-0.5 - number, -0.25]
            generations.append({**key, "answer": "sample", "sample": number, "text": answer, "logprobs": logprobs})
    prompts.flush()
    generations.flush()
    return path


def test_a_report_has_the_entropies_over_the_judge_s_classes(tmp_path: Path) -> None:
    path = with_samples(write_run(tmp_path, n=0), {"d": "The capital?"})
    before = load_run(path).documents
    assert before[list(JUDGED)].isna().all(axis=None)
    words = Words()
    done = judge(path, words)
    rows = read_table(path, "equivalences").sort_values("sample")
    expected = [0, 0, 1, 1, 2, 3, 4]
    assert rows["class"].tolist() == expected
    assert set(rows["judge"]) == {"words@main"}
    assert (done.prompts, done.pairs, done.cut, done.without_question) == (1, len(words.asked), 0, 0)
    found = load_run(path).documents.iloc[0]
    sums, lengths = [-0.75 - number for number in range(len(ANSWERS))], [2] * len(ANSWERS)
    assert found["nli_cluster_entropy"] == pytest.approx(cluster_entropy(expected))
    assert found["nli_semantic_entropy"] == pytest.approx(semantic_entropy(expected, sums, lengths))


def test_answers_are_read_behind_their_question_as_they_were_written(tmp_path: Path) -> None:
    path = with_samples(write_run(tmp_path, n=0), {"d": "The capital?", "e": None}, ["Paris", "It is  PARIS!"])
    words = Words()
    done = judge(path, words)
    behind = [("The capital? It is  PARIS!", "The capital? Paris"), ("The capital? Paris", "The capital? It is  PARIS!")]
    assert sorted(words.asked) == sorted([*behind, ("It is  PARIS!", "Paris"), ("Paris", "It is  PARIS!")])
    assert done.without_question == 1


def test_a_pair_is_asked_once_for_all_arms(tmp_path: Path) -> None:
    path = write_run(tmp_path, n=0)
    for arm in ("none", "tag", "expert"):
        with_samples(path, {"d": "The capital?"}, ["Paris", "Rome"], arm)
    words = Words()
    assert judge(path, words).prompts == 3
    assert len(words.asked) == 2


def test_it_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    questions = {f"{number:03d}": f"Question {number}?" for number in range(80)}
    whole = with_samples(write_run(tmp_path / "whole", n=0), questions)
    every = judge(whole, Words())
    run = with_samples(write_run(tmp_path / "run", n=0), questions)
    first = Words(stop_after=1)
    with pytest.raises(KeyboardInterrupt):
        judge(run, first)
    assert 0 < len(read_table(run, "equivalences")) < len(read_table(whole, "equivalences"))
    assert not list(run.glob("lock-*"))
    second = judge(run, Words())
    assert second.pairs + len(first.asked) == every.pairs
    one, other = (read_table(folder, "equivalences").sort_values(["document", "sample"]) for folder in (run, whole))
    assert one.to_numpy().tolist() == other.to_numpy().tolist()
    assert judge(run, Words()) == (0, 0, 0, 0)


def test_a_prompt_judged_in_part_has_no_entropy(tmp_path: Path) -> None:
    """The judge was killed between two shards: entropy over some of the samples is another number."""
    path = with_samples(write_run(tmp_path, n=0), {"d": "?", "e": "?"})
    judge(path, Words())
    rows = read_table(path, "equivalences")
    for shard in path.glob("equivalences-*"):
        shard.unlink()
    writer = TableWriter(path, "equivalences")
    for row in rows[(rows["document"] == "d") | (rows["sample"] < 3)].to_dict("records"):
        writer.append(row)
    writer.flush()
    found = load_run(path).documents.set_index("document")
    assert found.loc["d", list(JUDGED)].notna().all() and found.loc["e", list(JUDGED)].isna().all()
    judge(path, Words())
    assert load_run(path).documents[list(JUDGED)].notna().all(axis=None)


def test_samples_without_a_class_make_no_entropy(tmp_path: Path) -> None:
    """Those of an arm that was measured after the others were judged."""
    path = with_samples(write_run(tmp_path, n=0), {"d": "?"})
    judge(path, Words())
    with_samples(path, {"d": "?"}, arm="tag")
    found = load_run(path).documents.set_index("arm")
    assert found.loc["none", list(JUDGED)].notna().all() and found.loc["tag", list(JUDGED)].isna().all()


@given(st.lists(st.sampled_from("abcd"), max_size=8), st.sets(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd"))))
def test_classes_are_those_of_an_obvious_search(texts: list[str], entailed: set[tuple[str, str]]) -> None:
    """Entailment need not be transitive: what counts is the first member of each class, in order."""
    members: list[list[int]] = []
    for number, text in enumerate(texts):
        for own in members:
            head = texts[own[0]]
            if head == text or ((head, text) in entailed and (text, head) in entailed):
                own.append(number)
                break
        else:
            members.append([number])
    expected = {number: place for place, own in enumerate(members) for number in own}
    assert classes(texts, entailed) == [expected[number] for number in range(len(texts))]


def test_one_run_has_one_judge(tmp_path: Path) -> None:
    path = with_samples(write_run(tmp_path, n=0), {"d": "?"})
    judge(path, Words())
    with pytest.raises(UsageError, match=r"was judged by words@main, not by other@main.*remove .*equivalences-\*\.parquet"):
        judge(path, Words("other@main"))


def test_what_cannot_be_judged_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RunError):
        judge(tmp_path, Words())
    path = write_run(tmp_path / "run", n=2, samples=0)
    with pytest.raises(RunError, match=r"holds no sampled answers.*num_samples=10"):
        judge(path, Words())

    def taken(*_: object) -> None:
        raise RunError("being written")

    monkeypatch.setattr(lock, "acquire", taken)
    with pytest.raises(RunError, match="being written"):
        judge(with_samples(path, {"d": "?"}), Words())

    def read_only(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(lock, "acquire", read_only)
    with pytest.raises(RunError, match=r"Permission denied\. Copy the run to a place you can write to"):
        judge(path, Words())


def test_reliability_and_auroc_are_there_once_somebody_judged(tmp_path: Path) -> None:
    path = write_run(tmp_path, n=24)
    names = [entry.quantity for entry in find([load_run(path)]).models[0].reliability]
    assert not set(JUDGED) & set(names)
    done = judge(path, Words())
    assert done.without_question > 0, "this run's prompts do not say where their question stands"
    model = find([load_run(path)]).models[0]
    assert set(JUDGED) <= {entry.quantity for entry in model.reliability}
    assert set(JUDGED) <= {entry.quantity for entry in model.knowing.arms}
    assert "which sampled answers mean the same was judged by words@main" in [note.text for note in model.notes]
    other = write_run(tmp_path / "other", n=24)
    judge(other, Words("other@main"))
    both = find([load_run(path), load_run(other)]).notes
    assert "their judges of equivalence differ: other@main, words@main" in [note.text for note in both]


# The real kind of judge ---------------------------------------------------------------------------------------------------

LABELS = {0: "CONTRADICTION", 1: "NEUTRAL", 2: "ENTAILMENT"}
WORDS = "how many apples are left of seven when the boy eats two and what does rain make a street".split()  # noqa: SIM905
PAIRS = [(" ".join(WORDS[i : i + 3]), " ".join(WORDS[-i - 4 :][:4])) for i in range(15)] + [("x", "y " * 60)]


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory, models: dict[str, Path]) -> Any:
    """Saves a small random classifier with these labels; gives its folder."""

    def save(labels: dict[int, str], *, safe: bool = True) -> Path:
        folder = tmp_path_factory.mktemp("judge")
        tokenizer = PreTrainedTokenizerFast.from_pretrained(models["llama"])
        torch.manual_seed(3)
        size = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 48}
        config = BertConfig(
            vocab_size=len(tokenizer),
            max_position_embeddings=40,
            pad_token_id=0,
            initializer_range=0.4,
            id2label=labels,
            **size,
        )
        model = BertForSequenceClassification(config)
        tokenizer.save_pretrained(folder)
        model.save_pretrained(folder)
        if not safe:
            (folder / "model.safetensors").unlink()
            torch.save(model.state_dict(), folder / "pytorch_model.bin")
        return folder

    return save


def test_batches_judge_as_single_pairs_do(classifier: Any) -> None:
    folder = classifier(LABELS)
    by: Judge = EntailmentModel(str(folder), batch_size=3)
    model = BertForSequenceClassification.from_pretrained(folder).eval()
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder, truncation_side="left")
    expected, n_cut = [], 0
    for premise, hypothesis in PAIRS:
        one = tokenizer(premise, hypothesis, return_tensors="pt", truncation="longest_first", max_length=40)
        with torch.inference_mode():
            logits = model(**one).logits[0]
        expected.append(LABELS[int(logits.argmax())] == "ENTAILMENT")
        n_cut += len(tokenizer(premise, hypothesis)["input_ids"]) > 40
    assert by.entails(PAIRS) == expected
    assert True in expected and False in expected
    assert (by.n_cut, by.name) == (n_cut, f"{folder}@main")
    assert n_cut == 1


def test_a_model_that_cannot_judge_is_refused(classifier: Any, models: dict[str, Path]) -> None:
    with pytest.raises(UsageError, match=r"has the classes POSITIVE, NEGATIVE; a model of language inference has one named"):
        EntailmentModel(str(classifier({0: "POSITIVE", 1: "NEGATIVE"})))
    with pytest.raises(UsageError, match="cannot be loaded"):
        EntailmentModel(str(classifier(LABELS, safe=False)))
    with pytest.raises(UsageError, match="cannot be loaded"):
        EntailmentModel("/no/such/folder")
    with pytest.raises(UsageError, match="cannot be loaded"):
        EntailmentModel(str(classifier(LABELS)), device="no_such_device")


def test_the_command(classifier: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = with_samples(write_run(tmp_path / "run", n=0), {"d": "The capital?"}, ["Paris", "Rome", "Berlin"])
    folder = classifier(LABELS)
    assert main(["equivalence", str(path), "--model", str(folder)]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("1 prompts judged, with 6 pairs of answers. `ride-eval report")
    assert len(read_table(path, "equivalences")) == 3
    other = classifier(LABELS)
    capsys.readouterr()
    assert main(["equivalence", str(path), "--model", str(other)]) == 2
    assert capsys.readouterr().err.startswith(f"ride_eval: {path} was judged by {folder}@main, not by ")
    assert main(["equivalence", str(tmp_path / "none"), "--model", str(folder)]) == 2


def test_a_measured_run_says_where_its_questions_stand(evaluate: Any, models: dict[str, Path], tmp_path: Path) -> None:
    run = tmp_path / "run"
    arguments = {"pretrained": str(models["llama"]), "run_dir": str(run), "num_samples": 2}
    evaluate("ride", ["ride_demo_math_none", "ride_demo_math_expert"], model_args=arguments, limit=2, apply_chat_template=True)
    prompts = read_table(run, "prompts", ["text", "meta", "question_start", "question_end"])
    questions = [
        text[start:end]
        for text, start, end in zip(prompts["text"], prompts["question_start"], prompts["question_end"], strict=True)
    ]
    prompts["question"] = questions
    assert prompts.groupby("document")["question"].nunique().tolist() == [1, 1]
    assert all(len(normalized(question)) > 20 for question in questions)
    assert not any(meta and meta in question for meta, question in zip(prompts["meta"], questions, strict=True))
    words = Words()
    judge(run, words)
    assert all(premise.startswith(tuple(questions)) for premise, _ in words.asked)
