"""The harness compiles a task's Jinja templates anew for every document and few-shot example; here, once.

A prompt is rendered under seven arms to align them, so without this most of the time that prompts take is compiling.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import lm_eval.utils


@lru_cache(maxsize=256)
def _compiled(template: str) -> Any:
    return type(lm_eval.utils.env).from_string(lm_eval.utils.env, template)


@contextmanager
def compiled_once() -> Iterator[None]:
    """While entered, the harness's template environment gives templates that it compiled before again."""
    own = vars(lm_eval.utils.env)
    before = own.get("from_string")
    own["from_string"] = _compiled
    try:
        yield
    finally:
        if before is None:
            own.pop("from_string", None)
        else:
            own["from_string"] = before
