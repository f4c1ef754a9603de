# Every target makes the .venv it needs, from the hash-locked files in requirements/.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
RUN := $(VENV)/.run
DEV := $(VENV)/.dev
SOURCES = wizard tests $(wildcard screenshots docs)
# An environment whose Python went away (an upgrade of the system) is made anew.
$(shell test -x $(BIN)/python || rm -f $(RUN) $(DEV))
# How many User-Mode Linux guests run side by side; each uses one core.
GUESTS ?= 2
# After how many minutes the lab begins no further scenario.
MINUTES ?= 50

# Wheels only: building from source would fetch build tools that no hash covers.
INSTALL = $(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes --only-binary :all:
INSTALL_SELF = $(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	$(if $(UPGRADE),--upgrade) pyproject.toml

.PHONY: help .venv demo test check static format-check lint types imports format lab lab-mend lab-shell bench bench-explain screenshots docs lock wheel clean

help: ## list the targets
	@awk -F ':.*## ' '/^[.a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(BIN)/python:
	@echo "making $(VENV)"
	@requirements/venv.sh $(VENV)

$(RUN): requirements/run.txt pyproject.toml | $(BIN)/python
	@echo "installing requirements/run.txt"
	@$(INSTALL) -r requirements/run.txt
	@$(INSTALL_SELF)
	@touch $@

$(DEV): requirements/dev.txt requirements/run.txt pyproject.toml | $(BIN)/python
	@echo "installing requirements/dev.txt"
	@$(INSTALL) -r requirements/dev.txt
	@$(INSTALL_SELF)
	@touch $(RUN) $@

.venv: $(DEV) ## the virtual environment with everything for development

demo: $(RUN) ## open the wizard on its embedded gateways
	@$(BIN)/ipsec-wizard demo

test: $(DEV) ## run the tests that need no real gateways
	@$(BIN)/python -m pytest
	@echo "The lab with its real gateways was not run; run it with: make lab"

check: static test ## format, lint, types, import contracts, tests

static: format-check lint types imports

format-check: $(DEV)
	@$(BIN)/ruff format --check --output-format concise $(SOURCES)

lint: $(DEV)
	@$(BIN)/ruff check --output-format concise $(SOURCES)

types: $(DEV)
	@$(BIN)/mypy --strict $(SOURCES)

imports: $(DEV)
	@$(BIN)/lint-imports --no-logo

format: $(DEV) ## format the code and mend what the linter can mend
	@$(BIN)/ruff format $(SOURCES)
	@$(BIN)/ruff check --fix $(SOURCES)

lab: $(DEV) ## run the tests on real gateways (UML guests; GUESTS=2; ALL=1 runs every scenario, not one of each kind)
	@$(BIN)/python -m tests.lab packages
	@$(BIN)/python -m tests.lab images
	@$(BIN)/python -m tests.lab run --guests $(GUESTS) --minutes $(MINUTES) $(if $(ALL),,--sample)

lab-mend: $(DEV) ## have faults mended, undone and mended again on real gateways (ALL=1: every scenario with a remedy)
	@$(BIN)/python -m tests.lab packages
	@$(BIN)/python -m tests.lab images
	@$(BIN)/python -m tests.lab mend --guests $(GUESTS) --minutes $(MINUTES) $(if $(ALL),,--sample)
	@$(BIN)/python -m tests.lab misfortune --guests $(GUESTS) --minutes $(MINUTES)

bench: $(DEV) ## race a diagnosis against one ssh a command and against the guide's script, at three delays
	@$(BIN)/python -m tests.lab bench

lab-shell: $(DEV) ## bring one scenario up and open the wizard in it: SCENARIO=name
	@$(if $(SCENARIO),,echo "Name a scenario: make lab-shell SCENARIO=psk-mismatch" >&2; exit 2)
	@$(BIN)/python -m tests.lab shell $(SCENARIO)

bench-explain: $(DEV) ## how many causes of real logs are named: CASES=folder (../shared/cases)
	@$(BIN)/python -m tests.bench.explain $(CASES)

screenshots: $(DEV) ## make the pictures of the documentation again
	@$(BIN)/python screenshots/make.py

docs: $(DEV) ## make the pages that are made from flows/
	@PYTHONPATH=. $(BIN)/python docs/make_causes.py

lock: $(DEV) ## make the lock files again; UPGRADE=1 takes the newest versions
	@UV_CUSTOM_COMPILE_COMMAND="make lock" $(LOCK) --group build --output-file requirements/run.txt
	@UV_CUSTOM_COMPILE_COMMAND="make lock" $(LOCK) --group dev --constraint requirements/run.txt --output-file requirements/dev.txt

wheel: $(DEV) ## build the wheel into dist/
	@$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

clean: ## remove what the other targets made, the lab's images excepted
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find wizard tests screenshots -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
