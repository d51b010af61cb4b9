"""A check as JUnit XML, which CI systems list as tests: a suite a place, a case a row.

A row that fails the check is a `failure`; one that only warns passes and says so in `system-out`; one without enough documents
is `skipped`. Runs that are not comparable are one suite with an `error` a difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from ride_eval.analysis.regression.check import Check
from ride_eval.analysis.regression.comparison import Comparison
from ride_eval.analysis.regression.verdict import FAILING, place
from ride_eval.report import check_sections as sections
from ride_eval.report.text import visible
from ride_eval.store import write_atomic

_SKIPPED = ("too few documents", "not measured")


def render(check: Check) -> bytes:
    """The document, UTF-8."""
    root = Element("testsuites", name="ride-eval check")
    places: dict[str, list[Comparison]] = {}
    for row in check.rows:
        places.setdefault(place(row.task, row.domain), []).append(row)
    suites = [_suite(name, rows) for name, rows in places.items()]
    suites.append(_comparability(check))
    root.extend(suites)
    for kind in ("tests", "failures", "errors", "skipped"):
        root.set(kind, str(sum(int(suite.get(kind, "0")) for suite in suites)))
    indent(root)
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def write(check: Check, file: Path) -> None:
    """Render into a file, whole or not at all. Raises OSError."""
    write_atomic(file, render(check))


def _suite(name: str, rows: Sequence[Comparison]) -> Element:
    suite = Element("testsuite", name=visible(name), errors="0")
    failures, skipped = 0, 0
    for row in rows:
        case = SubElement(suite, "testcase", classname=visible(name), name=visible(f"{row.metric} [{row.arm}]"))
        cells = sections.change_cells(row)
        text = "; ".join(f"{head} {cell}" for head, cell in zip(sections.CHANGES[3:], cells[3:], strict=True))
        if row.status in FAILING and row.level == "fail":
            failures += 1
            SubElement(case, "failure", type=row.status, message=visible(text))
        elif row.status in _SKIPPED:
            skipped += 1
            SubElement(case, "skipped", message=row.status)
        else:
            SubElement(case, "system-out").text = visible(text)
    suite.set("tests", str(len(rows)))
    suite.set("failures", str(failures))
    suite.set("skipped", str(skipped))
    return suite


def _comparability(check: Check) -> Element:
    """One case that always stands there, so that a report without rows is not an empty, passing one."""
    not_comparable = check.verdict.word == "not comparable"
    suite = Element("testsuite", name="comparability", tests="1", failures="0", errors=str(int(not_comparable)), skipped="0")
    case = SubElement(suite, "testcase", classname="comparability", name="the runs can be compared")
    if not_comparable:
        SubElement(case, "error", type="not comparable", message=visible(check.verdict.sentence))
    else:
        text = "\n".join(f"{level}: {text}" for level, text in sections.notes(check))
        SubElement(case, "system-out").text = "\n".join(map(visible, text.split("\n")))
    return suite
