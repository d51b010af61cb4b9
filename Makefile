# Everything runs in a virtual environment of its own; `make demo` and `make test` do all set-up on a fresh clone.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test test-slow oldest lint bench setup clean

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml constraints.txt hatch_build.py bridge/ride_eval_bridge.pth
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

demo: setup
	$(BIN)/ride-eval demo

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
	$(BIN)/python -m pytest -n auto -m 'not slow'

test-slow: setup
	$(BIN)/python -m pytest -m slow

# The oldest releases that are declared to work, in an environment of their own.
oldest:
	$(PYTHON) -m venv .venv-oldest
	.venv-oldest/bin/python -m pip install --quiet --constraint constraints-oldest.txt torch
	.venv-oldest/bin/python -m pip install --quiet --constraint constraints-oldest.txt --editable '.[dev]'
	.venv-oldest/bin/python -m pytest tests/test_doctor.py tests/test_probes_reference.py tests/test_attention_reference.py

bench: setup
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) .venv-oldest runs
