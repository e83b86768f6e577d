# Everything a target needs is installed by itself, pinned by tools/requirements/, into .venv and
# build/. Needed beforehand: Python 3.11 or newer, make, git.

PYTHON ?= python3
SHELL := /bin/sh

# A value as one word of the shell, whatever is in it.
q = '$(subst ','\'',$(1))'

# Switches: on or off, in any of these words; another one would be taken for off, so it is refused.
SWITCHES = RELOAD SETUP SERVE ROMFS WATCH OLDER UNSIGNED FRAMEWORK
ON = 1 yes Yes YES on On ON true True TRUE
OFF = 0 no No NO off Off OFF false False FALSE
switch = $(if $(filter $(ON),$($(1))),1,$(if $(filter $(OFF),$($(1))),0,$(if $(filter command,$(origin $(1))),$(if $($(1)),$(error $(1)=$($(1)): 1 or 0 is needed)))))
$(foreach name,$(SWITCHES),$(eval override $(name) := $(call switch,$(name))))
unexport RELOAD # serve.py has one of its own

# What else is given: of a slip the default would be taken without a word.
SETTINGS = $(SWITCHES) AIR APP ARGS BASE BOARD DRIVE FILE FIRMWARE FLASH HEAP HOST HOURS IDF_% IMAGE K KEY KEYS \
	MICROPYTHON MICROPYTHON_DIR MINUTES N NAME PORT PYTHON RUNTIME SIGNATURE T UF2 UPDATE URL VARIANT VERSION \
	CI PICO_W_IMAGE SCREENSHOTS SHELL UPDATE_% WIFI_% WIRE_SEED CC CFLAGS V PIP_% %_proxy %_PROXY
command = $(if $(filter command,$(origin $(1))),$(1))
$(foreach name,$(filter-out $(SETTINGS),$(foreach name,$(.VARIABLES),$(call command,$(name)))),$(warning $(name)=: no such setting; make lists those of each target))

# How `make run` serves. HOST=0.0.0.0 lets other devices of the network in.
APP = examples/dashboard/main.py
HOST = 127.0.0.1
PORT = 5000
HEAP = 256K
RUNTIME = micropython
QR_SET = $(if $(filter 127.0.0.1 localhost,$(HOST)),,.venv/stamps/qr)
RUN_SETS = $(RUNTIME_$(RUNTIME)) $(QR_SET)
RUN_SETS += $(if $(filter 1,$(RELOAD)),.venv/stamps/watch)

# What a runtime needs. RUNTIME=board is the MicroPython of the firmware, with 32 bits like a board's.
RUNTIME_micropython = $(MICROPYTHON_SET)
RUNTIME_board = micropython

# PORT of `make deploy` and `make flash` is a serial port, if it is given.
SERIAL = $(if $(filter file,$(origin PORT)),,$(PORT))

# What the boards with an ESP32 need in addition. IDF_PATH= or IDF_DOCKER=1 is what builds for them.
ESP32 = $(if $(filter esp32%,$(BOARD)),.venv/stamps/esp32)

# `make run BOARD=` boots a firmware, made if need be, in an emulator. Without APP= it is the application
# in the firmware that runs, with it the one that is put onto the board's file system.
EMULATOR_SETS = $(patsubst %,.venv/stamps/%,emulator firmware deploy) $(QR_SET)
EMULATE = $(TOOL) emulator.run $(call q,$(BOARD)) --host $(call q,$(HOST)) --port $(call q,$(PORT)) \
	$(if $(filter file,$(origin APP)),,--app $(call q,$(APP))) --otherwise $(call q,$(APP)) \
	$(if $(IMAGE),--image $(call q,$(IMAGE))) --micropython $(call q,$(MICROPYTHON_DIR)) --air $(call q,$(AIR))

# `make soak BOARD=` lets a board that `make run BOARD=` emulates serve for so much of its own time.
HOURS = 24
N = $(if $(BOARD),5000,100000)
SOAK = $(TOOL) emulator.soak $(call q,$(BOARD)) --hours $(call q,$(HOURS)) --requests $(call q,$(N)) \
	$(if $(IMAGE),--image $(call q,$(IMAGE))) --micropython $(call q,$(MICROPYTHON_DIR))

