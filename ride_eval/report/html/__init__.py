"""The findings as one self-contained HTML file: no network, no script or style but its own, every number one of the JSON's."""

from ride_eval.report.html.page import render, write

__all__ = ["render", "write"]
