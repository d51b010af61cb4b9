"""What command-line arguments may be, as argparse asks for it."""

from __future__ import annotations

import argparse


def positive(text: str) -> int:
    """A whole number of at least 1."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"a whole number of at least 1 was expected, got {text}")
    return number


def share(text: str) -> float:
    """A number between 0 and 0.5."""
    number = float(text)
    if not 0 < number < 0.5:
        raise argparse.ArgumentTypeError(f"a number between 0 and 0.5 was expected, got {text}")
    return number
