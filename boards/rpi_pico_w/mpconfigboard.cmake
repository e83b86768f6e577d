# Raspberry Pi Pico W.
set(STOCK RPI_PICO_W)
include(${MICROPY_BOARD_DIR}/common.cmake)
