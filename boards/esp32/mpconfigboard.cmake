# ESP32 with 4 MiB of flash, for a web server. VARIANT=OTA: room for two firmwares; SPIRAM.
include(boards/ESP32_GENERIC/mpconfigboard.cmake)
set(FLASH 4)
include(${MICROPY_BOARD_DIR}/common.cmake)
