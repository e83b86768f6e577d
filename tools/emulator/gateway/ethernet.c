// Ethernet on the line: what the board's radio sends and receives, each frame after two bytes with
// its length, the higher one first. In the place of a frame, a length of 0 says that the board has
// left the network, or its access point has closed; one byte says that it is there.

#include <string.h>

#include "gateway.h"
#include "lwip/dhcp.h"
#include "lwip/etharp.h"
#include "lwip/netif.h"
#include "netif/ethernet.h"

#define LENGTH 2u             // bytes before a frame
#define LONGEST 2048          // of a frame with them
#define ARP_TYPE 0x0806       // of an Ethernet frame
#define TYPE 12               // where that stands in it
#define ARP_SENDER 28         // ... and in an ARP message the sender's IP address
#define ARP_LENGTH 42

static const unsigned char NETWORK_MAC[] = {0x02, 0x43, 0x43, 0x9e, 0x01, 0x00};
static const unsigned char VISITOR_MAC[] = {0x02, 0x43, 0x43, 0x9e, 0x00, 0x02};

static struct netif interface;
static struct netif beyond; // the client behind the router
static bool visits;

static unsigned char arrived[LONGEST]; // a frame that has not come whole
static size_t arrived_length;

static err_t output(struct netif *netif, struct pbuf *frame) {
    unsigned char data[LONGEST];
    (void)netif;
    if (LENGTH + frame->tot_len <= sizeof data) {
        data[0] = frame->tot_len >> 8;
        data[1] = frame->tot_len & 255;
        pbuf_copy_partial(frame, data + LENGTH, frame->tot_len, 0);
        line_write(data, LENGTH + frame->tot_len); // or it is lost in the air
    }
    return ERR_OK;
}

static err_t set_up(struct netif *netif) {
    memcpy(netif->hwaddr, visits ? VISITOR_MAC : NETWORK_MAC, ETH_HWADDR_LEN);
    netif->hwaddr_len = ETH_HWADDR_LEN;
    netif->name[0] = 'w';
    netif->name[1] = 'l';
    netif->mtu = 1500;
    netif->output = etharp_output;
    netif->linkoutput = output;
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET;
    return ERR_OK;
}

static err_t set_up_beyond(struct netif *netif) {
    netif->mtu = 1500;
    return ERR_OK;
}

static void leave(void) {
    line_set_board(0);
    if (visits) {
        dhcp_release_and_stop(&interface);
    }
    etharp_cleanup_netif(&interface);
}

// A network sees by its ARP messages which address the board has: DHCP's or one of its own choice.
static void look_for_board(const unsigned char *frame, size_t length) {
    u32_t sender;
    if (length < ARP_LENGTH || (frame[TYPE] << 8 | frame[TYPE + 1]) != ARP_TYPE) {
        return;
    }
    memcpy(&sender, frame + ARP_SENDER, sizeof sender);
    if ((lwip_ntohl(sender) & NETWORK_MASK) == (HOST_ADDRESS & NETWORK_MASK) &&
        lwip_ntohl(sender) != HOST_ADDRESS) {
        line_set_board(sender);
    }
}

static void take_frame(const unsigned char *frame, size_t length) {
    if (length == 0) {
        leave();
        return;
    }
    if (length == 1) {
        if (visits) {
            dhcp_start(&interface);
        }
        return;
    }
    struct pbuf *copy = pbuf_alloc(PBUF_RAW, length, PBUF_POOL);
    if (copy == NULL) {
        return;
    }
    pbuf_take(copy, frame, length);
    if (!visits) {
        look_for_board(frame, length);
    }
    if (interface.input(copy, &interface) != ERR_OK) {
        pbuf_free(copy);
    }
}

static void take(const unsigned char *data, size_t length) {
    while (length) {
        size_t wanted = LENGTH;
        if (arrived_length >= LENGTH) {
            wanted += arrived[0] << 8 | arrived[1];
        }
        size_t part = LWIP_MIN(wanted - arrived_length, length);
        if (arrived_length + part > sizeof arrived) {
            arrived_length = 0; // the emulator sends no such frames
            return;
        }
        memcpy(arrived + arrived_length, data, part);
        arrived_length += part;
        data += part;
        length -= part;
        if (arrived_length >= LENGTH &&
            arrived_length == LENGTH + (size_t)(arrived[0] << 8 | arrived[1])) {
            take_frame(arrived + LENGTH, arrived_length - LENGTH);
            arrived_length = 0;
        }
    }
}

// The visitor has an address, or has it no longer. The board is its router.
static void on_status(struct netif *netif) {
    if (visits) {
        line_set_board(dhcp_supplied_address(netif) ? netif->gw.addr : 0);
    }
}

static void start(void) {
    ip4_addr_t own = {visits ? 0 : lwip_htonl(HOST_ADDRESS)};
    ip4_addr_t mask = {visits ? 0 : lwip_htonl(NETWORK_MASK)}, none = {0};
    ip4_addr_t far = {lwip_htonl(FAR_ADDRESS)}, alone = {0xffffffff};
    netif_add(&interface, &own, &mask, &none, NULL, set_up, ethernet_input);
    netif_add(&beyond, &far, &alone, &none, NULL, set_up_beyond, ethernet_input);
    netif_set_up(&beyond);
    netif_set_status_callback(&interface, on_status);
    netif_set_default(&interface);
    netif_set_link_up(&interface);
    netif_set_up(&interface);
    if (!visits) {
        dhcp_server_start(&interface);
        dns_server_start();
    }
}

static void start_visit(void) {
    visits = true;
    start();
}

const struct protocol network = {start, take, leave};
const struct protocol visitor = {start_visit, take, leave};
