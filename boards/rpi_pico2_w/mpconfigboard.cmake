# Raspberry Pi Pico 2 W, with Wi-Fi and without Bluetooth: that leaves memory for connections.
set(STOCK_BOARD ${MICROPY_PORT_DIR}/boards/RPI_PICO2_W)
include(${STOCK_BOARD}/mpconfigboard.cmake)
set(GEN_PINS_BOARD_CSV ${STOCK_BOARD}/pins.csv)
set(GEN_PINS_CSV_ARG --board-csv ${GEN_PINS_BOARD_CSV})

set(MICROPY_PY_BLUETOOTH OFF)
set(MICROPY_BLUETOOTH_BTSTACK OFF)
set(MICROPY_PY_BLUETOOTH_CYW43 OFF)
