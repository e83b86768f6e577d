# MicroPython's standard unix port, without what needs libraries of the system; start.c starts it.
PROG = microdot
FROZEN_MANIFEST ?= $(VARIANT_DIR)/manifest.py

MICROPY_PY_BTREE = 0
MICROPY_PY_FFI = 0

# The port's own main() goes by another name, for the one in start.c to call it.
$(BUILD)/main.o: CFLAGS += -Dmain=micropython_main
