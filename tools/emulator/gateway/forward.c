// TCP connections: each that a program of the host makes is made again to the board, and what one
// side sends, ends or resets reaches the other. Neither is read faster than the other takes it.

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/sys.h"
#include "lwip/tcp.h"

#define SOCKET_NODELAY 1 // TCP_NODELAY, whose header and lwIP's exclude each other
#define FIRST_NUDGE_MS 10
#define LONGEST_NUDGE_MS 200

struct forward {
    int listener;
    int board_port;
    int other_port; // tried when nothing listens on the first, 0: none
    bool far;       // its clients seem to be behind the network's router
};

struct connection {
    int fd;                // of the host's program, -1: not in use
    struct tcp_pcb *board; // NULL: gone
    struct pbuf *received; // from the board, for the host
    int other_port;        // of the board, still to be tried, or 0
    bool far;
    bool connected;        // to the board
    int unaccepted;        // length of the first data sent to the board, 0: none yet
    bool host_ended;       // the host sent its last byte, the board knows
    bool board_ended;      // the board sent its last byte
    bool board_end_passed; // ... and the host knows
    bool reset;            // to be reset on both sides
    int acknowledged;      // bytes, by the board
    u32_t nudge_after;     // milliseconds, 0: not, see nudge()
    u32_t nudge_at;
};

static struct forward forwards[MOST_FORWARDS];
static int forward_count;
static struct connection connections[MOST_CONNECTIONS];
static int polled[MOST_CONNECTIONS]; // the connections in the last poll set
static int polled_count;
static bool served; // since the board was reset: a program of it listens

static void prepare(int fd) {
    int one = 1;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    setsockopt(fd, IPPROTO_TCP, SOCKET_NODELAY, &one, sizeof one);
}

bool forward_listen(const char *address, int port, int board_port, int other_port, bool far) {
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port)};
    socklen_t length = sizeof name;
    int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    if (forward_count == 0) {
        for (int i = 0; i < MOST_CONNECTIONS; i++) {
            connections[i].fd = -1;
        }
    }
    if (forward_count == MOST_FORWARDS || inet_pton(AF_INET, address, &name.sin_addr) != 1) {
        errno = EINVAL;
        return false;
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (fd < 0 || bind(fd, (void *)&name, sizeof name) || listen(fd, 128)) {
        return false;
    }
    getsockname(fd, (void *)&name, &length);
    prepare(fd);
    forwards[forward_count++] = (struct forward){fd, board_port, other_port, far};
    fprintf(stderr, "listening %d %d\n", ntohs(name.sin_port), board_port);
    return true;
}

// The callbacks of lwIP.

static err_t on_received(void *argument, struct tcp_pcb *pcb, struct pbuf *data, err_t error) {
    struct connection *connection = argument;
    (void)error;
    connection->nudge_after = 0;
    if (data == NULL) {
        connection->board_ended = true;
    } else if (connection->received == NULL) {
        connection->received = data;
    } else {
        pbuf_cat(connection->received, data);
    }
    tcp_ack_now(pcb); // a board with few buffers waits for each acknowledgment
    return ERR_OK;
}

static err_t on_sent(void *argument, struct tcp_pcb *pcb, u16_t length) {
    struct connection *connection = argument;
    (void)pcb;
    connection->acknowledged += length;
    if (connection->acknowledged > connection->unaccepted) {
        connection->nudge_after = 0;
    }
    return ERR_OK;
}

static void on_error(void *argument, err_t error) {
    struct connection *connection = argument;
    (void)error;
    connection->board = NULL; // lwIP has freed it
    connection->reset = true;
}

static err_t on_connected(void *argument, struct tcp_pcb *pcb, err_t error) {
    (void)pcb;
    (void)error;
    ((struct connection *)argument)->connected = true;
    if (!served) {
        served = true;
        fprintf(stderr, "served\n");
    }
    return ERR_OK;
}

