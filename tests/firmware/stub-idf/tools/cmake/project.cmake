# Stands in for ESP-IDF's file of this name: it builds nothing, and writes down what MicroPython's
# CMakeLists.txt has made of a board, as lines NAME=value in resolved.txt of the build folder.
function(idf_build_set_property)
endfunction()

macro(project name)
    _project(${name} NONE)
    file(WRITE ${CMAKE_BINARY_DIR}/resolved.txt "")
    foreach(variable IDF_TARGET MICROPY_BOARD_DIR MICROPY_FROZEN_MANIFEST MICROPY_DEF_BOARD SDKCONFIG_DEFAULTS)
        file(APPEND ${CMAKE_BINARY_DIR}/resolved.txt "${variable}=${${variable}}\n")
    endforeach()
endmacro()
