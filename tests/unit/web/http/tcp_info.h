/* Whether the system gives what TCP counts of a connection. qemu-user does not, so tests that need it are skipped
 * there.
 */
#ifndef TESTS_TCP_INFO_H
#define TESTS_TCP_INFO_H

#include "web/http/connections.h"

#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static inline bool has_tcp_info(void) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    uint64_t count;
    const bool has = connections_read_bytes(fd, &count) == ERR_OK;
    close(fd);
    if (!has) {
        puts("skipped: the system does not report how much a connection has transferred");
    }
    return has;
}

#endif
