#define _DEFAULT_SOURCE
#include "web/self_check.h"

#include "broker/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* For each of connecting and answering. */
#define TIMEOUT_MS 500

/* EAGAIN and EINPROGRESS are how SO_SNDTIMEO and SO_RCVTIMEO run out, see socket(7). */
static enum err broken(const char *doing, struct reason *reason) {
    bool late = errno == EAGAIN || errno == EINPROGRESS;
    reason_set(reason, "%s: %s", doing, late ? "nothing happened in time" : strerror(errno));
    return late ? ERR_TIMEOUT : err_from_errno(errno);
}

static enum err ask(int fd, const struct sockaddr_in *server, const char *request, struct reason *reason) {
    static const char good[] = "HTTP/1.1 200 ";
    char answer[sizeof good] = "";
    if (connect(fd, (const struct sockaddr *)server, sizeof *server) != 0) {
        return broken("connecting", reason);
    }
    if (send(fd, request, strlen(request), MSG_NOSIGNAL) < 0) {
        return broken("sending a request", reason);
    }
    ssize_t received = recv(fd, answer, sizeof answer - 1, MSG_WAITALL);
    if (received < 0) {
        return broken("waiting for an answer", reason);
    }
    if (strcmp(answer, good) != 0) {
        reason_set(reason, "/healthz is answered with \"%s\" instead of 200", answer);
        return ERR_INVALID;
    }
    return ERR_OK;
}

enum err self_check(const char *address, uint16_t port, struct reason *reason) {
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (inet_pton(AF_INET, address, &server.sin_addr) != 1) {
        reason_set(reason, "\"%s\" is not an IPv4 address", address);
        return ERR_INVALID;
    }
    if (server.sin_addr.s_addr == htonl(INADDR_ANY)) {
        server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    }
    char host[INET_ADDRSTRLEN];
    char request[128];
    snprintf(request, sizeof request, "GET /healthz HTTP/1.1\r\nHost: %s:%u\r\nConnection: close\r\n\r\n",
             inet_ntop(AF_INET, &server.sin_addr, host, sizeof host), port);

    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return broken("opening a socket", reason);
    }
    const struct timeval timeout = {.tv_usec = TIMEOUT_MS * NS_PER_MS / NS_PER_US};
    enum err error = ERR_IO;
    if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) == 0) {
        error = ask(fd, &server, request, reason);
    } else {
        error = broken("setting a time-out", reason);
    }
    close(fd);
    return error;
}
