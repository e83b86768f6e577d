# Modules with PSRAM, such as the WROVER: Python's heap goes there.
include(boards/ESP32_GENERIC/mpconfigvariant_SPIRAM.cmake)
