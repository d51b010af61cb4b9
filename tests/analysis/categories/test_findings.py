"""The whole of `ride-eval signatures` on written runs: what is compared, what is left out, and why."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ride_eval.analysis.categories import findings as module
from ride_eval.analysis.categories.arms import arms_on_routing, shift_by_layer, wrong_distance_by_layer
from ride_eval.analysis.categories.findings import SignatureFindings, find_signatures
from ride_eval.analysis.categories.matrix import Signatures, category_tasks, load_signatures
from ride_eval.analysis.categories.robustness import robustness
from ride_eval.analysis.categories.tokens import load_routes
from ride_eval.analysis.contrasts import Contrast, effect
from ride_eval.analysis.frames import load_run
from ride_eval.analysis.signatures import domain_centres
from ride_eval.analysis.units import UNIT
from ride_eval.errors import RunError
from ride_eval.perturbations import KINDS, PERTURBED, origins
from ride_eval.store import read_table
from tests import synthetic_run
from tests.synthetic_run import write_run

LAYERS, EXPERTS, K = synthetic_run.MOE_LAYERS, synthetic_run.EXPERTS, synthetic_run.TOP_K


@pytest.fixture(scope="module", autouse=True)
def fewer_draws() -> Iterator[None]:
    """Numbers are tested elsewhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ride_eval.analysis.categories.nulls.MANY_DRAWS", 2)
        yield


@pytest.fixture
def at_a_glance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the slow parts."""
    for part in ("baselines", "_layers"):
        monkeypatch.setattr(module, part, lambda *_: ())
    monkeypatch.setattr(module, "headline", lambda _: "A headline.")
    monkeypatch.setattr(module, "maps", lambda *_, **__: None)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(tmp_path_factory.mktemp("runs") / "one", n=24)


@pytest.fixture(scope="module")
def found(run: Path) -> SignatureFindings:
    return find_signatures([run])


def test_all_parts_are_there_and_count_the_same_documents(found: SignatureFindings) -> None:
    (one,) = found.runs
    assert one.categories == ("law", "math", "rare") and one.sizes == (16, 16, 16) and one.tasks == ("arith", "colours")
    assert [span.span for span in one.spans] == ["question"], "the synthetic run has no other routing"
    assert one.question.documents == 48 and one.question.tokens == synthetic_run.QUESTION_TOKENS
    assert {row.name for row in one.baselines} == set(module.baselines.__globals__["LABELS"])
    assert all(math.isfinite(row.accuracy.value) for row in one.baselines)
    assert [layer.layer for layer in one.layers] == [0, 1]
    assert one.maps is not None and one.maps.pca.shape == one.maps.tsne.shape == (48, 2) and 0 < sum(one.maps.explained) <= 1
    assert one.specialization is not None and one.specialization.domain_shares.shape == (3, LAYERS, EXPERTS)
    assert one.robustness == () and one.answer is None
    assert any("generated tokens" in note for note in one.notes)
    assert "untrained" in one.notes[0]


def test_json_is_strict_and_leaves_long_arrays_out(found: SignatureFindings) -> None:
    text = json.dumps(found.to_dict(), allow_nan=False)
    (one,) = json.loads(text)["runs"]
    assert one["headline"] == found.runs[0].headline
    assert "side" not in one and "right" not in one["spans"][0]["classification"]
    assert "coactivation" not in one["specialization"] and len(one["maps"]["pca"]) == 48
    assert np.shape(one["spans"][0]["classification"]["confusion"]) == (3, 3)


@pytest.mark.usefixtures("at_a_glance")
def test_two_runs_of_the_same_documents_are_compared(run: Path, tmp_path: Path) -> None:
    other = write_run(tmp_path / "two", n=24, seed=1)
    found = find_signatures([run, other])
    (transfer,) = found.transfers
    assert [one.name for one in found.runs] == ["lab/synthetic (one)", "lab/synthetic (two)"]
    assert (transfer.first, transfer.second) == ("lab/synthetic (one)", "lab/synthetic (two)")
    assert transfer.mantel.beyond.n == 48 and transfer.given == "common question tokens"
    # The same run twice agrees with itself.
    (itself,) = find_signatures([run, run]).transfers
    assert itself.mantel.beyond.value == pytest.approx(1)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"moe": False}, "It is a dense model (SyntheticForCausalLM): it has no experts"),
        ({"routes": False}, "its routing was not recorded"),
        ({"arms": ["tag"]}, "Nothing was run under arm none"),
        ({"n": 1}, "one category (math)"),
        ({"n": 0}, "Nothing was run"),
    ],
)
def test_a_run_without_signatures_gets_a_sentence(changes: dict[str, object], words: str, tmp_path: Path) -> None:
    found = find_signatures([write_run(tmp_path / "run", **changes)])
    (other,) = found.without
    assert words in other.reason and other.reason.endswith(".") and not found.runs and not found.transfers
    json.dumps(found.to_dict(), allow_nan=False)


def test_few_documents_have_similarity_and_no_classifier(tmp_path: Path) -> None:
    (one,) = find_signatures([write_run(tmp_path / "run", n=6, arms=["none"], state=None)]).runs
    assert one.question.classification is None and "5 prompts a category" in str(one.question.reason)
    assert math.isfinite(one.question.separation.difference.value) and one.arms.effects == ()
    assert "No classifier" in one.headline and "incomplete" in one.notes[0]


def test_no_run_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no run directory"):
        find_signatures([tmp_path / "nowhere"])


def test_tasks_of_several_domains_go_before_whole_benchmarks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mixed = write_run(tmp_path / "mixed", n=6, arms=["none"], tasks={"arith": "generation", PERTURBED: "generation"})
    assert category_tasks(mixed) == (("arith",), True)
    monkeypatch.setattr(synthetic_run, "DOMAINS", ("math", "math", "math"))
    benchmarks = write_run(tmp_path / "benchmarks", n=6, arms=["none"])
    assert category_tasks(benchmarks) == (("arith", "colours"), False)


def test_a_document_counts_once_with_all_its_prompts(tmp_path: Path) -> None:
    """Several prompts are added up; of wordings and occurrences the first is taken."""
    tasks = {"pairs": "choice_per_prompt"}
    run = write_run(tmp_path / "run", n=5, arms=["none"], tasks=tasks, wordings=2, repeats=2)
    found = load_signatures(run)
    rows = read_table(run, "prompts", ["routing_question"])
    rows = rows[(rows["wording"] == 0) & (rows["occurrence"] == 0)]
    assert len(found.labels) == 5 and len(rows) == 10
    routes = load_routes(run, found)
    for (_, document), values, tokens in zip(found.documents, found.values, found.n_tokens, strict=True):
        counts = np.sum(rows[rows["document"] == document]["routing_question"].tolist(), axis=0).reshape(LAYERS, EXPERTS)
        assert tokens == 2 * synthetic_run.QUESTION_TOKENS
        np.testing.assert_allclose(values, counts / counts.sum(1, keepdims=True))
    np.testing.assert_allclose(routes.signatures(routes.experts), found.values)


# Arms ---------------------------------------------------------------------------------------------------------------------


def test_layers_of_shift_are_the_shift_and_pull_is_its_formula(run: Path) -> None:
    documents = load_run(run).documents
    names = [f"layer_{i}" for i in range(LAYERS)]
    shifts = documents.merge(shift_by_layer(run, K, LAYERS), on=UNIT)
    np.testing.assert_allclose(shifts[names].mean(axis=1), shifts["routing_shift"])
    assert len(shifts) == 6 * 48 and shifts["layer_0"].notna().all()

    centres = domain_centres(run, (LAYERS, EXPERTS))
    rows = read_table(run, "prompts", ["routing_question", "wrong_domain"])
    expected = {}
    for _, row in rows.iterrows():
        own = np.asarray(row["routing_question"], dtype=float).reshape(LAYERS, EXPERTS)
        centre = centres[row["wrong_domain"]]
        expected[tuple(row[UNIT])] = 1 - (own * centre).sum(1) / np.linalg.norm(own, axis=1) / np.linalg.norm(centre, axis=1)
    distances = wrong_distance_by_layer(run, (LAYERS, EXPERTS))
    for _, row in distances.iterrows():
        assert row[names].to_numpy(float) == pytest.approx(expected[tuple(row[UNIT])])


def test_changed_prompts_are_no_documents_of_their_domain(tmp_path: Path) -> None:
    tasks = {"arith": "generation"}
    one = write_run(tmp_path / "one", n=6, arms=["none"], tasks=tasks)
    other = write_run(tmp_path / "other", n=6, arms=["none"], tasks={**tasks, PERTURBED: "generation"})
    centres = [domain_centres(run, (LAYERS, EXPERTS)) for run in (one, other)]
    assert len(read_table(other, "prompts", [])) == 12 and centres[0].keys() == centres[1].keys()
    for domain, centre in centres[0].items():
        np.testing.assert_array_equal(centre, centres[1][domain])


def test_effects_of_arms_are_those_of_the_report_by_domain_too(run: Path) -> None:
    documents = load_run(run).documents
    found = {(each.what, each.contrast, each.domain): each for each in arms_on_routing(run).effects}
    assert {domain for _, _, domain in found} == {"all", "law", "math", "rare"}
    whole = found["pull", "tag - tag_wrong", "all"]
    expected = effect(documents, "wrong_domain_distance", Contrast("tag", "tag_wrong")).estimate
    assert (whole.effect.value, whole.effect.low, whole.effect.n) == (
        expected.value,
        expected.low,
        expected.n,
    ) and whole.effect.n == 48
    domains = read_table(run, "prompts", ["domain"], [("arm", "=", "none")])[["task", "document", "domain"]]
    law = documents.merge(domains[domains["domain"] == "law"][["task", "document"]], on=["task", "document"])
    part = effect(law, "routing_shift", Contrast("expert", "filler")).estimate
    assert found["shift", "expert - filler", "law"].effect.value == part.value and part.n == 16
    layers = found["shift", "tag - tag_placebo", "all"]
    assert len(layers.layers) == LAYERS
    assert np.mean([each.value for each in layers.layers]) == pytest.approx(layers.effect.value)


def test_pull_beside_correctness_and_certainty(run: Path) -> None:
    links = arms_on_routing(run).links
    assert [(link.contrast, link.beside) for link in links] == [
        (contrast, beside)
        for contrast in ("tag - tag_wrong", "expert - expert_wrong")
        for beside in ("correctness", "certainty")
    ]
    for link in links:
        assert (
            link.association.rho.n == 48 and link.association.rho.low <= link.association.rho.value <= link.association.rho.high
        )


# Robustness ---------------------------------------------------------------------------------------------------------------


def perturbed_pair(noise: float) -> tuple[Signatures, Signatures]:
    """The shipped prompts with signatures of their category and their own, and their changed versions with some noise."""
    rng = np.random.default_rng(0)
    originals = list(dict.fromkeys(original for original, _ in origins().values()))
    labels = np.arange(len(originals)) % 4
    raw = rng.random((len(originals), LAYERS, EXPERTS)) + 2 * (labels[:, None, None] == np.arange(EXPERTS))
    changed = list(origins().items())
    places = np.array([originals.index(original) for _, (original, _) in changed])
    other = (1 - noise) * raw[places] + noise * 3 * rng.random((len(changed), LAYERS, EXPERTS))

    def made(values: np.ndarray, own: np.ndarray, documents: list[tuple[str, str]]) -> Signatures:
        shares = values / values.sum(-1, keepdims=True)
        tokens = np.full(len(own), 9)
        return Signatures(
            values=shares,
            labels=own,
            categories=("a", "b", "c", "d"),
            n_tokens=tokens,
            experts_per_token=K,
            documents=tuple(documents),
        )

    return (
        made(raw, labels, [("signatures", document) for document in originals]),
        made(other, labels[places], [(PERTURBED, document) for document, _ in changed]),
    )


def test_unchanged_routing_is_robust_and_random_routing_is_not() -> None:
    for row in robustness(*perturbed_pair(0.0), {}):
        assert row.to_itself.value == pytest.approx(1) and row.found_itself.value == 1 and row.to_itself.n == 96
        assert row.to_itself.value > row.to_its_category.value > row.to_others.value
        assert row.clean is not None and row.changed is not None and row.loss is not None
        assert row.changed.accuracy == row.clean.accuracy > 0.9 and row.loss.difference.value == 0
        assert math.isnan(row.token_overlap.value)
    rows = robustness(*perturbed_pair(1.0), {0: 0.5})
    assert [row.kind for row in rows] == list(KINDS)
    accuracies = [row.changed.accuracy for row in rows if row.changed is not None]
    # 480 changed prompts: three standard errors.
    assert abs(np.mean(accuracies) - 0.25) < 3 * math.sqrt(0.25 * 0.75 / 480)
    for row in rows:
        assert row.to_itself.value == pytest.approx(row.to_others.value, abs=0.05) and row.found_itself.value < 0.1
        assert row.loss is not None and row.loss.difference.high < -0.4


def test_documents_of_others_are_no_versions() -> None:
    clean, changed = perturbed_pair(0.0)
    strangers = Signatures(**{**vars(changed), "documents": tuple((PERTURBED, f"x{i}") for i in range(480))})
    assert robustness(clean, strangers, {}) == ()
