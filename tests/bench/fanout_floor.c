/* The floor that the fan-out benchmark compares with: the least that sending pictures to many clients can cost.
 *
 * One thread that, at each frame's time, does one send() of one ready buffer to each client. It knows no HTTP beyond
 * the head that it answers everybody with.
 *
 *     fanout_floor FPS FILE...      plays the files, prints "listening on http://127.0.0.1:PORT/", until killed */
#include "broker/base/clock.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define PICTURE_MAX_BYTES ((size_t)1 << 20)
#define HEAD_MAX_BYTES 128
#define RECENT_PARTS 8 /* how far behind a client may be when it finishes a part */
#define CLIENTS_MAX 16384
#define BOUNDARY "floor-1f0c8e5b7a2d4693"

static const char response[] = "HTTP/1.1 200 OK\r\nConnection: close\r\n"
                               "Content-Type: multipart/x-mixed-replace; boundary=" BOUNDARY "\r\n\r\n"
                               "--" BOUNDARY "\r\n";
static const char tail[] = "\r\n--" BOUNDARY "\r\n";

struct picture {
    char bytes[PICTURE_MAX_BYTES];
    size_t count;
};

struct part {
    char bytes[HEAD_MAX_BYTES + PICTURE_MAX_BYTES + sizeof tail];
    size_t count;
};

struct client {
    int socket;
    uint64_t part; /* the one that it is in the middle of */
    size_t sent;   /* of that part; 0: it is in the middle of none */
};

static struct part parts[RECENT_PARTS];
static struct client clients[CLIENTS_MAX];
static size_t client_count;

static _Noreturn void fail(const char *what) {
    perror(what);
    exit(1);
}

static void picture_read(struct picture *picture, const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fail(path);
    }
    picture->count = fread(picture->bytes, 1, sizeof picture->bytes, file);
    fclose(file);
}

static int listen_on_free_port(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, length) < 0 || listen(listener, 1024) < 0 ||
        getsockname(listener, (struct sockaddr *)&address, &length) < 0) {
        fail("listen");
    }
    printf("listening on http://127.0.0.1:%d/\n", ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

static void accept_clients(int listener) {
    int on = 1;
    int connection;
    while (client_count < CLIENTS_MAX && (connection = accept(listener, NULL, NULL)) >= 0) {
        setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        send(connection, response, sizeof response - 1, MSG_NOSIGNAL);
        clients[client_count++] = (struct client){.socket = connection};
    }
}

static void part_make(struct part *part, const struct picture *picture) {
    int64_t now_us = clock_realtime_ns() / NS_PER_US;
    part->count =
        (size_t)snprintf(part->bytes, HEAD_MAX_BYTES,
                         "Content-Type: image/jpeg\r\nContent-Length: %zu\r\nX-Timestamp: %lld.%06lld\r\n\r\n",
                         picture->count, (long long)(now_us / 1000000), (long long)(now_us % 1000000));
    memcpy(part->bytes + part->count, picture->bytes, picture->count);
    part->count += picture->count;
    memcpy(part->bytes + part->count, tail, sizeof tail - 1);
    part->count += sizeof tail - 1;
}

/* Begins the newest part, or goes on with the one that the client is in the middle of. False: the client is gone, or
 * so slow that its part has been overwritten. */
static bool client_push(struct client *client, uint64_t newest) {
    if (client->sent == 0) {
        client->part = newest;
    } else if (newest - client->part >= RECENT_PARTS) {
        return false;
    }
    const struct part *part = &parts[client->part % RECENT_PARTS];
    ssize_t sent =
        send(client->socket, part->bytes + client->sent, part->count - client->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) {
        return errno == EAGAIN;
    }
    client->sent = (client->sent + (size_t)sent) % part->count;
    return true;
}

int main(int argc, char **argv) {
    double fps = argc > 2 ? atof(argv[1]) : 0;
    if (fps <= 0) {
        fputs("usage: fanout_floor FPS FILE...\n", stderr);
        return 2;
    }
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);

    size_t picture_count = (size_t)argc - 2;
    struct picture *pictures = calloc(picture_count, sizeof *pictures);
    if (pictures == NULL) {
        fail("calloc");
    }
    for (size_t i = 0; i < picture_count; i++) {
        picture_read(&pictures[i], argv[i + 2]);
    }
    struct pollfd listener = {.fd = listen_on_free_port(), .events = POLLIN};
    int64_t next_ns = clock_monotonic_ns();
    for (uint64_t newest = 0;; newest++) {
        next_ns += (int64_t)((double)NS_PER_S / fps);
        while (poll(&listener, 1, clock_poll_timeout_ms(next_ns)) > 0) {
            accept_clients(listener.fd);
        }
        part_make(&parts[newest % RECENT_PARTS], &pictures[newest % picture_count]);
        for (size_t i = client_count; i-- > 0;) {
            if (!client_push(&clients[i], newest)) {
                close(clients[i].socket);
                clients[i] = clients[--client_count];
            }
        }
    }
}
