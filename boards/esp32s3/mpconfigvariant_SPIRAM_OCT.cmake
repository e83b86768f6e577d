# Modules with octal PSRAM, whose names end in R8: without this they run, but without PSRAM. Quad
# PSRAM (R2) needs no variant.
include(boards/ESP32_GENERIC_S3/mpconfigvariant_SPIRAM_OCT.cmake)
