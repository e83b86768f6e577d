// gateway: the host end of the emulated board's network. On standard input and output is what the
// board sends and receives; TCP connections to ports of the host go to the board, and those that the
// board makes to the host end (10.0.2.2, by radio also called `host`) go to this machine's loopback.
//
//     gateway LINE ADDRESS [far:]PORT:BOARD_PORT[,BOARD_PORT] ...
//
// LINE is `ppp`, by a UART of the board; `network`, by radio, as a network that the board joins; or
// `visitor`, by radio, as a station in the network of its access point. With two ports of the board
// the second is for when nothing listens on the first; `far:` is for clients behind a router.
//
// Standard error has a line for each event: `listening PORT BOARD_PORT`, `up`, `down`, `served` (the
// board has taken its first connection), `error ...`.
// SIGHUP says that the board was reset. It ends with its standard input: nothing is left behind.

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "gateway.h"
#include "lwip/init.h"
#include "lwip/sys.h"
#include "lwip/timeouts.h"

#define LONGEST_WAIT_MS 1000
#define FAR "far:"

static const struct {
    const char *name;
    const struct protocol *protocol;
} lines[] = {{"ppp", &ppp}, {"network", &network}, {"visitor", &visitor}};

static volatile sig_atomic_t hung_up;

u32_t sys_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (u32_t)(now.tv_sec * 1000u + now.tv_nsec / 1000000);
}

static void on_hang_up(int signal) {
    (void)signal;
    hung_up = 1;
}

static bool listen_on(const char *address, int count, char **pairs) {
    for (int i = 0; i < count; i++) {
        int port, board_port, other_port = 0;
        bool far = !strncmp(pairs[i], FAR, strlen(FAR));
        const char *numbers = pairs[i] + (far ? strlen(FAR) : 0);
        if (sscanf(numbers, "%d:%d,%d", &port, &board_port, &other_port) < 2) {
            fprintf(stderr, "error %s: PORT:BOARD_PORT is needed\n", pairs[i]);
            return false;
        }
        if (!forward_listen(address, port, board_port, other_port, far)) {
            fprintf(stderr, "error %s port %d: %s\n", address, port, strerror(errno));
            return false;
        }
    }
    return count > 0;
}

static const struct protocol *protocol_named(const char *name) {
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        if (!strcmp(lines[i].name, name)) {
            return lines[i].protocol;
        }
    }
    return NULL;
}

static int wait_time(void) {
    u32_t timers = sys_timeouts_sleeptime();
    return forward_patience(timers < LONGEST_WAIT_MS ? (int)timers : LONGEST_WAIT_MS);
}

// One round: wait for something to do, and do it. False when the emulator has gone.
static bool serve(void) {
    static struct pollfd set[MOST_POLLED];
    int first = line_poll_set(set);
    int count = first + forward_poll_set(set + first);
    if (poll(set, count, wait_time()) < 0) {
        memset(set, 0, sizeof set); // a signal: nothing is known about any of them
    }
    if (hung_up) {
        hung_up = 0;
        line_hang_up();
        return true;
    }
    bool alive = line_serve(set);
    forward_serve(set + first);
    sys_check_timeouts();
    forward_settle();
    line_flush();
    return alive;
}

int main(int count, char **arguments) {
    setvbuf(stderr, NULL, _IOLBF, 0);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, on_hang_up);
    signal(SIGINT, SIG_IGN); // a Ctrl-C in the terminal is the emulator's to handle
    const struct protocol *protocol = count < 4 ? NULL : protocol_named(arguments[1]);
    if (protocol == NULL) {
        fprintf(stderr, "error usage: gateway ppp|network|visitor ADDRESS PORT:BOARD_PORT ...\n");
        return 2;
    }
    srandom((unsigned)time(NULL));
    lwip_init();
    if (!listen_on(arguments[2], count - 3, arguments + 3)) {
        return 1;
    }
    line_start(protocol);
    while (serve()) {
    }
    return 0;
}
