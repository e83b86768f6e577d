// The parts of pppgw: the serial line (line.c) and the connections that it carries (forward.c).
#ifndef PPPGW_H
#define PPPGW_H

#include <poll.h>
#include <stdbool.h>

#include "lwip/ip4_addr.h"

#define MOST_CONNECTIONS 128
#define MOST_FORWARDS 4
#define MOST_POLLED (2 + MOST_FORWARDS + MOST_CONNECTIONS)

// The addresses of the two ends; they exist on the serial line alone.
#define HOST_ADDRESS LWIP_MAKEU32(10, 0, 2, 2)
#define BOARD_ADDRESS LWIP_MAKEU32(10, 0, 2, 15)

// Set up PPP over standard input and output.
void line_start(void);
// Whether both ends have their addresses.
bool line_up(void);
// Forget what was agreed upon and wait for a new negotiation: the board was reset.
void line_hang_up(void);
// Add the line to a poll set; returns how many entries that took.
int line_poll_set(struct pollfd *set);
// Move what poll() allows to move. False at the end of input: the emulator has gone.
bool line_serve(const struct pollfd *set);
// Write what the protocols have to say.
void line_flush(void);

// Listen on address:port of the host (port 0: a free one) for the board's port, or for the other
// one (0: none) when nothing listens on the first. False: errno.
bool forward_listen(const char *address, int port, int board_port, int other_port);
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
