#define _GNU_SOURCE /* dup3 */
#include "web/http/connections.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h> /* glibc's own has no tcpi_bytes_sent */
#include <netinet/in.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* Detached sockets get numbers from here on, or below where the limit is low. */
#define DETACHED_FROM 4096
/* Numbers that detached sockets leave to everything else. */
#define OTHERS_MIN 256
#define WORD_BITS 64
/* Of an IPv6 address: what a client has as a whole. */
#define NETWORK_BYTES 8

struct connections {
    int stand_in;
    int detached_from;
    size_t room;                       /* numbers above those of detached sockets */
    _Atomic uint16_t port, inner_port; /* 0: not known yet, or none */
    uint8_t key[crypto_shorthash_KEYBYTES];
    /* Numbers below detached_from that connections have had: a bit each. civetweb gets the lowest that are free, so
     * they are few, and the same again and again. Relaxed: what is found there is looked at. */
    _Atomic uint64_t known[DETACHED_FROM / WORD_BITS];
};

/* ---- Lifecycle ---- */

static enum err choose_range(struct connections *connections, unsigned detached_max) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return err_from_errno(errno);
    }
    if (limit.rlim_cur < (rlim_t)detached_max + OTHERS_MIN) {
        return ERR_BUSY;
    }
    rlim_t from = limit.rlim_cur - detached_max;
    connections->detached_from = from < DETACHED_FROM ? (int)from : DETACHED_FROM;
    connections->room = (size_t)from - (size_t)connections->detached_from;
    return ERR_OK;
}

enum err connections_create(unsigned detached_max, struct connections **out) {
    struct connections *connections = calloc(1, sizeof *connections);
    if (connections == NULL) {
        return ERR_MEMORY;
    }
    randombytes_buf(connections->key, sizeof connections->key);
    connections->stand_in = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    enum err error = connections->stand_in < 0 ? err_from_errno(errno) : choose_range(connections, detached_max);
    if (error != ERR_OK) {
        connections_destroy(&connections);
        return error;
    }
    *out = connections;
    return ERR_OK;
}

void connections_destroy(struct connections **connections_pointer) {
    struct connections *connections = *connections_pointer;
    *connections_pointer = NULL;
    if (connections == NULL) {
        return;
    }
    if (connections->stand_in >= 0) {
        close(connections->stand_in);
    }
    free(connections);
}

void connections_set_ports(struct connections *connections, uint16_t port, uint16_t inner_port) {
    connections->port = port;
    connections->inner_port = inner_port;
}

/* ---- One descriptor ---- */

static uint64_t client_of(const struct sockaddr_in *peer) {
    return (uint64_t)ntohl(peer->sin_addr.s_addr) << 16 | ntohs(peer->sin_port);
}

uint64_t connections_client(const char *address, int port) {
    struct sockaddr_in peer = {.sin_port = htons((uint16_t)port)};
    return inet_pton(AF_INET, address, &peer.sin_addr) == 1 ? client_of(&peer) : 0;
}

/* 0: it has none. Both families have their port at the same place. */
static uint16_t own_port(int fd) {
    struct sockaddr_in6 own = {0};
    socklen_t length = sizeof own;
    const bool found = getsockname(fd, (struct sockaddr *)&own, &length) == 0 &&
                       (own.sin6_family == AF_INET || own.sin6_family == AF_INET6);
    return found ? ntohs(own.sin6_port) : 0;
}

static bool has_port(int fd, uint16_t port) { return port != 0 && own_port(fd) == port; }

static uint64_t client_of_ipv6(const struct connections *connections, const struct sockaddr_in6 *peer) {
    uint8_t hash[crypto_shorthash_BYTES];
    uint32_t network;
    crypto_shorthash(hash, peer->sin6_addr.s6_addr, NETWORK_BYTES, connections->key);
    memcpy(&network, hash, sizeof network);
    return (uint64_t)network << 16 | ntohs(peer->sin6_port);
}

uint64_t connections_peer(const struct connections *connections, int fd) {
    union {
        struct sockaddr any;
        struct sockaddr_in ipv4;
        struct sockaddr_in6 ipv6;
    } peer = {.any = {.sa_family = AF_UNSPEC}};
    socklen_t length = sizeof peer;
    if (getpeername(fd, &peer.any, &length) != 0) {
        return 0;
    }
    switch (peer.any.sa_family) {
    case AF_INET: return client_of(&peer.ipv4);
    case AF_INET6: return client_of_ipv6(connections, &peer.ipv6);
    default: return 0;
    }
}

/* False: the socket is none of TCP, or the system gives less than is needed here. */
static bool read_tcp_info(int fd, struct tcp_info *info) {
    socklen_t length = sizeof *info;
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &length) == 0 &&
           length >= offsetof(struct tcp_info, tcpi_bytes_retrans) + sizeof info->tcpi_bytes_retrans;
}

#define UNKNOWN UINT64_MAX

/* All that was ever written to a socket; UNKNOWN where the system does not say. */
static uint64_t written_bytes_of(int fd) {
    struct tcp_info info = {0};
    if (!read_tcp_info(fd, &info)) {
        return UNKNOWN;
    }
    return info.tcpi_bytes_sent - info.tcpi_bytes_retrans + info.tcpi_notsent_bytes;
}

