#include "boards/RPI_PICO/mpconfigboard.h"

// How the flash is divided: see boards.json, which has the same figures.
#undef MICROPY_HW_FLASH_STORAGE_BYTES
#define MICROPY_HW_FLASH_STORAGE_BYTES          (0x100000)
#define MICROPY_HW_ROMFS_BYTES                  (0x40000)

#define MICROPY_PY_NETWORK                      (1)
#define MICROPY_PY_NETWORK_PPP_LWIP             (1)
#define MICROPY_PY_NETWORK_HOSTNAME_DEFAULT     "rpi-pico"

// boards/modules/startup.py runs an application as `__main__`, whichever way it is imported.
#define MICROPY_MODULE_OVERRIDE_MAIN_IMPORT     (1)

#include "lwip_server.h"

// Seconds until a request of PPP itself that got lost is repeated (6 otherwise).
#define FSM_DEFTIMEOUT                          (1)
