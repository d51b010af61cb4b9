# Everything runs in a virtual environment of its own; `make demo` and `make test` do all set-up on a fresh clone.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test test-slow faults audit oldest lint bench docs docs-test release-check setup clean

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml constraints.txt hatch_build.py bridge/ride_eval_bridge.pth
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev,docs]'
	touch $@

demo: setup
	$(BIN)/ride-eval demo

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
	$(BIN)/python -m pytest -n auto -m 'not slow and not faults'

# Hours on two cores. How often each fault is tried: RIDE_KILLS (100), RIDE_FUZZ (100000), RIDE_REQUESTS (50000).
faults: setup
	$(BIN)/python -m pytest -m faults -rA --hypothesis-profile=search -o faulthandler_timeout=0 tests/faults

audit: setup
	$(BIN)/ruff check --select S .
	$(BIN)/bandit -q -r -c pyproject.toml ride_eval
	$(BIN)/python .ci/audit.py

test-slow: setup
	$(BIN)/python -m pytest -m slow -o faulthandler_timeout=0

# The oldest releases that are declared to work, in an environment of their own.
oldest:
	$(PYTHON) -m venv .venv-oldest
	.venv-oldest/bin/python -m pip install --quiet --constraint constraints-oldest.txt torch
	.venv-oldest/bin/python -m pip install --quiet --constraint constraints-oldest.txt --editable '.[dev]'
	.venv-oldest/bin/python -m pytest tests/test_doctor.py tests/test_probes_reference.py tests/test_attention_reference.py

bench: setup
	$(BIN)/python -m benchmarks

# The site, in build/docs; open build/docs/index.html. Reference pages are written from the code first.
docs: setup
	$(BIN)/python -m handbook
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet

# Every command of every page that can be run here; four minutes on two cores.
docs-test: docs
	$(BIN)/python -m pytest -o faulthandler_timeout=0 tests/handbook

# Wheel and sdist: contents, metadata, a clean environment with and without them.
release-check: setup
	$(BIN)/python -m pytest -o faulthandler_timeout=0 tests/test_release.py

clean:
	rm -rf $(VENV) .venv-oldest runs build dist
