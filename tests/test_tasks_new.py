"""`ride-eval tasks new` on tasks of the harness that we do not ship: the files load, and run on stand-in documents."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import lm_eval
import pytest
import yaml
from lm_eval.tasks import TaskManager

from ride_eval.arms import data_folder
from ride_eval.cli import main
from ride_eval.store import read_status, read_table

STAND_INS: dict[str, list[dict[str, Any]]] = {
    "boolq": [
        {"question": f"is the number {i} above two", "passage": f"The number is {i}.", "label": int(i > 2)} for i in range(4)
    ],
    "piqa": [{"goal": f"open jar {i}", "sol1": "turn the lid", "sol2": "paint the lid", "label": 0} for i in range(4)],
    "openbookqa": [
        {
            "question_stem": f"Plant {i} needs",
            "choices": {"text": ["light", "shoes", "glass", "paper"], "label": ["A", "B", "C", "D"]},
            "answerKey": "A",
        }
        for i in range(4)
    ],
    "sciq": [
        {
            "support": f"Fact {i}: water boils at 100 degrees.",
            "question": "When does water boil?",
            "distractor1": "50",
            "distractor2": "10",
            "distractor3": "0",
            "correct_answer": "100",
        }
        for i in range(4)
    ],
    "commonsense_qa": [
        {
            "question": f"Where does person {i} sleep?",
            "choices": {"text": ["bed", "oven", "river", "shoe", "cup"], "label": list("ABCDE")},
            "answerKey": "A",
        }
        for i in range(4)
    ],
    "copa": [
        {"premise": f"Boy {i} fell.", "question": "effect", "choice1": "He cried.", "choice2": "He flew.", "label": 0, "idx": i}
        for i in range(4)
    ],
    "social_iqa": [
        {
            "context": f"Robin helped friend {i}.",
            "question": "How does the friend feel?",
            "answerA": "thankful",
            "answerB": "hungry",
            "answerC": "tall",
            "label": "1",
        }
        for i in range(4)
    ],
    "lambada_openai": [{"text": f"The {i} dogs ran over the hill and came back to the house"} for i in range(4)],
    "triviaqa": [{"question": f"Which number follows {i}", "answer": {"aliases": [str(i + 1), "next"]}} for i in range(4)],
    "nq_open": [{"question": f"who lives in house {i}", "answer": ["nobody"]} for i in range(4)],
    "swag": [
        {
            "startphrase": f"Man {i} opens the door and",
            "ending0": "walks in",
            "ending1": "eats it",
            "ending2": "flies",
            "ending3": "sings to it",
            "label": 0,
        }
        for i in range(4)
    ],
}
ARMS = 7


@pytest.mark.parametrize("base", STAND_INS)
def test_any_task_runs(base: str, models: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import ride_eval.plugin  # noqa: F401

    out, data, run = tmp_path / "tasks", tmp_path / "data", tmp_path / "run"
    assert main(["tasks", "new", base, "--domain", "factual", "--out", str(out)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(list(out.glob("*.yaml"))) == ARMS
    (data / base).mkdir(parents=True)
    rows = "".join(json.dumps(row) + "\n" for row in STAND_INS[base])
    (data / base / "validation.jsonl").write_text(rows)
    arguments: dict[str, Any] = {"pretrained": str(models["qwen3"]), "run_dir": str(run), "num_samples": 2}
    manager = TaskManager(include_defaults=False, include_path=str(out), metadata=arguments | {"data_dir": str(data)})
    results: Any = lm_eval.simple_evaluate(
        model="ride",
        model_args=arguments,
        tasks=[f"ride_{base}"],
        task_manager=manager,
        device="cpu",
        bootstrap_iters=0,
        batch_size=4,
        num_fewshot=1,
        gen_kwargs="max_gen_toks=8",
        limit=3,
    )
    assert len(results["results"]) == ARMS
    for scores in results["results"].values():
        density = next(value for name, value in scores.items() if name.startswith("hoyer_mlp,"))
        assert not math.isnan(density)
    assert read_status(run)["state"] == "complete"
    prompts = read_table(run, "prompts")
    assert len(prompts) == ARMS * 3
    assert prompts["reason"].isna().all()
    assert (prompts["fewshot"] == 1).all()
    scores = read_table(run, "scores")
    assert len(scores[scores["answer"] == "greedy"]) == ARMS * 3
    assert scores["correct"].isin([0.0, 1.0]).all()


@pytest.mark.parametrize(
    ("base", "problem"),
    [
        ("bbh_zeroshot", "differ in `filter_list`"),
        ("squadv2", "is a Python class"),
        ("wikitext", "scores whole texts"),
        ("no_such_task", "is neither a task of lm_eval"),
    ],
)
def test_what_cannot_take_an_arm_is_refused_with_a_sentence(
    base: str, problem: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["tasks", "new", base, "--domain", "math", "--out", str(tmp_path)]) == 2
    assert problem in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_filter_or_metric_the_task_lacks_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tasks", "new", "gsm8k", "--domain", "math", "--out", str(tmp_path), "--answer-filter", "nope"]) == 2
    assert "strict-match, flexible-extract" in capsys.readouterr().err


POLITE = """  polite:
    wordings:
      - "Please help me with this."
      - "Could you kindly answer this?"
      - "I would be grateful for your help."
      - "Would you please have a look?"
      - "Thank you in advance."
      - "Please answer this, if you can."
