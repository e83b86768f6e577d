# ESP32-C3 with 4 MiB of flash, for a web server. VARIANT=OTA: room for two firmwares.
include(boards/ESP32_GENERIC_C3/mpconfigboard.cmake)
set(FLASH 4)
include(${MICROPY_BOARD_DIR}/../esp32/common.cmake)
