#define _DEFAULT_SOURCE
#include "web/http/self_check.h"

#include "broker/base/clock.h"
#include "web/http/socket.h"

#include <errno.h>
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

static enum err ask(int fd, const char *address, uint16_t port, const char *request, struct reason *reason) {
    static const char good[] = "HTTP/1.1 200 ";
    char answer[sizeof good] = "";
    if (socket_connect(fd, address, port) != ERR_OK) {
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
    char authority[SOCKET_AUTHORITY_BYTES], request[SOCKET_AUTHORITY_BYTES + 64];
    if (!socket_is_address(address)) {
        reason_set(reason, "\"%s\" is not an address", address);
        return ERR_INVALID;
    }
    if (strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0) {
        address = address[0] == '0' ? "127.0.0.1" : "::1";
    }
    socket_format_authority(address, port, authority);
    snprintf(request, sizeof request, "GET /healthz HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", authority);
    int fd = socket(socket_is_ipv6(address) ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return broken("opening a socket", reason);
    }
    const struct timeval timeout = {.tv_usec = TIMEOUT_MS * NS_PER_MS / NS_PER_US};
    enum err error = ERR_IO;
    if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) == 0) {
        error = ask(fd, address, port, request, reason);
    } else {
        error = broken("setting a time-out", reason);
    }
    close(fd);
    return error;
}
