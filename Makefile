# Everything a target needs is installed by itself, pinned by tools/requirements/, into .venv and
# build/. Needed beforehand: Python 3.11 or newer, make, git.

PYTHON ?= python3
SHELL := /bin/sh

# How `make run` serves. HOST=0.0.0.0 lets other devices of the network in.
APP = examples/dashboard/main.py
HOST = 127.0.0.1
PORT = 5000
HEAP = 192K
RUNTIME = micropython

# What `make test` runs: T=file or folder, K=part of a test's name.
T =
K =

# Another build of MicroPython's unix port than the packaged one: MICROPYTHON=path
ifdef MICROPYTHON
export MICROPYTHON
else
MICROPYTHON_SET = .venv/stamps/run
endif

VENV = .venv/bin/python
TEST = $(VENV) tools/test.py $(if $(K),-k '$(K)') $(T)

.DEFAULT_GOAL := help
.SUFFIXES:
.PHONY: help run test test-cpython test-micropython lint format bench size clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(if $(filter cpython,$(RUNTIME)),$(VENV),$(MICROPYTHON_SET) $(VENV)) ## Serve the dashboard on MicroPython: http://localhost:5000 (APP= HOST= PORT= HEAP= RUNTIME=cpython)
	@$(VENV) tools/run.py '$(APP)' --host '$(HOST)' --port '$(PORT)' --heap '$(HEAP)' --runtime '$(RUNTIME)'

test: .venv/stamps/test .venv/stamps/size $(MICROPYTHON_SET) ## Run all tests on CPython and on MicroPython (T=file K=part of a name)
	@$(TEST)

test-cpython: .venv/stamps/test .venv/stamps/size $(MICROPYTHON_SET) ## Run the tests on CPython alone
	@$(TEST) --runtime cpython

test-micropython: $(VENV) $(MICROPYTHON_SET) ## Run the core tests on MicroPython alone
	@$(TEST) --runtime micropython

lint: .venv/stamps/lint ## Check the style of the code, changing nothing
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .

format: .venv/stamps/lint ## Put the code into the project's style
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .

bench: $(MICROPYTHON_SET) $(VENV) ## Print the CPU per request beside a raw server's, on both runtimes
	@$(VENV) tools/bench.py $(ARGS)

size: .venv/stamps/size $(MICROPYTHON_SET) ## Print what the framework costs in memory
	@$(VENV) tools/size.py $(ARGS)

clean: ## Remove all that make has made, .venv too
	rm -rf .venv build dist .pytest_cache .ruff_cache lib/*.egg-info
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +

$(VENV):
	@command -v $(PYTHON) >/dev/null || { echo '$(PYTHON) not found: install Python 3.11 or newer, or make ... PYTHON=path' >&2; exit 1; }
	@$(PYTHON) tools/install.py

.venv/stamps/%: tools/requirements/%.txt $(VENV)
	@$(VENV) tools/install.py $*
