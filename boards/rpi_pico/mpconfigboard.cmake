# Raspberry Pi Pico whose network is PPP over a UART.
set(STOCK_BOARD ${MICROPY_PORT_DIR}/boards/RPI_PICO)
include(${STOCK_BOARD}/mpconfigboard.cmake)
set(GEN_PINS_BOARD_CSV ${STOCK_BOARD}/pins.csv)
set(GEN_PINS_CSV_ARG --board-csv ${GEN_PINS_BOARD_CSV})

set(MICROPY_PY_LWIP ON)
