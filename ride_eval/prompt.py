"""What a RIDE task tells the model class about a request, beside the harness's own arguments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ride_eval.spans import Rendering
from ride_eval.store import Key


@dataclass(frozen=True, kw_only=True)
class TemplateSettings:
    """How prompts are rendered: one setting for a whole run, so part of its identity."""

    chat_template: bool
    multiturn: bool
    system_instruction: str | None
    placement: str
    prompts: str
    """SHA-256 of the prompts/ files."""


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """One rendered prompt of one document under one arm."""

    key: Key
    rendering: Rendering
    siblings: Callable[[], list[Rendering]]
    """Renders the same prompt under the seven standard arms. A call, not a list: seven copies of every prompt of a large
    evaluation do not fit in memory."""
    domain: str
    wrong_domain: str
    fewshot: int
    decoding: str
    """Canonical JSON of the generation arguments; empty for choices."""
    keywords: tuple[str, ...]
    """Of the document's domain, lower case."""
    meta: str
    meta_length: int
    meta_unit: str
    settings: TemplateSettings


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is asked of a prompt: an answer, or the log-likelihood of one choice."""

    prompt: Prompt
    choice: int | None = None
    choice_text: str = ""
    choice_bytes: int = 0


def request_of(instance: object) -> Request | None:
    """The RIDE request of a harness Instance, or None for a task that is not ours."""
    return getattr(instance, "ride", None)
