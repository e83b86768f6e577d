# What the boards with an RP2040 or RP2350 and Wi-Fi share: included by mpconfigboard.cmake. `STOCK` is
# MicroPython's own board. Without Bluetooth, which leaves memory for connections.
set(STOCK_BOARD ${MICROPY_PORT_DIR}/boards/${STOCK})
include(${STOCK_BOARD}/mpconfigboard.cmake)
set(GEN_PINS_BOARD_CSV ${STOCK_BOARD}/pins.csv)
set(GEN_PINS_CSV_ARG --board-csv ${GEN_PINS_BOARD_CSV})

set(MICROPY_PY_BLUETOOTH OFF)
set(MICROPY_BLUETOOTH_BTSTACK OFF)
set(MICROPY_PY_BLUETOOTH_CYW43 OFF)
