"""The small suite: what its config names exists, and what its page says follows from it."""

from __future__ import annotations

import pytest

from benchmarks import suite
from ride_eval.task_files import SHIPPED


def test_the_config_names_every_open_benchmark_of_routereval() -> None:
    given = suite.config()
    tags = {tag for _, tag, _ in SHIPPED.values()}
    assert set(given["tasks"]) <= tags
    assert set(given["tasks"]) == tags - {"ride_demo", "ride_signatures_perturbed", "gated_gpqa"}
    assert list(suite.LOADS) == given["tasks"], "a benchmark without a load would not be in the time"


def test_the_time_on_the_page_is_the_config_s() -> None:
    given = suite.config()
    # 7 arms x 100 documents: 44 batches of 16 prompts, 256 steps each, and 1,000 tokens a prompt.
    gsm8k = (700 * 1000 / suite.PREFILL + 44 * 256 * suite.STEP) * suite.PROBES
    assert suite.seconds(suite.LOADS["ride_gsm8k"], given) == pytest.approx(gsm8k)
    # Two prompts a document, one choice of each.
    winogrande = 1400 * (40 + 10) / suite.PREFILL * suite.PROBES
    assert suite.seconds(suite.LOADS["ride_winogrande"], given) == pytest.approx(winogrande)
    minutes = (sum(suite.seconds(suite.LOADS[task], given) for task in given["tasks"]) + suite.SETUP) / 60
    assert 45 < minutes < 75, "about an hour"
    assert f"| together, with loading | | | {minutes:.0f} |" in suite.PAGE.read_text(encoding="utf-8")


def test_power_is_the_share_of_errors_without_an_effect_and_grows_with_it() -> None:
    n = 600
    without = suite.power(3, 100, 0.0, 0.0, n)
    assert without < suite.DECISION + 4 * (suite.DECISION / n) ** 0.5
    some, more = suite.power(3, 100, 0.2, 0.0, 200), suite.power(3, 100, 0.4, 0.0, 200)
    assert without < some < more
    assert more > 0.9
    assert suite.power(3, 100, 0.2, 0.5, 200) < some, "wordings that differ hide an effect"
