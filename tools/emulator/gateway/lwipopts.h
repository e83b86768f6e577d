// lwIP as the host end of the emulated board's network: IPv4 and TCP over PPP, or over Ethernet with
// ARP and DHCP, in one thread, with the C library's memory.
#ifndef GATEWAY_LWIPOPTS_H
#define GATEWAY_LWIPOPTS_H

#define LWIP_HOOK_FILENAME "hooks.h"
#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_SOCKET 0
#define LWIP_NETCONN 0
#define LWIP_STATS 0
#define LWIP_DONT_PROVIDE_BYTEORDER_FUNCTIONS 1 // the C library has them
#define MEM_LIBC_MALLOC 1
#define MEMP_MEM_MALLOC 1
#define MEM_ALIGNMENT 8

#define LWIP_IPV4 1
#define LWIP_IPV6 0
#define LWIP_ARP 1
#define LWIP_ETHERNET 1
#define LWIP_DHCP 1
#define LWIP_ACD 0 // the visitor takes its address without asking whether it is free
#define DHCP_DOES_ARP_CHECK 0
#define LWIP_DHCP_DOES_ACD_CHECK 0
#define LWIP_NETIF_STATUS_CALLBACK 1
#define IP_SOF_BROADCAST 0
#define LWIP_DNS 0
#define LWIP_UDP 1
#define LWIP_RAW 0
#define LWIP_TCP 1

#define PPP_SUPPORT 1
#define PPPOS_SUPPORT 1
#define PPP_SERVER 1
#define PAP_SUPPORT 0
#define CHAP_SUPPORT 0
#define VJ_SUPPORT 0
#define PPP_FCS_TABLE 1
#define FSM_DEFTIMEOUT 1 // seconds until a lost request of the negotiation is repeated
#define FSM_DEFMAXCONFREQS 200 // a board that takes its time, or is stopped, is waited for

#define TCP_MSS 1460
#define TCP_WND (16 * TCP_MSS)
#define TCP_SND_BUF (16 * TCP_MSS)
#define TCP_SND_QUEUELEN 128
#define MEMP_NUM_TCP_SEG 256

// The line is short, but a busy board drops what does not fit into its few
// buffers: repeat soon, for long.
#define TCP_TMR_INTERVAL 50
#define LWIP_TCP_RTO_TIME 500
#define TCP_SYNMAXRTX 12
#define TCP_MSL 1000UL

#endif
