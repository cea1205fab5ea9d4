/* The least that a relay can do: reads one stream from a socket and sends it to one client, as the bytes come.
 *     network_floor PORT PATH     of the source, on this machine
 * Prints "listening on http://127.0.0.1:PORT/", serves one client, and ends with it. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define BUFFER_BYTES (256 << 10)

static int fail(const char *what) {
    perror(what);
    return EXIT_FAILURE;
}

static struct sockaddr_in loopback(uint16_t port) {
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int send_all(int fd, const char *bytes, size_t count) {
    while (count > 0) {
        ssize_t sent = send(fd, bytes, count, MSG_NOSIGNAL);
        if (sent <= 0) {
            return -1;
        }
        bytes += sent;
        count -= (size_t)sent;
    }
    return 0;
}

int main(int argc, char *argv[]) {
    static char buffer[BUFFER_BYTES];
    if (argc != 3) {
        fprintf(stderr, "usage: network_floor PORT PATH\n");
        return EXIT_FAILURE;
    }
    int listener = socket(AF_INET, SOCK_STREAM, 0), source = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in own = loopback(0), peer = loopback((uint16_t)atoi(argv[1]));
    socklen_t size = sizeof own;
    if (bind(listener, (struct sockaddr *)&own, sizeof own) != 0 || listen(listener, 1) != 0 ||
        getsockname(listener, (struct sockaddr *)&own, &size) != 0) {
        return fail("listen");
    }
    printf("listening on http://127.0.0.1:%u/\n", ntohs(own.sin_port));
    fflush(stdout);
    int client = accept(listener, NULL, NULL);
    if (client < 0 || recv(client, buffer, sizeof buffer, 0) <= 0 ||
        connect(source, (struct sockaddr *)&peer, sizeof peer) != 0) {
        return fail("connect");
    }
    int length = snprintf(buffer, sizeof buffer, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", argv[2]);
    ssize_t got = send_all(source, buffer, (size_t)length) == 0 ? 1 : 0;
    while (got > 0) {
        got = recv(source, buffer, sizeof buffer, 0);
        if (got > 0 && send_all(client, buffer, (size_t)got) != 0) {
            break;
        }
    }
    return EXIT_SUCCESS;
}
