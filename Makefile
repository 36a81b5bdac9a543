# Two commands are enough: `make run` and `make test`. They need Python 3.11 or newer and make, nothing else.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check --no-input --root-user-action=ignore --require-hashes
PYTEST ?=
ARGS ?= --help
QUICK ?=
UV := build/lock/bin/uv
# graphql-core is compared with the compiled path field by field in the suite itself; these go through the transport too.
ON_CORE := --graphql-core tests/api/test_examples.py tests/api/test_thin_way.py tests/api/test_subscriptions.py
COMPILE := $(UV) pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes --no-header

.DEFAULT_GOAL := help
.PHONY: help run cli test test-other-pythons coverage fuzz soak check format schema bench bench-growth web lock clean mutants

help:  ## show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile

run: $(VENV)/run.stamp web  ## start everything and print the address
	@exec $(BIN)/python -m cli serve

cli: $(VENV)/run.stamp  ## run a command of the program (make cli ARGS="invite-first you@example.org")
	@$(BIN)/python -m cli $(ARGS)

test: $(VENV)/dev.stamp web  ## run the whole suite (make test PYTEST="tests/models -k race")
	@$(BIN)/python -m pytest -n 2 $(PYTEST)
	@$(if $(PYTEST),:,$(BIN)/python -m pytest -n 2 $(ON_CORE))

coverage: $(VENV)/dev.stamp web  ## run the whole suite and hold the share of branches that it reaches
	@rm -rf build/coverage && mkdir -p build/coverage
	@$(BIN)/python -m coverage run -m pytest -n 2
	@$(BIN)/python -m coverage run -m pytest -n 2 $(ON_CORE)
	@$(BIN)/python -m coverage combine --quiet
	@$(BIN)/python -m coverage report --format=total > build/coverage/percent || true
	@$(BIN)/python -m coverage report

test-other-pythons: $(VENV)/dev.stamp web  ## start it and run the main job on each other Python of this machine
	@$(BIN)/python -m scripts.other_pythons

fuzz: $(VENV)/dev.stamp  ## send the API thousands of made-up requests, other ones each time
	@$(BIN)/python -m pytest -m soak tests/schema/test_fuzzing.py

soak: $(VENV)/dev.stamp web  ## run the tests that take many minutes, with other cases each time
	@$(BIN)/python -m pytest -m soak
	@$(BIN)/python -m pytest -n 2 --graphql-core tests/api tests/areas

check: $(VENV)/dev.stamp  ## format, lint, types, imports, schema
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@PYTHONWARNINGS=ignore $(BIN)/lint-imports --no-logo --cache-dir build/import-linter
	@$(BIN)/python -m scripts.schema_check
	@! [ -f build/coverage/percent ] || echo "coverage when it was last measured: $$(cat build/coverage/percent) %"

format: $(VENV)/dev.stamp  ## put the code into its usual form
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

schema: $(VENV)/run.stamp  ## write schema.graphql from the program
	@$(BIN)/python -m cli schema > schema.graphql.new && mv schema.graphql.new schema.graphql

mutants: $(VENV)/dev.stamp  ## break one guarantee at a time in a copy, and see a test fail
	@$(BIN)/python -m scripts.mutants

bench: $(VENV)/dev.stamp  ## measure against the floor (make bench QUICK=1)
	@$(BIN)/python -m benchmarks $(if $(QUICK),--quick)

bench-growth: $(VENV)/dev.stamp  ## measure on 1, 4 and 16 times the data, and memory (QUICK=1: a tenth of it)
	@$(BIN)/python -m benchmarks.growth $(if $(QUICK),--quick)

web: | $(BIN)/python  ## build the web assets if they changed
	@$(BIN)/python scripts/build_web.py

lock: $(UV)  ## pin all packages by hash
	@$(COMPILE) --group dev -o requirements-dev.lock
	@$(COMPILE) --constraints requirements-dev.lock -o requirements.lock
	@$(UV) pip compile --group web --constraints requirements-dev.lock --quiet --universal --python-version 3.11 \
		--generate-hashes --no-header -o requirements-web.lock

clean:  ## remove what can be made again (never data)
	@rm -rf $(VENV) build web/dist web/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=…"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Python's own venv does not work here; Debian has it in the package python3-venv"; exit 1; }

$(VENV)/run.stamp: requirements.lock | $(BIN)/python
	@echo "installing packages"
	@$(PIP) -r requirements.lock
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock | $(BIN)/python
	@echo "installing packages for development"
	@$(PIP) -r requirements-dev.lock
	@touch $@ $(VENV)/run.stamp

$(UV):
	@$(PYTHON) -m venv build/lock
	@build/lock/bin/python -m pip install -qq --disable-pip-version-check --root-user-action=ignore uv
