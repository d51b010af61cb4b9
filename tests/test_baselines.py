"""A small baseline says the same as the run it was kept of, and stays small."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ride_eval import cli
from ride_eval.analysis.frames import COLUMNS
from ride_eval.analysis.quantities import QUANTITIES
from ride_eval.analysis.regression.snapshot import PLACE, Signatures, Snapshot, load_snapshot
from ride_eval.arms import STANDARD_ARMS
from ride_eval.baselines import entries, keep, load_baseline, save
from ride_eval.errors import RunError, UsageError
from ride_eval.store import METRIC_VERSION
from tests.synthetic_run import write_run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(tmp_path_factory.mktemp("baselines") / "run", samples=0, n=24)


def test_a_baseline_is_its_run(run: Path, tmp_path: Path) -> None:
    kept = load_baseline(save(run, tmp_path, "one"))
    snapshot = load_snapshot(run)
    pd.testing.assert_frame_equal(kept.rows[snapshot.rows.columns], snapshot.rows, check_dtype=False, check_column_type=False)
    assert kept.signatures is not None and snapshot.signatures is not None
    places = [side.signatures.places for side in (kept, snapshot) if side.signatures is not None]
    pd.testing.assert_frame_equal(*places, check_dtype=False, check_column_type=False)
    np.testing.assert_array_equal(kept.signatures.shares, snapshot.signatures.shares)
    assert kept.conditions == snapshot.conditions
    assert {file.name for file in (tmp_path / "one").iterdir()} == {"baseline.json", "rows.parquet", "signatures.parquet"}


def test_save_list_and_check(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    worse = write_run(tmp_path / "worse", samples=0, n=24, effects={"tag": -0.3, "expert": 0.05})
    monkeypatch.chdir(tmp_path)
    assert cli.main(["baseline", "save", "main", str(run)]) == 0
    assert cli.main(["baseline", "save", "main", str(run)]) == 0, "a newer one takes the place of the older"
    assert cli.main(["baseline", "list"]) == 0
    assert "lab/synthetic" in capsys.readouterr().out
    assert cli.main(["check", "--baseline", "main", str(run)]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "keeps no expert ids, so only signatures are compared" in printed
    assert cli.main(["check", "--baseline", "main", str(worse), "--json", "check.json"]) == 1
    assert "forced entropy in arith" in json.loads(Path("check.json").read_text())["verdict"]["sentence"]
    assert cli.main(["check", str(worse), "baselines/main"]) == 0, "either side may be a baseline: an improvement"
    assert cli.main(["check", "--baseline", "mian", str(run)]) == 2
    assert "There are main." in capsys.readouterr().err
    assert [entry.documents for entry in entries(tmp_path / "baselines")] == [48]


def test_what_cannot_be_kept(run: Path, tmp_path: Path) -> None:
    for name in ("", "..", "a/b", ".hidden", "a b"):
        with pytest.raises(UsageError, match="is no name for a baseline"):
            save(run, tmp_path, name)
    unfinished = write_run(tmp_path / "unfinished", samples=0, n=3, state=None)
    with pytest.raises(RunError, match="is incomplete; a baseline is kept of a complete run"):
        save(unfinished, tmp_path, "one")
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="Cannot write"):
        save(run, tmp_path / "file", "one")
    assert entries(tmp_path / "nowhere") == []


def test_a_damaged_baseline_is_named(run: Path, tmp_path: Path) -> None:
    folder = save(run, tmp_path, "one")
    (folder / "rows.parquet").write_bytes(b"no Parquet")
    with pytest.raises(RunError, match=f"The baseline {folder} is damaged"):
        load_baseline(folder)
    (folder / "baseline.json").write_text('{"format": 9}')
    with pytest.raises(RunError, match="has format 9"):
        load_baseline(folder)


def test_a_thousand_documents_of_a_large_model_fit_in_two_megabytes(tmp_path: Path) -> None:
    """1,000 documents x 7 arms, 16 layers of 64 experts, 8 chosen of each for about 60 question tokens; every scalar random, so
    that nothing compresses better than real values."""
    rng = np.random.default_rng(0)
    documents = sorted(rng.bytes(32).hex() for _ in range(1000))
    keys = pd.DataFrame(
        [("gsm8k", document, 0, arm, 0) for document in documents for arm in sorted(STANDARD_ARMS)],
        columns=["task", "document", "occurrence", "arm", "wording"],
    )
    # A benchmark generates or chooses: it has the quantities of one kind.
    measured = [quantity.name for quantity in QUANTITIES if quantity.source != "choices"]
    values = {name: rng.random(len(keys), np.float32).astype(np.float64) if name in measured else np.nan for name in COLUMNS}
    whole = rng.integers(2**63, size=(2, len(keys)), dtype=np.uint64)
    rows = keys.assign(domain="math", **values, prompt_text=whole[0], answer=whole[1])
    rows["correct"], rows["flip"] = (rng.random((2, len(keys))) < 0.5).astype(float)
    popularity = rng.dirichlet(np.full(64, 2.0), size=16)
    tokens = rng.integers(40, 80, 1000)
    counts = np.stack([[rng.multinomial(8 * n, share) for share in popularity] for n in tokens])
    shares = (counts / counts.sum(-1, keepdims=True)).astype(np.float16)
    places = keys.loc[keys["arm"] == "none", PLACE].reset_index(drop=True)
    model = {"name": "olmoe", "experts": 64, "experts_per_token": 8, "moe_layers": list(range(16))}
    manifest = {"identity": {"metrics": METRIC_VERSION}, "settings": {}, "model": model}
    snapshot = Snapshot(
        path=tmp_path, name="olmoe", manifest=manifest, status={"state": "complete"}, rows=rows,
        conditions={"gsm8k": (0, "")}, signatures=Signatures(places, shares), routes=None,
    )  # fmt: skip
    folder = keep(snapshot, tmp_path, "large")
    size = sum(file.stat().st_size for file in folder.iterdir())
    assert size <= 2e6, {file.name: file.stat().st_size for file in folder.iterdir()}
    loaded = load_baseline(folder)
    assert loaded.signatures is not None
    np.testing.assert_array_equal(loaded.signatures.shares, shares)
    np.testing.assert_array_equal(loaded.rows["prompt_text"], rows["prompt_text"])


def test_a_changed_head_is_damage(run: Path, tmp_path: Path) -> None:
    head = save(run, tmp_path, "one") / "baseline.json"
    content = json.loads(head.read_text())
    task = next(iter(content["conditions"]))
    content["conditions"][task][0] += 1
    head.write_text(json.dumps(content))
    with pytest.raises(RunError, match="is damaged"):
        load_baseline(head.parent)
    for key in ("seal", "files"):  # as the first versions wrote it
        del content[key]
    head.write_text(json.dumps(content))
    assert load_baseline(head.parent).conditions[task][0] == content["conditions"][task][0]