# How long `make test-live` uses the dashboard; what it takes for the listeners is up to as long again.
MINUTES = 10

# What `make test` runs: T=file or folder, K=part of a test's name.
T =
K =

# Another build of MicroPython's unix port than the packaged one: MICROPYTHON=path
ifdef MICROPYTHON
export MICROPYTHON
else
MICROPYTHON_SET = .venv/stamps/run
endif

HAVE_PYTHON = command -v $(PYTHON) >/dev/null || { echo '$(PYTHON) not found: install Python 3.11 or newer, or make ... PYTHON=path' >&2; exit 1; }

VENV = .venv/bin/python
# What users have as the command microdot-kit, and the tools of those who work on the project.
KIT = $(VENV) tools/microdot_kit
TOOL = $(VENV) tools
MEASURE_SETS = $(patsubst %,.venv/stamps/%,size emulator firmware deploy) $(MICROPYTHON_SET)
TEST_SETS = $(patsubst %,.venv/stamps/%,test bench size emulator firmware deploy esp32 release docs qr watch find wire openapi update) $(MICROPYTHON_SET)
CHECK_SETS = $(patsubst %,.venv/stamps/%,test size deploy esp32 release qr watch find update) $(MICROPYTHON_SET)
DEVICE_TESTS = tests/firmware/test_emulated_board.py $(wildcard tests/firmware/test_device_*.py)
TEST = $(TOOL) testing $(if $(K),-k $(call q,$(K))) $(T)

.DEFAULT_GOAL := help
.SUFFIXES:
.PHONY: help run micropython repl test-device test-wire test-live soak firmware image flasher romfs deploy keys update find flash check test test-cpython test-micropython lint format bench size mip bundle docs release clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(if $(BOARD),$(EMULATOR_SETS),$(VENV) $(RUN_SETS)) ## Serve the dashboard on MicroPython: http://localhost:5000 (APP= HOST= PORT= HEAP= RUNTIME=cpython or board, RELOAD=1, BOARD=rpi_pico: emulated, rpi_pico_w with IMAGE= AIR=)
	@$(if $(BOARD),$(EMULATE),$(KIT) run $(call q,$(APP)) --host $(call q,$(HOST)) --port $(call q,$(PORT)) --heap $(call q,$(HEAP)) --runtime $(call q,$(RUNTIME)) $(if $(filter 1,$(RELOAD)),--reload))

micropython: $(VENV) ## Build the MicroPython of the firmware for this machine, with 32 bits like a board's
	@$(TOOL) firmware.runtime

repl: .venv/stamps/emulator ## Talk to the Python of the board that make run BOARD= emulates, or of the one at PORT= (BOARD= PORT=serial port)
	@$(KIT) repl $(call q,$(or $(BOARD),rpi_pico)) --port $(call q,$(SERIAL))

firmware: .venv/stamps/firmware $(ESP32) $(if $(KEY),.venv/stamps/update) ## Build firmware with the framework and an application in it (BOARD= APP=folder SETUP=1 KEY=public.pem MICROPYTHON_DIR= IDF_PATH=)
	@$(TOOL) firmware $(call q,$(or $(BOARD),rpi_pico)) --app $(call q,$(APP)) --micropython $(call q,$(MICROPYTHON_DIR)) --variant $(call q,$(VARIANT)) $(if $(filter 1,$(SETUP)),--setup) $(if $(KEY),--key $(call q,$(KEY)) --version $(call q,$(VERSION)))

image: .venv/stamps/esp32 ## Put the framework and an application into a downloaded MicroPython for an ESP32 (BASE=file APP=folder BOARD= FLASH=4MB SETUP=1)
	@$(KIT) image $(call q,$(BASE)) $(call q,$(APP)) --board $(call q,$(BOARD)) --flash $(call q,$(FLASH)) $(if $(filter 1,$(SETUP)),--setup)

