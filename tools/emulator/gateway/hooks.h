// What lwIP calls for each packet that has arrived; 0: it may go on.
#ifndef GATEWAY_HOOKS_H
#define GATEWAY_HOOKS_H

struct netif;
struct pbuf;

int outbound_look(struct pbuf *packet, struct netif *from);

#define LWIP_HOOK_IP4_INPUT outbound_look

#endif
