# Everything a target needs is installed by itself, pinned by tools/requirements/, into .venv and
# build/. Needed beforehand: Python 3.11 or newer, make, git.

PYTHON ?= python3
SHELL := /bin/sh

# A value as one word of the shell, whatever is in it.
q = '$(subst ','\'',$(1))'

# How `make run` serves. HOST=0.0.0.0 lets other devices of the network in.
APP = examples/dashboard/main.py
HOST = 127.0.0.1
PORT = 5000
HEAP = 192K
RUNTIME = micropython

# PORT of `make deploy` and `make flash` is a serial port, if it is given.
SERIAL = $(if $(filter file,$(origin PORT)),,$(PORT))

# What the boards with an ESP32 need in addition. IDF_PATH= or IDF_DOCKER=1 is what builds for them.
ESP32 = $(if $(filter esp32%,$(BOARD)),.venv/stamps/esp32)

# `make run BOARD=` boots a firmware, made if need be, in an emulator. Without APP= it is the application
# in the firmware that runs, with it the one that is put onto the board's file system.
EMULATOR_SETS = $(patsubst %,.venv/stamps/%,emulator firmware deploy)
EMULATE = PYTHONPATH=tools $(VENV) -m emulator.run $(call q,$(BOARD)) --host $(call q,$(HOST)) --port $(call q,$(PORT)) \
	$(if $(filter file,$(origin APP)),,--app $(call q,$(APP)))

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
TEST_SETS = $(patsubst %,.venv/stamps/%,test size emulator firmware deploy esp32 release docs) $(MICROPYTHON_SET)
DEVICE_TESTS = tests/firmware/test_emulated_board.py $(wildcard tests/firmware/test_device_*.py)
TEST = $(VENV) tools/test.py $(if $(K),-k $(call q,$(K))) $(T)

.DEFAULT_GOAL := help
.SUFFIXES:
.PHONY: help run repl test-device firmware image romfs deploy flash test test-cpython test-micropython lint format bench size mip bundle docs release clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(if $(BOARD),$(EMULATOR_SETS),$(if $(filter cpython,$(RUNTIME)),,$(MICROPYTHON_SET)) $(VENV)) ## Serve the dashboard on MicroPython: http://localhost:5000 (APP= HOST= PORT= HEAP= RUNTIME=cpython BOARD=rpi_pico: emulated)
	@$(if $(BOARD),$(EMULATE),$(VENV) tools/run.py $(call q,$(APP)) --host $(call q,$(HOST)) --port $(call q,$(PORT)) --heap $(call q,$(HEAP)) --runtime $(call q,$(RUNTIME)))

repl: .venv/stamps/emulator ## Talk to the Python of the board that make run BOARD= emulates, or of the one at PORT= (BOARD= PORT=serial port)
	@PYTHONPATH=tools $(VENV) -m emulator.repl $(call q,$(or $(BOARD),rpi_pico)) --port $(call q,$(SERIAL))

firmware: .venv/stamps/firmware $(ESP32) ## Build firmware with the framework and an application in it (BOARD= APP=folder MICROPYTHON_DIR= IDF_PATH=)
	@PYTHONPATH=tools $(VENV) -m firmware $(call q,$(or $(BOARD),rpi_pico)) --app $(call q,$(APP)) --micropython $(call q,$(MICROPYTHON_DIR)) --variant $(call q,$(VARIANT))

image: .venv/stamps/esp32 ## Put the framework and an application into a downloaded MicroPython for an ESP32 (BASE=file APP=folder BOARD=)
	@$(VENV) tools/image.py $(call q,$(BASE)) $(call q,$(APP)) --board $(call q,$(BOARD))

romfs: .venv/stamps/deploy ## Pack the framework and an application into a ROMFS image (APP=folder BOARD= FRAMEWORK=0)
	@$(VENV) tools/romfs.py $(call q,$(APP)) --board $(call q,$(or $(BOARD),rpi_pico)) $(if $(filter 0,$(FRAMEWORK)),--no-framework)

deploy: .venv/stamps/deploy ## Put an application and the framework onto a board (APP=folder PORT=serial port BOARD= ROMFS=1 WIFI_SSID=)
	@$(VENV) tools/deploy.py $(call q,$(APP)) --board $(call q,$(BOARD)) --port $(call q,$(SERIAL)) $(if $(filter 1,$(ROMFS)),--romfs)

flash: .venv/stamps/deploy $(ESP32) ## Write a firmware to a board (BOARD= IMAGE=file PORT=serial port DRIVE=folder)
	@$(VENV) tools/flash.py $(call q,$(or $(BOARD),rpi_pico)) --port $(call q,$(SERIAL)) $(if $(IMAGE),--image $(call q,$(IMAGE))) $(if $(DRIVE),--drive $(call q,$(DRIVE)))

test: $(TEST_SETS) ## Run all tests on CPython and on MicroPython (T=file K=part of a name)
	@$(TEST)

test-cpython: $(TEST_SETS) ## Run the tests on CPython alone
	@$(TEST) --runtime cpython

test-device: .venv/stamps/test .venv/stamps/size .venv/stamps/emulator .venv/stamps/firmware $(MICROPYTHON_SET) ## Run the tests of the firmware in the emulated board, all of them (T= K=)
	@TEST_DEVICE=all $(VENV) tools/test.py $(if $(K),-k $(call q,$(K))) $(or $(T),$(DEVICE_TESTS))

test-micropython: $(VENV) $(MICROPYTHON_SET) ## Run the core tests on MicroPython alone
	@$(TEST) --runtime micropython

# Without its cache, which does not notice that a module imported here has moved.
lint: .venv/stamps/lint ## Check the style of the code, changing nothing
	@.venv/bin/ruff check --no-cache .
	@.venv/bin/ruff format --check .

format: .venv/stamps/lint ## Put the code into the project's style
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .

bench: $(MICROPYTHON_SET) $(VENV) ## Print the CPU per request beside a raw server's, on both runtimes
	@$(VENV) tools/bench.py $(ARGS)

size: .venv/stamps/size $(MICROPYTHON_SET) ## Print what the framework costs in memory
	@$(VENV) tools/size.py $(ARGS)

mip: .venv/stamps/deploy ## Make packages that mpremote mip install takes from a web server: build/mip
	@$(VENV) tools/mip.py

bundle: $(VENV) ## Make the core a single file: build/bundle/microdot.py
	@$(VENV) tools/bundle.py

docs: .venv/stamps/docs ## Build the documentation, warnings are errors: build/docs/html
	@rm -rf build/docs # a page that is not built again would keep its warnings to itself
	@$(VENV) -m sphinx -W --keep-going -n -q -b html -d build/docs/doctrees docs build/docs/html
	@echo 'build/docs/html/index.html'

release: .venv/stamps/release .venv/stamps/firmware $(if $(IDF_PATH)$(IDF_DOCKER),.venv/stamps/esp32) ## Build all that a release of this commit consists of, with checksums: dist/ (MICROPYTHON_DIR= IDF_PATH=)
	@$(VENV) tools/release.py --micropython '$(MICROPYTHON_DIR)'

clean: ## Remove all that make has made, .venv too
	rm -rf .venv build dist .pytest_cache .ruff_cache .mypy_cache lib/*.egg-info
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +

$(VENV):
	@command -v $(PYTHON) >/dev/null || { echo '$(PYTHON) not found: install Python 3.11 or newer, or make ... PYTHON=path' >&2; exit 1; }
	@$(PYTHON) tools/install.py

.venv/stamps/%: tools/requirements/%.txt $(VENV)
	@$(VENV) tools/install.py $*
