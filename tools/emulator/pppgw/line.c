// The serial line to the board: PPP over standard input and output, which belong to the emulator.

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lwip/netif.h"
#include "netif/ppp/ppp.h"
#include "netif/ppp/pppos.h"
#include "pppgw.h"

static struct netif interface;
static ppp_pcb *ppp;
static bool up;

static unsigned char waiting[1 << 18]; // to be written
static size_t waiting_length;

static u32_t output(ppp_pcb *pcb, const void *data, u32_t length, void *context) {
    (void)pcb;
    (void)context;
    if (waiting_length + length > sizeof waiting) {
        return 0; // the frame is lost, TCP repeats it
    }
    memcpy(waiting + waiting_length, data, length);
    waiting_length += length;
    return length;
}

static void listen_again(void) {
    if (ppp_listen(ppp) != ERR_OK) {
        fprintf(stderr, "error PPP cannot listen\n");
        exit(1);
    }
}

static void status(ppp_pcb *pcb, int error, void *context) {
    (void)pcb;
    (void)context;
    bool now = error == PPPERR_NONE;
    if (now != up) {
        up = now;
        fprintf(stderr, now ? "up\n" : "down\n");
    }
    if (!now) {
        forward_abort_all();
        listen_again();
    }
}

void line_start(void) {
    fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
    fcntl(STDOUT_FILENO, F_SETFL, O_NONBLOCK);
    ppp = pppos_create(&interface, output, status, NULL);
    if (ppp == NULL) {
        fprintf(stderr, "error no memory for PPP\n");
        exit(1);
    }
    ip4_addr_t host = {lwip_htonl(HOST_ADDRESS)}, board = {lwip_htonl(BOARD_ADDRESS)};
    netif_set_default(&interface);
    ppp_set_ipcp_ouraddr(ppp, &host);
    ppp_set_ipcp_hisaddr(ppp, &board);
    ppp_set_silent(ppp, 1); // the board speaks first
    listen_again();
    pppos_input(ppp, (u8_t *)"\x7e", 1); // a first frame without its leading flag counts too
}

bool line_up(void) {
    return up;
}

void line_hang_up(void) {
    waiting_length = 0;
    ppp_close(ppp, 1); // calls status(), which listens again
}

int line_poll_set(struct pollfd *set) {
    set[0] = (struct pollfd){STDIN_FILENO, POLLIN, 0};
    set[1] = (struct pollfd){waiting_length ? STDOUT_FILENO : -1, POLLOUT, 0};
    return 2;
}

bool line_serve(const struct pollfd *set) {
    unsigned char data[4096];
    if (!set[0].revents) {
        return true;
    }
    for (int round = 0; round < 16; round++) {
        ssize_t length = read(STDIN_FILENO, data, sizeof data);
        if (length <= 0) {
            return length < 0 && (errno == EAGAIN || errno == EINTR);
        }
        pppos_input(ppp, data, length);
    }
    return true;
}

void line_flush(void) {
    size_t written = 0;
    while (written < waiting_length) {
        ssize_t length = write(STDOUT_FILENO, waiting + written, waiting_length - written);
        if (length < 0) {
            if (errno != EAGAIN && errno != EINTR) {
                exit(0); // the emulator has gone
            }
            break;
        }
        written += length;
    }
    waiting_length -= written;
    memmove(waiting, waiting + written, waiting_length);
}
