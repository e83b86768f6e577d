// pppgw: the host end of the emulated board's network. PPP on standard input and output, which the
// emulator connects to a UART of the board; TCP connections to ports of the host go to the board.
//
//     pppgw ADDRESS PORT:BOARD_PORT[,BOARD_PORT] ...
//
// With two ports of the board the second is for when nothing listens on the first.
//
// Standard error has a line for each event: `listening PORT BOARD_PORT`, `up`, `down`, `served` (the
// board has taken its first connection), `error ...`.
// SIGHUP says that the board was reset. It ends with its standard input: nothing is left behind.

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lwip/init.h"
#include "lwip/sys.h"
#include "lwip/timeouts.h"
#include "pppgw.h"

#define LONGEST_WAIT_MS 1000

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
        if (sscanf(pairs[i], "%d:%d,%d", &port, &board_port, &other_port) < 2) {
            fprintf(stderr, "error %s: PORT:BOARD_PORT is needed\n", pairs[i]);
            return false;
        }
        if (!forward_listen(address, port, board_port, other_port)) {
            fprintf(stderr, "error %s port %d: %s\n", address, port, strerror(errno));
            return false;
        }
    }
    return count > 0;
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
        forward_abort_all();
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
    if (count < 3) {
        fprintf(stderr, "error usage: pppgw ADDRESS PORT:BOARD_PORT ...\n");
        return 2;
    }
    srandom((unsigned)time(NULL));
    lwip_init();
    if (!listen_on(arguments[1], count - 2, arguments + 2)) {
        return 1;
    }
    line_start();
    while (serve()) {
    }
    return 0;
}
