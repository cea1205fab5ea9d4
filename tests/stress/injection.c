#include "tests/stress/injection.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <unistd.h>

/* Kind in the upper half, calls until the failure in the lower; 0: nothing is to fail. */
static atomic_ullong armed;
static const unsigned long long kind_unit = 1ull << 32;

void injection_arm(enum injection kind, unsigned nth) { atomic_store(&armed, (kind + 1u) * kind_unit + nth); }

bool injection_disarm(void) { return atomic_exchange(&armed, 0) == 0; }

static bool is_due(enum injection kind) {
    unsigned long long now = atomic_load(&armed);
    while (now / kind_unit == kind + 1u) {
        unsigned long long next = now % kind_unit == 1 ? 0 : now - 1;
        if (atomic_compare_exchange_weak(&armed, &now, next)) {
            return next == 0;
        }
    }
    return false;
}

/* WRAPPED(the kind, errno of a failure, its result, type, name, (parameters), (arguments)) */
#define WRAPPED(kind, error, failure, type, name, parameters, arguments)                                               \
    type __real_##name parameters;                                                                                     \
    type __wrap_##name parameters;                                                                                     \
    type __wrap_##name parameters {                                                                                    \
        if (is_due(kind)) {                                                                                            \
            errno = (error);                                                                                           \
            return failure;                                                                                            \
        }                                                                                                              \
        return __real_##name arguments;                                                                                \
    }

WRAPPED(INJECT_ALLOCATION, ENOMEM, NULL, void *, malloc, (size_t count), (count))
WRAPPED(INJECT_ALLOCATION, ENOMEM, NULL, void *, calloc, (size_t count, size_t size), (count, size))
WRAPPED(INJECT_ALLOCATION, ENOMEM, NULL, void *, realloc, (void *old, size_t count), (old, count))
WRAPPED(INJECT_ALLOCATION, ENOMEM, NULL, FILE *, open_memstream, (char **text, size_t *count), (text, count))
WRAPPED(INJECT_THREAD, EAGAIN, EAGAIN, int, pthread_create,
        (pthread_t * thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument),
        (thread, attributes, run, argument))
WRAPPED(INJECT_DESCRIPTOR, EMFILE, NULL, FILE *, fopen, (const char *path, const char *mode), (path, mode))
WRAPPED(INJECT_DESCRIPTOR, EMFILE, NULL, DIR *, opendir, (const char *path), (path))
WRAPPED(INJECT_DESCRIPTOR, EMFILE, -1, int, socket, (int domain, int type, int protocol), (domain, type, protocol))
WRAPPED(INJECT_DESCRIPTOR, EMFILE, -1, int, eventfd, (unsigned value, int flags), (value, flags))
WRAPPED(INJECT_DESCRIPTOR, EMFILE, -1, int, epoll_create1, (int flags), (flags))
WRAPPED(INJECT_DESCRIPTOR, EMFILE, -1, int, inotify_init1, (int flags), (flags))
WRAPPED(INJECT_TRANSFER, EIO, 0, size_t, fread, (void *bytes, size_t size, size_t count, FILE *file),
        (bytes, size, count, file))
WRAPPED(INJECT_TRANSFER, EIO, -1, ssize_t, send, (int fd, const void *bytes, size_t count, int flags),
        (fd, bytes, count, flags))
WRAPPED(INJECT_TRANSFER, EIO, -1, ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags),
        (fd, message, flags))

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    int mode = (flags & O_CREAT) != 0 ? va_arg(arguments, int) : 0;
    va_end(arguments);
    if (is_due(INJECT_DESCRIPTOR)) {
        errno = EMFILE;
        return -1;
    }
    return __real_open(path, flags, mode);
}

/* Only the duplicates with which a stream is detached; all commands of this program take an int or nothing. */
int __real_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...) {
    va_list arguments;
    va_start(arguments, command);
    int argument = va_arg(arguments, int);
    va_end(arguments);
    if (command == F_DUPFD_CLOEXEC && is_due(INJECT_DESCRIPTOR)) {
        errno = EMFILE;
        return -1;
    }
    return __real_fcntl(fd, command, argument);
}

/* Not where it is an eventfd that is read: that cannot fail. */
ssize_t __real_read(int fd, void *bytes, size_t count);
ssize_t __wrap_read(int fd, void *bytes, size_t count);
ssize_t __wrap_read(int fd, void *bytes, size_t count) {
    if (count != sizeof(uint64_t) && is_due(INJECT_TRANSFER)) {
        errno = EIO;
        return -1;
    }
    return __real_read(fd, bytes, count);
}
