#include "boards/ESP32_GENERIC/mpconfigboard.h"

// Modules and files in the partition `romfs` are used where they are, in flash: /rom.
#define MICROPY_VFS_ROM                         (1)

// boards/modules/startup.py runs an application as `__main__`, whichever way it is imported.
#define MICROPY_MODULE_OVERRIDE_MAIN_IMPORT     (1)
