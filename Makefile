# Two commands: `make run` opens the app, `make test` checks everything that CI checks.
# Both make their own virtual environment first; Python >= 3.11 and make are all they need.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
BENCH  ?= *

.DEFAULT_GOAL := help
.PHONY: help run test bench docs venv format clean

help:
	@echo "make run     open the app on the embedded data set"
	@echo "make test    format check, lint, types and all tests"
	@echo "make bench   measure speed (tests/benchmarks); one of them: make bench BENCH=speed ARGS='--nets M1'"
	@echo "make docs    the reference of cnnlib and data, in build/docs"
	@echo "make venv    only make the virtual environment in $(VENV)"
	@echo "make format  rewrite the sources in the one format"

run: $(VENV)/.installed
	@$(BIN)/cnn-tui $(ARGS)

test: export PYTHONDONTWRITEBYTECODE :=  # compiled once, not by each process that a test starts
test: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest --numprocesses auto --maxprocesses 8 --dist worksteal $(ARGS)

bench: $(VENV)/.installed-dev
	@set -e; for file in tests/benchmarks/bench_$(BENCH).py; do echo "== $$file"; $(BIN)/python $$file $(ARGS); done

MODULES = $(shell find cnnlib data -name '*.py' ! -name rank_main.py | sed 's,/__init__.py$$,,; s,\.py$$,,; s,/,.,g' | sort)

docs: $(VENV)/.installed-dev
	$(BIN)/pdoc --docformat google --no-show-source --output-directory build/docs $(MODULES)
	@echo "build/docs/index.html"

venv: $(VENV)/.installed-dev

format: $(VENV)/.installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "cnn-tui needs Python 3.11 or newer; '$(PYTHON)' is older. Say which: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(VENV)/.installed

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache
