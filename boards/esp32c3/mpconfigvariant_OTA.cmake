# The flash holds two firmwares, so that one can be replaced while the other runs: common.cmake has
# chosen the partitions. Smaller code, or it would not fit half of the flash.
list(APPEND SDKCONFIG_DEFAULTS ${MICROPY_BOARD_DIR}/../esp32/sdkconfig.ota)
