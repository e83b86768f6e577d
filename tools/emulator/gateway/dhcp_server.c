// The network's DHCP server. It has one address, and whoever asks gets it.

#include <string.h>

#include "gateway.h"
#include "lwip/prot/dhcp.h"
#include "lwip/prot/iana.h"
#include "lwip/udp.h"

#define LEASE_SECONDS 86400
#define FIXED 236 // bytes of a message before its cookie
#define LENGTH 300

static struct udp_pcb *server;
static struct netif *netif;

static unsigned char *option(unsigned char *at, int code, const void *value, int length) {
    *at++ = code;
    *at++ = length;
    memcpy(at, value, length);
    return at + length;
}

// The type of the message: DHCP_DISCOVER, ...
static int type_of(const unsigned char *message, int length) {
    int at = FIXED + 4;
    while (at + 2 < length && message[at] != DHCP_OPTION_END) {
        if (message[at] == DHCP_OPTION_PAD) {
            at++;
        } else if (message[at] == DHCP_OPTION_MESSAGE_TYPE) {
            return message[at + 2];
        } else {
            at += 2 + message[at + 1];
        }
    }
    return 0;
}

static void answer(const unsigned char *asked, unsigned char type) {
    u32_t own = lwip_htonl(HOST_ADDRESS), mask = lwip_htonl(NETWORK_MASK);
    u32_t offered = lwip_htonl(BOARD_ADDRESS), lease = lwip_htonl(LEASE_SECONDS);
    struct pbuf *reply = pbuf_alloc(PBUF_TRANSPORT, LENGTH, PBUF_RAM);
    if (reply == NULL) {
        return;
    }
    unsigned char *message = reply->payload;
    memset(message, 0, LENGTH);
    memcpy(message, asked, FIXED + 4); // above all its number and the board's MAC
    message[0] = DHCP_BOOTREPLY;
    memcpy(message + 16, &offered, 4);
    memcpy(message + 20, &own, 4);
    unsigned char *at = option(message + FIXED + 4, DHCP_OPTION_MESSAGE_TYPE, &type, 1);
    at = option(at, DHCP_OPTION_SERVER_ID, &own, 4);
    at = option(at, DHCP_OPTION_SUBNET_MASK, &mask, 4);
    at = option(at, DHCP_OPTION_ROUTER, &own, 4);
    at = option(at, DHCP_OPTION_DNS_SERVER, &own, 4);
    at = option(at, DHCP_OPTION_LEASE_TIME, &lease, 4);
    *at = DHCP_OPTION_END;
    udp_sendto_if(server, reply, IP_ADDR_BROADCAST, LWIP_IANA_PORT_DHCP_CLIENT, netif);
    pbuf_free(reply);
}

static void on_message(void *argument, struct udp_pcb *pcb, struct pbuf *data,
                       const ip_addr_t *from, u16_t port) {
    unsigned char message[1024];
    (void)argument;
    (void)pcb;
    (void)from;
    (void)port;
    int length = pbuf_copy_partial(data, message, sizeof message, 0);
    pbuf_free(data);
    if (length < FIXED + 4 || message[0] != DHCP_BOOTREQUEST) {
        return;
    }
    int type = type_of(message, length);
    if (type == DHCP_DISCOVER) {
        answer(message, DHCP_OFFER);
    } else if (type == DHCP_REQUEST) {
        answer(message, DHCP_ACK);
    }
}

void dhcp_server_start(struct netif *interface) {
    netif = interface;
    server = udp_new();
    udp_bind(server, IP_ANY_TYPE, LWIP_IANA_PORT_DHCP_SERVER);
    udp_recv(server, on_message, NULL);
}
