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