flasher: .venv/stamps/esp32 ## Make a web page that installs an application on a board (APP=folder BASE="files" UF2="files" NAME= VERSION= FLASH=, SERVE=1 PORT=)
	@$(KIT) flasher $(call q,$(APP)) $(if $(BASE),--base $(BASE)) $(if $(UF2),--uf2 $(UF2)) $(if $(NAME),--name $(call q,$(NAME))) $(if $(VERSION),--version $(call q,$(VERSION))) --flash $(call q,$(FLASH)) $(if $(filter 1,$(SERVE)),--serve $(call q,$(PORT)))

romfs: .venv/stamps/deploy ## Pack the framework and an application into a ROMFS image (APP=folder BOARD= FRAMEWORK=0)
	@$(KIT) romfs $(call q,$(APP)) --board $(call q,$(or $(BOARD),rpi_pico)) $(if $(filter 0,$(FRAMEWORK)),--no-framework)

# An update is never made of an application that nobody has named.
GIVEN_APP = $(if $(filter file,$(origin APP)),,$(call q,$(APP)))
# With URL= an update goes over the network, else files over a serial port.
DEPLOY_URL = $(KIT) send $(call q,$(URL)) $(if $(UPDATE),--update $(call q,$(UPDATE)),$(GIVEN_APP) --version $(call q,$(VERSION)) --key $(call q,$(KEY))) $(if $(filter 1,$(OLDER)),--older)
DEPLOY = $(KIT) deploy $(call q,$(APP)) --board $(call q,$(BOARD)) --port $(call q,$(SERIAL)) $(if $(filter 1,$(ROMFS)),--romfs) $(if $(filter 1,$(WATCH)),--again)

deploy: .venv/stamps/deploy $(if $(filter 1,$(WATCH)),.venv/stamps/watch) $(if $(URL),.venv/stamps/update) ## Put an application and the framework onto a board (APP=folder PORT=serial port BOARD= ROMFS=1 WIFI_SSID= WATCH=1), or an update over the network (URL=http://desk.local, UPDATE=file or APP=folder VERSION=1.2.3)
	@$(if $(URL),$(DEPLOY_URL),$(DEPLOY))

keys: .venv/stamps/update ## Make the pair of keys that updates are signed and checked with, outside of this folder (KEYS=folder)
	@$(KIT) keys $(if $(KEYS),$(call q,$(KEYS)))

update: .venv/stamps/deploy .venv/stamps/update $(ESP32) ## Make a signed update: build/update (APP=folder VERSION=1.2.3 BOARD= KEY=private.pem; FIRMWARE=file for an ESP32; UNSIGNED=1, then FILE= SIGNATURE=)
	@$(KIT) update $(if $(SIGNATURE),--attach $(call q,$(SIGNATURE)) $(call q,$(FILE)),$(if $(FIRMWARE),--firmware $(call q,$(FIRMWARE)),$(GIVEN_APP)) --version $(call q,$(VERSION)) --board $(call q,$(or $(BOARD),rpi_pico)$(if $(VARIANT),-$(VARIANT))) --key $(call q,$(KEY)) $(if $(filter 1,$(UNSIGNED)),--unsigned))

find: .venv/stamps/find ## List the boards in this network, by their names (NAME=another one)
	@$(KIT) find $(call q,$(NAME))

flash: .venv/stamps/deploy $(ESP32) ## Write a firmware to a board (BOARD= IMAGE=file PORT=serial port DRIVE=folder)
	@$(KIT) flash $(call q,$(or $(BOARD),rpi_pico)) --port $(call q,$(SERIAL)) $(if $(IMAGE),--image $(call q,$(IMAGE))) $(if $(DRIVE),--drive $(call q,$(DRIVE)))

check: $(CHECK_SETS) ## Run most tests, on both runtimes, without firmware and what takes long (T= K=)
	@$(TEST) --quick

test: $(TEST_SETS) ## Run all tests on CPython and on MicroPython (T=file K=part of a name)
	@$(TEST)

test-cpython: $(TEST_SETS) ## Run the tests on CPython alone
	@$(TEST) --runtime cpython

test-device: .venv/stamps/test .venv/stamps/size .venv/stamps/emulator .venv/stamps/firmware $(MICROPYTHON_SET) ## Run the tests of the firmware in the emulated board, all of them (T= K=)
	@TEST_DEVICE=all $(TOOL) testing $(if $(K),-k $(call q,$(K))) $(or $(T),$(DEVICE_TESTS))

