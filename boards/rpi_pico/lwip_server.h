// lwIP's memory for a web server: what the boards with an RP2040 or RP2350 share, in place of what
// extmod/lwip-include/lwipopts_common.h has. All of it is taken from what Python's heap could have.

// What is on its way to clients, and segments of 800 bytes of it. With the usual heap of 8000 bytes
// one response of 6 KB left no room for another connection.
#define MEM_SIZE                                (16000)
#define TCP_MSS                                 (800)
#define TCP_SND_BUF                             (4 * TCP_MSS)
#define MEMP_NUM_TCP_SEG                        (32)

// What a client may send ahead of the handler that reads it, in buffers of one pool (16) for all
// that comes in, and for frames of PPP that go out. Clients that nobody reads hold them: with the
// usual 8 segments two of those are enough to cut the board off, with 2 it takes six.
#define TCP_WND                                 (2 * TCP_MSS)

// Connections: the 16 that the server keeps open, one that it makes room for, and some of the
// application's own or not yet closed by their clients (5 otherwise). Clients for whom there is
// none lwIP ignores, and the server never learns of them: see `bound` in startup.
#define MEMP_NUM_TCP_PCB                        (20)

// Addresses of the board's own, 127.0.0.1 among them, for the request by which an application on trial
// proves itself: see boards/modules/slot_trial.py. What goes there comes back with lwIP's next timer,
// up to 64 ms later: lwIP would have a thread do it, which there is none of.
#define LWIP_HAVE_LOOPIF                        (1)
#define LWIP_NETIF_LOOPBACK                     (1)
#define LWIP_NETIF_LOOPBACK_MULTITHREADING      (1)
#define LWIP_LOOPBACK_MAX_PBUFS                 (8)
#define tcpip_try_callback(function, netif)     \
    ({ \
        void sys_timeout(u32_t, void (*)(void *), void *); \
        sys_timeout(0, (void (*)(void *))netif_poll, (netif)); \
        ERR_OK; \
    })
