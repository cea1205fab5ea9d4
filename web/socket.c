#define _GNU_SOURCE
#include "web/socket.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Above this much not yet sent to the peer, a socket is not writable (TCP_NOTSENT_LOWAT, tcp(7)). Small, so that a
 * frame is only begun when the one before is on its way. */
#define NOT_SENT_MAX_BYTES (16 << 10)
#define KEEP_ALIVE_IDLE_S 15
#define KEEP_ALIVE_INTERVAL_S 5
#define KEEP_ALIVE_PROBES 3

static bool parse_address(const char *address, int port, struct sockaddr_in *out) {
    *out = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    return inet_pton(AF_INET, address, &out->sin_addr) == 1;
}

bool socket_is_address(const char *text) {
    struct sockaddr_in address;
    return parse_address(text, 0, &address);
}

bool socket_is_loopback(const char *text) {
    struct sockaddr_in address;
    return parse_address(text, 0, &address) && ntohl(address.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

static bool own_port_is(int fd, int port) {
    struct sockaddr_in own = {0};
    socklen_t length = sizeof own;
    return getsockname(fd, (struct sockaddr *)&own, &length) == 0 && own.sin_family == AF_INET &&
           ntohs(own.sin_port) == port;
}

static uint64_t client_of(const struct sockaddr_in *peer) {
    return (uint64_t)ntohl(peer->sin_addr.s_addr) << 16 | ntohs(peer->sin_port);
}

/* Who is at the other end; 0 where nobody is. */
static uint64_t peer_of(int fd) {
    struct sockaddr_in peer = {0};
    socklen_t length = sizeof peer;
    bool found = getpeername(fd, (struct sockaddr *)&peer, &length) == 0 && peer.sin_family == AF_INET;
    return found ? client_of(&peer) : 0;
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

uint64_t socket_client(const char *address, int port) {
    struct sockaddr_in peer;
    return parse_address(address, port, &peer) ? client_of(&peer) : 0;
}

struct wanted_connection {
    uint64_t client;
    int port;
};

static bool is_wanted(int fd, void *user) {
    const struct wanted_connection *wanted = user;
    return peer_of(fd) == wanted->client && own_port_is(fd, wanted->port);
}

enum err socket_find_connection(const char *remote_address, int remote_port, int local_port, int *fd) {
    struct wanted_connection wanted = {.client = socket_client(remote_address, remote_port), .port = local_port};
    if (wanted.client == 0) {
        return ERR_INVALID;
    }
    *fd = search_descriptors(is_wanted, &wanted);
    return *fd >= 0 ? ERR_OK : ERR_GONE;
}

static bool listens_on(int fd, void *user) {
    const int *port = user;
    return is_listening(fd) && own_port_is(fd, *port);
}

enum err socket_find_listener(int port, int *fd) {
    *fd = search_descriptors(listens_on, &port);
    return *fd >= 0 ? ERR_OK : ERR_NOT_FOUND;
}

struct connection_walk {
    int port;
    socket_seen *seen;
    void *user;
};

static bool pass_on(int fd, void *user) {
    const struct connection_walk *walk = user;
    /* Above the original, so that whoever searches for this connection meanwhile finds that first. */
    int same = own_port_is(fd, walk->port) ? fcntl(fd, F_DUPFD_CLOEXEC, fd + 1) : -1;
    uint64_t client = same >= 0 ? peer_of(same) : 0;
    if (client != 0) {
        walk->seen(same, client, walk->user);
    }
    if (same >= 0) {
        close(same);
    }
    return false;
}

void socket_each_connection(int port, socket_seen *seen, void *user) {
    struct connection_walk walk = {.port = port, .seen = seen, .user = user};
    search_descriptors(pass_on, &walk);
}

bool socket_has_head(int fd) {
    static const char end[] = "\r\n\r\n";
    char head[8192];
    ssize_t count = recv(fd, head, sizeof head, MSG_PEEK | MSG_DONTWAIT);
    return count > 0 && memmem(head, (size_t)count, end, sizeof end - 1) != NULL;
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

static void shut(int fd, uint64_t client, void *unused) {
    (void)client;
    (void)unused;
    shutdown(fd, SHUT_RDWR);
}

void socket_shut_connections(int port) { socket_each_connection(port, shut, NULL); }

static const char *listen_advice(int number) {
    switch (number) {
    case EADDRINUSE: return "; stop the program that has it, or choose another port with --listen";
    case EACCES: return "; ports below 1024 need a privilege: choose another with --listen";
    case EADDRNOTAVAIL: return "; this machine has no such address: 0.0.0.0 means all that it has";
    default: return "";
    }
}

enum err socket_try_listen(const char *address, uint16_t port, struct reason *reason) {
    struct sockaddr_in own;
    if (!parse_address(address, port, &own)) {
        reason_set(reason, "\"%s\" is not an IPv4 address", address);
        return ERR_INVALID;
    }
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        reason_set(reason, "cannot open a socket: %s", strerror(errno));
        return err_from_errno(errno);
    }
    set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    enum err error = ERR_OK;
    if (bind(fd, (struct sockaddr *)&own, sizeof own) != 0 || listen(fd, 1) != 0) {
        error = err_from_errno(errno);
        reason_set(reason, "cannot listen on %s:%u: %s%s", address, port, strerror(errno), listen_advice(errno));
    }
    close(fd);
    return error;
}

void socket_nudge_listener(const char *address, uint16_t port) {
    struct sockaddr_in listener;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return;
    }
    if (parse_address(address, port, &listener)) {
        int result = connect(fd, (struct sockaddr *)&listener, sizeof listener); /* in progress, which is enough */
        (void)result;
    }
    close(fd);
}
