#define _DEFAULT_SOURCE /* IN6_IS_ADDR_LOOPBACK and the like with -std=c17 */
#include "cameras/url/url_resolve.h"

#include "broker/base/clock.h"
#include "broker/base/refcount.h"
#include "cameras/url/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

/* How many threads a silent name server may hold. */
#define LOOKUPS_MAX 256u

/* A lookup with its own memory: it may outlive the cameras that wait for it, and the process does not. */
struct lookup {
    struct refcount references; /* the cameras' and the thread's */
    struct event done;          /* stays set */
    LIST_ENTRY(lookup) in_lookups;
    int result; /* of getaddrinfo() */
    struct url_addresses addresses;
    char host[ADDRESS_HOST_BYTES];
};

/* Those that have no answer yet. A second request for a name joins the first. */
static struct lock lock = {.mutex = PTHREAD_MUTEX_INITIALIZER};
static LIST_HEAD(, lookup) lookups GUARDED_BY(lock) = LIST_HEAD_INITIALIZER(lookups);
static unsigned lookup_count GUARDED_BY(lock);

static void lookup_unref(struct lookup *lookup) {
    if (refcount_drop(&lookup->references)) {
        event_finish(&lookup->done);
        free(lookup);
    }
}

/* 127.0.0.0/8 and 0.0.0.0, which Linux takes for it. */
static bool is_ipv4_loopback(uint32_t address) { return address >> 24 == 127 || address == 0; }

static bool is_loopback_address(const struct sockaddr *address) {
    if (address->sa_family == AF_INET) {
        struct sockaddr_in ipv4;
        memcpy(&ipv4, address, sizeof ipv4);
        return is_ipv4_loopback(ntohl(ipv4.sin_addr.s_addr));
    }
    struct sockaddr_in6 ipv6;
    memcpy(&ipv6, address, sizeof ipv6);
    if (IN6_IS_ADDR_V4MAPPED(&ipv6.sin6_addr)) {
        uint32_t mapped;
        memcpy(&mapped, &ipv6.sin6_addr.s6_addr[12], sizeof mapped);
        return is_ipv4_loopback(ntohl(mapped));
    }
    return IN6_IS_ADDR_LOOPBACK(&ipv6.sin6_addr) || IN6_IS_ADDR_UNSPECIFIED(&ipv6.sin6_addr);
}

static void add_address(struct url_addresses *addresses, const struct sockaddr *address) {
    char number[INET6_ADDRSTRLEN];
    const bool is_ipv6 = address->sa_family == AF_INET6;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
    const void *bytes = &ipv4.sin_addr;
    if (is_ipv6) {
        memcpy(&ipv6, address, sizeof ipv6);
        bytes = &ipv6.sin6_addr;
        if (IN6_IS_ADDR_LINKLOCAL(&ipv6.sin6_addr)) {
            return; /* it needs its interface, which CURLOPT_RESOLVE does not take */
        }
    } else {
        memcpy(&ipv4, address, sizeof ipv4);
    }
    const size_t used = strlen(addresses->text);
    if (inet_ntop(address->sa_family, bytes, number, sizeof number) != NULL &&
        used + strlen(number) + sizeof ",[]" <= sizeof addresses->text) {
        snprintf(addresses->text + used, sizeof addresses->text - used, is_ipv6 ? "%s[%s]" : "%s%s",
                 used > 0 ? "," : "", number);
    }
}

static int find_addresses(const char *host, int flags, struct url_addresses *found) {
    const struct addrinfo hints = {.ai_flags = flags, .ai_socktype = SOCK_STREAM};
    struct addrinfo *addresses = NULL;
    int result = getaddrinfo(host, NULL, &hints, &addresses);
    *found = (struct url_addresses){.is_loopback = false};
    if (result == 0) {
        for (const struct addrinfo *each = addresses; each != NULL; each = each->ai_next) {
            found->is_loopback = found->is_loopback || is_loopback_address(each->ai_addr);
            add_address(found, each->ai_addr);
        }
        freeaddrinfo(addresses);
    }
    return result;
}