enum err connections_read_bytes(int fd, uint64_t *count) {
    struct tcp_info before = {0}, after = {0};
    int waiting = 0;
    do { /* until nothing has arrived between the looks */
        if (!read_tcp_info(fd, &before) || ioctl(fd, FIONREAD, &waiting) != 0 || !read_tcp_info(fd, &after)) {
            return ERR_IO;
        }
    } while (before.tcpi_bytes_received != after.tcpi_bytes_received);
    *count = (uint64_t)after.tcpi_bytes_received - (uint64_t)(unsigned)waiting;
    return ERR_OK;
}

/* ---- All of them ---- */

static bool is_known(const struct connections *connections, int fd) {
    return atomic_load_explicit(&connections->known[fd / WORD_BITS], memory_order_relaxed) >> (fd % WORD_BITS) & 1;
}

static void remember(struct connections *connections, int fd) {
    if (!is_known(connections, fd)) {
        atomic_fetch_or_explicit(&connections->known[fd / WORD_BITS], UINT64_C(1) << (fd % WORD_BITS),
                                 memory_order_relaxed);
    }
}

/* Calls visit for each descriptor below those that are detached. /proc lists them in ascending order (proc_readfd() of
 * the kernel), so that the others are not walked. */
static void walk_descriptors(struct connections *connections,
                             void (*visit)(struct connections *connections, int fd, void *user), void *user) {
    DIR *open_files = opendir("/proc/self/fd");
    if (open_files == NULL) {
        return;
    }
    struct dirent *entry;
    while ((entry = readdir(open_files)) != NULL) {
        int fd = atoi(entry->d_name);
        if (fd >= connections->detached_from) {
            break;
        }
        if (entry->d_name[0] != '.') {
            visit(connections, fd, user);
        }
    }
    closedir(open_files);
}

struct search {
    uint64_t client, written_bytes;
    uint16_t port;
    unsigned found_count;
    bool is_unsure; /* one was found whose written bytes are not known */
    int fd;
};

static void look_for(struct connections *connections, int fd, void *user) {
    struct search *search = user;
    if (connections_peer(connections, fd) == search->client && has_port(fd, search->port)) {
        remember(connections, fd);
        const uint64_t written_bytes = written_bytes_of(fd);
        search->is_unsure |= written_bytes == UNKNOWN;
        if (written_bytes == search->written_bytes || written_bytes == UNKNOWN) {
            search->found_count++;
            search->fd = fd;
        }
    }
}

static void search_known(struct connections *connections, struct search *search) {
    for (int word = 0; word * WORD_BITS < connections->detached_from; word++) {
        uint64_t bits = atomic_load_explicit(&connections->known[word], memory_order_relaxed);
        for (; bits != 0; bits &= bits - 1) {
            look_for(connections, word * WORD_BITS + __builtin_ctzll(bits), search);
        }
    }
}

enum err connections_find(struct connections *connections, uint64_t client, uint16_t port, uint64_t written_bytes,
                          int *fd) {
    if (client == 0) {
        return ERR_INVALID;
    }
    struct search search = {.client = client, .port = port, .written_bytes = written_bytes};
    search_known(connections, &search);
    if (search.found_count == 0 || search.is_unsure) {
        search.found_count = 0;
        walk_descriptors(connections, look_for, &search);
    }
    *fd = search.fd;
    return search.found_count == 1 ? ERR_OK : ERR_GONE;
}

enum err connections_detach(struct connections *connections, int fd, int *detached) {
    int duplicate = fcntl(fd, F_DUPFD_CLOEXEC, connections->detached_from);
    if (duplicate < 0) {
        return ERR_BUSY;
    }
    if (dup3(connections->stand_in, fd, O_CLOEXEC) < 0) {
        close(duplicate);
        return ERR_IO;
    }
    *detached = duplicate;
    return ERR_OK;
}

int connections_lift(const struct connections *connections, int fd) {
    const int lifted = fcntl(fd, F_DUPFD_CLOEXEC, connections->detached_from);
    if (lifted < 0) {
        return fd;
    }
    close(fd);
    return lifted;
}

size_t connections_room(const struct connections *connections) { return connections->room; }

struct visitor {
    connection_seen *seen;
    void *user;
};

static void show(struct connections *connections, int fd, void *user) {
    const struct visitor *visitor = user;
    const uint16_t port = own_port(fd);
    const bool is_ours = port != 0 && (port == connections->port || port == connections->inner_port);
    int same = is_ours ? fcntl(fd, F_DUPFD_CLOEXEC, connections->detached_from) : -1;
    if (same < 0) {
        return;
    }
    uint64_t client = connections_peer(connections, same);
    if (client != 0) {
        visitor->seen(same, client, visitor->user);
    }
    close(same);
}

void connections_each(struct connections *connections, connection_seen *seen, void *user) {
    struct visitor visitor = {.seen = seen, .user = user};
    if (connections->port != 0) {
        walk_descriptors(connections, show, &visitor);
    }
}

static void shut_connection(int fd, uint64_t client, void *unused) {
    (void)client;
    (void)unused;
    shutdown(fd, SHUT_RDWR);
}

void connections_shut(struct connections *connections) { connections_each(connections, shut_connection, NULL); }
