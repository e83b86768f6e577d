# ESP32-S3 with 8 MiB of flash, for a web server. VARIANT=OTA: room for two firmwares;
# SPIRAM_OCT.
include(boards/ESP32_GENERIC_S3/mpconfigboard.cmake)
set(FLASH 8)
include(${MICROPY_BOARD_DIR}/../esp32/common.cmake)