// The life of a connection.

static void release(struct connection *connection, bool reset) {
    struct tcp_pcb *board = connection->board;
    if (board != NULL) {
        tcp_arg(board, NULL);
        tcp_recv(board, NULL);
        tcp_sent(board, NULL);
        tcp_err(board, NULL);
        if (reset || tcp_close(board) != ERR_OK) {
            tcp_abort(board);
        }
    }
    if (connection->received != NULL) {
        pbuf_free(connection->received);
    }
    if (reset) {
        struct linger now = {1, 0};
        setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    }
    close(connection->fd);
    memset(connection, 0, sizeof *connection);
    connection->fd = -1;
}

static struct connection *unused(void) {
    for (int i = 0; i < MOST_CONNECTIONS; i++) {
        if (connections[i].fd < 0) {
            return &connections[i];
        }
    }
    return NULL;
}

static void listen_to_board(struct connection *connection) {
    tcp_arg(connection->board, connection);
    tcp_recv(connection->board, on_received);
    tcp_sent(connection->board, on_sent);
    tcp_err(connection->board, on_error);
    tcp_nagle_disable(connection->board);
}

static void call_board(struct connection *connection, int board_port) {
    ip_addr_t address = {line_board()};
    connection->reset = false;
    connection->board = tcp_new();
    if (connection->board == NULL) {
        connection->reset = true;
        return;
    }
    listen_to_board(connection);
    if (connection->far) {
        ip_addr_t source = {lwip_htonl(FAR_ADDRESS)};
        tcp_bind(connection->board, &source, 0);
    }
    err_t error = tcp_connect(connection->board, &address, board_port, on_connected);
    connection->reset = error != ERR_OK;
}

static void begin(struct connection *connection, int fd, const struct forward *forward) {
    memset(connection, 0, sizeof *connection);
    connection->fd = fd;
    connection->other_port = forward->other_port;
    connection->far = forward->far;
    prepare(fd);
    call_board(connection, forward->board_port);
}

bool forward_adopt(int fd, struct tcp_pcb *board) {
    struct connection *connection = unused();
    if (connection == NULL) {
        close(fd);
        return false;
    }
    memset(connection, 0, sizeof *connection);
    connection->fd = fd;
    connection->board = board;
    connection->connected = true;
    prepare(fd);
    listen_to_board(connection);
    return true;
}

// What arrives before the board's program accepts the connection is kept by its lwIP until that
// looks again, every 250 ms or when another segment comes, and anything after that is dropped. So
// all is sent again, a few times, until the board answers or acknowledges more than the first data.
static void nudge(struct connection *connection) {
    struct tcp_pcb *board = connection->board;
    if (connection->nudge_after == 0 || board == NULL ||
        (s32_t)(sys_now() - connection->nudge_at) < 0) {
        return;
    }
    connection->nudge_at = sys_now() + connection->nudge_after;
    connection->nudge_after *= 2;
    if (connection->nudge_after > LONGEST_NUDGE_MS) {
        connection->nudge_after = 0;
    }
    if (board->unacked != NULL) {
        tcp_rexmit_rto(board);
        board->nrtx = 0; // not a sign of a dead link
    } else {
        tcp_send_empty_ack(board);
    }
}

static bool takes_from_host(const struct connection *connection) {
    return connection->connected && !connection->host_ended && connection->board != NULL &&
           tcp_sndbuf(connection->board) > 0 &&
           tcp_sndqueuelen(connection->board) < TCP_SND_QUEUELEN - 8;
}

