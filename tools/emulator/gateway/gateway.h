// The parts of the gateway: the line to the emulator (line.c), what is spoken on it (ppp.c or
// ethernet.c with its two servers), and the connections that it carries (forward.c, outbound.c).
#ifndef GATEWAY_H
#define GATEWAY_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "lwip/ip4_addr.h"
#include "lwip/netif.h"
#include "lwip/tcp.h"

#define MOST_CONNECTIONS 128
#define MOST_FORWARDS 4
#define MOST_POLLED (2 + MOST_FORWARDS + MOST_CONNECTIONS)

// The addresses of the two ends; they exist inside the emulator alone. On a network by radio the
// board may choose another, and in the network of its access point it is itself the router.
#define HOST_ADDRESS LWIP_MAKEU32(10, 0, 2, 2)
#define BOARD_ADDRESS LWIP_MAKEU32(10, 0, 2, 15)
#define NETWORK_MASK LWIP_MAKEU32(255, 255, 255, 0)
// Where the clients of a port that is forwarded as `far` seem to be: behind the network's router.
#define FAR_ADDRESS LWIP_MAKEU32(203, 0, 113, 9)

// What is spoken on the line.
struct protocol {
    void (*start)(void);
    void (*take)(const unsigned char *data, size_t length); // what came from the board
    void (*hang_up)(void);                                  // the board was reset
};

extern const struct protocol ppp;     // by a UART
extern const struct protocol network; // by radio: the network that the board joins
extern const struct protocol visitor; // by radio: a station in the network of its access point

// Set up the line over standard input and output.
void line_start(const struct protocol *chosen);
// The board is reachable at this address, or, if it is 0, not any more.
void line_set_board(u32_t address);
u32_t line_board(void);
bool line_up(void);
// Write to the board. False: there is no room, the data is lost.
bool line_write(const void *data, size_t length);
// Forget what was to be written, and what was agreed upon: the board was reset.
void line_hang_up(void);
// Add the line to a poll set; returns how many entries that took.
int line_poll_set(struct pollfd *set);
// Move what poll() allows to move. False at the end of input: the emulator has gone.
bool line_serve(const struct pollfd *set);
// Write what the protocols have to say.
void line_flush(void);

// Answer the board's requests for an address, and for that of a name.
void dhcp_server_start(struct netif *interface);
void dns_server_start(void);

// Listen on address:port of the host (port 0: a free one) for the board's port, or for the other
// one (0: none) when nothing listens on the first; `far`: for clients at FAR_ADDRESS. False: errno.
bool forward_listen(const char *address, int port, int board_port, int other_port, bool far);
// Take over a connection that the board has made; `fd` is the one to this machine's program. False:
// there are too many; `fd` is closed.
bool forward_adopt(int fd, struct tcp_pcb *board);
// As for the line.
int forward_poll_set(struct pollfd *set);
void forward_serve(const struct pollfd *set);
// Pass on what came from the board, end what is over.
void forward_settle(void);
// Reset every connection.
void forward_abort_all(void);
// Milliseconds until a connection wants forward_settle() though nothing happens; at most `most`.
int forward_patience(int most);

#endif
