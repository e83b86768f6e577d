// The network's DNS server: it knows one name, that of the machine on which the emulator runs.

#include <string.h>

#include "gateway.h"
#include "lwip/udp.h"

#define PORT 53
#define HEADER 12
#define LONGEST 512
#define TYPE_A 1
#define CLASS_IN 1
#define IS_ANSWER 0x80
#define NO_SUCH_NAME 3
#define TTL_SECONDS 60
#define NAME "\4host" // as it is in messages, with its zero

static const unsigned char ADDRESS[] = {
    0xc0, HEADER, 0, TYPE_A, 0, CLASS_IN, 0, 0, 0, TTL_SECONDS, 0, 4, // and the four bytes
};

// The length of the answer, made out of the question; 0 if it is none.
static size_t answer(unsigned char *message, size_t length) {
    size_t end = HEADER;
    while (end < length && message[end]) {
        end += message[end] + 1;
    }
    end += 1 + 4; // the zero, type and class
    if (length < HEADER || end > length || message[2] & IS_ANSWER || message[5] != 1) {
        return 0;
    }
    bool known = end - 4 - HEADER == sizeof NAME && !memcmp(message + HEADER, NAME, sizeof NAME);
    bool asked = known && message[end - 3] == TYPE_A && message[end - 1] == CLASS_IN;
    message[2] |= IS_ANSWER;
    message[3] = known ? 0 : NO_SUCH_NAME;
    memset(message + 6, 0, 6); // no other parts
    if (asked) {
        u32_t host = lwip_htonl(HOST_ADDRESS);
        message[7] = 1;
        memcpy(message + end, ADDRESS, sizeof ADDRESS);
        memcpy(message + end + sizeof ADDRESS, &host, sizeof host);
        end += sizeof ADDRESS + sizeof host;
    }
    return end;
}

static void on_message(void *argument, struct udp_pcb *server, struct pbuf *data,
                       const ip_addr_t *from, u16_t port) {
    unsigned char message[LONGEST + sizeof ADDRESS + 4];
    (void)argument;
    size_t length = answer(message, pbuf_copy_partial(data, message, LONGEST, 0));
    pbuf_free(data);
    struct pbuf *reply = length ? pbuf_alloc(PBUF_TRANSPORT, length, PBUF_RAM) : NULL;
    if (reply != NULL) {
        pbuf_take(reply, message, length);
        udp_sendto(server, reply, from, port);
        pbuf_free(reply);
    }
}

void dns_server_start(void) {
    struct udp_pcb *server = udp_new();
    udp_bind(server, IP_ANY_TYPE, PORT);
    udp_recv(server, on_message, NULL);
}
