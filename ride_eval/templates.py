"""Templates of tasks: in a sandbox, and compiled once.

A document's text may end up in one, and a template that came with a data set is not ours. The harness renders `doc_to_text` and
its like in a plain Jinja2 environment, in which a template reaches Python's internals through attributes. The sandbox renders
the same text and refuses those. Chat templates are sandboxed by transformers already; the arms of prompts/ are no templates of
this kind: they may hold {tag} and {expert} alone.

The harness also compiles a template anew for every document, few-shot example and score. A prompt is rendered under seven arms
to align them, so most of the time that prompts take would be compiling.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from jinja2 import Environment, Template, Undefined
from jinja2.sandbox import SandboxedEnvironment

from ride_eval.errors import TaskError


def sandbox(utils: Any) -> None:
    """Put a sandboxed environment in the place of the harness's own, with the same filters and settings; once."""
    given: Environment = utils.env
    if not isinstance(given, SandboxedEnvironment):
        utils.env = sandboxed(given)


class _Sandbox(SandboxedEnvironment):
    """Says at once what a template must not do, as one of our errors; compiles a template once."""

    def from_string(self, source: Any, globals: Any = None, template_class: Any = None) -> Template:  # noqa: A002 - Jinja2's name
        """The template of a text, the same one for the same text."""
        if globals is None and template_class is None and isinstance(source, str):
            return _compiled(self, source)
        return super().from_string(source, globals, template_class)

    def unsafe_undefined(self, obj: Any, attribute: str) -> Undefined:
        raise TaskError(
            f"A template of a task reaches for {attribute!r} of a {type(obj).__name__}, which no template needs. Do not "
            "run it, or take that out of doc_to_text, doc_to_target or doc_to_choice."
        )

    def is_safe_callable(self, obj: Any) -> bool:
        if not super().is_safe_callable(obj):
            raise TaskError(f"A template of a task calls {obj!r}, which no template may. Do not run it, or take that out.")
        return True


def sandboxed(given: Environment) -> SandboxedEnvironment:
    """An environment that renders what another one does."""
    own = _Sandbox(loader=given.loader, undefined=given.undefined, keep_trailing_newline=given.keep_trailing_newline)
    own.filters, own.globals, own.tests = given.filters, given.globals, given.tests
    return own


@lru_cache(maxsize=256)
def _compiled(environment: Environment, source: str) -> Template:
    return SandboxedEnvironment.from_string(environment, source)
