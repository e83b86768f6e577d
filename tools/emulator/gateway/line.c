// The line between the board and this program: standard input and output, which belong to the
// emulator, and whether somebody is reachable at the other end.

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway.h"

static const struct protocol *protocol;
static u32_t board; // 0: not reachable

static unsigned char waiting[1 << 18]; // to be written
static size_t waiting_length;

void line_start(const struct protocol *chosen) {
    protocol = chosen;
    fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
    fcntl(STDOUT_FILENO, F_SETFL, O_NONBLOCK);
    protocol->start();
}

void line_set_board(u32_t address) {
    bool changed = (address != 0) != (board != 0);
    board = address;
    if (changed) {
        fprintf(stderr, address ? "up\n" : "down\n");
    }
    if (!address) {
        forward_abort_all();
    }
}

u32_t line_board(void) {
    return board;
}

bool line_up(void) {
    return board != 0;
}

bool line_write(const void *data, size_t length) {
    if (waiting_length + length > sizeof waiting) {
        return false;
    }
    memcpy(waiting + waiting_length, data, length);
    waiting_length += length;
    return true;
}

void line_hang_up(void) {
    waiting_length = 0;
    protocol->hang_up();
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
        protocol->take(data, length);
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
