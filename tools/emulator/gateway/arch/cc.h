// What lwIP asks of a compiler and its C library: on a host everything but these is a default.
#ifndef GATEWAY_ARCH_CC_H
#define GATEWAY_ARCH_CC_H

#include <stdio.h>
#include <stdlib.h>

#define LWIP_PLATFORM_DIAG(x) do { printf x; } while (0)
#define LWIP_PLATFORM_ASSERT(x) do { fprintf(stderr, "lwIP: %s\n", x); abort(); } while (0)
#define LWIP_RAND() ((u32_t)random() ^ ((u32_t)random() << 16))
#define sys_jiffies sys_now

#endif