test-wire: .venv/stamps/test .venv/stamps/wire $(MICROPYTHON_SET) ## Run all that other people wrote to test HTTP, fuzzing, and hostile clients: 15 minutes (T= K=)
	@TEST_WIRE=all HOSTILE_SECONDS=20 $(TOOL) testing $(if $(K),-k $(call q,$(K))) $(or $(T),tests/wire tests/http/test_hostile_modes.py)

test-live: .venv/stamps/test $(MICROPYTHON_SET) ## Use the dashboard with Home Assistant and four browsers for ten minutes, then send an hour's messages to twelve listeners (MINUTES=10 T= K=)
	@TEST_LIVE=$(call q,$(MINUTES)) $(TOOL) testing $(if $(K),-k $(call q,$(K))) $(or $(T),tests/http/test_live_dashboard.py tests/http/test_topics_listeners.py)

soak: $(if $(BOARD),$(EMULATOR_SETS),.venv/stamps/size $(MICROPYTHON_SET)) ## Send 100,000 requests of every kind to MicroPython, and look at what they leave (N=; BOARD=rpi_pico: a day of an emulated board, its sleeps skipped, HOURS= N=5000)
	@$(if $(BOARD),$(SOAK),$(TOOL) measure.soak $(call q,$(N)))

test-micropython: $(VENV) $(MICROPYTHON_SET) ## Run the core tests on MicroPython alone
	@$(TEST) --runtime micropython

# Without its cache, which does not notice that a module imported here has moved.
lint: .venv/stamps/lint ## Check the style of the code, changing nothing
	@.venv/bin/ruff check --no-cache .
	@.venv/bin/ruff format --check .

format: .venv/stamps/lint ## Put the code into the project's style
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .

bench: $(MEASURE_SETS) .venv/stamps/bench ## Print the CPU per request of real applications, beside others (ARGS=--reference)
	@$(TOOL) measure.bench $(ARGS)

size: $(MEASURE_SETS) ## Print what real applications cost in memory (ARGS=--reference)
	@$(TOOL) measure.size $(ARGS)

mip: .venv/stamps/deploy ## Make packages that mpremote mip install takes from a web server: build/mip
	@$(TOOL) release.mip

bundle: $(VENV) ## Make the core a single file: build/bundle/microdot.py
	@$(TOOL) release.bundle

docs: .venv/stamps/docs ## Build the documentation, warnings are errors: build/docs/html
	@rm -rf build/docs # a page that is not built again would keep its warnings to itself
	@$(VENV) -m sphinx -W --keep-going -n -q -b html -d build/docs/doctrees docs build/docs/html
	@echo 'build/docs/html/index.html'

release: $(patsubst %,.venv/stamps/%,release firmware esp32) ## Build all that a release of this commit consists of, with checksums: dist/ (MICROPYTHON_DIR= IDF_PATH= BASE=)
	@$(TOOL) release.release --micropython $(call q,$(MICROPYTHON_DIR)) --base $(call q,$(BASE))

clean: ## Remove all that make has made, .venv too
	rm -rf .venv build dist .pytest_cache .ruff_cache .mypy_cache lib/*.egg-info
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +

$(VENV): | $(if $(BOARD)$(filter firmware,$(MAKECMDGOALS))$(call command,APP),.preflight)
	@$(HAVE_PYTHON)
	@$(PYTHON) tools/install.py

# Refuses an APP= that is not there, and a BOARD= that does not exist or cannot be built, before
# anything is installed.
.PHONY: .preflight
.preflight:
	@[ -e $(VENV) ] || { $(HAVE_PYTHON); }
	@$(or $(wildcard $(VENV)),$(PYTHON)) tools/preflight.py $(call q,$(or $(BOARD),$(if $(filter firmware,$(MAKECMDGOALS)),rpi_pico))) $(MAKECMDGOALS) $(if $(filter 1,$(RELOAD)),--reload) --app $(call q,$(APP)) --micropython $(call q,$(MICROPYTHON_DIR)) --image $(call q,$(IMAGE))

.venv/stamps/%: tools/requirements/%.txt $(VENV)
	@$(VENV) tools/install.py $*
