"""One family of exceptions for everything a user can get wrong.

A message says what was given, what was expected and what to do. Under the command line (ours and `lm_eval`'s) it is printed
without a traceback and the process exits with code 2; from Python these are ordinary exceptions.
"""

from __future__ import annotations


class RideError(Exception):
    """Base of the family."""

    exit_code = 2


class UsageError(RideError):
    """An argument, or a combination of arguments, that cannot be served."""


class PromptFileError(RideError):
    """A file in prompts/ does not follow its schema; names file, line and key."""


class TaskError(RideError):
    """A task's YAML, or the base task it names, cannot be made into a RIDE task."""


class DataError(RideError):
    """A data set is missing, unreachable or not what the task expects."""


class ProbeError(RideError):
    """A probe cannot attach to a model, or did not see what it must see in a forward pass."""


class RunError(RideError):
    """A run directory is missing, damaged, or belongs to another run."""
