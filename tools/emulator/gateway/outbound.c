// Connections that a program of the board makes to the host end: each is made again to the same port
// of this machine, on its loopback interface alone. One that nothing listens on refuses.

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway.h"
#include "hooks.h"
#include "lwip/prot/ip4.h"
#include "lwip/prot/tcp.h"
#include "lwip/tcp.h"

#define MOST_PORTS 32
#define MOST_CALLS 32

// Ports that the board has called, on which lwIP listens then.
static struct {
    u16_t port; // 0: not in use
    struct tcp_pcb *listener;
} ports[MOST_PORTS];

// Calls that lwIP has not taken yet.
static struct {
    u16_t port; // 0: not in use
    u16_t board_port;
    int fd; // of the connection on this machine
} calls[MOST_CALLS];

static int find_port(u16_t port) {
    for (int i = 0; i < MOST_PORTS; i++) {
        if (ports[i].port == port) {
            return i;
        }
    }
    return -1;
}

static int find_call(u16_t port, u16_t board_port) {
    for (int i = 0; i < MOST_CALLS; i++) {
        if (calls[i].port == port && calls[i].board_port == board_port) {
            return i;
        }
    }
    return -1;
}

static int connect_host(u16_t port) {
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd >= 0 && connect(fd, (void *)&name, sizeof name)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static err_t on_accept(void *argument, struct tcp_pcb *pcb, err_t error) {
    (void)argument;
    int call = error == ERR_OK ? find_call(pcb->local_port, pcb->remote_port) : -1;
    if (call < 0) {
        return ERR_VAL; // lwIP resets it
    }
    int fd = calls[call].fd;
    calls[call].port = calls[call].board_port = 0;
    return forward_adopt(fd, pcb) ? ERR_OK : ERR_VAL;
}

static void stop_listening(u16_t port) {
    int at = find_port(port);
    if (at >= 0) {
        tcp_close(ports[at].listener);
        ports[at].port = 0;
    }
}

static bool start_listening(u16_t port) {
    int at = find_port(port);
    if (at >= 0) {
        return true;
    }
    struct tcp_pcb *pcb = tcp_new();
    at = find_port(0);
    if (at < 0 || pcb == NULL || tcp_bind(pcb, IP_ADDR_ANY, port) != ERR_OK) {
        return false;
    }
    ports[at].port = port;
    ports[at].listener = tcp_listen(pcb);
    tcp_accept(ports[at].listener, on_accept);
    return true;
}

// The board calls: be ready for that, or let lwIP refuse.
static void called(u16_t port, u16_t board_port) {
    if (find_call(port, board_port) >= 0) {
        return; // it repeats itself
    }
    int call = find_call(0, 0), fd = call < 0 ? -1 : connect_host(port);
    if (fd < 0 || !start_listening(port)) {
        stop_listening(port);
        if (fd >= 0) {
            close(fd);
        }
        return;
    }
    calls[call].port = port;
    calls[call].board_port = board_port;
    calls[call].fd = fd;
}

int outbound_look(struct pbuf *packet, struct netif *from) {
    struct ip_hdr ip;
    struct tcp_hdr tcp;
    (void)from;
    if (pbuf_copy_partial(packet, &ip, sizeof ip, 0) == sizeof ip && IPH_PROTO(&ip) == IP_PROTO_TCP &&
        ip.dest.addr == lwip_htonl(HOST_ADDRESS) &&
        pbuf_copy_partial(packet, &tcp, sizeof tcp, IPH_HL_BYTES(&ip)) == sizeof tcp &&
        (TCPH_FLAGS(&tcp) & (TCP_SYN | TCP_ACK)) == TCP_SYN) {
        called(lwip_ntohs(tcp.dest), lwip_ntohs(tcp.src));
    }
    return 0; // lwIP goes on with it
}
