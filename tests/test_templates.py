"""Templates compiled once render the same, and the harness's environment is as it was afterwards."""

from __future__ import annotations

import lm_eval.utils
import pytest

from ride_eval.templates import compiled_once


def test_a_template_is_compiled_once_and_renders_the_same() -> None:
    template, docs = "{{q}} and {{q | regex_replace('a', 'b')}}\n", [{"q": "aha"}, {"q": "no"}]
    expected = [lm_eval.utils.apply_template(template, doc) for doc in docs]
    assert expected == ["aha and bhb\n", "no and no\n"]
    compiled = []
    with pytest.MonkeyPatch.context() as patch, compiled_once():
        compile_ = type(lm_eval.utils.env).compile
        patch.setattr(type(lm_eval.utils.env), "compile", lambda *args, **kw: (compiled.append(1), compile_(*args, **kw))[1])
        assert [lm_eval.utils.apply_template(template, doc) for doc in docs] == expected
    assert len(compiled) == 1


def test_the_environment_is_left_as_it_was() -> None:
    before = lm_eval.utils.env.from_string
    with pytest.raises(KeyError), compiled_once():
        assert lm_eval.utils.env.from_string is not before
        raise KeyError
    assert lm_eval.utils.env.from_string == before