static void *run_lookup(void *argument) {
    struct lookup *lookup = argument;
    struct url_addresses addresses;
    const int result = find_addresses(lookup->host, 0, &addresses);
    lock_acquire(&lock);
    lookup->result = result;
    lookup->addresses = addresses;
    LIST_REMOVE(lookup, in_lookups);
    lookup_count--;
    lock_release(&lock);
    event_set(&lookup->done);
    lookup_unref(lookup);
    return NULL;
}

static enum err start_lookup_locked(const char *host, struct lookup **out) REQUIRES(&lock) {
    if (lookup_count >= LOOKUPS_MAX) {
        return ERR_BUSY;
    }
    struct lookup *lookup = calloc(1, sizeof *lookup);
    if (lookup == NULL) {
        return ERR_MEMORY;
    }
    enum err error = event_init(&lookup->done);
    if (error != ERR_OK) {
        free(lookup);
        return error;
    }
    memcpy(lookup->host, host, strlen(host) + 1);
    refcount_init(&lookup->references, 2);
    pthread_t thread;
    error = thread_start(&thread, "resolve", 0, run_lookup, lookup);
    if (error != ERR_OK) {
        event_finish(&lookup->done);
        free(lookup);
        return error;
    }
    pthread_detach(thread);
    LIST_INSERT_HEAD(&lookups, lookup, in_lookups);
    lookup_count++;
    *out = lookup;
    return ERR_OK;
}

static enum err join_lookup(const char *host, struct lookup **out, struct reason *reason) {
    struct lookup *lookup;
    enum err error = ERR_OK;
    lock_acquire(&lock);
    LIST_FOREACH (lookup, &lookups, in_lookups) {
        if (strcmp(lookup->host, host) == 0) {
            refcount_take(&lookup->references);
            break;
        }
    }
    if (lookup == NULL) {
        error = start_lookup_locked(host, &lookup);
    }
    lock_release(&lock);
    if (error == ERR_BUSY) {
        reason_set(reason, "the name server does not respond: %u names are being looked up already", LOOKUPS_MAX);
    }
    *out = lookup;
    return error;
}

static enum err wait_for_lookup(struct lookup *lookup, const struct event *cancel, int64_t deadline_ns,
                                struct url_addresses *addresses, struct reason *reason) {
    struct pollfd polled[] = {
        {.fd = cancel->fd, .events = POLLIN},
        {.fd = lookup->done.fd, .events = POLLIN},
    };
    while (poll(polled, 2, clock_poll_timeout_ms(deadline_ns)) <= 0) {
        if (clock_monotonic_ns() >= deadline_ns) {
            reason_set(reason, "the name server does not respond (looking up \"%.80s\")", lookup->host);
            return ERR_TIMEOUT;
        }
    }
    if (polled[0].revents != 0) {
        return ERR_INTERRUPTED;
    }
    lock_acquire(&lock);
    const int result = lookup->result;
    *addresses = lookup->addresses;
    lock_release(&lock);
    if (result != 0) {
        reason_set(reason, "no such host: \"%.80s\" (%s)", lookup->host, gai_strerror(result));
        return ERR_NOT_FOUND;
    }
    return ERR_OK;
}

/* Numbers need no name server. */
static bool resolve_number(const char *host, struct url_addresses *addresses) {
    char number[ADDRESS_HOST_BYTES];
    const bool bracketed = host[0] == '[';
    memcpy(number, host + bracketed, strlen(host + bracketed) + 1);
    number[strcspn(number, "]")] = '\0';
    bool is_number = find_addresses(number, AI_NUMERICHOST, addresses) == 0;
    addresses->text[0] = '\0';
    return is_number;
}

enum err url_resolve(const char *host, const struct event *cancel, int64_t deadline_ns, struct url_addresses *addresses,
                     struct reason *reason) {
    if (resolve_number(host, addresses)) {
        return ERR_OK;
    }
    struct lookup *lookup;
    enum err error = join_lookup(host, &lookup, reason);
    if (error == ERR_OK) {
        error = wait_for_lookup(lookup, cancel, deadline_ns, addresses, reason);
        lookup_unref(lookup);
    }
    return error;
}
