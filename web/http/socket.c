#define _GNU_SOURCE
#include "web/http/socket.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Above this much not yet sent to the peer, a socket is not writable (TCP_NOTSENT_LOWAT, tcp(7)). Small, so that a
 * frame is only begun when the one before is on its way. */
#define NOT_SENT_MAX_BYTES (16 << 10)
#define LISTEN_BACKLOG 4096
#define KEEP_ALIVE_IDLE_S 15
#define KEEP_ALIVE_INTERVAL_S 5
#define KEEP_ALIVE_PROBES 3

/* With room for either family. Both have their port at the same place. */
struct address {
    union {
        struct sockaddr any;
        struct sockaddr_in ipv4;
        struct sockaddr_in6 ipv6;
    };
    socklen_t length;
};

static bool parse_address(const char *text, uint16_t port, struct address *out) {
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    *out = (struct address){.ipv4 = {.sin_family = AF_INET, .sin_port = htons(port)}, .length = sizeof out->ipv4};
    if (inet_pton(AF_INET, text, &out->ipv4.sin_addr) == 1) {
        return true; /* getaddrinfo() takes "127.1" too */
    }
    if (strchr(text, ':') == NULL || getaddrinfo(text, NULL, &hints, &found) != 0) {
        return false;
    }
    const bool is_ipv6 = found->ai_family == AF_INET6 && found->ai_addrlen == sizeof out->ipv6;
    if (is_ipv6) {
        memcpy(&out->ipv6, found->ai_addr, sizeof out->ipv6);
        out->ipv6.sin6_port = htons(port);
        out->length = sizeof out->ipv6;
    }
    freeaddrinfo(found);
    return is_ipv6;
}

bool socket_is_address(const char *text) {
    struct address address;
    return parse_address(text, 0, &address);
}

bool socket_is_ipv6(const char *text) {
    struct address address;
    return parse_address(text, 0, &address) && address.any.sa_family == AF_INET6;
}

bool socket_normalize(char *text, size_t capacity) {
    struct address address;
    return parse_address(text, 0, &address) &&
           getnameinfo(&address.any, address.length, text, (socklen_t)capacity, NULL, 0, NI_NUMERICHOST) == 0;
}

bool socket_is_loopback(const char *text) {
    struct address address;
    if (!parse_address(text, 0, &address)) {
        return false;
    }
    return address.any.sa_family == AF_INET6 ? IN6_IS_ADDR_LOOPBACK(&address.ipv6.sin6_addr)
                                             : ntohl(address.ipv4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

void socket_format_authority(const char *address, uint16_t port, char authority[SOCKET_AUTHORITY_BYTES]) {
    snprintf(authority, SOCKET_AUTHORITY_BYTES, strchr(address, ':') != NULL ? "[%s]:%u" : "%s:%u", address, port);
}

static bool own_port_is(int fd, int port) {
    struct sockaddr_in own = {0};
    socklen_t length = sizeof own;
    return getsockname(fd, (struct sockaddr *)&own, &length) == 0 && own.sin_family == AF_INET &&
           ntohs(own.sin_port) == port;
}

static bool is_listening(int fd) {
    int listening = 0;
    socklen_t length = sizeof listening;
    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) == 0 && listening;
}

/* Calls `look` for each descriptor that is open, until it returns true: then that descriptor, else -1. */
static int search_descriptors(bool (*look)(int fd, void *user), void *user) {
    DIR *open_files = opendir("/proc/self/fd");
    if (open_files == NULL) {
        return -1;
    }
    int found = -1;
    struct dirent *entry;
    while (found < 0 && (entry = readdir(open_files)) != NULL) {
        int fd = atoi(entry->d_name);
        if (entry->d_name[0] != '.' && look(fd, user)) {
            found = fd;
        }
    }
    closedir(open_files);
    return found;
}

static bool listens_on(int fd, void *user) {
    const int *port = user;
    return is_listening(fd) && own_port_is(fd, *port);
}

enum err socket_find_listener(int port, int *fd) {
    *fd = search_descriptors(listens_on, &port);
    return *fd >= 0 ? ERR_OK : ERR_NOT_FOUND;
}

static void set_option(int fd, int level, int name, int value) {
    /* An option that this kernel lacks costs comfort, not correctness. */
    int result = setsockopt(fd, level, name, &value, sizeof value);
    (void)result;
}

void socket_prepare_listener(int fd) {
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEP_ALIVE_IDLE_S);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEP_ALIVE_INTERVAL_S);
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEP_ALIVE_PROBES);
    set_option(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, NOT_SENT_MAX_BYTES);
}

static const char *listen_advice(int number) {
    switch (number) {
    case EADDRINUSE: return "; stop the program that has it, or choose another port with --listen";
    case EACCES: return "; ports below 1024 need a privilege: choose another with --listen";
    case EADDRNOTAVAIL:
        return "; this machine has no such address: 0.0.0.0 means all that it has, [::] those of IPv6 too";
    case EAFNOSUPPORT: return "; this machine has no IPv6: listen on an IPv4 address, or 0.0.0.0 for all";
    default: return "";
    }
}

enum err socket_listen(const char *address, uint16_t port, int *fd, uint16_t *bound_port, struct reason *reason) {
    struct address own;
    char authority[SOCKET_AUTHORITY_BYTES];
    if (!parse_address(address, port, &own)) {
        reason_set(reason, "\"%s\" is not an address", address);
        return ERR_INVALID;
    }
    const int listener = socket(own.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener >= 0) {
        set_option(listener, SOL_SOCKET, SO_REUSEADDR, 1);
        if (own.any.sa_family == AF_INET6) {
            set_option(listener, IPPROTO_IPV6, IPV6_V6ONLY, 1);
        }
    }
    if (listener < 0 || bind(listener, &own.any, own.length) != 0 || listen(listener, LISTEN_BACKLOG) != 0 ||
        getsockname(listener, &own.any, &own.length) != 0) {
        const int number = errno;
        socket_format_authority(address, port, authority);
        reason_set(reason, "cannot listen on %s: %s%s", authority, strerror(number), listen_advice(number));
        if (listener >= 0) {
            close(listener);
        }
        return err_from_errno(number);
    }
    *fd = listener;
    *bound_port = ntohs(own.ipv4.sin_port);
    return ERR_OK;
}

enum err socket_try_listen(const char *address, uint16_t port, struct reason *reason) {
    int fd = -1;
    uint16_t bound_port;
    enum err error = socket_listen(address, port, &fd, &bound_port, reason);
    if (error == ERR_OK) {
        close(fd);
    }
    return error;
}

bool socket_send(int fd, const char *bytes, size_t count, size_t *sent) {
    while (*sent < count) {
        ssize_t taken = send(fd, bytes + *sent, count - *sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (taken < 0 && errno == EINTR) {
            continue;
        }
        if (taken < 0) {
            return errno == EAGAIN || errno == EWOULDBLOCK;
        }
        *sent += (size_t)taken;
    }
    return true;
}

enum err socket_connect(int fd, const char *address, uint16_t port) {
    struct address peer;
    if (!parse_address(address, port, &peer)) {
        return ERR_INVALID;
    }
    return connect(fd, &peer.any, peer.length) == 0 ? ERR_OK : err_from_errno(errno);
}

void socket_nudge_listener(const char *address, uint16_t port) {
    const int family = socket_is_ipv6(address) ? AF_INET6 : AF_INET;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0) {
        enum err result = socket_connect(fd, address, port); /* in progress, which is enough */
        (void)result;
        close(fd);
    }
}
