// PPP on the line: the board speaks it by a UART.

#include <stdio.h>
#include <stdlib.h>

#include "gateway.h"
#include "lwip/netif.h"
#include "netif/ppp/ppp.h"
#include "netif/ppp/pppos.h"

static struct netif interface;
static ppp_pcb *peer;

static u32_t output(ppp_pcb *pcb, const void *data, u32_t length, void *context) {
    (void)pcb;
    (void)context;
    return line_write(data, length) ? length : 0; // a lost frame is repeated by TCP
}

static void listen_again(void) {
    if (ppp_listen(peer) != ERR_OK) {
        fprintf(stderr, "error PPP cannot listen\n");
        exit(1);
    }
}

static void status(ppp_pcb *pcb, int error, void *context) {
    (void)pcb;
    (void)context;
    line_set_board(error == PPPERR_NONE ? lwip_htonl(BOARD_ADDRESS) : 0);
    if (error != PPPERR_NONE) {
        listen_again();
    }
}

static void start(void) {
    peer = pppos_create(&interface, output, status, NULL);
    if (peer == NULL) {
        fprintf(stderr, "error no memory for PPP\n");
        exit(1);
    }
    ip4_addr_t host = {lwip_htonl(HOST_ADDRESS)}, board = {lwip_htonl(BOARD_ADDRESS)};
    netif_set_default(&interface);
    ppp_set_ipcp_ouraddr(peer, &host);
    ppp_set_ipcp_hisaddr(peer, &board);
    ppp_set_silent(peer, 1); // the board speaks first
    listen_again();
    pppos_input(peer, (u8_t *)"\x7e", 1); // a first frame without its leading flag counts too
}

static void take(const unsigned char *data, size_t length) {
    pppos_input(peer, (u8_t *)data, length);
}

static void hang_up(void) {
    ppp_close(peer, 1); // calls status(), which listens again
}

const struct protocol ppp = {start, take, hang_up};
