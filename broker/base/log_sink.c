#include "broker/base/log_sink.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Constant once other threads run. */
static int sink_fd = STDERR_FILENO;
static bool is_socket;

/* $JOURNAL_STREAM has the device and inode that systemd's journal reads from (systemd.exec(5)). */
static bool is_journal(const struct stat *status) {
    const char *journal = getenv("JOURNAL_STREAM");
    char own[64];
    snprintf(own, sizeof own, "%ju:%ju", (uintmax_t)status->st_dev, (uintmax_t)status->st_ino);
    return journal != NULL && strcmp(journal, own) == 0;
}

bool log_sink_open(void) {
    struct stat status;
    if (fstat(STDERR_FILENO, &status) != 0) {
        return false;
    }
    is_socket = S_ISSOCK(status.st_mode);
    if (S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode)) {
        /* Opened again, so that O_NONBLOCK does not affect other processes that share standard error. */
        int again = open("/proc/self/fd/2", O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
        sink_fd = again >= 0 ? again : STDERR_FILENO;
    }
    return is_journal(&status);
}

bool log_sink_write(const char *line, size_t count) {
    ssize_t written;
    if (is_socket) {
        written = send(sink_fd, line, count, MSG_DONTWAIT | MSG_NOSIGNAL);
    } else {
        /* For what could not be opened again. A pipe that polls as writable has room for a whole line. */
        struct pollfd poller = {.fd = sink_fd, .events = POLLOUT};
        written = poll(&poller, 1, 0) == 1 ? write(sink_fd, line, count) : -1;
    }
    return written == (ssize_t)count;
}
