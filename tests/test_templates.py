"""If these fail, prompts take several times as long, or a template renders another text than in the harness alone."""

from __future__ import annotations

import lm_eval.utils
import pytest
from jinja2 import UndefinedError

import ride_eval.task  # noqa: F401 - importing it puts templates into the sandbox


def test_a_template_is_compiled_once_and_renders_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    template, docs = "{{q}} and {{q | regex_replace('a', 'b')}}{{ loop is defined }}\n", [{"q": "aha"}, {"q": "no"}]
    compiled = []
    compile_ = type(lm_eval.utils.env).compile
    monkeypatch.setattr(type(lm_eval.utils.env), "compile", lambda *args, **kw: (compiled.append(1), compile_(*args, **kw))[1])
    for _ in range(3):
        assert [lm_eval.utils.apply_template(template, doc) for doc in docs] == ["aha and bhbFalse\n", "no and noFalse\n"]
    assert len(compiled) == 1


def test_what_one_rendering_sets_is_not_there_in_the_next() -> None:
    template = "{% if seen is defined %}again{% else %}first{% endif %}{% set seen = 1 %}"
    assert [lm_eval.utils.apply_template(template, {}) for _ in range(2)] == ["first", "first"]


def test_own_globals_make_a_template_of_their_own() -> None:
    environment = lm_eval.utils.env
    assert [environment.from_string("{{x}}", globals={"x": x}).render() for x in (1, 2)] == ["1", "2"]
    with pytest.raises(UndefinedError):
        environment.from_string("{{x}}").render()
