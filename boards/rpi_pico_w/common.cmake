# What the boards with an RP2040 or RP2350 and Wi-Fi share: included by mpconfigboard.cmake. `STOCK` is
# MicroPython's own board. Without Bluetooth, which leaves memory for connections.
set(STOCK_BOARD ${MICROPY_PORT_DIR}/boards/${STOCK})
include(${STOCK_BOARD}/mpconfigboard.cmake)
set(GEN_PINS_BOARD_CSV ${STOCK_BOARD}/pins.csv)
set(GEN_PINS_CSV_ARG --board-csv ${GEN_PINS_BOARD_CSV})

set(MICROPY_PY_BLUETOOTH OFF)
set(MICROPY_BLUETOOTH_BTSTACK OFF)
set(MICROPY_PY_BLUETOOTH_CYW43 OFF)

# The bus of the driver includes pico/cyw43_driver.h, whose folder MicroPython adds along with Bluetooth alone.
# SYSTEM: the folder has a cyw43_configport.h as well, and the one of the port comes first then.
include_directories(SYSTEM ${PICO_SDK_PATH}/src/rp2_common/pico_cyw43_driver/include)