"""


def test_a_task_and_an_arm_of_one_s_own(models: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A YAML file with its documents beside it, under a prompts folder that has one arm more."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "quiz" / "data").mkdir(parents=True)
    base: dict[str, Any] = {
        "task": "quiz",
        "output_type": "multiple_choice",
        "test_split": "test",
        "doc_to_text": "{{q}}",
        "doc_to_choice": "{{choices}}",
        "doc_to_target": "{{gold}}",
        "metric_list": [{"metric": "acc", "aggregation": "mean", "higher_is_better": True}],
    }
    (tmp_path / "quiz" / "quiz.yml").write_text(json.dumps(base))
    rows = [{"q": f"Who is person {i}?", "choices": ["a man", "a stone"], "gold": 0} for i in range(2)]
    (tmp_path / "quiz" / "data" / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    shutil.copytree(data_folder("prompts"), tmp_path / "texts")
    arms = tmp_path / "texts" / "arms.yaml"
    arms.write_text(arms.read_text().replace("  filler:\n", POLITE + "  filler:\n"))

    assert main(["tasks", "new", "quiz/quiz.yml", "--domain", "factual", "--prompts", "texts"]) == 0
    assert len(list((tmp_path / "quiz").glob("ride_quiz_*.yaml"))) == ARMS + 1
    monkeypatch.chdir(tmp_path / "quiz")  # the prompts folder is found from anywhere
    arguments: dict[str, Any] = {"pretrained": str(models["qwen3"]), "run_dir": str(tmp_path / "run"), "num_samples": 0}
    manager = TaskManager(include_defaults=False, include_path=str(tmp_path / "quiz"), metadata=arguments)
    lm_eval.simple_evaluate(
        model="ride",
        model_args=arguments,
        tasks=["ride_quiz"],
        task_manager=manager,
        device="cpu",
        bootstrap_iters=0,
        batch_size=4,
    )
    prompts = read_table(tmp_path / "run", "prompts")
    assert set(prompts["task"]) == {"quiz"}
    polite = prompts[prompts["arm"] == "polite"]
    assert len(polite) == len(rows)
    assert polite["meta"].isin([line.split('"')[1] for line in POLITE.splitlines() if '"' in line]).all()


def test_a_file_elsewhere_and_one_that_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.yml").write_text(json.dumps({"task": "mine", "output_type": "generate_until", "doc_to_text": "{{q}}"}))
    assert main(["tasks", "new", str(tmp_path / "mine.yml"), "--domain", "math", "--out", str(tmp_path / "arms")]) == 0
    written = (tmp_path / "arms" / "ride_mine_tag.yaml").read_text().replace("!function ", "")
    assert yaml.safe_load(written)["metadata"]["ride"] == {
        "base": "../mine.yml",
        "benchmark": "mine",
        "domain": "math",
        "arm": "tag",
    }
    capsys.readouterr()
    assert main(["tasks", "new", str(tmp_path / "none.yml"), "--domain", "math"]) == 2
    assert "is neither a task of lm_eval" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["tasks", "prompts", "configs"])
def test_the_folders_to_copy_from(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "path"]) == 0
    assert next(Path(capsys.readouterr().out.strip()).glob("**/*.yaml"))
