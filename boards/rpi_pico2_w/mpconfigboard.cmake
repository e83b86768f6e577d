# Raspberry Pi Pico 2 W.
set(STOCK RPI_PICO2_W)
include(${MICROPY_BOARD_DIR}/../rpi_pico_w/common.cmake)
