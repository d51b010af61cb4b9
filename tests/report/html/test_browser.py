"""If these fail, the page does in a browser what it does not say: loads something, complains, or cannot be used by keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ride_eval.report import html
from tests.report.html.browser import Browser, chromium
from tests.report.html.building import TASKS, report, written
from tests.report.html.test_hostile import planted

WIDTHS = (1440, 1024, 390)
ROWS = "[...document.getElementById('flipped').tBodies]"
COMPLAINTS = ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    paths = [*written(folder, {"n": 21, "tasks": TASKS}, {"n": 21, "moe": False, "tasks": TASKS}), planted(folder / "hostile")]
    made = report(paths)
    html.write(made.findings, made.evidence, made.signatures, folder / "report.html", csv="report.flipped.csv")
    return folder / "report.html"


@pytest.fixture
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


def choose(browser: Browser, field: str, value: str) -> int:
    """Fill in a field of the filter as a user does; returns the documents then shown."""
    browser.evaluate(
        f"document.getElementById('{field}').value = '{value}';"
        "document.getElementById('filter').dispatchEvent(new Event('input'))"
    )
    return int(browser.evaluate(f"{ROWS}.filter((row) => !row.hidden).length"))


def sort(browser: Browser, name: str) -> None:
    browser.evaluate(f"document.querySelector('[data-sort={name}]').click()")


def data(browser: Browser, name: str) -> list[str]:
    return list(browser.evaluate(f"{ROWS}.map((row) => row.dataset.{name})"))


@pytest.mark.parametrize("width", WIDTHS)
def test_it_loads_nothing_and_complains_of_nothing(page: Path, browser: Browser, width: int) -> None:
    browser.open(page, width=width)
    assert browser.evaluate("window.broken === undefined")
    overflow = browser.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0, "the page itself never scrolls sideways"
    asked = [e["params"]["request"]["url"] for e in browser.events if e.get("method") == "Network.requestWillBeSent"]
    assert [url for url in asked if not url.startswith("data:image/png")] == [page.resolve().as_uri()]
    assert not [event for event in browser.events if event.get("method") in COMPLAINTS]


def test_a_browser_that_is_asked_would_tell(tmp_path: Path, browser: Browser) -> None:
    """The test above can fail: a page that breaks its policy and asks for a picture is told of."""
    policy = "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'\">"
    bad = tmp_path / "bad.html"
    bad.write_text(
        f"<!DOCTYPE html><html><head>{policy}</head><body><p style='color:red'>x</p></body></html>", encoding="utf-8"
    )
    browser.open(bad)
    browser.evaluate("1")
    assert [event for event in browser.events if event.get("method") in COMPLAINTS]
    bad.write_text("<!DOCTYPE html><html><body><img src='nowhere.png'></body></html>", encoding="utf-8")
    browser.open(bad)
    asked = [e["params"]["request"]["url"] for e in browser.events if e.get("method") == "Network.requestWillBeSent"]
    assert len(asked) == 2


def test_search_and_sort(page: Path, browser: Browser) -> None:
    browser.open(page)
    everything = choose(browser, "query", "")
    assert everything > 20
    assert 0 < choose(browser, "query", "question 7") < everything
    assert choose(browser, "query", "no such words") == 0
    assert browser.evaluate("document.getElementById('matches').textContent") == f"0 of {everything}"
    assert choose(browser, "query", "") == everything
    assert 0 < choose(browser, "by-arm", "tag") <= everything
    sort(browser, "arms")
    falling = [int(value) for value in data(browser, "arms")]
    assert falling == sorted(falling, reverse=True)
    assert browser.evaluate("document.querySelector('[aria-sort]').getAttribute('aria-sort')") == "descending"
    sort(browser, "arms")
    assert [int(value) for value in data(browser, "arms")] == sorted(falling)
    sort(browser, "entropy")
    entropies = data(browser, "entropy")
    numbers = [float(value) for value in entropies if value]
    assert numbers == sorted(numbers, reverse=True)
    assert "" not in entropies[: len(numbers)], "rows without a number come last"


def test_everything_is_reached_by_keyboard(page: Path, browser: Browser) -> None:
    browser.open(page)
    reachable = "[...document.querySelectorAll('a[href], button, input, select, summary, .scroll')]"
    assert browser.evaluate(f"{reachable}.filter((e) => e.tabIndex < 0).length") == 0
    figures = "[...document.querySelectorAll('svg.figure')]"
    assert browser.evaluate(f"{figures}.length") > 5
    assert browser.evaluate(f"{figures}.every((e) => e.getAttribute('aria-label').length > 60)")
    browser.evaluate("document.querySelector('#flipped summary').focus()")
    for kind in ("keyDown", "keyUp"):
        browser.call("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", windowsVirtualKeyCode=13, text="\r")
    assert browser.evaluate("document.querySelector('#flipped details').open")


def test_ids_are_unique_and_links_lead_somewhere(page: Path, browser: Browser) -> None:
    browser.open(page)
    ids = browser.evaluate("[...document.querySelectorAll('[id]')].map((e) => e.id)")
    assert len(ids) == len(set(ids))
    links = "[...document.querySelectorAll('a[href^=\"#\"]')].map((e) => e.getAttribute('href').slice(1))"
    address = "(e.getAttribute('href') || e.getAttribute('xlink:href')).slice(1)"
    uses = f"[...document.querySelectorAll('svg use')].map((e) => {address})"
    for places in (links, uses):
        found = browser.evaluate(places)
        assert found
        assert set(found) <= set(ids)


def test_it_prints(page: Path, browser: Browser) -> None:
    browser.open(page)
    pdf = browser.call("Page.printToPDF", printBackground=True)["data"]
    assert len(pdf) > 50_000
