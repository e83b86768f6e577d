#include "boards/RPI_PICO2_W/mpconfigboard.h"

// How the flash is divided: see boards.json, which has the same figures.
#undef MICROPY_HW_FLASH_STORAGE_BYTES
#define MICROPY_HW_FLASH_STORAGE_BYTES          (0x200000)
#define MICROPY_HW_ROMFS_BYTES                  (0x80000)

#include "../rpi_pico/lwip_server.h"

// boards/modules/startup.py runs an application as `__main__`, whichever way it is imported.
#define MICROPY_MODULE_OVERRIDE_MAIN_IMPORT     (1)
