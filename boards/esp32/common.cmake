# What the boards with an ESP32 share: included by mpconfigboard.cmake after the stock board, whose
# settings (SDKCONFIG_DEFAULTS, later ones win) this adds to. `FLASH` is the size in MiB.

# Bluetooth takes memory that connections need, and room in the flash that ROMFS gets.
list(REMOVE_ITEM SDKCONFIG_DEFAULTS boards/sdkconfig.ble)
list(APPEND MICROPY_DEF_BOARD MICROPY_PY_BLUETOOTH=0)

# The variant OTA divides the flash for two firmwares.
if(MICROPY_BOARD_VARIANT STREQUAL "OTA")
    set(DIVIDED -ota)
endif()
get_filename_component(PARTITIONS ${CMAKE_CURRENT_LIST_DIR}/partitions-${FLASH}MiB${DIVIDED}.csv ABSOLUTE)
file(WRITE ${CMAKE_BINARY_DIR}/sdkconfig.partitions
    "\nCONFIG_PARTITION_TABLE_CUSTOM=y\nCONFIG_PARTITION_TABLE_CUSTOM_FILENAME=\"${PARTITIONS}\"\n")
# The boot loader has to expect as much flash as the table divides, whatever the stock board says.
foreach(SIZE 2 4 8 16)
    if(SIZE EQUAL FLASH)
        set(CHOSEN y)
    else()
        set(CHOSEN n)
    endif()
    file(APPEND ${CMAKE_BINARY_DIR}/sdkconfig.partitions "CONFIG_ESPTOOLPY_FLASHSIZE_${SIZE}MB=${CHOSEN}\n")
endforeach()

list(APPEND SDKCONFIG_DEFAULTS
    ${CMAKE_CURRENT_LIST_DIR}/sdkconfig.server
    ${CMAKE_BINARY_DIR}/sdkconfig.partitions
)

if(NOT MICROPY_FROZEN_MANIFEST)
    set(MICROPY_FROZEN_MANIFEST ${MICROPY_BOARD_DIR}/manifest.py)
endif()