static void from_host(struct connection *connection) {
    char data[8192];
    size_t room = LWIP_MIN(tcp_sndbuf(connection->board), sizeof data);
    ssize_t length = recv(connection->fd, data, room, 0);
    if (length > 0) {
        if (tcp_write(connection->board, data, length, TCP_WRITE_FLAG_COPY) != ERR_OK) {
            connection->reset = true; // not expected: takes_from_host() saw the room
            return;
        }
        tcp_output(connection->board);
        if (!connection->unaccepted) {
            connection->unaccepted = length;
            connection->nudge_after = FIRST_NUDGE_MS;
            connection->nudge_at = sys_now() + FIRST_NUDGE_MS;
        }
    } else if (length == 0) {
        connection->host_ended = true;
        tcp_shutdown(connection->board, 0, 1);
    } else if (errno != EAGAIN && errno != EINTR) {
        connection->reset = true;
    }
}

static void to_host(struct connection *connection) {
    while (connection->received != NULL) {
        struct pbuf *first = connection->received;
        ssize_t length = send(connection->fd, first->payload, first->len, MSG_NOSIGNAL);
        if (length < 0) {
            connection->reset = errno != EAGAIN && errno != EINTR;
            return;
        }
        if (connection->board != NULL) {
            tcp_recved(connection->board, length);
        }
        connection->received = pbuf_free_header(first, length);
    }
    if (connection->board_ended && !connection->board_end_passed) {
        connection->board_end_passed = true;
        shutdown(connection->fd, SHUT_WR);
    }
}

// For the loop in main.c.

int forward_poll_set(struct pollfd *set) {
    int count = 0;
    bool room = line_up() && unused() != NULL;
    for (int i = 0; i < forward_count; i++) {
        set[count++] = (struct pollfd){room ? forwards[i].listener : -1, POLLIN, 0};
    }
    polled_count = 0;
    for (int i = 0; i < MOST_CONNECTIONS; i++) {
        struct connection *connection = &connections[i];
        if (connection->fd >= 0) {
            short events = (takes_from_host(connection) ? POLLIN : 0) |
                           (connection->received != NULL ? POLLOUT : 0);
            polled[polled_count++] = i;
            set[count++] = (struct pollfd){connection->fd, events, 0};
        }
    }
    return count;
}

void forward_serve(const struct pollfd *set) {
    for (int i = 0; i < polled_count; i++) {
        struct connection *connection = &connections[polled[i]];
        short events = set[forward_count + i].revents;
        if (connection->fd < 0) {
            continue;
        }
        if (events & POLLERR) {
            connection->reset = true;
        } else if (events & POLLIN && takes_from_host(connection)) {
            from_host(connection);
        }
    }
    for (int i = 0; i < forward_count; i++) {
        struct connection *connection = unused();
        if (!(set[i].revents & POLLIN) || connection == NULL) {
            continue;
        }
        int fd = accept(forwards[i].listener, NULL, NULL);
        if (fd >= 0) {
            begin(connection, fd, &forwards[i]);
        }
    }
}

void forward_settle(void) {
    for (int i = 0; i < MOST_CONNECTIONS; i++) {
        struct connection *connection = &connections[i];
        if (connection->fd < 0) {
            continue;
        }
        if (connection->reset && !connection->connected && connection->other_port) {
            call_board(connection, connection->other_port);
            connection->other_port = 0;
        }
        if (!connection->reset || connection->received != NULL) {
            bool reset = connection->reset;
            to_host(connection); // also the last words before a reset
            connection->reset = connection->reset || reset;
        }
        if (connection->reset) {
            release(connection, true);
        } else if (connection->host_ended && connection->board_end_passed) {
            release(connection, false);
        } else {
            nudge(connection);
        }
    }
}

void forward_abort_all(void) {
    served = false;
    for (int i = 0; i < MOST_CONNECTIONS; i++) {
        if (connections[i].fd >= 0) {
            release(&connections[i], true);
        }
    }
}

int forward_patience(int most) {
    for (int i = 0; i < MOST_CONNECTIONS; i++) {
        if (connections[i].fd >= 0 && connections[i].nudge_after) {
            most = LWIP_MIN(most, FIRST_NUDGE_MS);
        }
    }
    return most;
}
