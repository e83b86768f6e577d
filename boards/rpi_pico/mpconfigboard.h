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

// lwIP (extmod/lwip-include/lwipopts_common.h). With its usual windows of 8 segments a sender is
// further ahead than the buffers of the UART (4096 bytes each way) can take, so that segments are
// lost; with its usual heap (8000) one response of 6 KB leaves no room for another connection.
#define MEM_SIZE                                (16000)
#define TCP_MSS                                 (800)
#define TCP_WND                                 (4 * TCP_MSS)
#define TCP_SND_BUF                             (4 * TCP_MSS)
#define MEMP_NUM_TCP_SEG                        (32)
// As many connections as the server keeps open (5 otherwise).
#define MEMP_NUM_TCP_PCB                        (16)

// Seconds until a request of PPP itself that got lost is repeated (6 otherwise).
#define FSM_DEFTIMEOUT                          (1)
